-- Alerts, what people answered, and the letters that tell of them.

CREATE TABLE alert (
    alert TEXT NOT NULL,
    opened BIGINT NOT NULL,
    closed BIGINT,
    cause TEXT NOT NULL,
    rule TEXT NOT NULL,
    severity TEXT NOT NULL,
    title TEXT NOT NULL,
    remedy TEXT NOT NULL,
    reach BIGINT NOT NULL,
    examples TEXT NOT NULL,
    names TEXT NOT NULL,
    since BIGINT NOT NULL,
    told BIGINT,
    told_severity TEXT,
    told_reach BIGINT,
    escalated BIGINT,
    channels TEXT NOT NULL,
    lifted BIGINT,
    PRIMARY KEY (alert, opened)
);
CREATE INDEX alert_open ON alert (alert) WHERE closed IS NULL;
CREATE INDEX alert_closed ON alert (closed, alert) WHERE closed IS NOT NULL;

CREATE TABLE acknowledgement (
    alert TEXT NOT NULL,
    opened BIGINT NOT NULL,
    at BIGINT NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (alert, opened)
);

CREATE TABLE silence (
    silence TEXT PRIMARY KEY,
    pattern TEXT NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    begins BIGINT NOT NULL,
    ends BIGINT NOT NULL
);

CREATE TABLE letter (
    letter TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    written BIGINT NOT NULL,
    due BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    state TEXT NOT NULL,
    tried BIGINT,
    answer TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX letter_waiting ON letter (channel, due) WHERE state = 'waiting';
CREATE INDEX letter_by_time ON letter (written, letter);

CREATE TABLE channel (
    channel TEXT PRIMARY KEY,
    delivered BIGINT,
    tried BIGINT,
    failing_since BIGINT,
    answer TEXT NOT NULL
);

-- Only what is in trouble: a look that finds all in order costs nothing here.
CREATE INDEX standing_in_trouble ON standing (place) WHERE status <> 'OK';
