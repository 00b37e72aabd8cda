//go:build !unix

package journal

import (
	"fmt"
	"os"
)

// lockFile keeps path open. Where there is no flock, SQLite's own locks are
// all that stands between two writers.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	return f, nil
}

// lockExisting: here nobody can be asked.
func lockExisting(path string) (*os.File, error) { return os.Open(path) }
