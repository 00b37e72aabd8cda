-- Version 3: which stretches of a point's time have rollups that are not (or
-- not yet) what the readings say. stamp tells a mark from a later one of the
-- same stretch: only the mark that was seen to is taken away.

CREATE TABLE dirty (
	point   TEXT    NOT NULL,
	from_ms INTEGER NOT NULL,
	to_ms   INTEGER NOT NULL,
	stamp   INTEGER NOT NULL,
	PRIMARY KEY (point, from_ms),
	CHECK (from_ms < to_ms)
) WITHOUT ROWID, STRICT;

-- Points whose stored past was looked through once for rollups to be made, in
-- the store of this generation.
CREATE TABLE rolled (
	point      TEXT NOT NULL PRIMARY KEY,
	generation TEXT NOT NULL
) WITHOUT ROWID, STRICT;
