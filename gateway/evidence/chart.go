package evidence

import (
	"cmp"
	"math"
	"slices"
	"time"

	"coldchain/alerting/exposure"
	"coldchain/sensors"
)

// chartCells is how many cells the chart of a whole certificate has at most: as
// many as a printed line can show.
const chartCells = 720

// Series is the chart's line of one stay: cells of equal length, each with the
// lowest and highest reading in it, so that no peak is lost. A cell without a
// reading is not there, and the line has a hole.
type Series struct {
	Zone  string    `json:"zone"`
	Point string    `json:"point"`
	From  time.Time `json:"from"`
	CellS float64   `json:"cell_s"`
	// Cells are [index, lowest, highest]; a cell begins at From + index × CellS.
	Cells [][3]float64 `json:"cells"`
}

// chartOf draws the intervals that have a probe.
func chartOf(intervals []exposure.Interval, courses []Course) []Series {
	var whole time.Duration
	for _, i := range intervals {
		if i.Point != "" {
			whole += i.To.Sub(i.From)
		}
	}
	out := []Series{}
	for _, i := range intervals {
		if i.Point == "" || !i.To.After(i.From) {
			continue
		}
		n := int(math.Round(chartCells * float64(i.To.Sub(i.From)) / float64(whole)))
		if s := i.Summary.IntervalS; s > 0 { // a cell that no reading is due in would be a hole
			n = min(n, int(i.To.Sub(i.From).Seconds()/(2*s)))
		}
		out = append(out, seriesOf(i, samplesOf(i, courses), max(2, n)))
	}
	return out
}

// samplesOf is the temperatures of an interval's point within it, each once.
func samplesOf(i exposure.Interval, courses []Course) (out []exposure.Sample) {
	for _, c := range courses {
		if c.Point != i.Point || c.Quantity != sensors.Temperature {
			continue
		}
		for _, s := range c.Samples {
			if !s.At.Before(i.From) && s.At.Before(i.To) {
				out = append(out, s)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b exposure.Sample) int { return a.At.Compare(b.At) })
	return slices.CompactFunc(out, func(a, b exposure.Sample) bool { return a.At.Equal(b.At) && cmp.Compare(a.Value, b.Value) == 0 })
}

func seriesOf(i exposure.Interval, samples []exposure.Sample, n int) Series {
	cell := i.To.Sub(i.From).Seconds() / float64(n)
	s := Series{Zone: i.Zone, Point: i.Point, From: i.From.UTC(), CellS: cell, Cells: [][3]float64{}}
	for _, x := range samples {
		at := math.Min(math.Floor(x.At.Sub(i.From).Seconds()/cell), float64(n-1))
		last := len(s.Cells) - 1
		if last < 0 || s.Cells[last][0] != at {
			s.Cells = append(s.Cells, [3]float64{at, x.Value, x.Value})
			continue
		}
		s.Cells[last][1] = math.Min(s.Cells[last][1], x.Value)
		s.Cells[last][2] = math.Max(s.Cells[last][2], x.Value)
	}
	return s
}
