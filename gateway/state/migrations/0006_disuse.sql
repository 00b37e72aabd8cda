-- Version 6: zones out of use, what people say of trucks, and why goods were
-- received where they ought not to be.
CREATE TABLE disuses (
  id         TEXT PRIMARY KEY,
  zone       TEXT NOT NULL,
  kind       TEXT NOT NULL,
  from_ms    INTEGER NOT NULL,
  until_ms   INTEGER NOT NULL,
  reason     TEXT NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id   TEXT NOT NULL
) STRICT;
CREATE INDEX disuses_until ON disuses (until_ms);

CREATE TABLE truck_says (
  truck      TEXT NOT NULL, -- site
  at_ms      INTEGER NOT NULL,
  empty      INTEGER NOT NULL, -- 1: somebody has looked, and nothing is in it
  phase      TEXT NOT NULL,    -- empty: it is about the load alone
  inferred   TEXT NOT NULL,    -- what the evidence said
  actor_kind TEXT NOT NULL,
  actor_id   TEXT NOT NULL,
  PRIMARY KEY (truck, at_ms)
) STRICT, WITHOUT ROWID;

-- mark: what did not agree when the goods came in, words with commas.
ALTER TABLE custody ADD COLUMN override TEXT NOT NULL DEFAULT '';
ALTER TABLE custody ADD COLUMN mark TEXT NOT NULL DEFAULT '';
