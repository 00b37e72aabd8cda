package certificate

import "coldchain/gateway/evidence/certificate/font"

// ErrNoFont says that the program was built without its font.
var ErrNoFont = font.ErrNone

// Fonts are the two weights of a PDF, which reports are drawn with as well.
type Fonts = font.Faces

// LoadFonts unpacks what the program was built with. The error is ErrNoFont when
// it was built without.
func LoadFonts() (Fonts, error) { return font.Load() }
