package duty

import (
	"slices"
	"time"

	"coldchain/alerting"
)

// seat is a person's place in the escalation of a group.
type seat struct {
	person Person
	due    time.Time // when this round comes to him
	begun  time.Time // when this round began
	round  int
	dial   bool // the carriers let him be dialled once more
}

func (p Plan) chain(critical bool) Chain {
	if critical {
		return p.Critical
	}
	return p.Warning
}

// The chain of what can wait for the day. [E]
const (
	upkeepRound   = 7 * 24 * time.Hour
	upkeepManager = 48 * time.Hour
	ageingRound   = 24 * time.Hour // a batch that has to go is not gone in an hour
	ageingOthers  = 4 * time.Hour
	dayBegins     = 8 * time.Hour
	dayEnds       = 20 * time.Hour
)

// chainOf is who is told of a group. Of the county's machinery it is who looks
// after it, and once a week is enough. Of goods that grow old it is who decides
// about them as well, and once a day.
func (p Plan) chainOf(g *group) Chain {
	c := p.chain(g.critical)
	if g.lead().Rule == alerting.Spoilage {
		c.Round = Duration(ageingRound)
		c.Stages = []Stage{{0, []Role{Quality, Keeper, Driver}}, {Duration(ageingOthers), []Role{Deputy, CountyDuty}}}
		return c
	}
	if g.critical || !isUpkeep(g.lead().Rule) {
		return c
	}
	c.Round = Duration(upkeepRound)
	c.Stages = []Stage{{0, []Role{Repairer, CountyDuty}}, {Duration(upkeepManager), []Role{Manager}}}
	return c
}

// byDay is the first moment from t on at which what can wait is told.
func (e *evaluation) byDay(t time.Time) time.Time {
	local := t.In(e.s.Location)
	midnight := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, e.s.Location)
	switch of := local.Sub(midnight); {
	case of < dayBegins:
		return midnight.Add(dayBegins)
	case of >= dayEnds:
		return midnight.AddDate(0, 0, 1).Add(dayBegins)
	}
	return t
}

// seats lists who is to be told of a group in this round, in the order of the
// chain, everybody once. A stage in which nobody can be told now gives its
// moment to the next one.
func (e *evaluation) seats(g *group) []seat {
	chain := e.s.Plan.chainOf(g)
	round := e.round(g, chain)
	begun := after(g.base, time.Duration(round)*chain.Round.Of(), g.pauses)
	var out []seat
	taken := map[string]bool{}
	var early *time.Duration
	for i, persons := range e.stages(g, chain) {
		delay := chain.Stages[i].Delay.Of()
		if early != nil {
			delay = *early
		}
		due := after(g.base, time.Duration(round)*chain.Round.Of()+delay, g.pauses)
		first := after(g.base, delay, g.pauses) // who was not there in the first round is told when he is
		reachable := false
		for _, p := range persons {
			if taken[p.ID] {
				reachable = true
				continue
			}
			taken[p.ID] = true
			any, here := e.of(p.ID).known(g.incident, g.since, g.level)
			s := seat{person: p, due: due, begun: begun, round: round, dial: e.today[p.ID].mayBeDialled(g.critical)}
			if any.IsZero() {
				s.due, s.round = first, 0
			}
			switch {
			case isUpkeep(g.lead().Rule):
				s.due = e.byDay(s.due)
			case g.lead().Rule == alerting.Spoilage: // nor because others are asleep
				s.due = e.byDay(latest(s.due, e.now))
			}
			out = append(out, s)
			// Told in this round already: it was his turn.
			reachable = reachable || s.dial || !here.IsZero() && !here.Before(begun)
		}
		early = nil
		if !reachable {
			early = &delay
		}
	}
	return out
}

// round is how often the chain has been gone through.
func (e *evaluation) round(g *group, chain Chain) int {
	length := chain.Round.Of()
	n := int(e.now.Sub(g.base) / length)
	for n > 0 && after(g.base, time.Duration(n)*length, g.pauses).After(e.now) {
		n--
	}
	n = max(n, 0)
	e.reached(after(g.base, time.Duration(n+1)*length, g.pauses))
	return n
}

