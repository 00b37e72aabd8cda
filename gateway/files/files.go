// Package files keeps the photos and papers that people send with a batch, and the
// files of loggers, each under the SHA-256 of its bytes. It guarantees that a file that was kept is
// whole and on the disk, is a picture or a PDF by its bytes and not by its name or a
// log that was read, and is never changed: the same bytes are the same file.
package files

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// MaxSize is the largest file that is kept, in bytes: a photo of a telephone.
const MaxSize = 12 << 20

// The errors for which the sender can do something.
var (
	ErrTooLarge = errors.New("the file is larger than 12 MiB")
	ErrKind     = errors.New("the file is no JPEG, PNG or PDF")
	ErrNotFound = errors.New("no such file")
)

// File is one file that is kept.
type File struct {
	Sum  string `json:"sum"`  // SHA-256 in hexadecimal
	Type string `json:"type"` // image/jpeg, image/png, application/pdf or TypeLog
	Size int64  `json:"size"` // bytes
}

// Store is a folder of files.
type Store struct{ folder string }

// New opens the folder, which is made at the first file.
func New(folder string) *Store { return &Store{folder} }

// kinds are the first bytes of what is kept.
var kinds = []struct {
	magic []byte
	kind  string
}{
	{[]byte{0xFF, 0xD8, 0xFF}, "image/jpeg"},
	{[]byte("\x89PNG\r\n\x1a\n"), "image/png"},
	{[]byte("%PDF-"), "application/pdf"},
}

// kindOf is what a file is by its first bytes; empty for anything else.
func kindOf(head []byte) string {
	for _, k := range kinds {
		if bytes.HasPrefix(head, k.magic) {
			return k.kind
		}
	}
	return ""
}

// TypeLog is what a logger's file is given out as.
const TypeLog = "text/csv"

// PutLog keeps the text of a logger's file, which the caller has read as one: by
// its bytes nobody can tell. ErrTooLarge, ErrKind of a picture or a PDF; any other
// error is the disk's.
func (s *Store) PutLog(ctx context.Context, body []byte) (f File, err error) {
	switch {
	case ctx.Err() != nil:
		return f, context.Cause(ctx)
	case len(body) > MaxSize:
		return f, ErrTooLarge
	case kindOf(body) != "":
		return f, ErrKind
	}
	return s.keep(body, TypeLog)
}

// Put keeps what r holds. Errors: ErrTooLarge, ErrKind; any other is the disk's
// or the sender's line.
func (s *Store) Put(ctx context.Context, r io.Reader) (f File, err error) {
	body, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return f, fmt.Errorf("receive a file: %w", err)
	}
	if ctx.Err() != nil {
		return f, context.Cause(ctx)
	}
	if len(body) > MaxSize {
		return f, ErrTooLarge
	}
	if f.Type = kindOf(body); f.Type == "" {
		return f, ErrKind
	}
	return s.keep(body, f.Type)
}

func (s *Store) keep(body []byte, kind string) (f File, err error) {
	sum := sha256.Sum256(body)
	f = File{Sum: hex.EncodeToString(sum[:]), Type: kind, Size: int64(len(body))}
	path := s.path(f.Sum)
	if _, err := os.Stat(path); err == nil {
		return f, nil
	}
	if err := Write(path, body); err != nil {
		return f, fmt.Errorf("keep file %.12s: %w", f.Sum, err)
	}
	return f, nil
}

// path spreads files over 256 folders. sum is checked by who calls.
func (s *Store) path(sum string) string { return filepath.Join(s.folder, sum[:2], sum) }

// Write has a file whole or not at all, also after a power cut.
func Write(path string, body []byte) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	t, err := os.CreateTemp(dir, ".new-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(t.Name()))
		}
	}()
	_, err = t.Write(body)
	if err = errors.Join(err, t.Sync(), t.Close()); err != nil {
		return err
	}
	if err = os.Rename(t.Name(), path); err != nil {
		return err
	}
	for _, d := range []string{dir, filepath.Dir(dir)} {
		folder, err := os.Open(d)
		if err != nil {
			return nil // the file is there; only its name may be lost with the power
		}
		_ = folder.Sync() // as above
		_ = folder.Close()
	}
	return nil
}

// Open returns a file that was kept, to be closed by the caller, or ErrNotFound.
func (s *Store) Open(sum string) (io.ReadSeekCloser, File, error) {
	if b, err := hex.DecodeString(sum); err != nil || len(b) != sha256.Size || hex.EncodeToString(b) != sum {
		return nil, File{}, ErrNotFound
	}
	f, err := os.Open(s.path(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, File{}, ErrNotFound
	}
	if err != nil {
		return nil, File{}, fmt.Errorf("open file %.12s: %w", sum, err)
	}
	info, err := f.Stat()
	head := make([]byte, 8)
	n, headErr := f.ReadAt(head, 0)
	if errors.Is(headErr, io.EOF) {
		headErr = nil
	}
	if err = errors.Join(err, headErr); err != nil {
		return nil, File{}, errors.Join(fmt.Errorf("read file %.12s: %w", sum, err), f.Close())
	}
	// What is neither picture nor PDF was kept as a log.
	return f, File{Sum: sum, Type: cmp.Or(kindOf(head[:n]), TypeLog), Size: info.Size()}, nil
}
