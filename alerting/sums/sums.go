// Package sums adds up over a season of minutes, which is hundreds of thousands
// of terms. It guarantees that what is small beside what is large is not lost,
// and that sums of pieces join to the sum of the whole.
package sums

import "math"

// Sum is Neumaier's form of Kahan's sum (1974). Its zero value is nothing.
type Sum struct{ total, lost float64 }

// Of is the sum of one term.
func Of(x float64) Sum { return Sum{total: x} }

// Add adds one term.
func (s *Sum) Add(x float64) {
	t := s.total + x
	if math.Abs(s.total) >= math.Abs(x) {
		s.lost += (s.total - t) + x
	} else {
		s.lost += (x - t) + s.total
	}
	s.total = t
}

// Join adds what another sum holds.
func (s *Sum) Join(o Sum) {
	s.Add(o.total)
	s.Add(o.lost)
}

// Scale multiplies what was summed.
func (s *Sum) Scale(by float64) { s.total, s.lost = s.total*by, s.lost*by }

// Value is what the terms come to.
func (s Sum) Value() float64 { return s.total + s.lost }

// LogMean is the logarithm of a weighted mean of exponentials: ln(Σ w exp(x) / Σ w).
// What is kept is the largest exponent and the sum relative to it (log-sum-exp),
// so that terms below 1e-20, as of the deep-frozen, keep their digits. Its zero
// value is empty.
type LogMean struct {
	weight, scaled Sum
	top            float64
	any            bool
}

// Add takes an exponent with a weight; one of 0 changes nothing.
func (l *LogMean) Add(x, weight float64) {
	if weight > 0 {
		l.weight.Add(weight)
		l.term(x, func(s *Sum, by float64) { s.Add(weight * by) })
	}
}

// Join takes all that another holds.
func (l *LogMean) Join(o LogMean) {
	if o.any {
		l.weight.Join(o.weight)
		l.term(o.top, func(s *Sum, by float64) {
			o.scaled.Scale(by)
			s.Join(o.scaled)
		})
	}
}

// term has add put what belongs to exponent x into the sum, times exp(x - top).
func (l *LogMean) term(x float64, add func(s *Sum, by float64)) {
	if !l.any || x > l.top {
		if l.any {
			l.scaled.Scale(math.Exp(l.top - x))
		}
		l.top, l.any = x, true
	}
	add(&l.scaled, math.Exp(x-l.top))
}

// Value is the logarithm of the mean; ok is false when nothing had any weight.
func (l LogMean) Value() (x float64, ok bool) {
	if !l.any {
		return 0, false
	}
	return l.top + math.Log(l.scaled.Value()/l.weight.Value()), true
}
