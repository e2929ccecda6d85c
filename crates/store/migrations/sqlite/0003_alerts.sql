-- Alerts, what people answered, and the letters that tell of them.

CREATE TABLE alert (
    alert TEXT NOT NULL,
    opened INTEGER NOT NULL,
    closed INTEGER,
    cause TEXT NOT NULL,
    rule TEXT NOT NULL,
    severity TEXT NOT NULL,
    title TEXT NOT NULL,
    remedy TEXT NOT NULL,
    reach INTEGER NOT NULL,
    examples TEXT NOT NULL,
    names TEXT NOT NULL,
    since INTEGER NOT NULL,
    told INTEGER,
    told_severity TEXT,
    told_reach INTEGER,
    escalated INTEGER,
    channels TEXT NOT NULL,
    lifted INTEGER,
    PRIMARY KEY (alert, opened)
) WITHOUT ROWID;
CREATE INDEX alert_open ON alert (alert) WHERE closed IS NULL;
CREATE INDEX alert_closed ON alert (closed, alert) WHERE closed IS NOT NULL;

CREATE TABLE acknowledgement (
    alert TEXT NOT NULL,
    opened INTEGER NOT NULL,
    at INTEGER NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (alert, opened)
) WITHOUT ROWID;

CREATE TABLE silence (
    silence TEXT PRIMARY KEY,
    pattern TEXT NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    begins INTEGER NOT NULL,
    ends INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE letter (
    letter TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    written INTEGER NOT NULL,
    due INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    state TEXT NOT NULL,
    tried INTEGER,
    answer TEXT NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX letter_waiting ON letter (channel, due) WHERE state = 'waiting';
CREATE INDEX letter_by_time ON letter (written, letter);

CREATE TABLE channel (
    channel TEXT PRIMARY KEY,
    delivered INTEGER,
    tried INTEGER,
    failing_since INTEGER,
    answer TEXT NOT NULL
) WITHOUT ROWID;

-- Only what is in trouble: a look that finds all in order costs nothing here.
CREATE INDEX standing_in_trouble ON standing (place) WHERE status <> 'OK';
