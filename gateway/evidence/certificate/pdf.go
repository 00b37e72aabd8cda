package certificate

import (
	"crypto/ed25519"
	"fmt"
	"io"

	"codeberg.org/go-pdf/fpdf"

	"coldchain/gateway/evidence"
	"coldchain/gateway/paper"
)

// Layout names how a sheet is drawn. Two PDFs of one document by the same layout
// are the same bytes; the version of Go is part of it because its compression
// is.
func Layout() string { return paper.Layout() }

// The sheet: A4, in mm.
const (
	pageW, pageH = paper.Short, paper.Long
	margin       = 15.0
	width        = pageW - 2*margin
	foot         = pageH - 16 // where the text ends
)

// sheet is a PDF under way.
type sheet struct {
	*paper.Sheet
	v     view
	clock clock
	qr    code
	y     float64
}

// PDF draws a signed certificate, with the envelope itself attached. What is
// drawn is the envelope's document; the key is the one that Verify found.
func PDF(w io.Writer, fonts Fonts, d evidence.Document, key ed25519.PublicKey, envelope []byte) error {
	s, err := newSheet(fonts, d, key)
	if err != nil {
		return err
	}
	s.SetAttachments([]fpdf.Attachment{{Content: envelope, Filename: d.Number + ".json", Description: "signed certificate"}})
	s.front()
	s.back()
	s.feet()
	if err := s.Finish(w); err != nil {
		return fmt.Errorf("PDF of %s: %w", d.Number, err)
	}
	return nil
}

func newSheet(fonts Fonts, d evidence.Document, key ed25519.PublicKey) (*sheet, error) {
	v, err := viewOf(d, key)
	if err != nil {
		return nil, err
	}
	zone, err := zoneOf(d)
	if err != nil {
		return nil, err
	}
	drawn, err := paper.New(fonts, paper.About{Title: "冷链温度记录证明 " + d.Number, Subject: d.Batch.Code, Language: "zh-CN", Made: d.Made})
	if err != nil {
		return nil, err
	}
	s := &sheet{Sheet: drawn, v: v, clock: zone}
	if d.Page != "" {
		if s.qr, err = codeOf(d.Page); err != nil {
			return nil, err
		}
	}
	s.SetMargins(margin, margin, margin)
	return s, s.Error()
}

// page begins one: frame and, of a demonstration, the word across it.
func (s *sheet) page() {
	s.AddPage()
	if s.v.Doc.Demo {
		s.TransformBegin()
		s.TransformRotate(35, pageW/2, pageH/2)
		s.write(whisper, 150, "B", 'C', pageW/2, pageH/2+18, "演示")
		s.TransformEnd()
	}
	s.frame(7.5, 0.55)
	s.frame(9.2, 0.15)
}

func (s *sheet) frame(at, width float64) {
	s.line(accent, width, false, at, at, pageW-at, at, pageW-at, pageH-at, at, pageH-at, at, at)
}

// feet writes the foot of every page, when their number is known.
func (s *sheet) feet() {
	n := s.PageCount()
	for i := 1; i <= n; i++ {
		s.SetPage(i)
		y := pageH - 11.2
		s.write(soft, 6.5, "", 'L', margin, y, "冷链温度记录证明 "+s.v.Number+" · 第 "+fmt.Sprint(s.v.Doc.Version)+" 版 version "+fmt.Sprint(s.v.Doc.Version)+" · 公钥指纹 key "+s.v.Fingerprint)
		s.write(soft, 6.5, "", 'R', pageW-margin, y, fmt.Sprintf("%d / %d", i, n))
	}
}

// area, line and text make a sheet a canvas.
func (s *sheet) area(c colour, xy ...float64) { s.Area(c, xy...) }

func (s *sheet) line(c colour, width float64, dashed bool, xy ...float64) {
	s.Line(c, width, dashed, xy...)
}

func (s *sheet) text(c colour, size float64, align byte, x, y float64, text string) {
	s.Write(c, size, "", align, x, y, text)
}

func (s *sheet) write(c colour, size float64, style string, align byte, x, y float64, text string) {
	s.Write(c, size, style, align, x, y, text)
}

func (s *sheet) wrap(size float64, style, text string, w float64) []string {
	return s.Wrap(size, style, text, w)
}

func (s *sheet) short(size float64, style, text string, w float64) string {
	return s.Shorten(size, style, text, w)
}
