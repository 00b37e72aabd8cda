package calibration

import (
	"math"
	"sort"
	"time"

	"coldchain/sensors"
)

// span is the time for which an entry holds.
type span struct {
	entry       Entry
	from, until time.Time
}

// find returns the record that holds at a time, or the last one that held.
func (b *Book) find(p sensors.PointID, at time.Time) (span, bool) {
	spans := b.points[p]
	i := sort.Search(len(spans), func(i int) bool { return spans[i].from.After(at) })
	if i == 0 {
		return span{}, false
	}
	return spans[i-1], true
}

// At returns the record that corrects readings of a point at a time; expired
// says that its validity has ended.
func (b *Book) At(p sensors.PointID, at time.Time) (e Entry, expired, ok bool) {
	s, ok := b.find(p, at)
	return s.entry, ok && !at.Before(s.until), ok
}

// Apply corrects a reading by the record in force at its time, and keeps the
// device's number as its raw value. Before the first record, and without one,
// the reading comes back as it was; so does a bad one. When the record's
// validity has ended the value stays corrected, because a step back to the
// uncorrected one would be an event that did not happen, and a good reading
// becomes uncertain with reason CalibrationExpired. A corrected value beyond
// what the quantity can be is bad.
func (b *Book) Apply(r sensors.Reading) sensors.Reading {
	v, ok := r.Value()
	if !ok {
		return r
	}
	s, ok := b.find(r.Point, r.Time)
	if !ok {
		return r
	}
	quality, why := r.Quality, r.Reason
	if quality == sensors.Good && !r.Time.Before(s.until) {
		quality, why = sensors.Uncertain, sensors.CalibrationExpired
	}
	corrected := milli(v + correction(s.entry.Pairs, v))
	raw, hasRaw := r.Raw()
	if !hasRaw && corrected != v {
		raw, hasRaw = v, true
	}
	out := sensors.NewGood(r.Point, r.Time, corrected)
	if low, high := s.entry.Quantity.Range(); corrected < low || corrected > high {
		out = sensors.NewBad(r.Point, r.Time, sensors.OutOfRange)
	} else if quality == sensors.Uncertain {
		out = sensors.NewUncertain(r.Point, r.Time, corrected, why)
	}
	if hasRaw {
		out = out.WithRaw(raw)
	}
	return out
}

// correction is what to add to an indicated value: between two pairs in
// proportion, outside of them that of the nearest. A certificate says nothing
// beyond its points, so nothing is extrapolated.
func correction(pairs []Pair, v float64) float64 {
	i := sort.Search(len(pairs), func(i int) bool { return pairs[i].Indicated >= v })
	off := func(p Pair) float64 { return p.Reference - p.Indicated }
	switch {
	case i == 0:
		return off(pairs[0])
	case i == len(pairs):
		return off(pairs[i-1])
	}
	a, b := pairs[i-1], pairs[i]
	share := (v - a.Indicated) / (b.Indicated - a.Indicated)
	return off(a) + share*(off(b)-off(a))
}

// milli rounds to 0.001, a tenth of the best probe's resolution, so that sums of
// decimals stay decimals.
func milli(v float64) float64 { return float64(int64(math.Round(v*1000))) / 1000 }
