package tool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"coldchain/gateway/retention"
	"coldchain/gateway/state"
)

// copyEvidence copies the evidence file of everything that is frozen by a
// county.db, and compares each copy with what that says of it. It returns their
// names in the backup, and a sentence for each file that is lost or changed:
// that must not keep the rest from being backed up.
func copyEvidence(ctx context.Context, county, from, to string) (names, lost []string, err error) {
	all, err := state.ListFrozenAtRest(ctx, county)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range all {
		if f.Evidence == nil {
			continue // frozen a moment ago, or the store is away: the ranges are in county.db
		}
		if err := os.MkdirAll(to, 0o700); err != nil {
			return nil, nil, err
		}
		one := backupFile{Name: f.Evidence.File, Bytes: f.Evidence.Bytes, SHA256: f.Evidence.SHA256}
		if err := one.fetch(ctx, from, to); err != nil {
			if ctx.Err() != nil {
				return nil, nil, err
			}
			lost = append(lost, fmt.Sprintf("evidence of %s: %v", f.Reference, err))
			if err := os.Remove(filepath.Join(to, one.Name)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return nil, nil, err
			}
			continue
		}
		names = append(names, path.Join(retention.Folder, f.Evidence.File))
	}
	if len(names) > 0 {
		err = syncFolder(to)
	}
	return names, lost, err
}
