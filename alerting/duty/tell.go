package duty

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/notify"
)

// tell turns what a person is due to be told into as few messages as will do.
func (e *evaluation) tell(p Person, due []candidate) {
	slices.SortStableFunc(due, func(x, y candidate) int { return cmp.Or(x.rank()-y.rank(), x.due.Compare(y.due)) })
	var parts [][]candidate
	var wides []Family
	first := len(due)
	if i := slices.IndexFunc(due, func(c candidate) bool { return c.group == nil }); i >= 0 {
		first = i
	}
	rest, over := due[:first:first], due[first:]
	for _, family := range []Family{Power, Link} {
		var wide []candidate
		wide, rest = e.wide(p, family, rest)
		if len(wide) > 0 {
			parts, wides = append(parts, wide), append(wides, family)
		}
	}
	rest = slices.DeleteFunc(rest, func(c candidate) bool { return c.due.After(e.now) })
	if len(rest) > e.s.Plan.Merge {
		parts, wides = append(parts, rest), append(wides, "")
	} else {
		for _, c := range rest {
			parts, wides = append(parts, []candidate{c}), append(wides, "")
		}
	}
	if len(over) > 0 {
		parts, wides = append(parts, over), append(wides, "")
	}
	// What is critical is not to wait behind what is not.
	order := make([]int, len(parts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return parts[x][0].rank() - parts[y][0].rank() })
	var held []candidate
	for _, i := range order {
		if e.room(p, parts[i][0].rank() == 0) {
			e.emit(p, parts[i], wides[i], len(parts[i]) > 1 && wides[i] == "")
		} else {
			held = append(held, parts[i]...)
		}
	}
	e.digest(p, held)
}

// rank is 0 for what is critical, 1 for what is not, 2 for what is over.
func (c candidate) rank() int {
	switch {
	case c.group == nil:
		return 2
	case c.group.critical:
		return 0
	}
	return 1
}

// wide takes out of the candidates those of one family that are the whole
// county's: of many sites at once, for one person. What would be his turn later
// goes with what is due now. A person who was just told of the county is told
// of further sites later, unless one is his own.
func (e *evaluation) wide(p Person, family Family, all []candidate) (wide, rest []candidate) {
	sites := map[string]bool{}
	for _, g := range e.groups {
		if g.family == family {
			sites[g.site] = true
		}
	}
	n := len(sites)
	if n < 2 || n < e.s.Plan.WideSites && (e.s.Sites == 0 || float64(n) < e.s.Plan.WideShare*float64(e.s.Sites)) {
		return nil, all
	}
	ring := false
	of := map[string]bool{}
	for _, c := range all {
		if c.group == nil || c.group.family != family {
			rest = append(rest, c)
			continue
		}
		if c.free.After(e.now) {
			e.reached(c.free) // not even with the others
			continue
		}
		wide = append(wide, c)
		of[c.group.site] = true
		ring = ring || !c.due.After(e.now)
	}
	if len(p.Sites) == 0 && len(wide) > 0 {
		if last := e.lastWide(p, family); !last.IsZero() && !e.reached(last.Add(e.s.Plan.Repeat.Of())) {
			return nil, rest
		}
	}
	switch {
	case !ring: // nothing is due yet: it waits for the others
		return nil, rest
	case len(of) < 2:
		return nil, all // his own site's message says more
	}
	return wide, rest
}

// servedSites is how many sites of a family's present groups are a person's.
func (e *evaluation) servedSites(p Person, family Family) int {
	sites := map[string]bool{}
	for _, g := range e.groups {
		if g.family == family && p.Serves(g.site) {
			sites[g.site] = true
		}
	}
	return len(sites)
}

func (e *evaluation) lastWide(p Person, family Family) time.Time {
	var last time.Time
	for _, t := range e.of(p.ID).intents {
		if t.Wide == family && t.Kind != notify.Returned {
			last = latest(last, t.At)
		}
	}
	return last
}

