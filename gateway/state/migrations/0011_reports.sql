-- Who reviewed and sent a report, and the links by which inspectors read.
CREATE TABLE report_steps (
  kind       TEXT NOT NULL,
  from_ms    INTEGER NOT NULL, -- where the report's period begins
  step       TEXT NOT NULL,    -- reviewed, sent
  note       TEXT NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id   TEXT NOT NULL,
  at_ms      INTEGER NOT NULL,
  PRIMARY KEY (kind, from_ms, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE inspection_links (
  id         TEXT PRIMARY KEY,
  zones      TEXT NOT NULL,    -- JSON list
  from_ms    INTEGER NOT NULL, -- the dates that may be read
  to_ms      INTEGER NOT NULL,
  made_ms    INTEGER NOT NULL,
  until_ms   INTEGER NOT NULL, -- when the link expires
  actor_kind TEXT NOT NULL,    -- who made it
  actor_id   TEXT NOT NULL,
  ended_ms   INTEGER,          -- when it was revoked
  opened_ms  INTEGER           -- the newest opening that is in the audit
) STRICT;
CREATE INDEX inspection_links_until ON inspection_links (until_ms);
