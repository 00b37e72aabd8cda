package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// Copy writes a whole and settled copy of the store of readings at from into
// the new file to, while the collector goes on. It does not change the
// original; an error leaves no copy.
func Copy(ctx context.Context, from, to string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("copy readings store %s to %s: %w", from, to, err)
		}
	}()
	if _, err := os.Stat(from); err != nil { // the driver would make a new one
		return err
	}
	// Made here because SQLite would make it readable by everybody; it fills an
	// empty file.
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	err = vacuum(ctx, from, to)
	if err == nil {
		_, err = Verify(ctx, to)
	}
	if err == nil {
		err = syncFile(to)
	}
	if err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}

// vacuum copies in one statement and so in one snapshot.
func vacuum(ctx context.Context, from, to string) error {
	abs, err := filepath.Abs(from)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn(abs, busyTimeout))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	return errors.Join(err, db.Close())
}

// Verify reads the whole file of a store at rest and returns its generation.
// It changes nothing, not even beside the file.
func Verify(ctx context.Context, path string) (generation string, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: "mode=ro&immutable=1"}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return "", err
	}
	generation, err = verify(ctx, db)
	if err = errors.Join(err, db.Close()); err != nil {
		return "", fmt.Errorf("verify readings store %s: %w", path, err)
	}
	return generation, nil
}

func verify(ctx context.Context, db *sql.DB) (generation string, err error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return "", err
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	version, err := checkOurs(ctx, tx)
	if err != nil {
		return "", err
	}
	if version == 0 {
		return "", errors.New("the file is empty")
	}
	var found string
	// Not integrity_check, which also compares each index with its table: years
	// of readings would take an hour.
	if err := tx.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
		return "", err
	}
	if found != "ok" {
		return "", fmt.Errorf("the file is damaged: %s", found)
	}
	err = tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = 'generation'`).Scan(&generation)
	return generation, err
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close(), syncFolder(filepath.Dir(path)))
}

// Renew gives the store a new generation, as if it had been replaced: gateways
// then offer again all that they keep. It returns both names.
func (s *Store) Renew(ctx context.Context) (before, after string, err error) {
	if before, err = s.Generation(ctx); err != nil {
		return "", "", err
	}
	after = rand.Text()
	if _, err := s.write.ExecContext(ctx, `UPDATE meta SET value = ? WHERE key = 'generation'`, after); err != nil {
		return "", "", s.wrap("renew generation", err)
	}
	return before, after, nil
}
