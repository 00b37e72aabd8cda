package report

import (
	"fmt"
	"io"
	"strings"

	"coldchain/alerting/wording"
	"coldchain/gateway/evidence/certificate/font"
	"coldchain/gateway/paper"
)

// The page of a report: A4 upright, in mm.
const (
	pdfMargin = 12.0
	pdfRight  = paper.Short - pdfMargin
	pdfFoot   = paper.Long - 14 // where rows end
	pdfTop    = 14.0
)

// The colours are those of sheet.html.
var (
	pdfInk     = paper.Colour{0x1b, 0x1f, 0x23}
	pdfSoft    = paper.Colour{0x57, 0x60, 0x6a}
	pdfRule    = paper.Colour{0x8c, 0x95, 0x9f}
	pdfStamp   = paper.Colour{0xa4, 0x0e, 0x26}
	pdfWhisper = paper.Colour{0xf2, 0xf3, 0xf4}
	pdfHead    = paper.Colour{0xee, 0xf1, 0xf4}
	pdfSum     = paper.Colour{0xf6, 0xf8, 0xfa}
	pdfMarks   = map[Mark]struct {
		ink  paper.Colour
		fill *paper.Colour
		bold bool
	}{
		High:    {paper.Colour{0x82, 0x07, 0x1e}, &paper.Colour{0xff, 0xe1, 0xde}, true},
		Low:     {paper.Colour{0x0a, 0x30, 0x69}, &paper.Colour{0xdb, 0xea, 0xfe}, true},
		Missing: {paper.Colour{0x6e, 0x54, 0x94}, nil, false},
		Unsure:  {pdfInk, &paper.Colour{0xff, 0xf4, 0xce}, false},
		Ahead:   {pdfInk, &paper.Colour{0xfa, 0xfb, 0xfc}, false},
	}
)

// PDF draws a sheet on A4. Two of one sheet are the same bytes. The error is
// font.ErrNone where the program was built without a font.
func PDF(w io.Writer, faces font.Faces, s Sheet) error {
	lang := "zh-CN"
	if s.Language == wording.English {
		lang = "en"
	}
	drawn, err := paper.New(faces, paper.About{Title: s.Title + " " + s.Subtitle, Subject: s.Stem, Language: lang, Made: s.Made})
	if err != nil {
		return fmt.Errorf("report PDF %s: %w", s.Stem, err)
	}
	p := pdf{Sheet: drawn, of: s}
	p.page()
	p.head()
	for i, t := range s.Tables {
		p.table(t, t.Page && i > 0)
	}
	p.tail()
	p.feet()
	if err := p.Finish(w); err != nil {
		return fmt.Errorf("report PDF %s: %w", s.Stem, err)
	}
	return nil
}

// pdf is a report being drawn; y is where the next line goes.
type pdf struct {
	*paper.Sheet
	of Sheet
	y  float64
}

func (p *pdf) page() {
	p.AddPage()
	if p.of.Stamp != "" {
		p.TransformBegin()
		p.TransformRotate(35, paper.Short/2, paper.Long/2)
		p.Write(pdfWhisper, 130, "B", 'C', paper.Short/2, paper.Long/2+16, p.of.Stamp)
		p.TransformEnd()
	}
	p.y = pdfTop
}

// room begins a page unless so much is left on this one.
func (p *pdf) room(height float64) {
	if p.y+height > pdfFoot && p.y > pdfTop {
		p.page()
	}
}

func (p *pdf) head() {
	p.Write(pdfInk, 16, "B", 'C', paper.Short/2, p.y+5, p.of.Title)
	if p.of.Stamp != "" {
		p.Write(pdfStamp, 11, "B", 'R', pdfRight, p.y+4.5, p.of.Stamp)
	}
	p.y += 11
	p.Write(pdfSoft, 9, "", 'C', paper.Short/2, p.y, p.of.Subtitle)
	p.y += 5.5
	colon := "："
	if p.of.Language == wording.English {
		colon = ": "
	}
	x := pdfMargin
	for _, f := range p.of.Facts {
		name, value := f.Name+colon, f.Value
		p.SetFont("n", "", 8.5)
		wide := p.GetStringWidth(paper.Printable(name))
		p.SetFont("n", "B", 8.5)
		whole := wide + p.GetStringWidth(paper.Printable(value))
		if x > pdfMargin && x+whole > pdfRight {
			x, p.y = pdfMargin, p.y+4.6
		}
		p.Write(pdfSoft, 8.5, "", 'L', x, p.y, name)
		lines := p.Wrap(8.5, "B", value, pdfRight-x-wide)
		for i, l := range lines {
			if i > 0 {
				p.y += 4.6
			}
			p.Write(pdfInk, 8.5, "B", 'L', x+wide, p.y, l)
		}
		x += whole + 9
	}
	p.y += 2.2
	p.Line(pdfInk, 0.5, false, pdfMargin, p.y, pdfRight, p.y)
	p.y += 2
}

// said writes text over as many lines as it needs.
func (p *pdf) said(c paper.Colour, size, leading, indent float64, text string) {
	for _, l := range p.Wrap(size, "", text, pdfRight-pdfMargin-indent) {
		p.room(leading)
		p.Write(c, size, "", 'L', pdfMargin+indent, p.y+leading*0.78, l)
		p.y += leading
	}
}

