package trip

import (
	"cmp"
	"slices"
	"strings"
)

// road is the facts in order of time.
type road struct {
	track
	facts  Facts
	until  int64
	doors  []ajar
	aboard []carried
	says   []Say   // of phases
	empty  []int64 // when somebody said so
	home   []cut
}

// ajar is a time for which the door was seen open; to is exclusive.
type ajar struct {
	span
	still bool // nothing was heard of it since
}

// carried is a stay with its times in ms; to is 0 while it goes on.
type carried struct {
	span
	Aboard
}

// cut is a stay at home: the trip before it ends at end, the next one begins at
// begin or later.
type cut struct {
	span
	end, begin int64
	// open says that goods from before are still aboard: the trip goes on.
	open bool
}

// piece is a trip's time; to is the newest evidence for it.
type piece struct {
	span
	open bool
}

func newRoad(f Facts) *road {
	r := &road{facts: f, until: f.Until.UnixMilli()}
	for _, a := range f.Aboard {
		c := carried{span{from: a.From.UnixMilli()}, a}
		if !a.To.IsZero() && a.To.UnixMilli() <= r.until {
			c.to = a.To.UnixMilli()
		}
		if c.from <= r.until && (c.to == 0 || c.from <= c.to) {
			r.aboard = append(r.aboard, c)
		}
	}
	slices.SortFunc(r.aboard, func(a, b carried) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.Batch, b.Batch), cmp.Compare(a.to, b.to))
	})
	for _, s := range f.Says {
		at := s.At.UnixMilli()
		if s.Empty && at <= r.until {
			r.empty = append(r.empty, at)
		}
		if s.Phase != "" && at <= r.until {
			r.says = append(r.says, s)
		}
	}
	slices.SortFunc(r.says, func(a, b Say) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Phase, b.Phase), cmp.Compare(a.By, b.By))
	})
	fixes := slices.DeleteFunc(slices.Clone(f.Fixes), func(x Fix) bool { return x.At.UnixMilli() > r.until })
	r.track = newTrack(fixes, f.Places, r.elsewhere)
	r.open()
	r.atHome()
	return r
}

// open finds when the door stood open: from the first reading that says so to
// the first that does not, or to the last before a hole.
func (r *road) open() {
	type reading struct {
		at   int64
		open bool
	}
	list := make([]reading, 0, len(r.facts.Doors))
	for _, d := range r.facts.Doors {
		if at := d.At.UnixMilli(); at <= r.until {
			list = append(list, reading{at, d.Open})
		}
	}
	slices.SortFunc(list, func(a, b reading) int {
		if c := cmp.Compare(a.at, b.at); c != 0 || a.open == b.open {
			return c
		}
		if b.open {
			return -1
		}
		return 1
	})
	list = slices.CompactFunc(list, func(a, b reading) bool { return a.at == b.at })
	for i, d := range list {
		if !d.open {
			continue
		}
		n := len(r.doors)
		if i == 0 || !list[i-1].open || d.at-list[i-1].at > seamless {
			r.doors = append(r.doors, ajar{span: span{d.at, d.at}})
			n++
		}
		last := &r.doors[n-1]
		switch {
		case i+1 == len(list):
			last.to, last.still = max(last.to, d.at), r.until-d.at <= seamless
		case list[i+1].at-d.at <= seamless:
			last.to = list[i+1].at
		default:
			last.to = d.at
		}
	}
}

// siteOf is the site of where the books have a batch; a place in words is its own.
func siteOf(zone, place string) string {
	site, _, _ := strings.Cut(zone, "/")
	return cmp.Or(site, place)
}

// elsewhere reports whether something was booked between two moments at another
// site than a place, or somebody said that it was on the road.
func (r *road) elsewhere(from, to int64, place string) bool {
	in := func(at int64) bool { return at > from && at < to }
	other := func(site string) bool { return site != "" && site != place }
	for _, c := range r.aboard {
		if in(c.from) && other(siteOf(c.BeforeZone, c.BeforePlace)) || c.to != 0 && in(c.to) && other(siteOf(c.AfterZone, c.AfterPlace)) {
			return true
		}
	}
	return slices.ContainsFunc(r.says, func(s Say) bool {
		return in(s.At.UnixMilli()) && (s.Phase == InTransit || s.Phase == Returning)
	})
}

// atHome finds the stays at home: seen, or known from the books while nobody
// heard where it was.
func (r *road) atHome() {
	if r.facts.Home == "" {
		return
	}
	var list []cut
	for i, v := range r.visits {
		if v.place == r.facts.Home {
			list = append(list, cut{span: span{v.from, r.leaves(i)}})
		}
	}
	list = append(list, r.bookedAtHome()...)
	slices.SortFunc(list, func(a, b cut) int { return cmp.Compare(a.from, b.from) })
	for _, c := range list {
		if n := len(r.home); n > 0 && c.from <= r.home[n-1].to {
			r.home[n-1].to = max(r.home[n-1].to, c.to)
			continue
		}
		r.home = append(r.home, c)
	}
	for i := range r.home {
		r.home[i].turn(r)
	}
}

