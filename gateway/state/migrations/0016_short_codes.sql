-- Batches by number, for the six digits of package batch. Numbers are never
-- given twice: batches are never deleted.
CREATE TABLE batch_numbers (
  number INTEGER PRIMARY KEY,
  batch  TEXT NOT NULL UNIQUE REFERENCES batches (id)
) STRICT;
INSERT INTO batch_numbers (batch) SELECT id FROM batches ORDER BY created_ms, id;
