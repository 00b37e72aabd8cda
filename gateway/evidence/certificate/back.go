package certificate

import "coldchain/gateway/paper"

// back are the annexes.
func (s *sheet) back() {
	s.annexPage()
	for _, t := range s.v.Annexes {
		s.annex(t)
	}
}

func (s *sheet) annexPage() {
	s.page()
	s.write(accent, 11, "B", 'L', margin, 19, "附表")
	s.write(soft, 8, "", 'L', margin+10, 19, "Annexes")
	s.write(ink, 8, "", 'R', pageW-margin, 19, s.v.Number+" · "+s.short(8, "", s.v.Doc.Batch.Code, 60))
	s.line(accent, 0.3, false, margin, 21.5, pageW-margin, 21.5)
	s.y = 24
}

// Of an annex's rows.
const (
	cellSize = 6.8
	cellLine = 3.05
)

func (s *sheet) annex(t table) {
	if s.y+24 > foot {
		s.annexPage()
	}
	s.title(t.ID+"  "+t.ZH, t.EN, "")
	if t.Note != "" {
		for _, l := range s.wrap(6.2, "", t.Note, width) {
			s.write(soft, 6.2, "", 'L', margin, s.y+2.2, l)
			s.y += 3
		}
		s.y += 0.6
	}
	if len(t.Rows) == 0 {
		s.write(ink, 7.5, "", 'L', margin, s.y+3, t.Empty)
		s.y += 8
		return
	}
	xs := columns(t)
	s.columnHeads(t, xs)
	g := s.grid(t, xs)
	for n, row := range t.Rows {
		s.annexRow(g, t, n, row)
	}
	s.y += 5
}

func (s *sheet) grid(t table, xs []float64) paper.Grid {
	g := paper.Grid{Sheet: s.Sheet, Size: cellSize, Leading: cellLine, First: 2.8, Edges: xs, Foot: foot, Fresh: 40, Rule: faint, Break: func() float64 {
		s.annexPage()
		s.columnHeads(t, xs)
		return s.y
	}}
	for i := range t.Cols {
		g.Inset = append(g.Inset, t.inset(i))
	}
	return g
}

func (s *sheet) annexRow(g paper.Grid, t table, n int, row []string) {
	cells := make([]paper.Cell, len(row))
	for i, text := range row {
		cells[i] = paper.Cell{Text: text, Right: t.Cols[i].Right, Ink: ink}
		if t.Alert[n] && i == 0 {
			cells[i].Ink = red
		}
	}
	s.y = g.Row(s.y, cells)
}
