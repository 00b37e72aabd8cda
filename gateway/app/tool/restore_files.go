package tool

import (
	"errors"
	"os"
	"path/filepath"
)

// replaceAll puts the named files of stage into folder, one after the other,
// and what was there into aside. At no moment is a name without a whole file
// that had one before.
func replaceAll(names []string, stage, folder, aside string) (kept bool, err error) {
	for _, name := range names {
		one, err := setAside(name, folder, aside)
		kept = kept || one
		if err != nil {
			return kept, err
		}
		if err := os.Rename(filepath.Join(stage, name), filepath.Join(folder, name)); err != nil {
			return kept, err
		}
		if err := syncFolder(folder); err != nil {
			return kept, err
		}
	}
	return kept, os.RemoveAll(stage)
}

// setAside keeps a database and what SQLite has beside it. The file itself
// stays in its place under a second name until another takes the first one; a
// log left beside it would be played into the new file.
func setAside(name, folder, aside string) (kept bool, err error) {
	for _, suffix := range []string{"-wal", "-shm", "-journal", ""} {
		from, to := filepath.Join(folder, name+suffix), filepath.Join(aside, name+suffix)
		if _, err := os.Lstat(from); errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err := os.MkdirAll(aside, 0o700); err != nil {
			return kept, err
		}
		kept = true
		if suffix == "" && os.Link(from, to) == nil {
			continue
		}
		if err := os.Rename(from, to); err != nil { // also on file systems without links
			return kept, err
		}
	}
	if !kept {
		return false, nil
	}
	return true, syncFolder(aside)
}
