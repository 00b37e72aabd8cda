package engine

import (
	"cmp"
	"slices"

	"coldchain/alerting"
	"coldchain/sensors"
)

// Times beyond a limit add up: the runs of a window, newest last. Each run is
// measured by evidence, as everywhere; from one run to the next nothing counts.

// maxParts bounds what is remembered of a window; in more runs the two oldest
// become one, as long as both.
const maxParts = 64

// add lets a reading count towards a cumulative line.
func (p *pending) add(line *alerting.Limit, r *sample, masked bool) {
	switch {
	case line.Crossed(r.v):
		if p.since != 0 && r.t-p.last > r.least {
			p.part(r.t)
		}
		if p.since == 0 {
			p.after = r.before
		}
		p.count(r.t, r.least)
		p.worsen(line.Side, r.v)
		if masked {
			p.hold()
		}
	case r.good:
		p.part(r.t)
	default:
		p.freeze(r.t)
	}
	if len(p.earlier) == 0 {
		return
	}
	from := r.t - line.Within.Milliseconds()
	p.earlier = slices.DeleteFunc(p.earlier, func(s stretch) bool { return s.last <= from })
}

// part ends the present run before a reading at next, and keeps it. One reading
// alone has lasted for no time; late data may add to it.
func (p *pending) part(next int64) {
	if p.since != 0 {
		s := p.stretch
		s.frozen, s.next = 0, next
		p.earlier = slices.Insert(p.earlier, p.place(s.since), s)
		p.merge()
		p.stretch = stretch{}
	}
}

// place is where a run that begins at t stands among the earlier ones.
func (p *pending) place(t int64) int {
	i, _ := slices.BinarySearchFunc(p.earlier, t, func(s stretch, t int64) int { return cmp.Compare(s.since, t) })
	return i
}

func (p *pending) merge() {
	for len(p.earlier) > maxParts {
		a, b := p.earlier[0], &p.earlier[1]
		b.held += a.held + b.since - a.last
		b.since = a.since
		p.earlier = slices.Delete(p.earlier, 0, 1)
	}
}

// total is the time beyond the line in the window that ends at t.
func (p *pending) total(t, within int64) int64 {
	sum := p.stretch.between(t-within, t)
	for i := range p.earlier {
		sum += p.earlier[i].between(t-within, t)
	}
	return sum
}

// between is how much of a run lies in a window; of one whose held time may lie
// on either side of the window's edge, as much as can.
func (s *stretch) between(from, to int64) int64 {
	if s.since == 0 || s.last <= from || s.since >= to {
		return 0
	}
	return min(s.lasted(), min(s.last, to)-max(s.since, from))
}

// extent is what line i's alarm is about: its run, or of a total everything that
// was added up.
func (s *side) extent(i int) stretch {
	p := &s.pending[i]
	x := p.stretch
	if !s.band.kind.isTotal() || len(p.earlier) == 0 {
		return x
	}
	x.since, x.after = p.earlier[0].since, 0
	for _, part := range p.earlier {
		if worse(s.band.side, part.peak, x.peak) {
			x.peak = part.peak
		}
	}
	return x
}

// told returns the alarm that tells of a run that a total adds up; nil when there
// is none, or for what is no total.
func (p *point) told(k kind) *open {
	if !k.isTotal() {
		return nil
	}
	return p.sides[k.way()].alarm
}

// toldLate is told for what late data has added: the late track's alarms count,
// too. Of several the most serious.
func (p *point) toldLate(k kind) *open {
	told := p.told(k)
	more := func(a *open) {
		if a != nil && (told == nil || a.line.Level.MoreSevere(told.line.Level)) {
			told = a
		}
	}
	more(p.late.sides[k.way()].alarm)
	for _, w := range p.late.await {
		if w.side == k.way() {
			more(w.alarm)
		}
	}
	return told
}

