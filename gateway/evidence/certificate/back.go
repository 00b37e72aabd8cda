package certificate

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
	for n, row := range t.Rows {
		s.annexRow(t, xs, n, row)
	}
	s.y += 5
}

// annexRow draws one row with as many lines as it needs; one that is higher than
// a page goes on on the next.
func (s *sheet) annexRow(t table, xs []float64, n int, row []string) {
	cells := make([][]string, len(row))
	most := 1
	for i, text := range row {
		cells[i] = s.wrap(cellSize, "", text, xs[i+1]-xs[i]-t.inset(i)-1.4)
		most = max(most, len(cells[i]))
	}
	for first := 0; first < most; {
		rest := float64(most-first)*cellLine + 1.6
		if s.y+rest > foot && (first > 0 || rest < foot-40 || s.y+cellLine*2 > foot) && s.y > 40 {
			s.annexPage()
			s.columnHeads(t, xs)
		}
		fits := min(most-first, int((foot-s.y-1.6)/cellLine))
		for i, lines := range cells {
			c := ink
			if t.Alert[n] && i == 0 {
				c = red
			}
			for k := first; k < min(first+fits, len(lines)); k++ {
				y := s.y + 2.8 + float64(k-first)*cellLine
				if t.Cols[i].Right {
					s.write(c, cellSize, "", 'R', xs[i+1]-1, y, lines[k])
				} else {
					s.write(c, cellSize, "", 'L', xs[i]+t.inset(i), y, lines[k])
				}
			}
		}
		s.y += float64(fits)*cellLine + 1.6
		first += max(1, fits)
	}
	s.line(faint, 0.12, false, margin, s.y, pageW-margin, s.y)
}
