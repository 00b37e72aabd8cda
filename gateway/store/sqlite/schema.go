package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
)

// applicationID marks the file as ours in SQLite's header ("ccrd").
const applicationID = 0x63637264

// migrations bring a file from user_version i to i+1. One that was released
// is never edited; a change is a new one at the end.
var migrations = []string{
	// The key holds a point's readings together in the order they are asked
	// for. Points and gateways are numbered, which halves the file.
	`CREATE TABLE meta (
		key   TEXT PRIMARY KEY,
		value TEXT NOT NULL
	) WITHOUT ROWID, STRICT;
	CREATE TABLE point    (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
	CREATE TABLE gateway  (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
	CREATE TABLE quantity (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
	CREATE TABLE reading (
		point    INTEGER NOT NULL REFERENCES point (id),
		time_ms  INTEGER NOT NULL,            -- since 1970-01-01 UTC
		quantity INTEGER NOT NULL REFERENCES quantity (id),
		value    REAL,                        -- NULL when the quality is bad
		raw      REAL,                        -- NULL when it does not differ
		quality  INTEGER NOT NULL CHECK (quality BETWEEN 0 AND 2), -- bad, uncertain, good
		reason   TEXT,
		flags    INTEGER NOT NULL,            -- 1 = time reconstructed
		gateway  INTEGER NOT NULL REFERENCES gateway (id),
		epoch    INTEGER NOT NULL,
		sequence INTEGER NOT NULL,
		PRIMARY KEY (point, time_ms),
		CHECK ((value IS NULL) = (quality = 0))
	) WITHOUT ROWID, STRICT;`,

	// What readings come to. A point's buckets of one width lie together.
	`CREATE TABLE rollup (
		point      INTEGER NOT NULL REFERENCES point (id),
		quantity   INTEGER NOT NULL REFERENCES quantity (id),
		width_s    INTEGER NOT NULL,
		start_ms   INTEGER NOT NULL,          -- a multiple of the width
		count      INTEGER NOT NULL,          -- readings of any quality
		"values"   INTEGER NOT NULL,          -- of them good or uncertain
		good       INTEGER NOT NULL,
		min        REAL,                      -- NULL without a value, as max and sum
		max        REAL,
		sum        REAL,
		covered_ms INTEGER NOT NULL,
		reason     TEXT,                      -- of the last reading without a value
		PRIMARY KEY (point, quantity, width_s, start_ms),
		CHECK ((min IS NULL) = ("values" = 0))
	) WITHOUT ROWID, STRICT;`,
}

const (
	insertReadings = `INSERT INTO reading
		(point, time_ms, quantity, value, raw, quality, reason, flags, gateway, epoch, sequence)
		VALUES ` // and a readingRow for each
	readingRow = `(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	orNothing  = ` ON CONFLICT DO NOTHING`

	selectHolder = `SELECT gateway, epoch, sequence FROM reading WHERE point = ? AND time_ms = ?`

	selectReadings = `SELECT r.time_ms, r.value, r.raw, r.quality, r.reason, r.flags, g.name, r.epoch, r.sequence
		FROM reading r JOIN gateway g ON g.id = r.gateway
		WHERE r.point = (SELECT id FROM point WHERE name = ?)
		  AND r.quantity = (SELECT id FROM quantity WHERE name = ?)
		  AND r.time_ms >= ? AND r.time_ms < ?
		ORDER BY r.time_ms LIMIT ?`

	flagReconstructed = 1
)

// migrate brings the file to this version, in one transaction.
func migrate(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	version, err := checkOurs(ctx, tx)
	if err != nil {
		return err
	}
	if version == len(migrations) {
		return nil
	}
	for i, m := range migrations[version:] {
		if _, err := tx.ExecContext(ctx, m); err != nil {
			return fmt.Errorf("migration to version %d: %w", version+i+1, err)
		}
	}
	if version == 0 {
		if _, err := tx.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES ('generation', ?)`, rand.Text()); err != nil {
			return fmt.Errorf("write generation: %w", err)
		}
	}
	// PRAGMA takes no parameters; both numbers are ours.
	set := fmt.Sprintf(`PRAGMA user_version = %d; PRAGMA application_id = %d`, len(migrations), applicationID)
	if _, err := tx.ExecContext(ctx, set); err != nil {
		return err
	}
	return tx.Commit()
}

// checkOurs returns the file's version, 0 for an empty one.
func checkOurs(ctx context.Context, tx *sql.Tx) (int, error) {
	var app, version, tables int
	if err := tx.QueryRowContext(ctx, `PRAGMA application_id`).Scan(&app); err != nil {
		return 0, err
	}
	if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return 0, err
	}
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
		return 0, err
	}
	switch {
	case app == 0 && version == 0 && tables == 0:
		return 0, nil
	case app != applicationID:
		return 0, fmt.Errorf("the file is another program's database; name a file that does not exist yet")
	case version > len(migrations):
		return 0, fmt.Errorf("the file has version %d and this program knows %d: install the newer program", version, len(migrations))
	}
	return version, nil
}
