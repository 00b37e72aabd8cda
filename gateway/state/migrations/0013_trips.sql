-- Trips of trucks, worked out from readings and the books.
CREATE TABLE trips (
  id           TEXT PRIMARY KEY,
  truck        TEXT NOT NULL,
  from_ms      INTEGER NOT NULL,
  to_ms        INTEGER,          -- NULL: it goes on
  version      INTEGER NOT NULL,
  facts        TEXT NOT NULL,    -- JSON
  changed_ms   INTEGER NOT NULL,
  withdrawn_ms INTEGER,          -- later facts made no trip of it
  instead      TEXT NOT NULL     -- which trip its time belongs to then; empty: none
) STRICT;
CREATE INDEX trips_truck ON trips (truck, from_ms);
CREATE INDEX trips_from ON trips (from_ms);