// stages fills each stage of the chain with people as they are now.
func (e *evaluation) stages(g *group, chain Chain) [][]Person {
	out := make([][]Person, len(chain.Stages))
	named := map[string]bool{}
	var spare []Person // who has the role and is off duty
	for i, stage := range chain.Stages {
		for _, role := range stage.Roles {
			on, off := e.holders(role, g.site, g.critical)
			if len(on) == 0 {
				on, off = off, nil
			}
			out[i] = append(out[i], on...)
			spare = append(spare, off...)
			for _, p := range on {
				named[p.ID] = true
			}
		}
	}
	if !g.critical {
		return out
	}
	// Three named people: whoever has the next best role, at the end.
	for _, role := range []Role{CountyDuty, Manager, Deputy, Keeper, Repairer} {
		for _, p := range e.people {
			if p.Has(role) && e.mayBeTold(p, true) {
				spare = append(spare, p)
			}
		}
	}
	last := len(out) - 1
	for _, p := range spare {
		if len(named) >= e.s.Plan.LeastNamed {
			break
		}
		if !named[p.ID] {
			named[p.ID] = true
			out[last] = append(out[last], p)
		}
	}
	return out
}

// holders are those who have a role for a site and can be told now, those on
// duty apart.
func (e *evaluation) holders(role Role, site string, critical bool) (on, off []Person) {
	for _, p := range e.people {
		if !p.Has(role) || !p.Serves(site) || !e.mayBeTold(p, critical) {
			continue
		}
		if e.today[p.ID].onDuty {
			on = append(on, p)
		} else {
			off = append(off, p)
		}
	}
	return on, off
}

func (e *evaluation) local() time.Time { return e.now.In(e.s.Location) }

// channels are those of a chain that reach a person and do not fail, in order;
// failing ones come last: they may have been mended.
func (e *evaluation) channels(p Person, chain Chain, voice bool) []string {
	var good, failing []string
	for _, name := range chain.Channels {
		c, ok := e.s.Plan.channel(name)
		switch {
		case !ok || !c.Reaches(p) || c.Medium == Voice && !voice:
		case e.failing(name):
			failing = append(failing, name)
		default:
			good = append(good, name)
		}
	}
	return append(good, failing...)
}

// patience is how long a carrier's limit is waited for. One that frees later
// sends the call to the next person.
const patience = 2 * time.Minute

// mayDial reports whether the carriers let a person's number be called once
// more. A person whom no voice channel reaches needs no call.
func (e *evaluation) mayDial(p Person, chain Chain) bool {
	voice, may := false, false
	for _, name := range chain.Channels {
		c, ok := e.s.Plan.channel(name)
		if !ok || c.Medium != Voice || !c.Reaches(p) || e.failing(name) {
			continue
		}
		voice = true
		free := true
		for _, r := range c.Rates {
			if !r.PerRecipient || r.Per <= patience {
				continue
			}
			calls := e.calls(p.Phone, name, r.Per)
			if len(calls) >= r.Count {
				free = false
				e.reached(calls[len(calls)-r.Count].Add(r.Per))
			}
		}
		may = may || free
	}
	return may || !voice
}

// calls are the moments of the calls to a number in the time before now, also
// those that are decided and not yet made, in order.
func (e *evaluation) calls(phone, channel string, within time.Duration) []time.Time {
	var out []time.Time
	for _, p := range e.s.Roster.Persons {
		if p.Phone != phone {
			continue
		}
		for _, t := range e.of(p.ID).intents {
			if len(t.Attempts) == 0 && slices.Contains(t.Channels, channel) && t.At.Add(within).After(e.now) {
				out = append(out, t.At)
			}
			for _, a := range t.Attempts {
				if a.Channel == channel && a.At.Add(within).After(e.now) {
					out = append(out, a.At)
				}
			}
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}
