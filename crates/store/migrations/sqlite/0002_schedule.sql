-- Whose turn it is, and who works on what until when.

CREATE TABLE schedule (
    place INTEGER NOT NULL,
    vantage INTEGER NOT NULL,
    shard INTEGER NOT NULL,
    due INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    PRIMARY KEY (place, vantage)
) WITHOUT ROWID;
CREATE INDEX schedule_by_due ON schedule (vantage, shard, due, place);

CREATE TABLE shard (
    shard INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    until INTEGER NOT NULL
);
WITH RECURSIVE numbers (number) AS (
    SELECT 0 UNION ALL SELECT number + 1 FROM numbers WHERE number < 63
)
INSERT INTO shard (shard, owner, epoch, until) SELECT number, '', 0, 0 FROM numbers;
