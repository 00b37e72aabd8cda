package duty

import (
	"cmp"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/notify"
)

// Due returns the messages that are to be sent at now and are not yet in the
// situation's history, in a fixed order. Putting them into the history and
// asking again gives none.
func Due(now time.Time, s Situation) []Intent {
	e := evaluate(now, s)
	return e.out
}

// Next returns when to ask Due again if nothing happens before; zero: only
// when something happens. Asking earlier does no harm.
func Next(now time.Time, s Situation) time.Time { return evaluate(now, s).wake }

// Folded returns which present alarms are folded, by alarm, under which other
// one.
func Folded(now time.Time, s Situation) map[string]string { return evaluate(now, s).under }

// Queue returns the alarms that wake nobody and wait for the quality officer:
// those that were over before the county learned of them, until somebody has
// looked at them or closed them. Oldest first.
func Queue(s Situation) []Alarm {
	var out []Alarm
	for _, a := range s.Alarms {
		if a.Class == alerting.Late && a.Closed.IsZero() && a.Looked.IsZero() {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(x, y Alarm) int { return cmp.Or(x.Start.Compare(y.Start), cmp.Compare(x.ID, y.ID)) })
	return slices.CompactFunc(out, func(x, y Alarm) bool { return x.ID == y.ID })
}

// evaluation is one look at a situation.
type evaluation struct {
	now    time.Time
	s      Situation
	past   map[incident]*history
	groups []*group
	under  map[string]string
	told   map[string]*memory // by person
	people []Person           // by slug, so that the order in which they are written changes nothing
	today  map[string]*day    // by person
	broken map[string]run     // failures by channel, found when first asked for
	wake   time.Time
	out    []Intent
}

func evaluate(now time.Time, s Situation) *evaluation {
	if s.Location == nil {
		s.Location = time.UTC
	}
	e := &evaluation{now: now, s: s}
	e.past = e.histories()
	e.remember()
	e.meet()
	e.fold()
	due := e.alarms()
	for _, p := range e.people {
		e.tell(p, append(due[p.ID], e.returns(p)...))
	}
	e.troubles()
	e.mornings()
	e.drills()
	e.filings()
	return e
}

// reached reports whether a moment has come; if not, it is one at which to
// look again.
func (e *evaluation) reached(t time.Time) bool {
	if t.After(e.now) {
		e.wake = earliest(e.wake, t)
		return false
	}
	return true
}

// day is how one person stands now, worked out once for each look.
type day struct {
	presence
	may  [2]bool // be told: of warnings, of what is critical
	dial [2]bool // and be dialled
}

// meet looks at everybody once.
func (e *evaluation) meet() {
	e.people = slices.Clone(e.s.Roster.Persons)
	slices.SortFunc(e.people, func(x, y Person) int { return cmp.Compare(x.ID, y.ID) })
	e.today = make(map[string]*day, len(e.people))
	for _, p := range e.people {
		d := &day{presence: p.presence(e.now.In(e.s.Location), e.s.Roster.Holidays)}
		for i, critical := range []bool{false, true} {
			chain := e.s.Plan.chain(critical)
			d.may[i] = !d.away && (critical || !d.asleep) && len(e.channels(p, chain, true)) > 0
			d.dial[i] = e.mayDial(p, chain)
		}
		e.today[p.ID] = d
		if len(e.groups)+len(e.past) > 0 && !d.changes.IsZero() {
			e.reached(d.changes)
		}
	}
}

// mayBeTold reports whether a person is to be disturbed now, and can be.
func (e *evaluation) mayBeTold(p Person, critical bool) bool {
	if critical {
		return e.today[p.ID].may[1]
	}
	return e.today[p.ID].may[0]
}

func (d *day) mayBeDialled(critical bool) bool {
	if critical {
		return d.dial[1]
	}
	return d.dial[0]
}

// mention is one time that a person was told of an incident.
type mention struct {
	at    time.Time
	level alerting.Level
	kind  notify.Kind
	// unheard: it was given up before he heard of it.
	unheard bool
}

// memory is what one person was told.
type memory struct {
	intents  []Told // by time
	mentions map[incident][]mention
}

func (e *evaluation) remember() {
	e.told = map[string]*memory{}
	seen := map[string]bool{}
	for _, t := range e.s.Told {
		if seen[t.Key] {
			continue
		}
		seen[t.Key] = true
		m := e.told[t.Person]
		if m == nil {
			m = &memory{mentions: map[incident][]mention{}}
			e.told[t.Person] = m
		}
		m.intents = append(m.intents, t)
	}
	for _, m := range e.told {
		slices.SortFunc(m.intents, func(x, y Told) int { return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.Key, y.Key)) })
		for _, t := range m.intents {
			for _, c := range t.Covers {
				key := incidentOf(c.Rule, c.Object)
				m.mentions[key] = append(m.mentions[key], mention{t.At, c.Level, t.Kind, t.unheard()})
			}
		}
	}
}