// leaves is when a stand ended: that of the newest fix goes on, unless something
// says otherwise.
func (r *road) leaves(i int) int64 {
	v := r.visits[i]
	if v.to == r.fixes[len(r.fixes)-1].At && !r.elsewhere(v.to, r.until+1, v.place) {
		return r.until
	}
	return v.to
}

func (r *road) bookedAtHome() (out []cut) {
	var times []int64
	note := func(at int64, site string) {
		if site == r.facts.Home && r.unheard(at) {
			times = append(times, at)
		}
	}
	for _, c := range r.aboard {
		note(c.from, siteOf(c.BeforeZone, c.BeforePlace))
		if c.to != 0 {
			note(c.to, siteOf(c.AfterZone, c.AfterPlace))
		}
	}
	slices.Sort(times)
	for _, at := range times {
		if n := len(out); n > 0 && at-out[n-1].to < rests && !r.elsewhere(out[n-1].to, at, r.facts.Home) {
			out[n-1].to = at
			continue
		}
		out = append(out, cut{span: span{at, at}})
	}
	return out
}

// unheard reports whether no position was heard around a moment.
func (r *road) unheard(at int64) bool {
	i, _ := slices.BinarySearchFunc(r.fixes, at-lost, func(f anchor, at int64) int { return cmp.Compare(f.At, at) })
	return i == len(r.fixes) || r.fixes[i].At > at+lost
}

// turn says where one trip ends and the next may begin: the one when the last of
// what it brought is out, the other when the first of what it takes comes in.
func (c *cut) turn(r *road) {
	c.end, c.begin = c.from, c.to
	stays, fresh := false, false
	for _, x := range r.aboard {
		switch {
		case x.from < c.from && x.to == 0:
			stays = true
		case x.from < c.from && x.to >= c.from && x.to <= c.to:
			c.end = max(c.end, x.to)
		case x.from >= c.from && x.from <= c.to:
			c.begin, fresh = min(c.begin, x.from), true
		}
	}
	for _, s := range r.says {
		if at := s.At.UnixMilli(); s.Phase == Loading && at >= c.end && at <= c.to {
			c.begin, fresh = min(c.begin, at), true
		}
	}
	if c.to == r.until && c.to > c.from && stays && !fresh {
		c.end, c.begin, c.open = r.until, r.until, true
	}
	c.end = min(c.end, c.begin)
}

// pieces finds the trips' times: the road between two stays at home, as far as
// something went on, parted where it rested empty.
func (r *road) pieces() (out []piece) {
	busy := r.busy()
	low := int64(0)
	for _, h := range r.home {
		out = append(out, r.part(busy, span{low, h.end}, h.open)...)
		low = h.begin
	}
	return append(out, r.part(busy, span{low, r.until}, true)...)
}

// part makes trips of what went on within a stretch; last says that it may go on.
func (r *road) part(busy []span, within span, last bool) (out []piece) {
	for _, b := range busy {
		b.from, b.to = max(b.from, within.from), min(b.to, within.to)
		if b.from >= b.to {
			continue
		}
		if n := len(out); n > 0 && b.from-out[n-1].to < rests {
			out[n-1].to = max(out[n-1].to, b.to)
			continue
		}
		out = append(out, piece{span: b})
	}
	if n := len(out); n > 0 && last {
		out[n-1].open = r.until-out[n-1].to < rests
	}
	return slices.DeleteFunc(out, func(p piece) bool { return !p.open && r.stayed(p) })
}

// stayed reports whether it never left where it stood: what goes in and out
// again in the yard is no trip.
func (r *road) stayed(p piece) bool {
	for i, v := range r.visits {
		if v.from <= p.from && p.to <= r.leaves(i) {
			return true
		}
	}
	return false
}

// busy is when something went on, by when it began: it drove, or held goods, or
// somebody said so.
func (r *road) busy() []span {
	out := slices.Concat(r.drives, r.driven)
	for _, c := range r.aboard {
		out = append(out, span{c.from, cmp.Or(c.to, r.until)})
	}
	for i, s := range r.says {
		if s.Phase == Idle || s.Phase == Conditioning {
			continue
		}
		at := s.At.UnixMilli()
		end := min(at+saidLasts, r.until)
		if i+1 < len(r.says) {
			end = min(end, r.says[i+1].At.UnixMilli())
		}
		for _, e := range r.empty {
			if e > at {
				end = min(end, e)
			}
		}
		out = append(out, span{at, end})
	}
	slices.SortFunc(out, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	return out
}