// spend takes out of a total what an alarm that is over has told, of lines no
// more serious: so much more must come before it is told again.
func (p *point) spend(k kind, a *open) {
	for i := range p.sides {
		s := &p.sides[i]
		if !s.band.kind.isTotal() || s.band.kind.way() != k.way() {
			continue
		}
		for n := range s.pending {
			if !s.band.lines[n].Level.MoreSevere(a.line.Level) {
				s.pending[n].spend(a.start, a.seen)
			}
		}
	}
}

func (p *pending) spend(from, to int64) {
	p.earlier = slices.DeleteFunc(p.earlier, func(s stretch) bool { return s.last > from && s.since <= to })
}

// addLate adds to the totals what a late reading shows together with its
// neighbours: the late reading before it and the runs on either side, with no
// other reading between. So the sum does not depend on what arrived first.
func (p *point) addLate(r sensors.Reading, before int64) {
	l, t := p.late, r.Time.UnixMilli()
	was := l.value
	l.value = value{}
	v, usable := r.Value()
	if usable {
		l.value = value{v, t}
	}
	for i := range p.sides {
		s := &p.sides[i]
		if !s.band.kind.isTotal() {
			continue
		}
		for k := range s.pending {
			x, line := &s.pending[k], &s.band.lines[k]
			if was.at != 0 && line.Crossed(was.v) {
				p.addBefore(x, was, t, line.Side)
			}
			switch {
			case !usable || s.band.masks(line, &sample{v: v, above: p.above(t)}):
			case line.Crossed(v):
				from := x.lastBefore(t)
				if from < before || t-from > p.least {
					from = t
				}
				p.added(x.insert(stretch{run: run{since: from, last: t}, peak: v, after: before}, line.Side), t)
			case r.Quality == sensors.Good:
				x.divide(t)
			}
		}
	}
}

// addLast is addLate for the newest late reading and the run behind it, when no
// more late readings come between.
func (p *point) addLast() {
	was := p.late.value
	for i := range p.sides {
		s := &p.sides[i]
		for k := range s.pending {
			if line := &s.band.lines[k]; s.band.kind.isTotal() && was.at != 0 && line.Crossed(was.v) {
				p.addBefore(&s.pending[k], was, maxTime, line.Side)
			}
		}
	}
}

// addBefore adds the time from a late reading that is outside to the run that
// follows before t.
func (p *point) addBefore(x *pending, was value, t int64, side alerting.Side) {
	if to := x.firstAfter(was.at); to != 0 && to < t && to-was.at <= p.least {
		p.added(x.insert(stretch{run: run{since: was.at, last: to}, peak: was.v}, side), was.at)
	}
}

// added notes that a total has grown by what was measured at t.
func (p *point) added(grown bool, t int64) {
	if l := p.late; grown && (l.added == 0 || t < l.added) {
		l.added = t
	}
}

// parts are all runs of a total.
func (p *pending) parts(yield func(*stretch) bool) {
	for i := range p.earlier {
		if !yield(&p.earlier[i]) {
			return
		}
	}
	if p.since != 0 {
		yield(&p.stretch)
	}
}

// divide notes a late reading inside: runs on either side of it do not touch.
func (p *pending) divide(t int64) {
	for s := range p.parts {
		if s.last < t && (s.next == 0 || s.next > t) {
			s.next = t
		}
		if s.since > t {
			s.after = max(s.after, t)
		}
	}
}

// lastBefore is when the run ends that a reading at t may belong to: the newest
// before it, with no reading between. 0 when there is none.
func (p *pending) lastBefore(t int64) int64 {
	var x *stretch
	for s := range p.parts {
		if s.since < t && (x == nil || s.last > x.last) {
			x = s
		}
	}
	if x == nil || x.last >= t || x.next != 0 && x.next < t {
		return 0
	}
	return x.last
}

// firstAfter is when the run begins that a reading at t may belong to: the first
// after it, with no reading between. 0 when there is none.
func (p *pending) firstAfter(t int64) int64 {
	var x *stretch
	for s := range p.parts {
		if s.last > t && (x == nil || s.since < x.since) {
			x = s
		}
	}
	if x == nil || x.since <= t || x.after > t {
		return 0
	}
	return x.since
}

