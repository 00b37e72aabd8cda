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

// evidenceFiles are the manifest's files of evidence, by their names in the
// folder of evidence. A name that would leave the folder is refused.
func (m manifest) evidenceFiles() (files []backupFile, err error) {
	for _, f := range m.Files {
		folder, name := path.Split(f.Name)
		switch {
		case folder == "":
			continue
		case folder != retention.Folder+"/" || name == "" || name[0] == '.' || !filepath.IsLocal(name):
			return nil, fmt.Errorf("the manifest lists %.80q, which is no file of a backup", f.Name)
		}
		f.Name = name
		files = append(files, f)
	}
	return files, nil
}

// putEvidence moves the files of stage into the county's folder of evidence,
// before the state that speaks of them. What is there under the same name is
// what the backup has, or it is kept aside: evidence is never written over.
func putEvidence(files []backupFile, stage, folder, aside string) error {
	if len(files) == 0 {
		return nil
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	for _, f := range files {
		there, err := describeFile(folder, f.Name)
		switch {
		case err == nil && there.SHA256.String() == f.SHA256.String():
			continue
		case err == nil:
			if err := os.MkdirAll(aside, 0o700); err != nil {
				return err
			}
			if err := os.Rename(filepath.Join(folder, f.Name), filepath.Join(aside, f.Name)); err != nil {
				return err
			}
		case !errors.Is(err, os.ErrNotExist):
			return err
		}
		if err := os.Rename(filepath.Join(stage, f.Name), filepath.Join(folder, f.Name)); err != nil {
			return err
		}
	}
	return syncFolder(folder)
}
