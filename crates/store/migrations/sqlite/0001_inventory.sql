-- The inventory: certificates, places, who told of them, and what was seen when.
-- Times are milliseconds since 1970 UTC. Digests are the first 16 bytes of a SHA-256.

CREATE TABLE certificate (
    id INTEGER PRIMARY KEY,
    fingerprint BLOB NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    issuer TEXT NOT NULL,
    common_name TEXT,
    serial BLOB NOT NULL,
    serial_claimed BLOB NOT NULL,
    not_before INTEGER,
    not_after INTEGER,
    key TEXT NOT NULL,
    spki BLOB NOT NULL,
    is_ca INTEGER NOT NULL,
    is_self_issued INTEGER NOT NULL,
    names_digest BLOB NOT NULL,
    first_known INTEGER NOT NULL
);
CREATE INDEX certificate_by_end ON certificate (not_after, id);
CREATE INDEX certificate_by_key ON certificate (spki);
CREATE INDEX certificate_by_serial ON certificate (serial_claimed);
CREATE INDEX certificate_by_names ON certificate (names_digest);

CREATE TABLE certificate_der (
    certificate INTEGER PRIMARY KEY,
    der BLOB NOT NULL
);

CREATE TABLE name (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE certificate_name (
    certificate INTEGER NOT NULL,
    name INTEGER NOT NULL,
    PRIMARY KEY (certificate, name)
) WITHOUT ROWID;
CREATE INDEX certificate_name_by_name ON certificate_name (name, certificate);

CREATE TABLE claim (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    issuer TEXT,
    serial BLOB,
    common_name TEXT,
    not_before INTEGER,
    not_after INTEGER,
    names_digest BLOB NOT NULL
);

CREATE TABLE claim_name (
    claim INTEGER NOT NULL,
    name INTEGER NOT NULL,
    PRIMARY KEY (claim, name)
) WITHOUT ROWID;
CREATE INDEX claim_name_by_name ON claim_name (name, claim);

CREATE TABLE vantage (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE place (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    shard INTEGER NOT NULL,
    identity TEXT NOT NULL,
    port INTEGER NOT NULL,
    server_name TEXT,
    starttls TEXT NOT NULL,
    address TEXT,
    first_known INTEGER NOT NULL
);
CREATE INDEX place_by_identity ON place (identity, port, id);

-- What looks saw, apart from certificates and time: once for all places where it is the same.
CREATE TABLE seen (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    seen TEXT NOT NULL
);

CREATE TABLE state (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    status TEXT NOT NULL,
    state TEXT NOT NULL
);

CREATE TABLE chain (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    fingerprints BLOB NOT NULL
);

-- The look with the greatest (at, digest) of each place and vantage, and the two episodes that reach up to it.
CREATE TABLE standing (
    place INTEGER NOT NULL,
    vantage INTEGER NOT NULL,
    at INTEGER NOT NULL,
    judged_at INTEGER NOT NULL,
    digest BLOB NOT NULL,
    chain INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    leaf INTEGER,
    leaf_since INTEGER,
    state INTEGER NOT NULL,
    state_since INTEGER NOT NULL,
    status TEXT NOT NULL,
    samples BLOB NOT NULL,
    PRIMARY KEY (place, vantage)
) WITHOUT ROWID;
CREATE INDEX standing_by_leaf ON standing (leaf, place);

-- Episodes that do not reach up to the standing.
CREATE TABLE leaf_episode (
    place INTEGER NOT NULL,
    vantage INTEGER NOT NULL,
    leaf INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (place, vantage, leaf, first)
) WITHOUT ROWID;
CREATE INDEX leaf_episode_by_leaf ON leaf_episode (leaf, place);

CREATE TABLE state_episode (
    place INTEGER NOT NULL,
    vantage INTEGER NOT NULL,
    state INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (place, vantage, state, first)
) WITHOUT ROWID;

CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    due INTEGER,
    failures INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE source_run (
    source INTEGER NOT NULL,
    began INTEGER NOT NULL,
    ended INTEGER,
    outcome TEXT,
    found INTEGER NOT NULL DEFAULT 0,
    stored INTEGER NOT NULL DEFAULT 0,
    skipped TEXT NOT NULL DEFAULT '{}',
    error TEXT,
    PRIMARY KEY (source, began)
) WITHOUT ROWID;

-- Who told of what: kind is certificate, claim or place, subject its number, detail what else was said.
CREATE TABLE told (
    subject INTEGER NOT NULL,
    kind TEXT NOT NULL,
    source INTEGER NOT NULL,
    detail_digest BLOB NOT NULL,
    detail TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (kind, subject, source, detail_digest)
) WITHOUT ROWID;
CREATE INDEX told_by_source ON told (source, kind, subject);

CREATE TABLE setting (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE counter (
    key TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
