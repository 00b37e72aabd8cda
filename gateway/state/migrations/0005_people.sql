-- Version 5: people. Who was told what, what they answered, how alarms were
-- closed, what is shelved or planned, and the roster with its plan.

-- When the county first had an alarm, live and at a level: delays of the
-- escalation count from here and not from event time.
CREATE TABLE rings (
  alarm TEXT NOT NULL REFERENCES alarms (id) DEFERRABLE INITIALLY DEFERRED, -- it may be written first
  level TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (alarm, level)
) STRICT, WITHOUT ROWID;
CREATE INDEX alarms_returned ON alarms (returned_ms);

-- One row for each message to a person, decided once; the key is worked out
-- from what it is about. next_ms is NULL when nothing more is to be tried.
CREATE TABLE outbox (
  key          TEXT PRIMARY KEY,
  person       TEXT NOT NULL,
  kind         TEXT NOT NULL,
  intent       TEXT NOT NULL, -- JSON
  words        TEXT NOT NULL, -- JSON
  created_ms   INTEGER NOT NULL,
  next_ms      INTEGER,
  delivered_ms INTEGER -- when a channel first took it
) STRICT;
CREATE INDEX outbox_next ON outbox (next_ms) WHERE next_ms IS NOT NULL;
CREATE INDEX outbox_created ON outbox (created_ms);

CREATE TABLE attempts (
  key     TEXT NOT NULL REFERENCES outbox (key),
  n       INTEGER NOT NULL,
  channel TEXT NOT NULL,
  at_ms   INTEGER NOT NULL,
  class   TEXT NOT NULL, -- empty: it was taken
  code    TEXT NOT NULL,
  error   TEXT NOT NULL,
  receipt TEXT NOT NULL, -- the far end's name for it
  until_ms INTEGER,      -- the far end takes nothing before this
  PRIMARY KEY (key, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_time ON attempts (at_ms);

-- alarm is an alarm's id, or the key of a drill in the outbox.
CREATE TABLE steps (
  alarm      TEXT NOT NULL,
  answer     TEXT NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id   TEXT NOT NULL,
  level      TEXT NOT NULL,
  at_ms      INTEGER NOT NULL,
  note       TEXT NOT NULL,
  PRIMARY KEY (alarm, answer, actor_kind, actor_id, level)
) STRICT, WITHOUT ROWID;

CREATE TABLE closings (
  alarm       TEXT PRIMARY KEY REFERENCES alarms (id),
  cause       TEXT NOT NULL,
  action      TEXT NOT NULL,
  outcome     TEXT NOT NULL,
  note        TEXT NOT NULL,
  actor_kind  TEXT NOT NULL,
  actor_id    TEXT NOT NULL,
  at_ms       INTEGER NOT NULL,
  severe      INTEGER NOT NULL, -- 1: needs a second person
  signed_kind TEXT,
  signed_id   TEXT,
  signed_ms   INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE shelves (
  id         TEXT PRIMARY KEY,
  rule       TEXT NOT NULL,
  object     TEXT NOT NULL,
  level      TEXT NOT NULL,
  from_ms    INTEGER NOT NULL,
  until_ms   INTEGER NOT NULL,
  reason     TEXT NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX shelves_until ON shelves (until_ms);

CREATE TABLE outages (
  id         TEXT PRIMARY KEY,
  kind       TEXT NOT NULL,
  object     TEXT NOT NULL,
  rules      TEXT NOT NULL, -- JSON
  from_ms    INTEGER NOT NULL,
  until_ms   INTEGER NOT NULL,
  reason     TEXT NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outages_until ON outages (until_ms);

-- Every version is kept: who was on the list on the night of an alarm.
CREATE TABLE people (
  version    INTEGER PRIMARY KEY,
  at_ms      INTEGER NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id   TEXT NOT NULL,
  roster     TEXT NOT NULL, -- JSON
  plan       TEXT NOT NULL  -- JSON
) STRICT;
