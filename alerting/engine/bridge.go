package engine

import (
	"slices"

	"coldchain/alerting"
)

// Two readings far apart show nothing of what lay between, so a run begins anew
// behind a hole. What it was before is remembered as long as no reading inside
// has come: late data that fills the hole shows it to be one run after all.

// keep remembers the run that ends in a hole.
func (p *pending) keep() {
	if len(p.earlier) == maxEarlier {
		p.earlier = slices.Delete(p.earlier, 0, 1)
	}
	p.earlier = append(p.earlier, p.stretch)
}

// bridge lets the late runs of one side go over what the live track was outside
// with on their way to t: that no late reading shows it is because it was
// delivered before. A run that does not touch it ends there, and another begins.
func (e *Engine) bridge(p *point, i int, t int64) {
	live, late := &p.sides[i], &p.late.sides[i]
	for k := range late.pending {
		h := hole(late.band.lines[k].Delay.Milliseconds(), p.least)
		l, r := &live.pending[k], &late.pending[k]
		r.over(l.earlier, t, h, late.band.side)
		n := slices.IndexFunc(l.earlier, func(s stretch) bool { return s.last < t && t-s.last <= h && s.last > r.last && r.from < s.since })
		if n < 0 {
			continue
		}
		s := l.earlier[n]
		if r.since != 0 {
			l.absorb(r)
			if k == 0 {
				e.leave(p, i)
			}
		}
		*r = pending{stretch: s, from: s.last}
	}
}

// toLive is bridge as far as the live runs begin.
func (p *point) toLive(i int) {
	live, late := &p.sides[i], &p.late.sides[i]
	for k := range late.pending {
		l := &live.pending[k]
		late.pending[k].over(l.earlier, l.since, hole(late.band.lines[k].Delay.Milliseconds(), p.least), late.band.side)
	}
}

// passes reports whether the late track leaves behind, with a reading at t, the
// moment from which the live track is outside: whether the two touch is then
// known.
func (p *point) passes(i int, t int64) bool {
	live, late := &p.sides[i], &p.late.sides[i]
	if len(late.pending) == 0 || late.pending[0].since == 0 {
		return false
	}
	from := live.pending[0].since
	if live.alarm != nil {
		from = live.alarm.start
	}
	return from != 0 && late.pending[0].last < from && from < t
}

// over appends those of the live track's earlier runs that this one touches and
// that end before t.
func (p *pending) over(earlier []stretch, t, hole int64, side alerting.Side) {
	for _, s := range earlier {
		if p.since != 0 && s.last < t && s.last > p.last && s.since-p.last <= hole && p.from >= s.after {
			p.follow(s, side)
		}
	}
}

// follow goes on with a run of the live track.
func (p *pending) follow(s stretch, side alerting.Side) {
	if p.frozen != 0 && p.frozen < s.since {
		p.held += s.since - p.frozen
	}
	p.held, p.masked = p.held+s.held, p.masked+s.masked
	p.frozen = s.frozen
	if s.after < p.since {
		p.after = max(p.after, s.after)
	}
	p.last, p.from = s.last, s.last
	if worse(side, s.peak, p.peak) {
		p.peak = s.peak
	}
}

// bridged reports whether a run of the live track lies in a late one: the
// reading before it is then known, and not the newest of the live track.
func (p *pending) bridged() bool { return p.since != 0 && p.from > p.since }

// absorb keeps a late run that has gone over earlier live ones and does not
// come up to the present one, for late data that fills the rest.
func (p *point) absorb(i int) {
	live, late := &p.sides[i], &p.late.sides[i]
	for k := range live.pending {
		live.pending[k].absorb(&late.pending[k])
	}
}

func (p *pending) absorb(late *pending) {
	if !late.bridged() || late.last >= p.since {
		return
	}
	i := slices.IndexFunc(p.earlier, func(s stretch) bool { return s.last >= late.since })
	if i < 0 {
		return
	}
	k := i
	for k < len(p.earlier) && p.earlier[k].last <= late.last {
		k++
	}
	p.earlier = slices.Replace(p.earlier, i, k, late.stretch)
}
