package journal

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What is wrong with a journal's file or disk. Append and the others wrap one
// of these; after all but ErrInUse the journal goes on by itself as soon as the
// disk lets it, so the caller keeps its records and tries again.
var (
	// ErrCorrupt marks a journal file that is damaged. An open journal moves
	// it aside and begins a new one in a new epoch.
	ErrCorrupt = errors.New("the file is damaged")
	// ErrFull marks a disk without room.
	ErrFull = errors.New("the disk is full; make room on it")
	// ErrReadOnly marks a file or file system that cannot be written.
	ErrReadOnly = errors.New("the file system is read-only; Linux makes it so after errors of the card: check or replace the card")
	// ErrDisk marks any other failure of the disk.
	ErrDisk = errors.New("the disk fails; check or replace it")
	// ErrInUse marks a journal that another process has open.
	ErrInUse = errors.New("another process is using it; stop that one first")
)

// classify adds one of the errors above to what SQLite or the system says.
func classify(err error) error {
	if err == nil || known(err) {
		return err
	}
	if kind := kindOf(err); kind != nil {
		return fmt.Errorf("%w (%w)", kind, err)
	}
	return err
}

// classifyAt is classify for an error of writing beside path. SQLite calls every
// failed write an I/O error; whether the file system has turned read-only, as
// Linux does after errors of a card, only another attempt tells.
func classifyAt(path string, err error) error {
	err = classify(err)
	if !errors.Is(err, ErrDisk) {
		return err
	}
	probe := path + ".probe"
	f, failed := os.OpenFile(probe, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if failed == nil {
		_, failed = f.Write([]byte{0})
		failed = errors.Join(failed, f.Close(), os.Remove(probe))
	}
	if kind := kindOf(failed); kind == ErrReadOnly || kind == ErrFull {
		return fmt.Errorf("%w (%w)", kind, notOfDisk{err})
	}
	return err
}

// notOfDisk keeps an error's text and takes its kind away.
type notOfDisk struct{ err error }

func (e notOfDisk) Error() string { return e.err.Error() }

func known(err error) bool { return errors.Is(err, ErrCorrupt) || diskTrouble(err) }

// diskTrouble reports whether err may pass by itself or with a visit, while the
// file's content is not to blame.
func diskTrouble(err error) bool {
	return errors.Is(err, ErrFull) || errors.Is(err, ErrReadOnly) || errors.Is(err, ErrDisk)
}

// foreign reports whether SQLite does not find in a file what every journal
// has. The file's own header says that it is one, so it is damaged.
func foreign(err error) bool {
	s, ok := errors.AsType[*sqlite.Error](err)
	return ok && s.Code() == sqlite3.SQLITE_ERROR
}

func kindOf(err error) error {
	if s, ok := errors.AsType[*sqlite.Error](err); ok {
		switch s.Code() & 0xff {
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return ErrCorrupt
		case sqlite3.SQLITE_FULL:
			return ErrFull
		case sqlite3.SQLITE_READONLY:
			return ErrReadOnly
		case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
			return ErrDisk
		}
		return nil
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return ErrFull
	case errors.Is(err, syscall.EROFS):
		return ErrReadOnly
	case errors.Is(err, syscall.EIO):
		return ErrDisk
	}
	return nil
}
