package engine

import (
	"fmt"
	"slices"

	"coldchain/alerting"
	"coldchain/sensors"
)

// armed is when limits hold, in event time: the switches of an
// alerting.Timeline, each different from the one before. Before the first they
// hold; nil is always.
type armed []armedSwitch

type armedSwitch struct {
	at int64
	on bool
}

// SetArmed says when the limits of one quantity in a zone hold, in event time:
// in place of what was said before. A reading is judged by what was so at its
// measured time; a limit's delay begins at the earliest when it was armed, also
// if that becomes known later. An alarm ends with the time in which its limits
// held. Like SetLimits it is said again after a restart, before Restore. The
// error names the zone.
func (e *Engine) SetArmed(zone string, q sensors.Quantity, l alerting.Timeline) error {
	var a armed
	for i, s := range l {
		if i > 0 && s.At.Before(l[i-1].At) {
			return fmt.Errorf("zone %s: switch at %s comes after a later one", zone, s.At)
		}
		t := int64(0) // from the beginning of time
		if !s.At.IsZero() {
			t = max(s.At.UnixMilli(), 0)
		}
		if s.On == (len(a) == 0 || a[len(a)-1].on) {
			continue
		}
		a = append(a, armedSwitch{t, s.On})
	}
	for _, p := range e.points {
		if p.zone == zone && p.quantity == q {
			p.armed = a
		}
	}
	return nil
}

// at reports whether limits hold at t, and since when that is so; 0 when it was
// never otherwise.
func (a armed) at(t int64) (on bool, since int64) {
	for i := len(a) - 1; i >= 0; i-- {
		if a[i].at <= t {
			return a[i].on, a[i].at
		}
	}
	return true, 0
}

// judgeArmed judges a usable reading by whether its limits held when it was
// measured. Runs go on while they do not hold and count from when they do, so
// that arming that becomes known late finds what it needs.
func (e *Engine) judgeArmed(p *point, s *side, r *sample, told *open) (change, *open) {
	if p.armed == nil {
		return s.judge(r, told)
	}
	on, since := p.armed.at(r.t)
	if !on {
		if !s.band.kind.isTotal() { // which adds up no time in which its limits did not hold
			s.count(r)
		}
		if s.alarm == nil {
			return nothing, nil
		}
		return returned, s.rest(since)
	}
	if a := s.alarm; a != nil && a.seen < since { // it has rested meanwhile, and nothing was heard
		_, off := p.armed.at(since - 1)
		e.tell(p, s, s.rest(off), returned, r.t)
	}
	for i := range s.pending {
		switch q := &s.pending[i]; {
		case !s.band.kind.isTotal():
			q.clip(since, s.band.lines[i].Value)
		case q.since != 0 && q.last < since:
			q.part(r.t)
		}
	}
	return s.judge(r, told)
}

// rest ends the alarm with the time in which its limits held.
func (s *side) rest(off int64) *open {
	a := s.alarm
	over := max(off, a.start)
	a.clear = run{since: over, last: over}
	s.alarm = nil
	return a
}

// clip lets a run begin no earlier than its limits hold. Nobody knows the worst
// value from there on; it is found again from the limit.
func (p *pending) clip(since int64, limit float64) {
	p.earlier = slices.DeleteFunc(p.earlier, func(s stretch) bool { return s.last < since })
	if p.since == 0 || p.since >= since {
		return
	}
	p.since, p.held, p.masked = since, 0, min(p.masked, max(0, p.last-since))
	if p.from != 0 {
		p.from = max(p.from, since)
	}
	if p.frozen != 0 {
		p.frozen = max(p.frozen, since)
	}
	p.after, p.peak = max(p.after, since-1), limit
}

// restNow ends alarms of limits that do not hold any more, also when no reading
// comes: an empty room may be switched off with its gateway.
func (e *Engine) restNow(p *point, now int64) {
	if p.armed == nil {
		return
	}
	on, since := p.armed.at(now)
	if on {
		return
	}
	for i := range p.sides {
		s := &p.sides[i]
		if a := s.alarm; a != nil {
			e.tell(p, s, s.rest(since), returned, max(since, a.seen))
		}
	}
}

// joins reports whether limits hold where two runs are to become one. The
// later one is clipped, so that it reaches back no further than they do.
func (p *point) joins(live, late *side) bool {
	if p.armed == nil {
		return true
	}
	if on, _ := p.armed.at(late.pending[0].last); !on {
		return false
	}
	for i := range live.pending {
		if live.pending[i].since == 0 {
			continue
		}
		on, since := p.armed.at(live.pending[i].last)
		if !on {
			return false
		}
		live.pending[i].clip(since, live.band.lines[i].Value)
	}
	return true
}
