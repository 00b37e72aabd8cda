package certificate

import (
	"math"
	"time"

	"coldchain/alerting/exposure"
	"coldchain/gateway/evidence"
)

// canvas is what a chart is drawn on: a page of the PDF, or an SVG. Lengths are
// in mm from the upper left corner, sizes of text in points.
type canvas interface {
	area(c colour, xy ...float64)
	line(c colour, width float64, dashed bool, xy ...float64)
	text(c colour, size float64, align byte, x, y float64, s string) // align L, C or R; y is the baseline
}

// chart is where and of what a chart is drawn.
type chart struct {
	v          view
	clock      clock
	x, y, w, h float64 // of the whole, with its labels
	// of the plot
	left, top, right, bottom float64
	from, to                 time.Time
	low, high                float64 // of the axis
}

const stripHeight = 3.4

// drawChart draws the course of temperature with its limits, the gaps, and under
// it which place held the goods.
func drawChart(on canvas, v view, c clock, x, y, w, h float64) {
	all := v.Doc.Exposure.Intervals
	if len(all) == 0 {
		return
	}
	p := chart{v: v, clock: c, x: x, y: y, w: w, h: h, left: x + 9, top: y + 1.5, right: x + w - 14, bottom: y + h - stripHeight - 5.2,
		from: all[0].From, to: all[len(all)-1].To}
	for _, i := range all {
		if i.To.After(p.to) {
			p.to = i.To
		}
	}
	if !p.to.After(p.from) {
		return
	}
	p.scale()
	p.background(on)
	p.gaps(on)
	for _, s := range v.Doc.Chart {
		p.series(on, s)
	}
	p.loggers(on)
	p.limits(on)
	p.times(on)
	p.strip(on)
	on.line(ink, 0.25, false, p.left, p.top, p.left, p.bottom, p.right, p.bottom)
}

// scale chooses the axis: all readings and limits, and some air.
func (p *chart) scale() {
	low, high := math.Inf(1), math.Inf(-1)
	take := func(v float64) { low, high = math.Min(low, v), math.Max(high, v) }
	for _, s := range p.v.Doc.Chart {
		for _, c := range s.Cells {
			take(c[1])
			take(c[2])
		}
	}
	for _, r := range p.v.Doc.Imported {
		take(r.MinC)
		take(r.MaxC)
	}
	for _, l := range []*evidence.Limit{p.v.Doc.Profile.LowC, p.v.Doc.Profile.HighC} {
		if l != nil {
			take(l.ValueC)
		}
	}
	if math.IsInf(low, 0) {
		low, high = 0, 10
	}
	air := math.Max(0.6, (high-low)*0.12)
	p.low, p.high = low-air, high+air
}

func (p *chart) at(t time.Time) float64 {
	share := float64(t.Sub(p.from)) / float64(p.to.Sub(p.from))
	return p.left + share*(p.right-p.left)
}

func (p *chart) height(v float64) float64 {
	return p.bottom - (v-p.low)/(p.high-p.low)*(p.bottom-p.top)
}

// background is the range within the limits, and the grid.
func (p *chart) background(on canvas) {
	top, bottom := p.top, p.bottom
	if l := p.v.Doc.Profile.HighC; l != nil {
		top = p.height(l.ValueC)
	}
	if l := p.v.Doc.Profile.LowC; l != nil {
		bottom = p.height(l.ValueC)
	}
	on.area(inside, p.left, top, p.right, top, p.right, bottom, p.left, bottom)
	step := stepOf((p.high - p.low) / 5)
	for v := math.Ceil(p.low/step) * step; v <= p.high; v += step {
		y := p.height(v)
		on.line(faint, 0.12, false, p.left, y, p.right, y)
		on.text(soft, 6.5, 'R', p.left-1.2, y+0.8, fixed(v, 0))
	}
	on.text(soft, 6.5, 'L', p.x, p.top+0.9, "℃")
}

// stepOf is 1, 2 or 5 times a power of ten, at least one degree.
func stepOf(about float64) float64 {
	ten := math.Pow(10, math.Floor(math.Log10(math.Max(about, 1))))
	for _, m := range []float64{1, 2, 5} {
		if about <= m*ten {
			return m * ten
		}
	}
	return 10 * ten
}

// limits are on top of the line, so that what crosses them is seen to.
func (p *chart) limits(on canvas) {
	for _, l := range []*evidence.Limit{p.v.Doc.Profile.HighC, p.v.Doc.Profile.LowC} {
		if l == nil {
			continue
		}
		y := p.height(l.ValueC)
		on.line(red, 0.25, true, p.left, y, p.right, y)
		on.text(red, 6.5, 'L', p.right+0.8, y+0.8, both(sideWord(l.Side))[:len("上限")]+" "+fixed(l.ValueC, 0))
	}
}

