// Package paper draws text, lines and tables on A4 for every PDF of the county.
// It guarantees that one content gives the same bytes, that a character which
// the font cannot show is replaced by a sign that says so, and that a row which
// does not fit goes on on the next page.
package paper

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"coldchain/gateway/evidence/certificate/font"
)

// Layout names how a sheet is drawn. Two PDFs of one content by the same layout
// are the same bytes; the version of Go is part of it because its compression
// is.
func Layout() string { return "coldchain layout 1 " + runtime.Version() }

// A4, in mm.
const (
	Short = 210.0
	Long  = 297.0
)

// Colour is red, green and blue.
type Colour [3]uint8

// Sheet is a PDF under way. Lengths are in mm, sizes of text in points.
type Sheet struct{ *fpdf.Fpdf }

// About is what a PDF says of itself.
type About struct {
	Title, Subject, Language string
	Made                     time.Time
	Landscape                bool
}

// New begins a PDF without a page. The error is font.ErrNone without a font.
func New(faces font.Faces, about About) (*Sheet, error) {
	if len(faces.Regular()) == 0 || len(faces.SemiBold()) == 0 {
		return nil, font.ErrNone
	}
	orientation := "P"
	if about.Landscape {
		orientation = "L"
	}
	s := &Sheet{fpdf.New(orientation, "mm", "A4", "")}
	s.SetCatalogSort(true) // one document, one file
	s.SetCreationDate(about.Made)
	s.SetModificationDate(about.Made)
	s.SetProducer(Layout(), true)
	s.SetTitle(about.Title, true)
	s.SetSubject(about.Subject, true)
	s.SetLang(about.Language)
	s.SetAutoPageBreak(false, 0)
	s.AddUTF8FontFromBytes("n", "", faces.Regular())
	s.AddUTF8FontFromBytes("n", "B", faces.SemiBold())
	return s, s.Error()
}

// Finish writes the PDF, whole or not at all.
func (s *Sheet) Finish(w io.Writer) error {
	var out bytes.Buffer
	if err := s.Output(&out); err != nil {
		return fmt.Errorf("draw a PDF: %w", err)
	}
	_, err := out.WriteTo(w)
	return err
}

// Area fills a polygon.
func (s *Sheet) Area(c Colour, xy ...float64) {
	s.SetFillColor(int(c[0]), int(c[1]), int(c[2]))
	points := make([]fpdf.PointType, 0, len(xy)/2)
	for i := 0; i+1 < len(xy); i += 2 {
		points = append(points, fpdf.PointType{X: xy[i], Y: xy[i+1]})
	}
	s.Polygon(points, "F")
}

// Line draws a line through points.
func (s *Sheet) Line(c Colour, width float64, dashed bool, xy ...float64) {
	s.SetDrawColor(int(c[0]), int(c[1]), int(c[2]))
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

// Write puts one line of text; y is its baseline, align L, C or R of x, and
// style empty or B.
func (s *Sheet) Write(c Colour, size float64, style string, align byte, x, y float64, text string) {
	text = Printable(text)
	s.SetTextColor(int(c[0]), int(c[1]), int(c[2]))
	s.SetFont("n", style, size)
	switch align {
	case 'C':
		x -= s.GetStringWidth(text) / 2
	case 'R':
		x -= s.GetStringWidth(text)
	}
	s.Text(x, y, text)
}

// Hex is the colour as CSS writes it.
func (c Colour) Hex() string { return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2]) }
