package certificate

import (
	"fmt"
	"image/color"

	"github.com/boombuler/barcode/qr"
)

// code is a QR code: which modules are dark.
type code [][]bool

// quiet is the width of the border that a reader needs, in modules (ISO/IEC
// 18004 asks for four; the sheet is white around it).
const quiet = 2

// codeOf encodes text with a quarter of it to spare: a stamp may cover a corner.
func codeOf(text string) (code, error) {
	c, err := qr.Encode(text, qr.Q, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("QR code of %.80q: %w", text, err)
	}
	b := c.Bounds()
	out := make(code, b.Dy())
	for y := range out {
		out[y] = make([]bool, b.Dx())
		for x := range out[y] {
			out[y][x] = color.GrayModel.Convert(c.At(b.Min.X+x, b.Min.Y+y)).(color.Gray).Y < 128
		}
	}
	return out, nil
}

// runs calls box for each horizontal run of dark modules, in mm.
func (c code) runs(x, y, size float64, box func(x, y, w, h float64)) {
	module := size / float64(len(c)+2*quiet)
	for row, line := range c {
		for start := 0; start < len(line); {
			if !line[start] {
				start++
				continue
			}
			end := start
			for end < len(line) && line[end] {
				end++
			}
			box(x+float64(start+quiet)*module, y+float64(row+quiet)*module, float64(end-start)*module, module)
			start = end
		}
	}
}
