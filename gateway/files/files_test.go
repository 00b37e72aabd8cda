package files

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKeptFilesComeBack(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "files")
	s := New(folder)
	for kind, body := range map[string]string{
		"image/jpeg": "\xff\xd8\xff\xe0photo", "image/png": "\x89PNG\r\n\x1a\nphoto", "application/pdf": "%PDF-1.7\npaper",
	} {
		f, err := s.Put(t.Context(), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(body))
		if f.Sum != hex.EncodeToString(sum[:]) || f.Type != kind || f.Size != int64(len(body)) {
			t.Errorf("%+v", f)
		}
		if again, err := s.Put(t.Context(), strings.NewReader(body)); err != nil || again != f {
			t.Errorf("again: %+v %v", again, err)
		}
		r, g, err := s.Open(f.Sum)
		if err != nil || g != f {
			t.Fatalf("%+v %v", g, err)
		}
		got, err := io.ReadAll(r)
		if err != nil || string(got) != body {
			t.Errorf("%q %v", got, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	var names []string
	_ = filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() {
			names = append(names, path)
		}
		return nil
	})
	if len(names) != 3 {
		t.Errorf("three files and nothing else: %v", names)
	}
}

func TestWhatIsNotKept(t *testing.T) {
	s := New(t.TempDir())
	for what, c := range map[string]struct {
		body string
		want error
	}{
		"a page":            {"<html><script>", ErrKind},
		"a picture by name": {"photo.jpg", ErrKind},
		"an SVG":            {"<svg xmlns='http://www.w3.org/2000/svg'/>", ErrKind},
		"nothing":           {"", ErrKind},
		"half a PNG's name": {"\x89PN", ErrKind},
		"too much":          {"%PDF-" + strings.Repeat("x", MaxSize), ErrTooLarge},
	} {
		if _, err := s.Put(t.Context(), strings.NewReader(c.body)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
	if _, err := s.Put(t.Context(), io.MultiReader(bytes.NewReader([]byte("%PDF-")), broken{})); err == nil {
		t.Error("a file that did not arrive whole was kept")
	}
	for _, sum := range []string{"", "../../county.db", strings.Repeat("a", 63), strings.Repeat("A", 64), strings.Repeat("a", 64), "..%2f"} {
		if _, _, err := s.Open(sum); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", sum, err)
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestALoggersFileIsKeptAsText: by its bytes nobody can tell what it is, so only
// who has read it may keep it, and nothing else comes in that way.
func TestALoggersFileIsKeptAsText(t *testing.T) {
	s := New(t.TempDir())
	f, err := s.PutLog(t.Context(), []byte("time,°C\n2026-11-23 08:00,4\n"))
	if err != nil || f.Type != TypeLog {
		t.Fatal(f, err)
	}
	r, g, err := s.Open(f.Sum)
	if err != nil || g != f {
		t.Fatal(g, err)
	}
	r.Close()
	if _, err := s.PutLog(t.Context(), []byte("%PDF-1.7")); !errors.Is(err, ErrKind) {
		t.Errorf("a PDF: %v", err)
	}
	if _, err := s.PutLog(t.Context(), make([]byte, MaxSize+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}
