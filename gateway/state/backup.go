package state

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// metaBackup holds the newest Backup, as JSON.
const metaBackup = "last_backup"

// Backup is a copy of the county's state that was made and verified.
type Backup struct {
	At    time.Time `json:"at"`    // county's clock, whole milliseconds
	Where string    `json:"where"` // the folder, as it was given
	Head  AuditHead `json:"head"`  // end of the audit in the copy
}

// Copy writes a whole and settled copy of the county.db at from into the new
// file to, while the collector goes on. It neither migrates nor changes the
// original, and returns the end of the copy's audit after walking the whole
// chain. An error leaves no copy.
func Copy(ctx context.Context, from, to string) (_ AuditHead, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("copy county state %s to %s: %w", from, to, err)
		}
	}()
	original, err := openAsIs(ctx, from, "mode", "rw")
	if err != nil {
		return AuditHead{}, err
	}
	// Made here because SQLite would make it readable by everybody; it fills an
	// empty file.
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return AuditHead{}, errors.Join(err, original.Close())
	}
	// One statement, one snapshot: what is committed later is not in the copy.
	_, err = original.writer.ExecContext(ctx, "VACUUM INTO ?", to)
	if err = errors.Join(err, original.Close()); err != nil {
		return AuditHead{}, errors.Join(err, removeIfThere(to))
	}
	head, err := Verify(ctx, to)
	if err == nil {
		err = settle(to)
	}
	if err != nil {
		return AuditHead{}, errors.Join(err, removeIfThere(to))
	}
	return head, nil
}

// Verify reads the whole file of a county's state at rest: its pages, and its
// audit from the first row to the last. It changes nothing, not even beside
// the file. The error is an *AuditBreak when the chain does not hold, or does not
// go through the heads that were kept elsewhere.
func Verify(ctx context.Context, path string, kept ...AuditHead) (AuditHead, error) {
	db, err := openAsIs(ctx, path, "mode", "ro", "immutable", "1")
	if err != nil {
		return AuditHead{}, fmt.Errorf("verify county state %s: %w", path, err)
	}
	head, err := db.verifyWhole(ctx, kept)
	if err = errors.Join(err, db.Close()); err != nil {
		return AuditHead{}, fmt.Errorf("verify county state %s: %w", path, err)
	}
	return head, nil
}

func (db *DB) verifyWhole(ctx context.Context, kept []AuditHead) (AuditHead, error) {
	var found string
	if err := db.reader.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&found); err != nil {
		return AuditHead{}, err
	}
	if found != "ok" {
		return AuditHead{}, fmt.Errorf("the file is damaged: %s", found)
	}
	if err := db.verifyAudit(ctx, kept...); err != nil {
		return AuditHead{}, err
	}
	return db.AuditHead(ctx)
}

// NoteBackup writes into the county.db at path that a copy was made, for the
// page and the audit. The collector may be running.
func NoteBackup(ctx context.Context, path string, by Actor, b Backup) error {
	db, err := openAsIs(ctx, path, "mode", "rw")
	if err != nil {
		return fmt.Errorf("note the backup in %s: %w", path, err)
	}
	db.now = func() time.Time { return b.At }
	b.At = toMillisecond(b.At)
	if err := db.keepSums(ctx); err != nil {
		return errors.Join(fmt.Errorf("note the backup in %s: %w", path, err), db.Close())
	}
	err = db.change(ctx, by, func(tx *txn) error {
		text, err := json.Marshal(b)
		if err != nil {
			return err
		}
		if err := tx.setMeta(metaBackup, string(text)); err != nil {
			return err
		}
		return tx.audit("county.backed-up", b.Where, detail{"head_seq": b.Head.Seq, "head_hash": hex.EncodeToString(b.Head.Hash)})
	})
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("note the backup in %s: %w", path, err)
	}
	return nil
}

// LastBackup returns the newest copy that was noted; ok is false when there
// has been none.
func (db *DB) LastBackup(ctx context.Context) (b Backup, ok bool, err error) {
	var text string
	err = db.reader.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = ?", metaBackup).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return b, false, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &b)
	}
	if err != nil {
		return b, false, fmt.Errorf("read the last backup: %w", err)
	}
	return b, true, nil
}

// NoteRestore writes into a copy that is about to become the county's state
// again who did so, from which copy, and the generation that the store got so
// that the gateways offer again what they keep.
func (db *DB) NoteRestore(ctx context.Context, by Actor, from Backup, generation string) error {
	err := db.change(ctx, by, func(tx *txn) error {
		text, err := json.Marshal(from)
		if err != nil {
			return err
		}
		if err := tx.setMeta(metaBackup, string(text)); err != nil {
			return err
		}
		return tx.audit("county.restored", from.Where, detail{
			"made": from.At.UTC().Format(time.RFC3339), "head_seq": from.Head.Seq,
			"head_hash": hex.EncodeToString(from.Head.Hash), "generation": generation,
		})
	})
	if err != nil {
		return fmt.Errorf("note the restore: %w", err)
	}
	return nil
}

func (tx *txn) setMeta(name, value string) error {
	_, err := tx.ExecContext(tx.ctx, "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
	return err
}

// InUse reports whether another program, or another part of this one, has the
// file open. A file that is not there, or is no database any more, is not in
// use. Looking opens the file as SQLite does, which folds in, or clears, the
// log that a killed program left.
func InUse(ctx context.Context, path string) (bool, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	// Every connection in WAL mode holds a shared lock for as long as it lives,
	// which an exclusive one cannot share.
	source, err := fileSource(path, "mode", "rw", "_pragma", "locking_mode(EXCLUSIVE)", "_txlock", "exclusive")
	if err != nil {
		return false, err
	}
	db, err := sql.Open("sqlite", source)
	if err != nil {
		return false, fmt.Errorf("open %s: %w", path, err)
	}
	defer db.Close() // nothing was written
	tx, err := db.BeginTx(ctx, nil)
	if err == nil {
		return false, tx.Rollback()
	}
	var e *sqlite.Error
	if errors.As(err, &e) {
		code := e.Code() & 0xff
		return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED, nil
	}
	return false, fmt.Errorf("open %s: %w", path, err)
}

// openAsIs opens a file that must exist, without migrating it: that is for the
// collector alone.
func openAsIs(ctx context.Context, path string, parameters ...string) (*DB, error) {
	source, err := fileSource(path, append(parameters, "_pragma", "busy_timeout(10000)", "_txlock", "immediate")...)
	if err != nil {
		return nil, err
	}
	db := &DB{now: time.Now, quarantineLimit: DefaultQuarantineLimit}
	if db.writer, err = sql.Open("sqlite", source); err != nil {
		return nil, err
	}
	db.writer.SetMaxOpenConns(1)
	db.reader = db.writer
	scripts, err := migrations()
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	var version int
	if err := db.writer.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	switch {
	case version == 0:
		err = errors.New("the file is not a county's state")
	case version > len(scripts):
		err = refuse(ErrNewerFile, "the file has version %d and this program knows up to %d: run the newer program", version, len(scripts))
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// fileSource names a file for the driver with pairs of parameters.
func fileSource(path string, parameters ...string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	q := url.Values{}
	for i := 0; i+1 < len(parameters); i += 2 {
		q.Add(parameters[i], parameters[i+1])
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: q.Encode()}
	return u.String(), nil
}

// settle makes a file and its name survive a power cut.
func settle(path string) error {
	for _, name := range []string{path, filepath.Dir(path)} {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
