package engine

import "coldchain/alerting"

// side judges one point against the limits of one side. The same code judges
// live and late data; what is told to whom is decided by the caller.
type side struct {
	band    *band
	late    bool      // of the late track
	pending []pending // one per line of the band
	alarm   *open     // nil when none
}

// pending is the run of one line.
type pending struct {
	stretch
	// earlier are the runs before this one, oldest first, with nothing but holes
	// between: late data may fill those. See bridge.
	earlier []stretch
	// from is of late runs: since when no reading of the live track lies between
	// the run's own. Without a run it is the newest late reading inside.
	from int64
}

// stretch is a run with the worst value in it.
type stretch struct {
	run
	peak  float64
	after int64 // the usable reading before the run's first; 0 when there was none
	next  int64 // in a total: the first reading after it; 0 when none is known
}

// maxEarlier bounds what is remembered of a run with many holes in it.
const maxEarlier = 8

// open is an alarm that is present. Its limits are frozen: a configuration
// that changes meanwhile judges the next one.
type open struct {
	id                       string // derived when it is first told; not state
	born                     int64  // the start that gave the identity, once the start has moved; else 0
	start, raised, escalated int64  // event time; escalated is 0 when it never was
	after                    int64  // the usable reading before start, when it was raised; 0 when none

	first, line alerting.Limit // the line that raised it; the most severe that has matured
	clears      alerting.Limit // the mildest line, which decides the return
	hysteresis  float64

	peak, last float64
	seen       int64 // newest usable reading
	masked     int64 // how long it was held back before it was raised
	clear      run   // inside by the hysteresis
	class      alerting.Class
	told       int64 // event time of the newest reading a transition told; class "" while nothing was told
}

// change is what one reading did to one side, the most important thing only.
type change uint8

const (
	nothing   change = iota
	followed         // an alarm is open and goes on
	peaked           // an alarm is open and has a new worst value
	raised           // the first line has matured
	escalated        // a more severe line has matured
	returned         // over; the side has no alarm any more
)

func newSide(b *band) side { return side{band: b, pending: make([]pending, len(b.lines))} }

func newLateSide(b *band) side {
	s := newSide(b)
	s.late = true
	return s
}

// sample is a usable reading as a side judges it.
type sample struct {
	t      int64
	v      float64
	good   bool
	least  int64   // see hole
	before int64   // the usable reading before this one; 0 when there is none
	above  float64 // how far above a limit a mask excuses it; 0 when none does
}

// judge lets a usable reading count. A reading that is not good counts when it
// is outside and says nothing when it is inside. The alarm is the one changed.
// told is what people know of the same runs already; nil when nothing.
func (s *side) judge(r *sample, told *open) (change, *open) {
	s.count(r)
	if s.alarm == nil {
		return s.raise(r.t, r.v, told)
	}
	return s.follow(r)
}

// count adds a usable reading to the runs of the lines.
func (s *side) count(r *sample) {
	for i := range s.pending {
		p, line := &s.pending[i], &s.band.lines[i]
		switch {
		case s.band.kind.isTotal():
			p.add(line, r, s.band.masks(line, r))
		case line.Crossed(r.v):
			h := hole(line.Delay.Milliseconds(), r.least)
			if !s.late && p.since != 0 && r.t-p.last > h {
				p.keep()
			}
			p.count(r.t, h)
			if p.since == r.t {
				p.after, p.from = r.before, r.t
			}
			p.worsen(line.Side, r.v)
			if s.band.masks(line, r) {
				p.hold()
			}
		case r.good:
			if p.says() { // most of the time there is nothing to forget
				*p = pending{}
			}
			if s.late {
				p.from = r.t
			}
		default:
			p.freeze(r.t)
		}
	}
}

// worsen takes a value into the run that it is the newest of.
func (s *stretch) worsen(side alerting.Side, v float64) {
	if s.since == s.last || worse(side, v, s.peak) {
		s.peak = v
	}
}

// reset forgets what is pending and what is open.
func (s *side) reset() {
	late := s.late
	*s = newSide(s.band)
	s.late = late
}

// identify keeps the identity that a start gave before it moves, if it was told.
func (a *open) identify(start int64) {
	if a.born == 0 && a.class != "" {
		a.born = start
	}
}

// freeze notes a bad reading.
func (s *side) freeze(t int64) {
	for i := range s.pending {
		s.pending[i].freeze(t)
	}
	if s.alarm != nil {
		s.alarm.clear.freeze(t)
	}
}

// matured reports whether line i has been crossed for its delay, by a reading
// of now.
func (s *side) matured(i int, t int64) bool {
	p, line := &s.pending[i], &s.band.lines[i]
	if p.since == 0 || p.last != t || p.frozen == t {
		return false
	}
	lasted := p.lasted()
	if line.Within != 0 {
		lasted = p.total(t, line.Within.Milliseconds())
	}
	return lasted >= line.Delay.Milliseconds()
}

// raise opens an alarm at the most severe line that has matured. It starts at
// the first reading outside any of the matured ones, so that lines that mature
// with the same reading are one alarm from its first reading on. What people
// were told of as seriously is not told again.
func (s *side) raise(t int64, v float64, told *open) (change, *open) {
	var a *open
	for i := range s.pending {
		line := s.band.lines[i]
		if !s.matured(i, t) || told != nil && !line.Level.MoreSevere(told.line.Level) {
			continue
		}
		x := s.extent(i)
		if a == nil {
			a = &open{start: x.since, raised: t, peak: x.peak, clears: s.band.clears(), hysteresis: s.band.hysteresis, last: v, seen: t}
		}
		if x.since < a.start || a.first == (alerting.Limit{}) {
			a.start, a.after = x.since, x.after
		}
		if worse(s.band.side, x.peak, a.peak) {
			a.peak = x.peak
		}
		a.first, a.line, a.masked = line, line, max(a.masked, x.masked)
	}
	if a == nil {
		return nothing, nil
	}
	s.alarm = a
	return raised, a
}

func (s *side) follow(r *sample) (change, *open) {
	a, what := s.alarm, followed
	a.last, a.seen = r.v, r.t
	if worse(s.band.side, r.v, a.peak) {
		a.peak, what = r.v, peaked
	}
	switch {
	case !a.clears.Cleared(r.v, a.hysteresis):
		a.clear = run{}
	case r.good:
		delay := a.clears.Delay.Milliseconds()
		a.clear.count(r.t, hole(delay, r.least))
		if a.clear.lasted() >= delay {
			s.alarm = nil
			return returned, a
		}
	default:
		a.clear.freeze(r.t)
	}
	for i := range s.pending {
		if s.matured(i, r.t) && moreSevere(s.band.lines[i], a.line) {
			a.line, a.escalated, what = s.band.lines[i], r.t, escalated
		}
	}
	return what, a
}

// inside reports whether v lies inside every line by the hysteresis.
func (s *side) inside(v float64) bool {
	return len(s.band.lines) == 0 || s.band.lines[0].Cleared(v, s.band.hysteresis)
}

// outside reports whether v lies outside the mildest line.
func (s *side) outside(v float64) bool {
	return len(s.band.lines) > 0 && s.band.lines[0].Crossed(v)
}
