// Package font holds the typeface of every PDF: Noto Sans SC in two weights,
// packed. It guarantees both or ErrNone.
package font

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

//go:embed *
var files embed.FS

// ErrNone says that the program was built without its font.
var ErrNone = errors.New("this program was built without the font of its PDFs: run `make font` and build again, or use the HTML")

// maxFont bounds what a font is unpacked to.
const maxFont = 32 << 20

// Faces are the two weights, unpacked. They are read once, shared by every
// drawing, and take 21 MB.
type Faces struct{ regular, semibold []byte }

// Load unpacks what the program was built with. The error is ErrNone when it was
// built without.
func Load() (Faces, error) {
	regular, err := unpack("regular.ttf.gz")
	if err != nil {
		return Faces{}, err
	}
	semibold, err := unpack("semibold.ttf.gz")
	return Faces{regular, semibold}, err
}

// Built reports whether the program has its font, without unpacking it.
func Built() bool {
	_, err := fs.Stat(files, "regular.ttf.gz")
	return err == nil
}

// Regular and SemiBold are TrueType; Load gives both or none.
func (f Faces) Regular() []byte { return f.regular }

// SemiBold is for headings and sums.
func (f Faces) SemiBold() []byte { return f.semibold }

func unpack(name string) ([]byte, error) {
	packed, err := files.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	font, err := io.ReadAll(io.LimitReader(r, maxFont))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return font, nil
}
