package evidence

import (
	"math"
	"time"

	"coldchain/alerting/exposure"
)

// Row is one line of the table of temperatures 温度记录表: a stretch of a stay.
type Row struct {
	Zone  string    `json:"zone"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Count int       `json:"count"` // readings with a value
	MinC  float64   `json:"min_c"`
	MeanC float64   `json:"mean_c"` // of the readings
	MaxC  float64   `json:"max_c"`
}

// tableRows is how many lines the table has at most, but for one more a stay.
const tableRows = 240

// tableOf cuts the stays at whole hours of the county's day, or at wider steps
// of a long history. A stretch without a reading has no line.
func tableOf(intervals []exposure.Interval, courses []Course, zone *time.Location) []Row {
	var whole time.Duration
	for _, i := range intervals {
		if i.Point != "" {
			whole += i.To.Sub(i.From)
		}
	}
	step := rowStep(whole)
	out := []Row{}
	for _, i := range intervals {
		if i.Point != "" {
			out = append(out, rowsOf(i.Zone, i.From, i.To, samplesOf(i, courses), step, zone)...)
		}
	}
	return out
}

// rowStep is how long a line of a table is, of a whole time.
func rowStep(whole time.Duration) time.Duration {
	for _, s := range []time.Duration{1, 2, 4, 6, 12} {
		if whole/(s*time.Hour) <= tableRows {
			return s * time.Hour
		}
	}
	return 24 * time.Hour * time.Duration(1+whole/(24*time.Hour*tableRows))
}

// rowsOf cuts one stretch; samples are those of it, in order of time.
func rowsOf(place string, from, to time.Time, samples []exposure.Sample, step time.Duration, zone *time.Location) (out []Row) {
	local := from.In(zone)
	at := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, zone)
	for ; at.Before(to); at = at.Add(step) {
		a, b := later(at, from), earlier(at.Add(step), to)
		n := 0
		for n < len(samples) && samples[n].At.Before(b) {
			n++
		}
		if n > 0 {
			out = append(out, rowOf(place, a, b, samples[:n]))
			samples = samples[n:]
		}
	}
	return out
}

func rowOf(zone string, from, to time.Time, samples []exposure.Sample) Row {
	r := Row{Zone: zone, From: from.UTC(), To: to.UTC(), Count: len(samples), MinC: math.Inf(1), MaxC: math.Inf(-1)}
	sum := 0.0
	for _, s := range samples {
		r.MinC, r.MaxC = math.Min(r.MinC, s.Value), math.Max(r.MaxC, s.Value)
		sum += s.Value
	}
	r.MeanC = sum / float64(len(samples))
	return r
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
