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
	step := 24 * time.Hour * time.Duration(1+whole/(24*time.Hour*tableRows))
	for _, s := range []time.Duration{1, 2, 4, 6, 12} {
		if whole/(s*time.Hour) <= tableRows {
			step = s * time.Hour
			break
		}
	}
	out := []Row{}
	for _, i := range intervals {
		if i.Point == "" {
			continue
		}
		local := i.From.In(zone)
		at := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, zone)
		samples := samplesOf(i, courses)
		for ; at.Before(i.To); at = at.Add(step) {
			from, to := later(at, i.From), earlier(at.Add(step), i.To)
			n := 0
			for n < len(samples) && samples[n].At.Before(to) {
				n++
			}
			if n > 0 {
				out = append(out, rowOf(i.Zone, from, to, samples[:n]))
				samples = samples[n:]
			}
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
