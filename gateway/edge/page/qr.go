package page

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// errPhoto is a file that is no photo, or too large a one.
var errPhoto = errors.New("that is no photo")

const (
	mostPixels = 24 << 20 // of a photo: more than a small gateway has memory for
	longSide   = 1400     // of what is searched: a code needs no more
)

// readCode finds a QR code in a photo and returns its text. Memory and work are
// bounded by the photo's size, which is read before the photo is; between two
// tries the context is asked.
func readCode(ctx context.Context, photo io.ReadSeeker) (string, error) {
	size, decode, err := formatOf(photo)
	if err != nil {
		return "", err
	}
	c, err := size(photo)
	if err != nil || c.Width < 1 || c.Height < 1 || c.Width > mostPixels/c.Height {
		return "", fmt.Errorf("%w: %d by %d: %w", errPhoto, c.Width, c.Height, err)
	}
	if _, err := photo.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	full, err := decode(photo)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errPhoto, err)
	}
	for _, side := range []int{longSide, longSide / 2} { // a blurred one is read when it is smaller
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if text, found := search(shrink(full, side)); found {
			return text, nil
		}
	}
	return "", errors.New("no code in the photo")
}

// formatOf tells by its first bytes how a photo is read: as telephones send it, or
// as people save it.
func formatOf(photo io.ReadSeeker) (size func(io.Reader) (image.Config, error), decode func(io.Reader) (image.Image, error), err error) {
	var head [4]byte
	if _, err := io.ReadFull(photo, head[:]); err != nil {
		return nil, nil, fmt.Errorf("%w: it is empty", errPhoto)
	}
	if _, err := photo.Seek(0, io.SeekStart); err != nil {
		return nil, nil, err
	}
	switch {
	case string(head[:]) == "\x89PNG":
		return png.DecodeConfig, png.Decode, nil
	case string(head[:3]) == "\xff\xd8\xff":
		return jpeg.DecodeConfig, jpeg.Decode, nil
	}
	return nil, nil, fmt.Errorf("%w: neither JPEG nor PNG", errPhoto)
}

func search(g *image.Gray) (text string, found bool) {
	b := g.Bounds()
	source, err := gozxing.NewPlanarYUVLuminanceSource(g.Pix, g.Stride, b.Dy(), 0, 0, b.Dx(), b.Dy(), false)
	if err != nil {
		return "", false
	}
	bits, err := gozxing.NewBinaryBitmap(gozxing.NewHybridBinarizer(source))
	if err != nil {
		return "", false
	}
	defer func() {
		if recover() != nil { // an index of the library's: the photo is a stranger's
			text, found = "", false
		}
	}()
	r, err := qrcode.NewQRCodeReader().Decode(bits, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	if err != nil {
		return "", false
	}
	return r.GetText(), true
}

// shrink makes a photo grey and no longer than side, each pixel the mean of those
// that it covers.
func shrink(m image.Image, side int) *image.Gray {
	b := m.Bounds()
	by := max(1, (max(b.Dx(), b.Dy())+side-1)/side)
	out := image.NewGray(image.Rect(0, 0, max(1, b.Dx()/by), max(1, b.Dy()/by)))
	luma := lumaOf(m)
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			sum, n := 0, 0
			for j := b.Min.Y + y*by; j < min(b.Max.Y, b.Min.Y+(y+1)*by); j++ {
				for i := b.Min.X + x*by; i < min(b.Max.X, b.Min.X+(x+1)*by); i++ {
					sum += luma(i, j)
					n++
				}
			}
			out.Pix[y*out.Stride+x] = byte(sum / n)
		}
	}
	return out
}

// lumaOf reads the brightness of a pixel, 0 to 255; of a JPEG it is there already.
func lumaOf(m image.Image) func(x, y int) int {
	switch m := m.(type) {
	case *image.YCbCr:
		return func(x, y int) int { return int(m.Y[m.YOffset(x, y)]) }
	case *image.Gray:
		return func(x, y int) int { return int(m.Pix[m.PixOffset(x, y)]) }
	}
	return func(x, y int) int {
		r, g, b, _ := m.At(x, y).RGBA()
		return int((299*r + 587*g + 114*b) / 1000 >> 8)
	}
}
