-- Version 6: PINs, by which people prove who they are on a shared device; and
-- what the quality officer has looked at.

CREATE TABLE pins (
  person     TEXT PRIMARY KEY, -- of the roster
  hash       TEXT NOT NULL,    -- slow and salted, see gateway/pin; never the digits
  at_ms      INTEGER NOT NULL,
  actor_kind TEXT NOT NULL,    -- who set it: the person, or who keeps the roster
  actor_id   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Wrong PINs in a row. device is one that has proved the person before; empty:
-- all others together, so that a stranger gains nothing by a new device and
-- holds up nobody on his own.
CREATE TABLE pin_tries (
  person  TEXT NOT NULL REFERENCES pins (person) ON DELETE CASCADE,
  device  TEXT NOT NULL,
  wrong   INTEGER NOT NULL,
  last_ms INTEGER NOT NULL, -- the newest try
  PRIMARY KEY (person, device)
) STRICT, WITHOUT ROWID;

-- That the quality officer has looked at an alarm that was over before the
-- county learned of it, and how the alarm stood then: one that grows is to be
-- looked at again.
CREATE TABLE looks (
  alarm       TEXT PRIMARY KEY REFERENCES alarms (id),
  level       TEXT NOT NULL,
  start_ms    INTEGER NOT NULL,
  returned_ms INTEGER,
  peak        REAL,
  note        TEXT NOT NULL,
  actor_kind  TEXT NOT NULL,
  actor_id    TEXT NOT NULL,
  at_ms       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- When a message was given up because what it says was not true any more.
ALTER TABLE outbox ADD COLUMN cancelled_ms INTEGER;
