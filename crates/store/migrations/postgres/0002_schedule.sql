-- Whose turn it is, and who works on what until when.

CREATE TABLE schedule (
    place BIGINT NOT NULL,
    vantage BIGINT NOT NULL,
    shard BIGINT NOT NULL,
    due BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    PRIMARY KEY (place, vantage)
);
CREATE INDEX schedule_by_due ON schedule (vantage, shard, due, place);

CREATE TABLE shard (
    shard BIGINT PRIMARY KEY,
    owner TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    until BIGINT NOT NULL
);
WITH RECURSIVE numbers (number) AS (
    SELECT 0 UNION ALL SELECT number + 1 FROM numbers WHERE number < 63
)
INSERT INTO shard (shard, owner, epoch, until) SELECT number, '', 0, 0 FROM numbers;
