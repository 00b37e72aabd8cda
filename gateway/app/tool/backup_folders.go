package tool

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"coldchain/gateway/evidence"
	"coldchain/gateway/retention"
)

// The folders of a county beside its databases.
const (
	papersFolder       = "files"        // photos and papers of batches, see package files
	certificatesFolder = "certificates" // signed envelopes, NUMBER.json
)

// wholeFolders are backed up as they are.
func wholeFolders() []string {
	return []string{papersFolder, evidence.KeysFolder, certificatesFolder}
}

// copyFolders copies the folders that are backed up whole, from a county's data
// into a backup, where nobody but its owner can read them. It returns the files'
// names in the backup, and a sentence for each paper whose bytes are no longer
// what its name says: that must not keep the rest from being backed up.
func copyFolders(ctx context.Context, data, to string) (files []backupFile, lost []string, err error) {
	for _, folder := range wholeFolders() {
		names, err := filesIn(data, folder)
		if err != nil {
			return nil, nil, err
		}
		for _, name := range names {
			f, err := copyFile(ctx, data, to, name)
			if err != nil {
				return nil, nil, err
			}
			if folder == papersFolder && f.SHA256.String() != path.Base(name) {
				lost = append(lost, fmt.Sprintf("%s is not the paper that was kept: its SHA-256 is %s", name, f.SHA256))
				if err := os.Remove(filepath.Join(to, name)); err != nil {
					return nil, nil, err
				}
				continue
			}
			files = append(files, f)
		}
	}
	return files, lost, stillSame(data, files)
}

// filesIn lists the files under a folder of a county, without those that are
// being written.
func filesIn(data, folder string) (names []string, err error) {
	err = filepath.WalkDir(filepath.Join(data, folder), func(at string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // no paper was ever sent, or a draft got its name
		case err != nil:
			return err
		case !d.Type().IsRegular() || d.Name()[0] == '.' || strings.HasSuffix(d.Name(), ".new"):
			return nil
		}
		name, err := filepath.Rel(data, at)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	return names, err
}

// copyFile copies one file into the same place of a backup.
func copyFile(ctx context.Context, data, to, name string) (f backupFile, err error) {
	in, err := os.Open(filepath.Join(data, name))
	if err != nil {
		return f, err
	}
	defer in.Close() // only read
	copied := filepath.Join(to, name)
	if err := os.MkdirAll(filepath.Dir(copied), 0o700); err != nil {
		return f, err
	}
	out, err := os.OpenFile(copied, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return f, err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, sum), &cancellable{ctx, in})
	if err = errors.Join(err, out.Sync(), out.Close()); err == nil {
		err = syncFolder(filepath.Dir(copied))
	}
	if err != nil {
		return f, fmt.Errorf("copy %s: %w", name, err)
	}
	return backupFile{Name: name, Bytes: n, SHA256: sum.Sum(nil)}, nil
}

// stillSame refuses keys that were changed meanwhile: a private key of before a
// rotation beside a list of after it signs nothing.
func stillSame(data string, copied []backupFile) error {
	for _, f := range copied {
		if path.Dir(f.Name) != evidence.KeysFolder {
			continue
		}
		now, err := describeFile(data, f.Name)
		if errors.Is(err, os.ErrNotExist) || err == nil && now.SHA256.String() != f.SHA256.String() {
			err = fmt.Errorf("%s was changed while it was copied: back up again", f.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// folderFiles are the manifest's files that lie in folders. A name that would
// leave them is refused.
func (m manifest) folderFiles() (files []backupFile, err error) {
	allowed := append(wholeFolders(), retention.Folder)
	for _, f := range m.Files {
		if f.Name == path.Base(f.Name) {
			continue // a database
		}
		folder, _, _ := strings.Cut(f.Name, "/")
		if !slices.Contains(allowed, folder) || !filepath.IsLocal(f.Name) || path.Clean(f.Name) != f.Name || path.Base(f.Name)[0] == '.' || strings.Contains(f.Name, `\`) {
			return nil, fmt.Errorf("the manifest lists %.80q, which is no file of a backup", f.Name)
		}
		files = append(files, f)
	}
	return files, nil
}

// putFolders moves files of stage into the county's data, before the state that
// speaks of them. What is there under the same name is what the backup has, or
// it is kept aside: evidence is never written over.
func putFolders(files []backupFile, stage, data, aside string) error {
	keep, err := rotatedSince(stage, data)
	if err != nil {
		return err
	}
	for _, f := range files {
		if keep && path.Dir(f.Name) == evidence.KeysFolder {
			continue
		}
		if err := putFile(f, stage, data, aside); err != nil {
			return err
		}
	}
	return nil
}

func putFile(f backupFile, stage, data, aside string) error {
	to := filepath.Join(data, f.Name)
	mode := os.FileMode(0o750)
	if path.Dir(f.Name) == evidence.KeysFolder {
		mode = 0o700
	}
	if err := os.MkdirAll(filepath.Dir(to), mode); err != nil {
		return err
	}
	there, err := describeFile(data, f.Name)
	switch {
	case err == nil && there.SHA256.String() == f.SHA256.String():
		return nil
	case err == nil:
		old := filepath.Join(aside, f.Name)
		if err := os.MkdirAll(filepath.Dir(old), 0o700); err != nil {
			return err
		}
		if err := os.Rename(to, old); err != nil {
			return err
		}
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	if err := os.Rename(filepath.Join(stage, f.Name), to); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

// rotatedSince tells that the county's keys go on from those of the backup: then
// they stay, with what was signed since.
func rotatedSince(stage, data string) (bool, error) {
	then, err := evidence.ReadPublicKeys(filepath.Join(stage, evidence.KeysFolder))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil // a county that has signed nothing
	}
	if err != nil {
		return false, err
	}
	now, err := evidence.ReadPublicKeys(filepath.Join(data, evidence.KeysFolder))
	if err != nil {
		return false, nil // none, or unreadable ones: the backup's are better
	}
	n := len(then.Keys)
	return len(now.Keys) > n && now.Keys[n-1].Key == then.Keys[n-1].Key, nil
}