// gaps are stretches without readings, and those that nobody meant to watch.
func (p *chart) gaps(on canvas) {
	for _, i := range p.v.Doc.Exposure.Intervals {
		if i.Kind == exposure.Unmonitored {
			a, b := p.at(i.From), p.at(i.To)
			p.hatch(on, a, b, faint)
			if b-a > 9 {
				on.text(soft, 6.5, 'C', (a+b)/2, (p.top+p.bottom)/2, "不监测")
			}
		}
		for _, g := range i.Summary.Gaps {
			a, b := p.at(g.From), p.at(g.To)
			if b-a < 0.35 { // a gap is never too small to be seen
				a, b = (a+b)/2-0.175, (a+b)/2+0.175
			}
			on.area(ghost, a, p.top, b, p.top, b, p.bottom, a, p.bottom)
			p.hatch(on, a, b, soft)
			on.area(soft, (a+b)/2-0.9, p.top-1.3, (a+b)/2+0.9, p.top-1.3, (a+b)/2, p.top) // a mark above it
		}
	}
}

func (p *chart) hatch(on canvas, a, b float64, c colour) {
	const step = 1.6
	h := p.bottom - p.top
	for o := -h; o < b-a; o += step {
		// From the lower left to the upper right, cut at both sides.
		x1, y1, x2, y2 := a+o, p.bottom, a+o+h, p.top
		if x1 < a {
			y1 -= a - x1
			x1 = a
		}
		if x2 > b {
			y2 += x2 - b
			x2 = b
		}
		if x2 > x1 {
			on.line(c, 0.1, false, x1, y1, x2, y2)
		}
	}
}

// series is one stay: between lowest and highest of each cell, and what is
// beyond a limit once more in red.
func (p *chart) series(on canvas, s evidence.Series) {
	x := func(index float64) float64 {
		return p.at(s.From.Add(time.Duration(index * s.CellS * float64(time.Second))))
	}
	for start := 0; start < len(s.Cells); {
		end := start + 1
		for end < len(s.Cells) && s.Cells[end][0] == s.Cells[end-1][0]+1 {
			end++
		}
		p.run(on, s.Cells[start:end], x)
		start = end
	}
}

func (p *chart) run(on canvas, cells [][3]float64, x func(float64) float64) {
	const half = 0.16 // so that a quiet line is seen
	var upper, lower []float64
	for _, c := range cells {
		a, b := x(c[0]), x(c[0]+1)
		upper = append(upper, a, p.height(c[2])-half, b, p.height(c[2])-half)
		lower = append(lower, b, p.height(c[1])+half, a, p.height(c[1])+half)
	}
	shape := upper
	for i := len(cells) - 1; i >= 0; i-- {
		shape = append(shape, lower[4*i:4*i+4]...)
	}
	on.area(course, shape...)
	if len(cells) > 1 { // from cell to cell, where they are wide and the course is steep
		var middle []float64
		for _, c := range cells {
			middle = append(middle, x(c[0]+0.5), p.height((c[1]+c[2])/2))
		}
		on.line(course, 0.3, false, middle...)
	}
	for _, c := range cells {
		a, b := x(c[0]), math.Max(x(c[0]+1), x(c[0])+0.3)
		if l := p.v.Doc.Profile.HighC; l != nil && c[2] > l.ValueC {
			on.area(red, a, p.height(c[2])-half, b, p.height(c[2])-half, b, p.height(math.Max(c[1], l.ValueC)), a, p.height(math.Max(c[1], l.ValueC)))
		}
		if l := p.v.Doc.Profile.LowC; l != nil && c[1] < l.ValueC {
			on.area(red, a, p.height(math.Min(c[2], l.ValueC)), b, p.height(math.Min(c[2], l.ValueC)), b, p.height(c[1])+half, a, p.height(c[1])+half)
		}
	}
}

// times are midnights, or hours of a short stay.
func (p *chart) times(on canvas) {
	step := time.Hour
	for _, s := range []time.Duration{time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 5 * 24 * time.Hour, 10 * 24 * time.Hour, 30 * 24 * time.Hour, 90 * 24 * time.Hour} {
		step = s
		if p.to.Sub(p.from)/s <= 9 {
			break
		}
	}
	local := p.from.In(p.clock.zone)
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, p.clock.zone)
	for t := day; !t.After(p.to); t = t.Add(step) {
		if t.Before(p.from) {
			continue
		}
		x := p.at(t)
		on.line(faint, 0.12, false, x, p.top, x, p.bottom)
		on.line(ink, 0.2, false, x, p.bottom, x, p.bottom+0.9)
		form := "01-02 15:04"
		if step >= 24*time.Hour {
			form = "01-02"
		}
		if x > p.left+6 && x < p.right-4 {
			on.text(soft, 6.5, 'C', x, p.bottom+3.4, t.Format(form))
		}
	}
}

// strip says which place held the goods when, by its letter.
func (p *chart) strip(on canvas) {
	y := p.bottom + 5
	for n, i := range p.v.Doc.Exposure.Intervals {
		a, b := p.at(i.From), p.at(i.To)
		back, front := accent, colour{255, 255, 255}
		if n%2 == 1 {
			back = course
		}
		if i.Kind == exposure.Unmonitored {
			back, front = faint, ink
		}
		on.area(back, a, y, b, y, b, y+stripHeight, a, y+stripHeight)
		if b-a > 2.2 {
			on.text(front, 6.5, 'C', (a+b)/2, y+2.55, p.v.Letters[i.Zone])
		}
	}
}
