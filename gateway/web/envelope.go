package web

import (
	"math"
	"time"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

// envelope is a run of equal buckets over readings or what they come to. Each keeps its lowest
// and highest value, so that a short peak survives any zoom; a bucket without
// a single value is null, never interpolated.
type envelope struct {
	from    time.Time
	step    time.Duration
	buckets []bucket
}

type bucket struct {
	min, max, sum float64
	count         int            // readings with a value
	reason        sensors.Reason // of the last reading without one
	reasonAt      time.Time      // when that was: parts may be added in any order
	doubtful      bool           // some value is uncertain
	doubt         sensors.Reason // of the last uncertain one
}

func newEnvelope(from time.Time, step time.Duration, n int) envelope {
	return envelope{from: from, step: step, buckets: make([]bucket, n)}
}

// add puts a reading into its bucket; one outside all of them is left out.
func (e *envelope) add(r sensors.Reading) {
	since := r.Time.Sub(e.from)
	if since < 0 || since >= e.step*time.Duration(len(e.buckets)) {
		return
	}
	b := &e.buckets[since/e.step]
	v, ok := r.Value()
	if !ok {
		b.fault(r.Reason, r.Time)
		return
	}
	if r.Quality == sensors.Uncertain {
		b.doubtful, b.doubt = true, r.Reason
	}
	b.values(v, v, v, 1)
}

// join puts a rollup into its bucket, of which it is a whole part.
func (e *envelope) join(r store.Rollup) {
	since := r.Start.Sub(e.from)
	if since < 0 || since >= e.step*time.Duration(len(e.buckets)) {
		return
	}
	b := &e.buckets[since/e.step]
	if r.Good < r.Values { // a rollup knows that there was doubt, not why
		b.doubtful = true
	}
	if r.Values > 0 {
		b.values(r.Min, r.Max, r.Sum, r.Values)
	}
	if r.Reason != sensors.NoReason {
		b.fault(r.Reason, r.Start)
	}
}

func (b *bucket) values(lowest, highest, sum float64, n int) {
	if b.count == 0 || lowest < b.min {
		b.min = lowest
	}
	if b.count == 0 || highest > b.max {
		b.max = highest
	}
	b.sum += sum
	b.count += n
}

func (b *bucket) fault(why sensors.Reason, at time.Time) {
	if b.reason == sensors.NoReason || !at.Before(b.reasonAt) {
		b.reason, b.reasonAt = why, at
	}
}

// tail returns the envelope with its first buckets dropped so that it begins
// at from, and with empty buckets after the last one up to n.
func (e envelope) tail(from time.Time, n int) envelope {
	out := newEnvelope(from, e.step, n)
	skip := int(from.Sub(e.from) / e.step)
	if skip >= 0 && skip < len(e.buckets) {
		copy(out.buckets, e.buckets[skip:])
	}
	return out
}

// envelopeJSON holds the columns of an envelope: bucket i spans from + i*step_s
// to from + (i+1)*step_s.
type envelopeJSON struct {
	From  stamp   `json:"from"`
	StepS float64 `json:"step_s"`
	Min   curve   `json:"min"`
	Max   curve   `json:"max"`
	Mean  curve   `json:"mean"` // of the readings in the bucket; for the line, never for a judgement
	// Faults says why a bucket has no value, where a reading said so.
	Faults []reasonJSON `json:"faults,omitempty"`
	// Doubts names the buckets in which at least one value is uncertain.
	Doubts []reasonJSON `json:"doubts,omitempty"`
}

// curve is values of buckets; null where there is none, and nil where it is not
// drawn.
type curve []*float64

type reasonJSON struct {
	Bucket int            `json:"bucket"`
	Reason sensors.Reason `json:"reason"`
}

func (e envelope) json() envelopeJSON {
	n := len(e.buckets)
	out := envelopeJSON{From: stamp(e.from), StepS: e.step.Seconds(),
		Min: make([]*float64, n), Max: make([]*float64, n), Mean: make([]*float64, n)}
	for i, b := range e.buckets {
		if b.count > 0 {
			mean := math.Round(b.sum/float64(b.count)*1000) / 1000
			out.Min[i], out.Max[i], out.Mean[i] = &e.buckets[i].min, &e.buckets[i].max, &mean
			if b.doubtful {
				out.Doubts = append(out.Doubts, reasonJSON{i, b.doubt})
			}
		} else if b.reason != sensors.NoReason {
			out.Faults = append(out.Faults, reasonJSON{i, b.reason})
		}
	}
	return out
}

// fitStep widens the bucket so that at most n of them span the window and each
// can expect two readings: narrower ones would show gaps between readings.
func fitStep(span time.Duration, n int, period time.Duration) (step time.Duration, buckets int) {
	step = max((span+time.Duration(n)-1)/time.Duration(n), 2*period)
	step = max(step.Round(time.Second), time.Second)
	return step, int((span + step - 1) / step)
}