// insert adds a run, together with what it meets, and reports whether the sum
// grew.
func (p *pending) insert(s stretch, side alerting.Side) bool {
	meets := func(x *stretch) bool { return x.since != 0 && x.last >= s.since && x.since <= s.last }
	join := func(x *stretch) {
		if worse(side, x.peak, s.peak) {
			s.peak = x.peak
		}
		s.held += x.held
		if x.since < s.since || x.since == s.since && s.after == 0 {
			s.since, s.after = x.since, x.after
		}
		if x.last >= s.last {
			s.last, s.next = x.last, x.next
		}
	}
	if s.after >= s.since {
		s.after = 0 // of the run that it goes on with
	}
	sum := func() (all int64) {
		for x := range p.parts {
			all += x.lasted()
		}
		return all
	}
	before := sum()
	for i := 0; i < len(p.earlier); {
		if !meets(&p.earlier[i]) {
			i++
			continue
		}
		join(&p.earlier[i])
		p.earlier = slices.Delete(p.earlier, i, i+1)
		i = 0 // it has grown: it may meet what it did not before
	}
	if meets(&p.stretch) {
		frozen := p.frozen
		join(&p.stretch)
		s.frozen = frozen
		p.stretch = s
	} else {
		p.earlier = slices.Insert(p.earlier, p.place(s.since), s)
		p.merge()
	}
	return sum() > before
}

// settleTotals looks, once no more late readings come for now, whether what
// they have added has reached a total: by now, then it is live; or only at a
// time that is over.
func (e *Engine) settleTotals(p *point) {
	p.addLast()
	from := p.late.added
	if from == 0 {
		return
	}
	p.late.added = 0
	e.touch(p)
	for i := range p.sides {
		s := &p.sides[i]
		if !s.band.kind.isTotal() || s.alarm != nil {
			continue
		}
		told := p.toldLate(s.band.kind)
		if n := s.present(); n != 0 {
			if what, _ := s.raise(n, p.value.v, told); what == raised {
				continue // held back like what matures in a backlog
			}
		}
		e.totalOver(p, s, from, told)
	}
}

// totalOver tells of a total that was reached at some moment after from.
func (e *Engine) totalOver(p *point, s *side, from int64, told *open) {
	var ends []int64
	for k := range s.pending {
		for _, x := range s.pending[k].earlier {
			if x.last >= from {
				ends = append(ends, x.last)
			}
		}
	}
	slices.Sort(ends)
	for _, end := range slices.Compact(ends) {
		a := s.reached(end, told)
		if a == nil {
			continue
		}
		e.reveal(p, s, a, alerting.Late, end)
		over := cmp.Or(p.recent.insideAfter(end, s.band.kind.way()), end)
		e.emit(alerting.Returned, p.limitAlarm(s, a, over), over)
		p.spend(s.band.kind, a)
		return
	}
}

// present is the newest reading of a total's run, 0 when it is not outside.
func (s *side) present() int64 {
	var newest int64
	for k := range s.pending {
		if s.pending[k].since != 0 {
			newest = max(newest, s.pending[k].last)
		}
	}
	return newest
}

// reached makes the alarm of the window that ended at a time gone by; nil when
// its total is below every line.
func (s *side) reached(end int64, told *open) *open {
	then := newSide(s.band)
	for k := range s.pending {
		from := end - s.band.lines[k].Within.Milliseconds()
		for _, x := range s.pending[k].earlier {
			switch {
			case x.last <= from || x.since >= end:
			case x.last >= end:
				then.pending[k].stretch = x
				then.pending[k].last = min(x.last, end)
			default:
				then.pending[k].earlier = append(then.pending[k].earlier, x)
			}
		}
	}
	_, a := then.raise(end, 0, told)
	if a != nil {
		a.last = a.peak
	}
	return a
}
