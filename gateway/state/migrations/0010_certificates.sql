-- Version 10: certificates that were signed. The signed file lies beside this
-- database; sha256 is of it, and a row is never changed.

CREATE TABLE certificates (
  number     TEXT PRIMARY KEY,
  batch      TEXT NOT NULL REFERENCES batches (id),
  version    INTEGER NOT NULL CHECK (version > 0),
  made_ms    INTEGER NOT NULL,
  reason     TEXT NOT NULL, -- why it was made anew; empty for the first
  sha256     BLOB NOT NULL,
  page_key   BLOB,          -- of the public page; NULL when it has none
  actor_kind TEXT NOT NULL,
  actor_id   TEXT NOT NULL,
  request    TEXT NOT NULL UNIQUE, -- the request that it answers: sent again, it is this one
  UNIQUE (batch, version)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX certificates_page ON certificates (page_key);

CREATE TRIGGER certificates_never_changed BEFORE UPDATE ON certificates
BEGIN SELECT RAISE(ABORT, 'what was signed is never changed'); END;
CREATE TRIGGER certificates_never_deleted BEFORE DELETE ON certificates
BEGIN SELECT RAISE(ABORT, 'what was signed is never deleted'); END;
