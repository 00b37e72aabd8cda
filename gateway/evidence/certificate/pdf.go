package certificate

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"io"
	"runtime"
	"strings"

	"codeberg.org/go-pdf/fpdf"

	"coldchain/gateway/evidence"
)

// Layout names how a sheet is drawn. Two PDFs of one document by the same layout
// are the same bytes; the version of Go is part of it because its compression
// is.
func Layout() string { return "coldchain layout 1 " + runtime.Version() }

// The sheet: A4, in mm.
const (
	pageW, pageH = 210.0, 297.0
	margin       = 15.0
	width        = pageW - 2*margin
	foot         = pageH - 16 // where the text ends
)

// sheet is a PDF under way.
type sheet struct {
	*fpdf.Fpdf
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
	var out bytes.Buffer // so that a broken one is never sent
	if err := s.Output(&out); err != nil {
		return fmt.Errorf("PDF of %s: %w", d.Number, err)
	}
	_, err = out.WriteTo(w)
	return err
}

func newSheet(fonts Fonts, d evidence.Document, key ed25519.PublicKey) (*sheet, error) {
	if len(fonts.regular) == 0 || len(fonts.semibold) == 0 {
		return nil, ErrNoFont
	}
	v, err := viewOf(d, key)
	if err != nil {
		return nil, err
	}
	zone, err := zoneOf(d)
	if err != nil {
		return nil, err
	}
	s := &sheet{Fpdf: fpdf.New("P", "mm", "A4", ""), v: v, clock: zone}
	if d.Page != "" {
		if s.qr, err = codeOf(d.Page); err != nil {
			return nil, err
		}
	}
	s.SetCatalogSort(true) // one document, one file
	s.SetCreationDate(d.Made)
	s.SetModificationDate(d.Made)
	s.SetProducer(Layout(), true)
	s.SetTitle("冷链温度记录证明 "+d.Number, true)
	s.SetSubject(d.Batch.Code, true)
	s.SetLang("zh-CN")
	s.SetMargins(margin, margin, margin)
	s.SetAutoPageBreak(false, 0)
	s.AddUTF8FontFromBytes("n", "", fonts.regular)
	s.AddUTF8FontFromBytes("n", "B", fonts.semibold)
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
func (s *sheet) area(c colour, xy ...float64) {
	s.SetFillColor(int(c.r), int(c.g), int(c.b))
	points := make([]fpdf.PointType, 0, len(xy)/2)
	for i := 0; i+1 < len(xy); i += 2 {
		points = append(points, fpdf.PointType{X: xy[i], Y: xy[i+1]})
	}
	s.Polygon(points, "F")
}

func (s *sheet) line(c colour, width float64, dashed bool, xy ...float64) {
	s.SetDrawColor(int(c.r), int(c.g), int(c.b))
	s.SetLineWidth(width)
	if dashed {
		s.SetDashPattern([]float64{1.2, 0.9}, 0)
		defer s.SetDashPattern(nil, 0)
	}
	s.MoveTo(xy[0], xy[1])
	for i := 2; i+1 < len(xy); i += 2 {
		s.LineTo(xy[i], xy[i+1])
	}
	s.DrawPath("D")
}

func (s *sheet) text(c colour, size float64, align byte, x, y float64, text string) {
	s.write(c, size, "", align, x, y, text)
}

// write puts one line of text; y is its baseline.
func (s *sheet) write(c colour, size float64, style string, align byte, x, y float64, text string) {
	text = printable(text)
	s.SetTextColor(int(c.r), int(c.g), int(c.b))
	s.SetFont("n", style, size)
	switch align {
	case 'C':
		x -= s.GetStringWidth(text) / 2
	case 'R':
		x -= s.GetStringWidth(text)
	}
	s.Text(x, y, text)
}

// missing stands for a character that a PDF cannot show (the geta mark, which
// Chinese and Japanese printers use for it): the library knows the first 65,536
// alone. The attached JSON has every one.
const missing = '〓'

func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff:
			return -1 // controls, and what turns the direction of text round
		case r > 0xffff || r >= 0xe000 && r <= 0xf8ff:
			return missing
		}
		return r
	}, text)
}

// wrap breaks text into lines of at most w mm: between Chinese characters, at
// spaces, and within a word that is longer than a line.
func (s *sheet) wrap(size float64, style, text string, w float64) (lines []string) {
	s.SetFont("n", style, size)
	for _, paragraph := range strings.Split(text, "\n") {
		lines = append(lines, s.wrapOne([]rune(printable(paragraph)), w)...)
	}
	return lines
}

func (s *sheet) wrapOne(text []rune, w float64) (lines []string) {
	start, space, used := 0, -1, 0.0
	for i := 0; i < len(text); i++ {
		r := text[i]
		if used += s.GetStringWidth(string(r)); used > w && i > start {
			end := i
			if space > start && !wide(r) {
				end = space
			}
			for end > start+1 && strings.ContainsRune("，。；：、）》”’！？,.;:)%", text[end]) {
				end-- // no line begins with these
			}
			lines = append(lines, strings.TrimRight(string(text[start:end]), " "))
			for end < len(text) && text[end] == ' ' {
				end++
			}
			start, space, used, i = end, -1, 0, end-1
			continue
		}
		if r == ' ' || wide(r) || r == '/' || r == '·' {
			space = i + 1
		}
	}
	return append(lines, string(text[start:]))
}

func wide(r rune) bool { return r >= 0x2e80 }

// short is the beginning of a line that fits.
func (s *sheet) short(size float64, style, text string, w float64) string {
	text = printable(text)
	s.SetFont("n", style, size)
	if s.GetStringWidth(text) <= w {
		return text
	}
	used := s.GetStringWidth("…")
	for i, r := range text {
		if used += s.GetStringWidth(string(r)); used > w {
			return text[:i] + "…"
		}
	}
	return text
}
