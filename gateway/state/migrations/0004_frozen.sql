-- Version 4: what a signed certificate used is frozen, and how far retention
-- has come. A frozen range is never taken away and never changed but for what
-- its evidence file turned out to be.

CREATE TABLE frozen (
  reference TEXT PRIMARY KEY,   -- the certificate's number
  by_kind   TEXT NOT NULL,
  by_id     TEXT NOT NULL,
  at_ms     INTEGER NOT NULL,
  -- The evidence file; NULL until it is durable.
  file      TEXT,
  bytes     INTEGER,
  sha256    BLOB,
  readings  INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE frozen_ranges (
  point     TEXT NOT NULL,
  quantity  TEXT NOT NULL,
  from_ms   INTEGER NOT NULL,   -- inclusive
  to_ms     INTEGER NOT NULL CHECK (to_ms > from_ms), -- exclusive
  reference TEXT NOT NULL REFERENCES frozen (reference),
  PRIMARY KEY (point, from_ms, to_ms, reference, quantity)
) STRICT, WITHOUT ROWID;
CREATE INDEX frozen_ranges_reference ON frozen_ranges (reference);

CREATE TRIGGER frozen_never_deleted BEFORE DELETE ON frozen
BEGIN SELECT RAISE(ABORT, 'what is frozen is never deleted'); END;
CREATE TRIGGER frozen_ranges_never_deleted BEFORE DELETE ON frozen_ranges
BEGIN SELECT RAISE(ABORT, 'what is frozen is never deleted'); END;
CREATE TRIGGER frozen_ranges_never_changed BEFORE UPDATE ON frozen_ranges
BEGIN SELECT RAISE(ABORT, 'what is frozen is never changed'); END;

-- Before until_ms nothing of a point is left in the store of this generation
-- but what is frozen.
CREATE TABLE retained (
  point      TEXT NOT NULL,
  what       TEXT NOT NULL CHECK (what IN ('readings', 'rollups')),
  generation TEXT NOT NULL,
  until_ms   INTEGER NOT NULL,
  PRIMARY KEY (point, what)
) STRICT, WITHOUT ROWID;
