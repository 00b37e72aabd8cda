-- Version 8: what is written down of a batch, what became of it, and what was
-- decided of it. Nothing here is overwritten or taken away: what is corrected
-- gets a new row, and the old one stays.

-- details: JSON of batch.Details without the codes.
ALTER TABLE batches ADD COLUMN details TEXT NOT NULL DEFAULT '{}';
ALTER TABLE batches ADD COLUMN closed_ms INTEGER;

CREATE TABLE batch_codes (
  batch TEXT NOT NULL REFERENCES batches (id),
  kind  TEXT NOT NULL,
  value TEXT NOT NULL,
  lot   TEXT NOT NULL, -- of a GTIN
  PRIMARY KEY (batch, kind, value, lot)
) STRICT, WITHOUT ROWID;
CREATE INDEX batch_codes_value ON batch_codes (value);

-- place: where nothing watches it, in words; zone is empty then. courier: JSON
-- of batch.Courier, how it left this stay or is on its way.
ALTER TABLE custody ADD COLUMN place TEXT NOT NULL DEFAULT '';
ALTER TABLE custody ADD COLUMN courier TEXT NOT NULL DEFAULT '';

-- Stays as they were before each correction.
CREATE TABLE custody_corrections (
  batch      TEXT NOT NULL REFERENCES batches (id),
  version    INTEGER NOT NULL, -- 1, 2, 3, ...
  stays      TEXT NOT NULL,    -- JSON
  reason     TEXT NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id   TEXT NOT NULL,
  at_ms      INTEGER NOT NULL,
  PRIMARY KEY (batch, version)
) STRICT, WITHOUT ROWID;

-- Documents, inspections, handovers and temperatures by hand: entry is JSON of
-- the type in alerting/batch that kind names; at_ms is its own time. batch is
-- empty for a temperature of a zone.
CREATE TABLE batch_entries (
  id         INTEGER PRIMARY KEY,
  batch      TEXT NOT NULL,
  kind       TEXT NOT NULL,
  zone       TEXT NOT NULL,
  at_ms      INTEGER NOT NULL,
  entry      TEXT NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id   TEXT NOT NULL,
  told_ms    INTEGER NOT NULL
) STRICT;
CREATE INDEX batch_entries_batch ON batch_entries (batch, kind, at_ms);
CREATE INDEX batch_entries_zone ON batch_entries (zone, at_ms) WHERE zone <> '';

CREATE TABLE batch_links (
  parent   TEXT NOT NULL REFERENCES batches (id),
  child    TEXT NOT NULL REFERENCES batches (id),
  relation TEXT NOT NULL,
  quantity TEXT NOT NULL, -- of the parent
  at_ms    INTEGER NOT NULL,
  ended_ms INTEGER,       -- taken out of its container again
  PRIMARY KEY (parent, child, at_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX batch_links_child ON batch_links (child);

CREATE TABLE verdicts (
  batch       TEXT NOT NULL REFERENCES batches (id),
  version     INTEGER NOT NULL, -- 1, 2, 3, ...
  decision    TEXT NOT NULL,
  reason      TEXT NOT NULL,
  quantity    TEXT NOT NULL,
  severe      INTEGER NOT NULL, -- 1: holds with a second person only
  exposure    INTEGER NOT NULL, -- version of the exposure it was decided on
  against     TEXT NOT NULL,    -- JSON: what stood against it then
  actor_kind  TEXT NOT NULL,
  actor_id    TEXT NOT NULL,
  at_ms       INTEGER NOT NULL,
  second_kind TEXT,
  second_id   TEXT,
  second_ms   INTEGER,
  PRIMARY KEY (batch, version)
) STRICT, WITHOUT ROWID;

-- Verdicts in force that a traceability platform is told of, until it has taken
-- them. body is what is sent, byte for byte, at every try.
CREATE TABLE platform (
  key      TEXT PRIMARY KEY, -- batch/version
  body     TEXT NOT NULL,
  at_ms    INTEGER NOT NULL,
  tries    INTEGER NOT NULL DEFAULT 0,
  next_ms  INTEGER NOT NULL,
  sent_ms  INTEGER,
  problem  TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX platform_due ON platform (next_ms) WHERE sent_ms IS NULL;
