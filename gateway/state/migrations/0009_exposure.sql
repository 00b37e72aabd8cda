-- Which version of each batch's exposure was told, and of what: so that late
-- readings and corrected stays show as a new version.

CREATE TABLE exposures (
  batch    TEXT PRIMARY KEY REFERENCES batches (id),
  version  INTEGER NOT NULL CHECK (version >= 1),
  as_of_ms INTEGER NOT NULL, -- the digest is of what lies before
  digest   BLOB NOT NULL     -- SHA-256 over stays and readings
) STRICT, WITHOUT ROWID;
