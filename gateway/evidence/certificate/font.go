package certificate

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

//go:embed font
var fonts embed.FS

// ErrNoFont says that the program was built without its font.
var ErrNoFont = errors.New("this program was built without the font of its PDFs: run `make font` and build again, or use the HTML certificate")

// maxFont bounds what a font is unpacked to.
const maxFont = 32 << 20

// Fonts are the two weights of a PDF, unpacked. They are read once, shared by
// every drawing, and take 21 MB.
type Fonts struct{ regular, semibold []byte }

// LoadFonts unpacks what the program was built with. The error is ErrNoFont when
// it was built without.
func LoadFonts() (Fonts, error) {
	regular, err := unpack("font/regular.ttf.gz")
	if err != nil {
		return Fonts{}, err
	}
	semibold, err := unpack("font/semibold.ttf.gz")
	return Fonts{regular, semibold}, err
}

func unpack(name string) ([]byte, error) {
	packed, err := fonts.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoFont
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
