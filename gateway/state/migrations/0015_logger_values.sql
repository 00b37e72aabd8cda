-- Version 15: what stood in the files of loggers that travelled with batches.
-- Which file counts for which time of which batch is an entry of kind 'logger'.

CREATE TABLE logger_values (
  sum  TEXT PRIMARY KEY, -- SHA-256 of body in hexadecimal
  body BLOB NOT NULL     -- see loggers.go
) STRICT;