// of returns what a person was told; never nil.
func (e *evaluation) of(person string) *memory {
	if m := e.told[person]; m != nil {
		return m
	}
	return &memory{}
}

// known is when a person was last told of an incident since a moment, at any
// level and at this one or worse. What was taken back by a message that it is
// over is not known any more.
func (m *memory) known(key incident, since time.Time, level alerting.Level) (any, here time.Time) {
	for _, x := range m.mentions[key] {
		switch {
		case x.at.Before(since), x.unheard:
		case x.kind == notify.Returned:
			any, here = time.Time{}, time.Time{}
		default:
			any = x.at
			if !level.MoreSevere(x.level) {
				here = x.at
			}
		}
	}
	return any, here
}

// missed reports whether a message of an incident was given up because it was
// over before a channel had taken it, and nothing was said of it since then.
func (m *memory) missed(key incident, since time.Time) bool {
	missed := false
	for _, x := range m.mentions[key] {
		if !x.at.Before(since) {
			missed = x.unheard && x.kind != notify.Returned || missed && x.unheard
		}
	}
	return missed
}

// candidate is what one person is to be told of one group.
type candidate struct {
	group *group
	kind  notify.Kind
	round int
	due   time.Time // when it is his turn
	free  time.Time // before this it may not be told, not even with something else
	voice bool      // may be dialled

	returned []Cover // of a message that something is over
	channels []string
}

// alarms returns what everybody is to be told of present groups, now or later.
func (e *evaluation) alarms() map[string][]candidate {
	out := map[string][]candidate{}
	for _, g := range e.groups {
		if slices.ContainsFunc(g.pauses, func(s stretch) bool { return s.holds(e.now) && !e.reached(s.to) }) {
			continue
		}
		for _, seat := range e.seats(g) {
			if c, ok := e.candidate(g, seat); ok {
				out[seat.person.ID] = append(out[seat.person.ID], c)
			}
		}
	}
	return out
}

func (e *evaluation) candidate(g *group, s seat) (candidate, bool) {
	c := candidate{group: g, kind: notify.Raised, round: s.round, due: latest(s.due, g.ready), free: g.ready, voice: s.dial}
	if g.family == Power { // it is no consequence of anything: its wait is for company
		c.free = g.base
	}
	known, here := e.of(s.person.ID).known(g.incident, g.since, g.level)
	switch {
	case !known.IsZero() && here.IsZero():
		c.kind, c.due = notify.Grown, latest(g.base, g.ready)
	case !known.IsZero() && (s.round == 0 || !here.Before(s.begun)):
		return c, false // has it, in this round
	case !known.IsZero():
		c.kind, c.free = notify.Reminder, here.Add(e.s.Plan.Repeat.Of())
		c.due = latest(c.due, c.free)
	}
	e.reached(c.due)
	return c, true
}
