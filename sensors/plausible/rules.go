package plausible

import (
	"math"
	"time"

	"coldchain/sensors"
)

// jumps reports a change that is faster than believable, both from the last
// value and from the last one believed: after a spike the way back is no jump,
// and a new level is doubted once, not for ever.
func (p *point) jumps(now sample) bool {
	return p.rate > 0 && p.last.set() && p.tooFast(p.last, now) && (!p.trusted.set() || p.tooFast(p.trusted, now))
}

func (p *point) tooFast(then, now sample) bool {
	return math.Abs(now.value-then.value) > p.floor+p.rate*now.at.Sub(then.at).Minutes()
}

const (
	// telling is how far temperature and humidity must lie apart for an
	// exchange to be told from a change.
	telling = 10
	// drift is what either may have moved by when it shows in the other's
	// place.
	drift = 3
)

// swapped reports that the point shows what its twin should: a late answer of
// the line, or crossed registers. While it does, the numbers are followed
// where they appear.
func (p *point) swapped(now sample) bool {
	t := p.twin
	if t == nil || !p.trusted.set() || !t.trusted.set() || now.at.Sub(t.trusted.at) > rest {
		return false
	}
	own, other := p.trusted.value, t.trusted.value
	// After a pause both may have moved by themselves.
	pause := math.Abs(now.at.Sub(p.trusted.at).Minutes()) / 2
	left, off := math.Abs(now.value-own), math.Abs(now.value-other)
	if math.Abs(own-other) <= telling || left <= telling/2+pause || off > drift+pause || 2*off > left {
		return false
	}
	// What the twin measures now, as far as it can be seen.
	t.trusted.value, t.trusted.at = now.value, now.at
	return true
}

// neighbours reports that the point jumped to exactly what another on its line
// showed, and follows it as long as it goes on doing so.
func (p *point) neighbours(now sample, jump bool) bool {
	if !p.trusted.set() || math.Abs(now.value-p.trusted.value) <= p.anywhere {
		p.shifted = nil
		return false
	}
	if p.shifted != nil && p.shifted.showed(now) {
		return true
	}
	p.shifted = nil
	if p.rate > 0 && !jump {
		return false
	}
	for _, q := range p.line {
		// A quantity that may jump by itself meets its like by chance.
		if (p.rate > 0 || q.quantity != p.quantity) && q.showed(now) {
			p.shifted = q
			return true
		}
	}
	return false
}

// showed reports whether one of the last two values was exactly this one.
func (p *point) showed(now sample) bool {
	return p.last.set() && now.at.Sub(p.last.at) <= rest && p.last.raw == now.raw ||
		p.before.set() && now.at.Sub(p.before.at) <= rest && p.before.raw == now.raw
}

// flatLine reports identical values for a whole run, during which siblings in
// the zone moved at least twice.
func (p *point) flatLine(now sample) bool {
	if p.moves > 0 && math.Abs(now.value-p.anchor) >= p.moves || !p.last.set() {
		if p.last.set() {
			p.moved++
			p.zone.moved++
		}
		p.anchor = now.value
	}
	others := p.zone.moved - p.moved
	if !p.last.set() || now.raw != p.last.raw {
		p.run, p.others = 1, others
		return false
	}
	p.run++
	saturated := p.quantity == sensors.Humidity && now.value >= 99 // fog may last for days
	return p.flat > 0 && p.run >= p.flat && others-p.others >= 2 && !saturated
}

// agreeAgain is the part of Within that a difference must fall below before the
// two probes are believed again.
const agreeAgain = 0.8

// disagrees reports that the point and its pair have differed for too long.
// Which of the two is wrong cannot be told: both are doubted.
func (p *point) disagrees(now sample) bool {
	doubt := false
	for _, s := range p.pairs {
		other := s.a
		if other == p {
			other = s.b
		}
		if !other.last.set() || now.at.Sub(other.last.at) > rest {
			s.since, s.apart = time.Time{}, false
			continue
		}
		off := math.Abs(now.value - other.last.value)
		switch {
		case off <= s.Within*agreeAgain || off <= s.Within && !s.apart:
			s.since, s.apart = time.Time{}, false
		case s.since.IsZero():
			s.since = now.at
		}
		if !s.since.IsZero() && now.at.Sub(s.since) >= s.For {
			s.apart = true
		}
		doubt = doubt || s.apart
	}
	return doubt
}