func (p *pdf) table(t Table, page bool) {
	if page {
		p.page()
	}
	g, heads := p.grid(t)
	need := 12.0
	if len(t.Rows) > 0 { // a heading stands with two rows
		need += g.Height(heads) + g.Height(p.cells(t, t.Rows[0]))*2
	}
	p.room(need)
	p.y += 2
	p.Write(pdfInk, 11, "B", 'L', pdfMargin, p.y+4, t.Title)
	p.y += 6
	if t.About != "" {
		p.said(pdfSoft, 8, 3.8, 0, t.About)
		p.y += 0.6
	}
	if len(t.Rows) == 0 {
		p.said(pdfSoft, 9, 4.4, 0, t.Empty)
		p.y++
		return
	}
	rows := func() float64 {
		p.Line(pdfRule, 0.12, false, pdfMargin, p.y, pdfRight, p.y)
		top := g
		top.Foot = paper.Long // they stand whole: there is room, or the page is new
		return top.Row(p.y, heads)
	}
	g.Break = func() float64 {
		p.page()
		p.y = rows()
		return p.y
	}
	p.y = rows()
	for _, r := range t.Rows {
		p.y = g.Row(p.y, p.cells(t, r))
	}
	p.y += 1.5
}

// grid is the frame of a table with its heads. Columns are as wide as they ask
// for, and at least as their numbers are.
func (p *pdf) grid(t Table) (paper.Grid, []paper.Cell) {
	g := paper.Grid{Sheet: p.Sheet, Size: 8, Leading: 3.55, First: 3.5, Foot: pdfFoot, Fresh: pdfTop + 30, Rule: pdfRule, Boxed: true, Inset: make([]float64, len(t.Columns))}
	if t.Dense {
		g.Size, g.Leading, g.First = 7.6, 2.7, 3.05 // a day's half hours and their sums on one page
	}
	asked, least := make([]float64, len(t.Columns)), make([]float64, len(t.Columns))
	var heads []paper.Cell
	sum := 0.0
	p.SetFont("n", "B", g.Size)
	for i, c := range t.Columns {
		g.Inset[i] = 1
		name := c.Name
		if c.Unit != "" {
			name += " " + c.Unit
		}
		heads = append(heads, paper.Cell{Text: name, Right: c.Number, Bold: true, Ink: pdfInk, Fill: &pdfHead})
		if asked[i] = c.Wide; c.Wide == 0 {
			asked[i] = 1
		}
		sum += asked[i]
		for _, r := range t.Rows {
			if i < len(r.Cells) && c.Number {
				least[i] = max(least[i], p.GetStringWidth(paper.Printable(r.Cells[i].Text))+3)
			}
		}
		for word := range strings.FieldsSeq(name) {
			if len(word) == len([]rune(word)) { // between Chinese characters it can be broken
				least[i] = max(least[i], p.GetStringWidth(word)+3)
			}
		}
	}
	whole, raised := pdfRight-pdfMargin, 0.0
	free := 0.0
	for i := range asked {
		if asked[i] = asked[i] / sum * whole; asked[i] < least[i] {
			raised += least[i] - asked[i]
			asked[i] = least[i]
		} else {
			free += asked[i] - least[i]
		}
	}
	x := pdfMargin
	g.Edges = []float64{x}
	for i := range asked {
		if raised > 0 && free > raised {
			asked[i] -= (asked[i] - least[i]) / free * raised
		}
		x += asked[i]
		g.Edges = append(g.Edges, x)
	}
	if x > pdfRight { // more numbers than a page is wide
		for i := range g.Edges {
			g.Edges[i] = pdfMargin + (g.Edges[i]-pdfMargin)/(x-pdfMargin)*whole
		}
	}
	return g, heads
}

func (p *pdf) cells(t Table, r Row) []paper.Cell {
	out := make([]paper.Cell, 0, len(r.Cells))
	for i, c := range r.Cells {
		one := paper.Cell{Text: c.Text, Right: t.Columns[i].Number, Ink: pdfInk, Bold: r.Sum}
		if r.Sum {
			one.Fill = &pdfSum
		}
		if m, ok := pdfMarks[c.Mark]; ok {
			one.Ink, one.Bold = m.ink, one.Bold || m.bold
			if m.fill != nil {
				one.Fill = m.fill
			}
		}
		out = append(out, one)
	}
	return out
}

// tail is how the numbers came about, and the lines to sign on.
func (p *pdf) tail() {
	p.y += 2
	for _, n := range p.of.Notes {
		p.room(3.4)
		p.Write(pdfSoft, 7, "", 'L', pdfMargin, p.y+2.6, "·")
		p.said(pdfSoft, 7, 3.3, 2.5, n)
	}
	if len(p.of.Signed) == 0 {
		return
	}
	p.room(22)
	p.y += 8
	each := (pdfRight - pdfMargin) / float64(len(p.of.Signed))
	for i, n := range p.of.Signed {
		x := pdfMargin + float64(i)*each
		p.Write(pdfInk, 9, "", 'L', x, p.y, n)
		p.Line(pdfInk, 0.2, false, x, p.y+9, x+each-6, p.y+9)
	}
}

// feet writes the foot of every page, when their number is known.
func (p *pdf) feet() {
	n := p.PageCount()
	for i := 1; i <= n; i++ {
		p.SetPage(i)
		p.Write(pdfSoft, 7, "", 'L', pdfMargin, paper.Long-8, p.of.Title+" · "+p.of.Subtitle)
		p.Write(pdfSoft, 7, "", 'R', pdfRight, paper.Long-8, fmt.Sprintf("%d / %d", i, n))
	}
}