// room reports whether a person may be sent one more message in this hour.
func (e *evaluation) room(p Person, critical bool) bool {
	most := e.s.Plan.Cap
	if !critical {
		most -= e.s.Plan.Reserve
	}
	n := 0
	for _, t := range e.of(p.ID).intents {
		if t.At.Add(time.Hour).After(e.now) {
			n++
		}
	}
	for _, i := range e.out {
		if i.Person == p.ID {
			n++
		}
	}
	return n < most
}

// digest sends what is beyond the cap in one message, in the next slot.
func (e *evaluation) digest(p Person, held []candidate) {
	if len(held) == 0 {
		return
	}
	length := e.s.Plan.Digest.Of()
	slot := e.now.Truncate(length)
	free := e.now
	for _, t := range e.of(p.ID).intents {
		if !t.At.Before(slot) {
			free = slot.Add(length)
		}
		e.reached(t.At.Add(time.Hour)) // then there may be room again
	}
	if slices.ContainsFunc(e.out, func(i Intent) bool { return i.Person == p.ID }) {
		free = slot.Add(length)
	}
	if e.reached(free) {
		e.emit(p, held, "", len(held) > 1)
	}
}

// emit makes one intent of the parts, worst first.
func (e *evaluation) emit(p Person, parts []candidate, wide Family, digest bool) {
	first := parts[0]
	if first.group == nil {
		e.emitReturned(p, parts)
		return
	}
	i := Intent{Kind: notify.Reminder, Level: alerting.Warning, Person: p.ID, At: e.now, Wide: wide, Count: first.group.count}
	sites := map[string]bool{}
	voice := false
	for _, c := range parts {
		if c.group == nil { // over, and waiting behind the cap: it goes with the digest
			continue
		}
		if c.kind == notify.Raised || c.kind == notify.Grown && i.Kind != notify.Raised {
			i.Kind = c.kind
		}
		if c.group.level.MoreSevere(i.Level) {
			i.Level = c.group.level
		}
		i.Critical = i.Critical || c.group.critical
		voice = voice || c.voice && c.group.critical
		sites[c.group.site] = true
		i.Covers = append(i.Covers, c.group.covers()...)
		i.Folded += c.group.folded
	}
	i.Sites = len(sites)
	if wide != "" {
		i.Sites = e.servedSites(p, wide)
	}
	if digest {
		i.Kind = notify.Digest
	}
	chain := e.s.Plan.chain(i.Critical)
	i.Channels, i.Take = e.channels(p, chain, voice), chain.Take
	lead := first.group.lead()
	i.Key = fmt.Sprintf("%s/%s/%s/%s/%d", lead.ID, i.Level, p.ID, i.Kind, first.round)
	e.add(i)
}

// add puts an intent out, under a key that no earlier one has. A key comes
// again when the same alarm came back after it was said to be over, or when it
// lasts longer than the memory: the number of the memory's length since 1970 is
// part of the key, so that what is forgotten cannot stand in the way.
func (e *evaluation) add(i Intent) {
	used := func(key string) bool {
		same := func(t Told) bool { return t.Key == key }
		return slices.ContainsFunc(e.of(i.Person).intents, same) ||
			slices.ContainsFunc(e.out, func(o Intent) bool { return o.Key == key })
	}
	key := fmt.Sprintf("%s@%d", i.Key, e.now.Unix()/int64(Memory/time.Second))
	i.Key = key
	for n := 2; used(i.Key); n++ {
		i.Key = fmt.Sprintf("%s/%d", key, n)
	}
	e.out = append(e.out, i)
}

