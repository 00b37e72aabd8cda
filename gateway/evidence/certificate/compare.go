package certificate

import (
	"bytes"
	"crypto/ed25519"
	"unicode/utf16"

	"coldchain/gateway/evidence"
)

// Compared is how the pages of a PDF stand to the signed document.
type Compared string

// What comparing found.
const (
	PagesSame    Compared = "same"         // drawn again from the signed document, it is the same file
	PagesAltered Compared = "altered"      // it says that this layout drew it, and it did not
	PagesUnknown Compared = "not-compared" // another version of the program drew it, or this one has no font
)

// Compare draws the document again and compares it with the file: a signature is
// over the attached data, and pages can be changed without touching that.
func Compare(file []byte, fonts Fonts, d evidence.Document, key ed25519.PublicKey, envelope []byte) (Compared, error) {
	if len(fonts.Regular()) == 0 || !drawnBy(file, Layout()) {
		return PagesUnknown, nil
	}
	var again bytes.Buffer
	if err := PDF(&again, fonts, d, key, envelope); err != nil {
		return PagesUnknown, err
	}
	if !bytes.Equal(again.Bytes(), file) {
		return PagesAltered, nil
	}
	return PagesSame, nil
}

// drawnBy reports whether a file names a layout, as text or as UTF-16.
func drawnBy(file []byte, layout string) bool {
	var wide []byte
	for _, u := range utf16.Encode([]rune(layout)) {
		wide = append(wide, byte(u>>8), byte(u))
	}
	return bytes.Contains(file, []byte(layout)) || bytes.Contains(file, wide)
}
