package duty

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/notify"
)

// incident is what stays the same when an alarm flaps, and what several points
// of one room share: one thing to tell people of.
type incident string

func incidentOf(rule alerting.RuleName, object string) incident {
	place := object
	parts := strings.SplitN(object, "/", 4)
	switch layer := treat(rule).layer; {
	case layer == powerLayer, isUpkeep(rule):
		place = parts[0] // three phases are one power cut, all calibrations of a site one errand
	case rule == alerting.Spoilage: // each batch is a matter of its own, and of the room where it lies now
	case layer == pointLayer && len(parts) == 3:
		place = parts[0] + "/" + parts[1]
	}
	if warms(rule) {
		rule = "warm"
	}
	return incident(string(rule) + " " + place)
}

// group is a present incident with everything folded under it.
type group struct {
	incident incident
	site     string
	family   Family
	level    alerting.Level
	critical bool
	members  []Alarm   // present, not withheld, worst first; the first leads
	folded   int       // consequences, beside the members
	base     time.Time // from when the delays count
	ready    time.Time // before this it may yet turn out to be a consequence
	since    time.Time // start of the first alarm of the chain of flaps
	count    int       // how often it was raised in that chain
	pauses   []stretch
}

func (g *group) lead() Alarm { return g.members[0] }

// covers lists what a message of this group tells of.
func (g *group) covers() []Cover {
	out := make([]Cover, len(g.members))
	for i, m := range g.members {
		out[i] = Cover{m.ID, m.Rule, m.Object, m.Level}
	}
	return out
}

// history is all alarms of an incident, present or not, by start.
type history struct {
	alarms []Alarm
	since  time.Time // start of the newest chain of flaps
	count  int       // alarms in it, those of one moment counted once
	over   time.Time // zero while one is present
}

func (e *evaluation) histories() map[incident]*history {
	out := map[incident]*history{}
	seen := map[string]bool{}
	for _, a := range e.s.Alarms {
		// Told twice; nobody's message; or one that troubles and drills tell themselves.
		if seen[a.ID] || a.Class == alerting.Late || IsOwn(a.Rule) {
			continue
		}
		seen[a.ID] = true
		key := incidentOf(a.Rule, a.Object)
		h := out[key]
		if h == nil {
			h = &history{}
			out[key] = h
		}
		h.alarms = append(h.alarms, a)
	}
	for _, h := range out {
		slices.SortFunc(h.alarms, func(x, y Alarm) int {
			return cmp.Or(x.Start.Compare(y.Start), cmp.Compare(x.ID, y.ID))
		})
		h.chain(e.s.Plan.Flap.Of())
	}
	return out
}

// chain finds the newest run of alarms with less than flap between them.
func (h *history) chain(flap time.Duration) {
	var end time.Time
	open := false
	for i, a := range h.alarms {
		switch {
		case i == 0 || !open && a.Start.Sub(end) > flap:
			h.since, h.count = a.Start, 1
		case !open && a.Start.After(end):
			h.count++ // over in between: raised again
		}
		if a.present() {
			open = true
		}
		end = latest(end, a.over())
	}
	if !open {
		h.over = end
	}
}

// fold sorts the present alarms into groups and says which alarms are folded
// under which other one.
func (e *evaluation) fold() {
	e.under = map[string]string{}
	causes := map[string][]Alarm{} // by site: what can be a cause
	for _, h := range e.past {
		for _, a := range h.alarms {
			if treat(a.Rule).layer < pointLayer {
				causes[a.Site()] = append(causes[a.Site()], a)
			}
		}
	}
	for _, list := range causes {
		slices.SortFunc(list, func(x, y Alarm) int {
			return cmp.Or(cmp.Compare(treat(x.Rule).layer, treat(y.Rule).layer), x.Rung.Compare(y.Rung), cmp.Compare(x.ID, y.ID))
		})
	}
	by := map[incident]*group{}
	children := map[incident]int{}
	for key, h := range e.past {
		for _, a := range h.alarms {
			if !a.present() {
				continue
			}
			base := a.Rung
			if cause, held := e.cause(a, causes[a.Site()], &base); held {
				e.under[a.ID] = cause.ID
				children[incidentOf(cause.Rule, cause.Object)]++
				continue
			}
			if e.withheld(a, &base) {
				continue
			}
			g := by[key]
			if g == nil {
				g = &group{incident: key, site: a.Site(), family: FamilyOf(a.Rule), level: a.Level, base: base, since: h.since, count: h.count}
				by[key] = g
			}
			if a.Level.MoreSevere(g.level) {
				g.level, g.base = a.Level, base
			} else if a.Level == g.level {
				g.base = earliest(g.base, base)
			}
			g.members = append(g.members, a)
		}
	}
	for key, g := range by {
		g.folded = children[key]
		g.finish(e)
		e.groups = append(e.groups, g)
	}
	slices.SortFunc(e.groups, func(x, y *group) int {
		return cmp.Or(x.base.Compare(y.base), cmp.Compare(x.lead().ID, y.lead().ID))
	})
	e.gather()
}

