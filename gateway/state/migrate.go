package state

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations returns the scripts in order; script i leads to version i+1.
func migrations() ([]string, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	scripts := make([]string, len(names))
	for i, name := range names { // Glob sorts, and the numbers have four digits
		if want := fmt.Sprintf("migrations/%04d_", i+1); len(name) < len(want) || name[:len(want)] != want {
			return nil, fmt.Errorf("migration %s: want a name that begins with %s", name, want)
		}
		b, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		scripts[i] = string(b)
	}
	return scripts, nil
}

// migrate brings the file to the version of this program, one transaction for
// each step, so that a power cut leaves a whole older version behind.
func (db *DB) migrate(ctx context.Context) error {
	scripts, err := migrations()
	if err != nil {
		return err
	}
	var version int
	if err := db.writer.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > len(scripts) {
		return refuse(ErrNewerFile, "the file has version %d and this program knows up to %d: run the newer program, or restore the copy made before the upgrade", version, len(scripts))
	}
	for v := version; v < len(scripts); v++ {
		err := db.change(ctx, Actor{Kind: System, ID: "county"}, func(tx *txn) error {
			if _, err := tx.ExecContext(ctx, scripts[v]); err != nil {
				return err
			}
			// PRAGMA takes no parameters; v is our own loop variable.
			if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", v+1)); err != nil {
				return err
			}
			return tx.audit("schema.migrated", "county.db", detail{"from": v, "to": v + 1})
		})
		if err != nil {
			return fmt.Errorf("migrate to version %d: %w", v+1, err)
		}
	}
	return nil
}
