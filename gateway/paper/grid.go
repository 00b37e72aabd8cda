package paper

// Grid draws the rows of a table from top to bottom. A row is as high as its
// longest cell; one that is higher than a page goes on on the next.
type Grid struct {
	*Sheet
	Size, Leading float64   // of the text in points, and mm from line to line
	First         float64   // how far below a row's top its first line stands
	Edges         []float64 // where columns begin, and where the last one ends
	Inset         []float64 // kept free at the left of a column
	Foot          float64   // where rows end
	// Fresh is the lowest a row begins on a page that only heads stand on; Break
	// begins the next page with its heads, and returns where rows begin there.
	Fresh float64
	Break func() float64
	// Rule is under each row; Boxed rules columns as well.
	Rule  Colour
	Boxed bool
}

// Cell is a text in a row.
type Cell struct {
	Text  string
	Right bool // numbers end where the column does
	Bold  bool
	Ink   Colour
	Fill  *Colour // nil: paper
}

// rowPad is what a row is higher than its text.
const rowPad = 1.6

// Row draws one row that begins at y, and returns where the next one does.
func (g Grid) Row(y float64, row []Cell) float64 {
	cells, most := g.lines(row)
	for first := 0; first < most; {
		rest := float64(most-first)*g.Leading + rowPad
		if y+rest > g.Foot && (first > 0 || rest < g.Foot-40 || y+g.Leading*2 > g.Foot) && y > g.Fresh {
			y = g.Break()
		}
		fits := min(most-first, int((g.Foot-y-rowPad)/g.Leading))
		height := float64(fits)*g.Leading + rowPad
		for i, c := range row {
			if c.Fill != nil {
				g.Area(*c.Fill, g.Edges[i], y, g.Edges[i+1], y, g.Edges[i+1], y+height, g.Edges[i], y+height)
			}
			for k := first; k < min(first+fits, len(cells[i])); k++ {
				g.put(i, c, y+g.First+float64(k-first)*g.Leading, cells[i][k])
			}
		}
		if g.Boxed { // its top again, over which its ground was laid
			g.Line(g.Rule, 0.12, false, g.Edges[0], y, g.Edges[len(g.Edges)-1], y)
			for _, x := range g.Edges {
				g.Line(g.Rule, 0.12, false, x, y, x, y+height)
			}
		}
		y += height
		first += max(1, fits)
	}
	g.Line(g.Rule, 0.12, false, g.Edges[0], y, g.Edges[len(g.Edges)-1], y)
	return y
}

// Height is how much of a page a row needs.
func (g Grid) Height(row []Cell) float64 {
	_, most := g.lines(row)
	return float64(most)*g.Leading + rowPad
}

func (g Grid) lines(row []Cell) (cells [][]string, most int) {
	cells, most = make([][]string, len(row)), 1
	for i, c := range row {
		cells[i] = g.Wrap(g.Size, style(c), c.Text, g.Edges[i+1]-g.Edges[i]-g.Inset[i]-1.4)
		most = max(most, len(cells[i]))
	}
	return cells, most
}

func (g Grid) put(column int, c Cell, y float64, text string) {
	if c.Right {
		g.Write(c.Ink, g.Size, style(c), 'R', g.Edges[column+1]-1, y, text)
	} else {
		g.Write(c.Ink, g.Size, style(c), 'L', g.Edges[column]+g.Inset[column], y, text)
	}
}

func style(c Cell) string {
	if c.Bold {
		return "B"
	}
	return ""
}
