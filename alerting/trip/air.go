package trip

import (
	"slices"
	"time"
)

const (
	airKept  = 60             // samples
	airApart = int64(60_000)  // ms between two at least
	airFresh = int64(900_000) // ms: an older one says nothing of now
	airMoved = 1.0            // °C in airFresh: the unit works
)

type sample struct {
	T int64   `json:"t"`
	V float64 `json:"v"`
}

// Air notes the temperature of the box's air, °C, with a usable reading. Late
// ones say nothing.
func (t *Truck) Air(at time.Time, celsius float64) {
	ms := at.UnixMilli()
	if n := len(t.air); n > 0 && ms-t.air[n-1].T < airApart {
		return
	}
	t.air = append(t.air, sample{ms, celsius})
	if n := len(t.air) - airKept; n > 0 {
		t.air = slices.Delete(t.air, 0, n)
	}
	t.dirty = true
}

// AirAt returns the newest air temperature at or before a moment, °C; ok is
// false when there is none of the quarter of an hour before it.
func (t *Truck) AirAt(at time.Time) (celsius float64, ok bool) {
	s, ok := t.airBefore(at.UnixMilli())
	return s.V, ok
}

func (t *Truck) airBefore(ms int64) (sample, bool) {
	for i := len(t.air) - 1; i >= 0; i-- {
		if s := t.air[i]; s.T <= ms {
			return s, ms-s.T <= airFresh
		}
	}
	return sample{}, false
}

// conditioned reports whether the box is in its band, or on its way there.
func (t *Truck) conditioned(now int64) bool {
	s, ok := t.airBefore(now)
	if !ok {
		return false
	}
	off := t.off(s.V)
	if off == 0 {
		return t.cfg.Low != nil || t.cfg.High != nil
	}
	before, ok := t.airBefore(s.T - airFresh)
	return ok && t.off(before.V)-off >= airMoved
}

// off is how far a temperature lies outside the band, °C.
func (t *Truck) off(v float64) float64 {
	switch {
	case t.cfg.High != nil && v > *t.cfg.High:
		return v - *t.cfg.High
	case t.cfg.Low != nil && v < *t.cfg.Low:
		return *t.cfg.Low - v
	}
	return 0
}
