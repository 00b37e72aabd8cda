package engine

import (
	"slices"

	"coldchain/alerting"
)

// A late run that touches what the live track is outside with is the same
// excursion, seen from its other end: it moves the start back and counts
// towards the delay. Whether it touches is known once no more late readings
// come for now; until then it is told to nobody.

// meetsLive reports whether the late track's run may turn out to be the
// beginning, or a part, of what the live track is outside with.
func (p *point) meetsLive(i int) bool {
	s := &p.sides[i]
	var from int64
	switch {
	case s.alarm != nil:
		from = s.alarm.start
	case len(s.pending) > 0:
		from = s.pending[0].since
	}
	m := p.recent.insideAfter(p.late.newest, i)
	return from != 0 && (m == 0 || m >= from)
}

// join adds the late track's run of one side to the live track's, where they
// touch. What was told as late before goes on as it is.
func (e *Engine) join(p *point, i int) {
	live, late := &p.sides[i], &p.late.sides[i]
	p.toLive(i)
	if len(late.pending) == 0 || late.pending[0].since == 0 || late.alarm != nil && late.alarm.clear.since != 0 {
		return
	}
	if !p.joins(live, late) {
		return
	}
	if a := live.alarm; a != nil {
		if late.alarm != nil && late.alarm.class != "" || !p.reaches(late, a.start, a.after) {
			return
		}
		e.extend(p, i)
		late.reset()
		return
	}
	if len(live.pending) == 0 || live.pending[0].since == 0 || !p.reaches(late, live.pending[0].since, live.pending[0].after) {
		return
	}
	p.prepend(i)
	e.touch(p)
	if a := late.alarm; a != nil { // it goes on, and is told as live by the live track
		live.alarm = a
		if m := live.pending[0]; worse(live.band.side, m.peak, a.peak) {
			a.peak = m.peak
		}
		a.last, a.seen = p.value.v, live.pending[0].last
	} else {
		live.raise(live.pending[0].last, p.value.v, nil)
	}
	late.reset()
}

// reaches reports whether a late run lies behind after, where the live track
// knows a reading, and comes up to the first live one from there on, or lies
// beside those.
func (p *point) reaches(late *side, from, after int64) bool {
	return late.pending[0].reaches(from, after, hole(late.band.lines[0].Delay.Milliseconds(), p.least))
}

func (r *pending) reaches(from, after, hole int64) bool {
	return r.since != 0 && r.from >= after && r.from != 0 && from-r.last <= hole
}

// extend moves a live alarm's start back to the late run's.
func (e *Engine) extend(p *point, i int) {
	live, r := &p.sides[i], &p.late.sides[i].pending[0]
	a := live.alarm
	changed := r.since < a.start
	if changed {
		if a.class != "" {
			a.identify(a.start)
		}
		a.start = r.since
		if r.bridged() {
			a.after = r.after
		}
	}
	if worse(live.band.side, r.peak, a.peak) {
		a.peak, changed = r.peak, true
	}
	p.prepend(i)
	e.touch(p)
	if changed && a.class != "" {
		a.told = max(a.told, a.seen)
		e.emit(alerting.Updated, p.limitAlarm(live, a, 0), a.seen)
	}
}

// prepend puts the late track's run of each line of one side before the live
// one's where they touch.
func (p *point) prepend(i int) {
	live, late := &p.sides[i], &p.late.sides[i]
	for k := range live.pending {
		l, r := &live.pending[k], &late.pending[k]
		if l.since != 0 && r.since < l.since && r.reaches(l.since, l.after, hole(live.band.lines[k].Delay.Milliseconds(), p.least)) {
			l.prepend(r, live.band.side)
		} else {
			l.absorb(r)
		}
	}
}

// prepend puts an earlier run before this one. Time in between counts, unless
// the earlier run ended in readings that said nothing.
func (p *pending) prepend(before *pending, s alerting.Side) {
	p.held, p.masked = p.held+before.held, p.masked+before.masked
	if before.frozen != 0 && before.frozen < p.since {
		p.held += p.since - before.frozen
	}
	if before.bridged() {
		p.after = before.after
	} else {
		p.after = max(p.after, before.after)
	}
	p.since, p.from = before.since, before.since
	p.earlier = slices.DeleteFunc(p.earlier, func(s stretch) bool { return s.last >= before.since })
	if worse(s, before.peak, p.peak) {
		p.peak = before.peak
	}
}

// tellLate tells an alarm of the late track that was held back.
func (e *Engine) tellLate(p *point, s *side, a *open) {
	if a.class == "" {
		e.reveal(p, s, a, alerting.Late, a.seen)
	}
}
