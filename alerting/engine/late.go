package engine

import (
	"slices"

	"coldchain/alerting"
	"coldchain/sensors"
)

// lateTrack judges what arrives behind a point's watermark, in event time, by
// the same code as live data but in a state of its own: nothing here reaches
// the live track. A reading older than the track's newest begins a new run.
// But for a run that touches what the live track is outside with: see join.
type lateTrack struct {
	newest int64
	heard  int64 // arrival of the last late reading
	value  value // the newest reading of this run, if it is usable
	added  int64 // the oldest reading that added to a total which was not looked at since; 0 when none
	sides  [2]side
	await  []awaiting // of earlier runs, still outside where their readings ended
	recent times
}

// awaiting is an alarm of an ended run that waits for a reading inside.
type awaiting struct {
	side  int
	alarm *open
}

// lateKept is how long an idle late track is remembered.
const lateKept = 24 * 60 * minute

func (e *Engine) observeLate(p *point, r sensors.Reading, t, now int64) {
	l := p.late
	switch {
	case l == nil:
		l = &lateTrack{sides: [2]side{newLateSide(p.sides[0].band), newLateSide(p.sides[1].band)}}
		p.late = l
	case t <= l.newest:
		e.endRun(p)
	default:
		e.passLive(p, t)
	}
	before := l.newest
	l.newest, l.heard = t, max(l.heard, now)
	l.recent.add(t, [2]bool{})
	v, usable := r.Value()
	for i := range l.sides {
		s := &l.sides[i]
		if p.passes(i, t) {
			e.endSide(p, i)
		}
		if !usable || s.outside(v) || r.Quality != sensors.Good {
			e.bridge(p, i, t)
		}
		if !usable {
			s.freeze(t)
			continue
		}
		what, a := e.judgeArmed(p, s, &sample{t, v, r.Quality == sensors.Good, p.least, before, p.above(t)}, nil)
		if what != raised {
			e.tell(p, s, a, what, t)
			continue
		}
		if live := p.sides[i].alarm; live != nil && live.start == a.start {
			s.alarm = nil // the same readings again, longer ago than is remembered
			continue
		}
		if l.goOn(i, a) {
			if moreSevere(a.line, s.alarm.line) {
				s.alarm.line, s.alarm.escalated = a.line, t
				e.tell(p, s, s.alarm, escalated, t)
			}
			continue
		}
		if !p.meetsLive(i) {
			e.reveal(p, s, a, alerting.Late, t)
		}
	}
	if on, _ := p.armed.at(t); on {
		p.addLate(r, before)
	}
	if p.goods != nil && r.Quality == sensors.Good {
		p.goods.fill(t, v, p.least)
	}
}

// goOn replaces an alarm that has just been raised by the one that waits and
// began with the same reading: a run that was told of, taken up again.
func (l *lateTrack) goOn(i int, a *open) bool {
	k := slices.IndexFunc(l.await, func(w awaiting) bool { return w.side == i && w.alarm.start == a.start })
	if k < 0 {
		return false
	}
	was, s := l.await[k].alarm, &l.sides[i]
	l.await = slices.Delete(l.await, k, k+1)
	was.last, was.seen = a.last, a.seen
	if worse(s.band.side, a.peak, was.peak) {
		was.peak = a.peak
	}
	s.alarm = was
	return true
}

// passLive ends what is pending or open when the live track already knows a
// reading inside between the late track's newest and t.
func (e *Engine) passLive(p *point, t int64) {
	l := p.late
	for i := range l.sides {
		s := &l.sides[i]
		m := p.recent.insideAfter(l.newest, i)
		if m == 0 || m >= t {
			continue
		}
		for k := range s.pending {
			s.pending[k] = pending{from: m}
		}
		if a := s.alarm; a != nil {
			e.endLate(p, s, a, m)
			s.alarm = nil
		}
	}
}

