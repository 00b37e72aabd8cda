package tool

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"coldchain/gateway/config"
	"coldchain/gateway/state"
)

const (
	manifestFile   = "backup.json"
	manifestFormat = "coldchain backup 1"

	embeddedStore = "embedded"
	influxStore   = "influxdb"
)

// manifest says what a backup holds, so that it can be checked without the
// county it came from.
type manifest struct {
	Format  string       `json:"format"`
	County  string       `json:"county"`
	Made    time.Time    `json:"made"`
	Program string       `json:"program"` // version that made it
	Store   string       `json:"store"`   // "embedded": readings.db is in it; "influxdb": it is not
	Audit   auditEnd     `json:"audit"`
	Files   []backupFile `json:"files"`
	// Lost says which evidence or paper was lost or changed before this backup.
	Lost []string `json:"lost_evidence,omitempty"`
}

// auditEnd is the last row of the audit in the copy.
type auditEnd struct {
	Seq  int64    `json:"seq"`
	Hash hexBytes `json:"hash"`
}

type backupFile struct {
	Name   string   `json:"name"`
	Bytes  int64    `json:"bytes"`
	SHA256 hexBytes `json:"sha256"`
}

// hexBytes is written as people compare it.
type hexBytes []byte

func (h hexBytes) String() string { return hex.EncodeToString(h) }

// MarshalText implements encoding.TextMarshaler.
func (h hexBytes) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func storeKind(c *config.County) string {
	if c.Store.Influx.URL == "" {
		return embeddedStore
	}
	return influxStore
}

func (m manifest) head() state.AuditHead {
	return state.AuditHead{Seq: m.Audit.Seq, Hash: m.Audit.Hash}
}

func (m manifest) describe(folder string) string {
	var files, folders []string
	count, bytes := map[string]int{}, map[string]int64{}
	for _, f := range m.Files {
		name, _, inside := strings.Cut(f.Name, "/")
		if !inside {
			files = append(files, fmt.Sprintf("%s %.1f MB", f.Name, float64(f.Bytes)/1e6))
			continue
		}
		if count[name] == 0 {
			folders = append(folders, name)
		}
		count[name]++
		bytes[name] += f.Bytes
	}
	for _, name := range folders {
		files = append(files, fmt.Sprintf("%s/ %d files %.1f MB", name, count[name], float64(bytes[name])/1e6))
	}
	return fmt.Sprintf("%s: %s; audit up to row %d, %s", folder, strings.Join(files, ", "), m.Audit.Seq, m.Audit.Hash)
}

// file returns the entry of that name.
func (m manifest) file(name string) (backupFile, bool) {
	for _, f := range m.Files {
		if f.Name == name {
			return f, true
		}
	}
	return backupFile{}, false
}

func (m manifest) write(folder string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	draft := filepath.Join(folder, manifestFile+".new")
	f, err := os.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(draft, filepath.Join(folder, manifestFile))
	}
	if err == nil {
		err = syncFolder(folder)
	}
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return nil
}

// readManifest reads a backup's manifest and refuses what is not one.
func readManifest(folder string) (m manifest, err error) {
	path := filepath.Join(folder, manifestFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return m, fmt.Errorf("%s holds no %s: it is not a backup, or one that was not finished", folder, manifestFile)
	}
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("%s: %w", path, err)
	}
	if m.Format != manifestFormat {
		return m, fmt.Errorf("%s says format %q; this program reads %q", path, m.Format, manifestFormat)
	}
	return m, nil
}

// describeFile reads a file of a backup as it lies on the disk.
func describeFile(folder, name string) (backupFile, error) {
	f, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		return backupFile{}, err
	}
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return backupFile{}, fmt.Errorf("read %s back: %w", name, err)
	}
	return backupFile{Name: name, Bytes: n, SHA256: sum.Sum(nil)}, nil
}

// fetch copies a file of a backup into a folder and refuses one that is not
// what the manifest says.
func (f backupFile) fetch(ctx context.Context, from, to string) error {
	in, err := os.Open(filepath.Join(from, f.Name))
	if err != nil {
		return err
	}
	defer in.Close() // only read
	out, err := os.OpenFile(filepath.Join(to, f.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, sum), &cancellable{ctx, in})
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("copy %s: %w", f.Name, err)
	}
	if n != f.Bytes || hexBytes(sum.Sum(nil)).String() != f.SHA256.String() {
		return fmt.Errorf("%s is not the file that was backed up: it has %d bytes with SHA-256 %x, the manifest says %d and %x",
			filepath.Join(from, f.Name), n, sum.Sum(nil), f.Bytes, []byte(f.SHA256))
	}
	return nil
}

// cancellable ends a long copy with its context.
type cancellable struct {
	ctx context.Context
	in  io.Reader
}

func (c *cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.in.Read(p)
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
