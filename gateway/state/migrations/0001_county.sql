-- Version 1 of county.db. Never edit this file once it has been released: a
-- change is a new file with the next number.
-- Times are milliseconds since 1970 UTC; a time that is not yet known is NULL.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  seq        INTEGER PRIMARY KEY,
  at_ms      INTEGER NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id   TEXT NOT NULL,
  action     TEXT NOT NULL,
  object     TEXT NOT NULL,
  detail     TEXT NOT NULL,
  prev       BLOB NOT NULL,
  hash       BLOB NOT NULL
) STRICT;
CREATE INDEX audit_object ON audit (object, seq);
-- Against our own mistakes; against a person with the file there is the chain.
CREATE TRIGGER audit_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
CREATE TRIGGER audit_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END;

-- Which sequences of a gateway are done with: 'delivered' (durable in the
-- store, or quarantined) and 'judged' (seen by the alarm engine). Ranges of
-- one (kind, gateway, epoch) neither overlap nor touch; both ends inclusive.
CREATE TABLE ranges (
  kind    TEXT NOT NULL CHECK (kind IN ('delivered', 'judged')),
  gateway TEXT NOT NULL,
  epoch   INTEGER NOT NULL,
  first   INTEGER NOT NULL,
  last    INTEGER NOT NULL CHECK (last >= first),
  PRIMARY KEY (kind, gateway, epoch, first)
) STRICT, WITHOUT ROWID;

-- The delivered sequences that were quarantined; the others were stored.
CREATE TABLE refused (
  gateway TEXT NOT NULL,
  epoch   INTEGER NOT NULL,
  first   INTEGER NOT NULL,
  last    INTEGER NOT NULL CHECK (last >= first),
  reason  TEXT NOT NULL,
  PRIMARY KEY (gateway, epoch, first)
) STRICT, WITHOUT ROWID;

-- What edges journaled beside readings: declared gaps and events.
CREATE TABLE entries (
  gateway TEXT NOT NULL,
  epoch   INTEGER NOT NULL,
  seq     INTEGER NOT NULL,
  site    TEXT NOT NULL,
  kind    TEXT NOT NULL CHECK (kind IN ('gap', 'event')),
  from_ms INTEGER NOT NULL, -- of an event: when it happened
  to_ms   INTEGER NOT NULL,
  name    TEXT NOT NULL,    -- the gap's cause, the event's name
  object  TEXT NOT NULL,    -- the gap's scope, what the event happened to
  count   INTEGER NOT NULL, -- readings dropped, where known
  boot    TEXT NOT NULL,
  mono_ms INTEGER NOT NULL,
  clock   TEXT NOT NULL,
  detail  TEXT NOT NULL,    -- JSON
  PRIMARY KEY (gateway, epoch, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX entries_time ON entries (site, from_ms, to_ms);

CREATE TABLE tracks (
  key   TEXT PRIMARY KEY,
  state BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE alarms (
  id           TEXT PRIMARY KEY,
  rule         TEXT NOT NULL,
  object       TEXT NOT NULL,
  zone         TEXT NOT NULL,
  level        TEXT NOT NULL,
  class        TEXT NOT NULL,
  state        TEXT NOT NULL,
  reason       TEXT NOT NULL,
  start_ms     INTEGER NOT NULL,
  raised_ms    INTEGER NOT NULL,
  returned_ms  INTEGER,
  last_seen_ms INTEGER NOT NULL,
  delay_ms     INTEGER NOT NULL,
  limit_value  REAL, -- NULL with peak and last_value when the rule has no value
  peak         REAL,
  last_value   REAL,
  acked_kind   TEXT,
  acked_id     TEXT,
  acked_ms     INTEGER,
  note         TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX alarms_start ON alarms (start_ms);
CREATE INDEX alarms_zone ON alarms (zone, start_ms);
CREATE INDEX alarms_open ON alarms (start_ms) WHERE state <> 'normal';

CREATE TABLE batches (
  id         TEXT PRIMARY KEY,
  product    TEXT NOT NULL,
  profile    TEXT NOT NULL,
  quantity   TEXT NOT NULL,
  owner      TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX batches_created ON batches (created_ms);

-- from_ms inclusive, to_ms exclusive; NULL while the batch lies there.
CREATE TABLE custody (
  batch   TEXT NOT NULL REFERENCES batches (id),
  zone    TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  to_ms   INTEGER CHECK (to_ms > from_ms),
  PRIMARY KEY (batch, from_ms)
) STRICT, WITHOUT ROWID;
-- By the end of the stay: most questions are about recent times, and every
-- stay of the past begins before them. The number stands for "not yet".
CREATE INDEX custody_zone ON custody (zone, coalesce(to_ms, 9223372036854775807), from_ms);
CREATE UNIQUE INDEX custody_one_open ON custody (batch) WHERE to_ms IS NULL;

CREATE TABLE idempotency (
  actor_kind TEXT NOT NULL,
  actor_id   TEXT NOT NULL,
  key        TEXT NOT NULL,
  request    BLOB NOT NULL, -- SHA-256 of the request
  answer     TEXT NOT NULL, -- JSON
  at_ms      INTEGER NOT NULL,
  PRIMARY KEY (actor_kind, actor_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE gateways (
  gateway      TEXT PRIMARY KEY,
  site         TEXT NOT NULL,
  status       TEXT, -- JSON
  status_ms    INTEGER,
  inventory    TEXT, -- JSON
  inventory_ms INTEGER
) STRICT, WITHOUT ROWID;

-- epoch and seq are decimal text: what a hostile message claims may not fit.
CREATE TABLE quarantine (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  same         BLOB NOT NULL UNIQUE, -- equal for a retransmission
  at_ms        INTEGER NOT NULL,
  last_ms      INTEGER NOT NULL,
  seen         INTEGER NOT NULL,
  gateway      TEXT NOT NULL,
  topic        TEXT NOT NULL,
  epoch        TEXT NOT NULL,
  seq          TEXT,
  point        TEXT NOT NULL,
  reason       TEXT NOT NULL,
  detail       TEXT NOT NULL,
  payload      BLOB NOT NULL,
  payload_size INTEGER NOT NULL
) STRICT;

CREATE TABLE quarantine_counts (
  reason   TEXT PRIMARY KEY,
  total    INTEGER NOT NULL, -- different entries ever
  repeated INTEGER NOT NULL, -- retransmissions of one of them
  dropped  INTEGER NOT NULL  -- entries deleted to keep the table bounded
) STRICT, WITHOUT ROWID;