// endRun closes the late track's runs.
func (e *Engine) endRun(p *point) {
	l := p.late
	for i := range l.sides {
		e.endSide(p, i)
	}
	p.addLast()
	l.newest, l.value = 0, value{}
}

func (e *Engine) endSide(p *point, i int) {
	e.join(p, i)
	e.leave(p, i)
	p.absorb(i)
	p.late.sides[i].reset()
}

// leave ends an open alarm of the late track at the live track's next reading
// inside, or lets it wait for one.
func (e *Engine) leave(p *point, i int) {
	l := p.late
	s := &l.sides[i]
	a := s.alarm
	if a == nil {
		return
	}
	s.alarm = nil
	if m := p.recent.insideAfter(a.seen, i); m != 0 {
		e.endLate(p, s, a, m)
		return
	}
	e.tellLate(p, s, a)
	l.await = append(l.await, awaiting{i, a})
}

// settleLate ends late alarms that the live track's readings show to be over,
// once no more late readings come. There is no hurry, nobody is waiting for it:
// a backlog on a slow line pauses for longer than the time after which what is
// still outside must ring.
func (e *Engine) settleLate(p *point, now int64) {
	l := p.late
	if now-l.heard < e.settle {
		return
	}
	for i := range l.sides {
		e.join(p, i)
		if s := &l.sides[i]; s.alarm != nil {
			e.tellLate(p, s, s.alarm)
		}
	}
	e.settleTotals(p)
	if now-l.heard < max(e.settle, e.liveWindow) {
		return
	}
	idle := true
	for i := range l.sides {
		s := &l.sides[i]
		if a := s.alarm; a != nil {
			if m := p.recent.insideAfter(a.seen, i); m != 0 {
				e.endLate(p, s, a, m)
				s.alarm = nil
			} else {
				idle = false
			}
		}
	}
	kept := l.await[:0]
	for _, w := range l.await {
		if m := p.recent.insideAfter(w.alarm.seen, w.side); m != 0 {
			e.endLate(p, &l.sides[w.side], w.alarm, m)
		} else {
			kept = append(kept, w)
		}
	}
	l.await = kept
	if idle && len(kept) == 0 && now-l.heard >= lateKept {
		p.late = nil
		e.touch(p)
	}
}

// endLate returns a late alarm at the live track's reading m, or at its own
// first reading inside if it had begun to clear.
func (e *Engine) endLate(p *point, s *side, a *open, m int64) {
	e.tellLate(p, s, a)
	over := m
	if a.clear.since != 0 {
		over = a.clear.since
	}
	e.emit(alerting.Returned, p.limitAlarm(s, a, over), m)
	p.spend(s.band.kind, a)
	e.touch(p)
}

// times remembers the last readings of a track: when, and on which sides they
// were inside by the hysteresis. As many as an edge puts into one message, so
// that a message delivered twice is recognised; what comes again later is the
// delivery ranges' business.
type times struct {
	at   [64]int64 // time<<2 | inside high | inside low<<1
	n    int
	next int
}

func (x *times) add(t int64, inside [2]bool) {
	v := t << 2
	if inside[0] {
		v |= 1
	}
	if inside[1] {
		v |= 2
	}
	x.at[x.next] = v
	x.next = (x.next + 1) % len(x.at)
	x.n = min(x.n+1, len(x.at))
}

// get returns the i-th remembered entry, oldest first.
func (x *times) get(i int) int64 { return x.at[(x.next-x.n+i+len(x.at))%len(x.at)] }

func (x *times) has(t int64) bool {
	for i := range x.n {
		if x.at[i]>>2 == t {
			return true
		}
	}
	return false
}

// insideAfter returns the earliest remembered reading after t that is inside on
// the given side, or 0. The readings were added in the order of their times.
func (x *times) insideAfter(t int64, side int) int64 {
	for i := range x.n {
		if v := x.get(i); v>>2 > t && v>>side&1 == 1 {
			return v >> 2
		}
	}
	return 0
}
