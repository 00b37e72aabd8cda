-- Version 14: of each table whose rows change too often for a digest of each row
-- in the audit, how many rows it has and the sum of their digests. Both are
-- written in the transaction that writes the rows.

CREATE TABLE digests (
  name TEXT PRIMARY KEY, -- of the table; sqlite_schema: what the tables are
  rows INTEGER NOT NULL,
  sum  BLOB NOT NULL     -- 32 bytes, big-endian
) STRICT, WITHOUT ROWID;

-- Certificates that a time-stamp authority is asked about, from the moment they
-- were signed until it has answered.
CREATE TABLE stamps (
  number  TEXT PRIMARY KEY REFERENCES certificates (number),
  tries   INTEGER NOT NULL DEFAULT 0,
  next_ms INTEGER NOT NULL,
  problem TEXT NOT NULL DEFAULT '',
  at_ms   INTEGER, -- by the authority's clock; NULL until it has answered
  sha256  BLOB     -- of its answer, which lies beside the certificate
) STRICT, WITHOUT ROWID;
CREATE INDEX stamps_due ON stamps (next_ms) WHERE at_ms IS NULL;