// returns lists what is over and was told to a person, so that it is taken
// back once: at once from whoever has answered it, else when it cannot flap
// any more, and not in his sleep. Who should have been told and was not, because
// it was over before any channel had taken it, learns so that it was there.
func (e *evaluation) returns(p Person) []candidate {
	at := e.today[p.ID]
	m := e.of(p.ID)
	over := map[incident]bool{}
	var out []candidate
	for key := range m.mentions {
		h := e.past[key]
		if h == nil || h.over.IsZero() {
			continue
		}
		if any, _ := m.known(key, h.since, alerting.Warning); any.IsZero() && !m.missed(key, h.since) {
			continue
		}
		answered := slices.ContainsFunc(h.alarms, func(a Alarm) bool {
			return !a.Start.Before(h.since) && slices.ContainsFunc(a.Steps, func(s Step) bool { return s.Person == p.ID })
		})
		if !answered && (!e.reached(h.over.Add(e.s.Plan.Flap.Of())) || at.away || at.asleep && !e.reached(at.changes)) {
			continue
		}
		over[key] = true
	}
	for key := range over {
		if !e.wholeOver(m, key, over) {
			continue
		}
		h := e.past[key]
		c := candidate{due: h.over, channels: e.quietly(p, m, key)}
		for _, a := range h.alarms {
			if !a.Start.Before(h.since) {
				c.returned = append(c.returned, Cover{a.ID, a.Rule, a.Object, a.Level})
			}
		}
		if len(c.channels) > 0 {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(x, y candidate) int {
		return cmp.Or(x.due.Compare(y.due), cmp.Compare(x.returned[0].Alarm, y.returned[0].Alarm))
	})
	return out
}

// wholeOver reports whether everything is over that was told in one message
// with an incident: the county's power cut is over when the last site has power.
func (e *evaluation) wholeOver(m *memory, key incident, over map[incident]bool) bool {
	for _, t := range m.intents {
		if t.Kind == notify.Returned || len(t.Covers) < 2 {
			continue
		}
		keys := make([]incident, len(t.Covers))
		for i, c := range t.Covers {
			keys[i] = incidentOf(c.Rule, c.Object)
		}
		if !slices.Contains(keys, key) || t.At.Before(e.past[key].since) {
			continue
		}
		for _, k := range keys {
			h := e.past[k]
			if h == nil || over[k] {
				continue
			}
			if known, _ := m.known(k, h.since, alerting.Warning); h.over.IsZero() || !known.IsZero() {
				return false
			}
		}
	}
	return true
}

// quietly are the channels for what is over: never a call, and a short message
// only when a call or a short message has told of it.
func (e *evaluation) quietly(p Person, m *memory, key incident) []string {
	paid := false
	for _, t := range m.intents {
		if !slices.ContainsFunc(t.Covers, func(c Cover) bool { return incidentOf(c.Rule, c.Object) == key }) {
			continue
		}
		for _, a := range t.Attempts {
			c, _ := e.s.Plan.channel(a.Channel)
			paid = paid || a.OK() && (c.Medium == SMS || c.Medium == Voice)
		}
		paid = paid || t.unheard() && t.Critical // this is all he hears of it
	}
	var out []string
	both := append(slices.Clone(e.s.Plan.Warning.Channels), e.s.Plan.Critical.Channels...)
	for _, name := range e.channels(p, Chain{Channels: both}, false) {
		c, _ := e.s.Plan.channel(name)
		if !slices.Contains(out, name) && (c.Medium != SMS || paid) {
			out = append(out, name)
		}
	}
	return out
}

func (e *evaluation) emitReturned(p Person, parts []candidate) {
	i := Intent{Kind: notify.Returned, Level: alerting.Warning, Person: p.ID, At: e.now, Take: 1}
	sites := map[string]bool{}
	for _, c := range parts {
		if len(c.channels) > len(i.Channels) {
			i.Channels = c.channels
		}
		for _, r := range c.returned {
			if r.Level.MoreSevere(i.Level) {
				i.Level = r.Level
			}
			sites[r.Site()] = true
			i.Covers = append(i.Covers, r)
		}
	}
	i.Sites = len(sites)
	i.Key = fmt.Sprintf("%s/%s/%s/%s/0", i.Covers[0].Alarm, i.Level, p.ID, i.Kind)
	e.add(i)
}
