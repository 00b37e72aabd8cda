package sqlite

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"coldchain/gateway/store"
)

// wrap says what was attempted on which file, and marks what waiting may cure.
func (s *Store) wrap(attempt string, err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("readings store %s: %s: %w", s.path, attempt, err)
	}
	var e *sqlite.Error
	if errors.As(err, &e) {
		if advice, ok := temporary(e.Code()); ok {
			return fmt.Errorf("readings store %s: %s: %s: %w: %w", s.path, attempt, advice, store.ErrTemporary, err)
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("readings store %s: %s: %w: %w", s.path, attempt, store.ErrTemporary, err)
	}
	return fmt.Errorf("readings store %s: %s: %w", s.path, attempt, err)
}

// temporary tells which of SQLite's result codes time or a tidy-up can cure,
// without this program being restarted or reconfigured. The others (corrupt,
// not a database, read-only, I/O error) need a person first.
func temporary(code int) (advice string, ok bool) {
	switch code & 0xff { // the high bits only tell more
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return "another program holds the file", true
	case sqlite3.SQLITE_FULL:
		return "the disk is full, make room", true
	case sqlite3.SQLITE_NOMEM:
		return "out of memory", true
	}
	return "", false
}
