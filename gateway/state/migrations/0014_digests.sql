-- Version 14: of each table whose rows change too often for a digest of each row
-- in the audit, how many rows it has and the sum of their digests. Both are
-- written in the transaction that writes the rows.

CREATE TABLE digests (
  name TEXT PRIMARY KEY, -- of the table; sqlite_schema: what the tables are
  rows INTEGER NOT NULL,
  sum  BLOB NOT NULL     -- 32 bytes, big-endian
) STRICT, WITHOUT ROWID;