// finish orders the members and works out the pauses.
func (g *group) finish(e *evaluation) {
	slices.SortFunc(g.members, func(x, y Alarm) int {
		if x.Level != y.Level {
			if x.Level.MoreSevere(y.Level) {
				return -1
			}
			return 1
		}
		return cmp.Or(x.Rung.Compare(y.Rung), cmp.Compare(x.ID, y.ID))
	})
	g.critical = IsCritical(g.lead().Rule, g.level)
	var steps []Step
	for _, a := range e.past[g.incident].alarms { // who answered before it flapped has answered
		for _, step := range a.Steps {
			if !a.Start.Before(g.since) && !e.takenBack(step, g.incident) {
				steps = append(steps, step)
			}
		}
	}
	g.pauses = e.s.Plan.pauses(steps, g.level)
	g.ready = g.base
	if !atOnce(g.lead().Alarm) && g.family != Power {
		g.ready = g.base.Add(e.s.Plan.Fold.Of())
	}
}

// takenBack reports whether somebody who answered was then told that it is
// over: he will have turned round.
func (e *evaluation) takenBack(s Step, key incident) bool {
	return slices.ContainsFunc(e.of(s.Person).mentions[key], func(m mention) bool {
		return m.kind == notify.Returned && !m.at.Before(s.At)
	})
}

// gather makes a power cut wait a moment when another site's came just before:
// it may be the county's.
func (e *evaluation) gather() {
	window := e.s.Plan.Fold.Of()
	var before *group
	for _, g := range e.groups { // by base
		if g.family != Power {
			continue
		}
		if before != nil && before.site != g.site && g.base.Sub(before.base) <= window {
			g.ready = before.ready
			if g.base.After(before.base) {
				g.ready = latest(g.ready, g.base.Add(window))
			}
		}
		before = g
	}
}

// cause finds the nearest to the root that explains alarm a. While a cause is
// there, and for a while after it has gone, its consequences are held; after
// that their delays begin anew.
func (e *evaluation) cause(a Alarm, causes []Alarm, base *time.Time) (Alarm, bool) {
	if atOnce(a.Alarm) {
		return Alarm{}, false
	}
	for _, c := range causes {
		if !explains(c, a) {
			continue
		}
		// What harms the goods and was there before the cause is not its consequence.
		if FamilyOf(a.Rule) == Goods && a.Rung.Before(c.Rung.Add(-e.s.Plan.Fold.Of())) {
			continue
		}
		if c.present() {
			return c, true
		}
		free := c.over().Add(e.s.Plan.Unfold.Of())
		if a.Rung.After(free) {
			continue
		}
		if !e.reached(free) {
			return c, true
		}
		*base = latest(*base, free)
	}
	return Alarm{}, false
}

// explains reports whether alarm c, were it there, would be the reason for a.
func explains(c, a Alarm) bool {
	lc, la := treat(c.Rule).layer, treat(a.Rule).layer
	if lc >= la || c.ID == a.ID {
		return false
	}
	same := func(x, y string) bool { return x != "" && x == y }
	switch lc {
	case powerLayer, siteLayer:
		return true // of one site, as the caller has sorted them
	case gatewayLayer:
		return a.Place.Gateway == "" || c.Place.Gateway == "" || c.Place.Gateway == a.Place.Gateway
	case busLayer:
		return same(c.Place.Bus, a.Place.Bus)
	case deviceLayer:
		return same(c.Place.Bus, a.Place.Bus) && same(c.Place.Device, a.Place.Device)
	}
	return false
}

// withheld reports whether a shelf or something planned holds the alarm back
// now. When it has ended, the delays begin anew.
func (e *evaluation) withheld(a Alarm, base *time.Time) bool {
	held := false
	term := func(from, until time.Time) {
		switch {
		case !e.reached(from):
		case !e.reached(until):
			held = true
		case until.After(*base):
			*base = until
		}
	}
	for _, s := range e.s.Shelves {
		if s.matches(a.Alarm) {
			term(s.From, s.Until)
		}
	}
	for _, o := range e.s.Outages {
		if o.matches(a.Alarm) {
			term(o.From, o.Until)
		}
	}
	for _, d := range e.s.Disuses {
		if d.matches(a.Alarm) {
			term(d.From, d.Until)
		}
	}
	return held
}
