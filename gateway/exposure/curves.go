package exposure

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"coldchain/alerting/exposure"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// Curves know how much of its life every batch has used. They read each room
// once for all that lies in it, and only what has come since they looked last:
// what a look costs grows with the rooms, and hardly with the batches. They
// write nothing and remember nothing across a restart: readings are the truth.
// One goroutine calls Round and what tells of its result; Late is anybody's.
type Curves struct {
	r       *Reader
	most    int // values that one round reads
	curves  map[curveKey]*ageing
	now     time.Time // of the last round
	lots    map[string]*state.AgeingLot
	parents map[parentKey]known

	mu      sync.Mutex
	through time.Time // what is older than that is late
	late    map[sensors.PointID]lateMark
}

// The bounds of a round.
const (
	// mostValues is how many readings are read in one round: about a second of
	// the embedded store.
	mostValues = 500_000
	// chunk is how much of a curve is read at once.
	chunk = 7 * 24 * time.Hour
	// anewAfter is when a curve is read anew, whatever is known to have changed.
	anewAfter = 24 * time.Hour
	// lateLasts is how long after a late reading was told it is looked for: it is
	// judged before the store has it.
	lateLasts = 15 * time.Minute
	// presently is how far back the present temperature reaches, and presentLeast
	// how much of that must be known: an open door is not how warm it is.
	presently    = time.Hour
	presentLeast = 0.25 // hours
)

type curveKey struct {
	point   sensors.PointID
	profile string
}

// ageing is one curve, and the one that is to take its place.
type ageing struct {
	curve, next *exposure.Curve
	made        time.Time // when curve, or next while there is no curve, was begun
}

type lateMark struct{ from, told time.Time }

type parentKey struct {
	batch, profile string
	at             int64
}

type known struct {
	use exposure.Use
	ok  bool
}

// NewCurves reads with a Reader, whose versions it does not need.
func NewCurves(r *Reader) *Curves {
	return &Curves{r: r, most: mostValues, curves: map[curveKey]*ageing{}, late: map[sensors.PointID]lateMark{}}
}

// Late tells that readings of a point have come, the oldest of them of a time.
func (c *Curves) Late(p sensors.PointID, oldest, received time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !oldest.Before(c.through) {
		return
	}
	m, there := c.late[p]
	if !there || oldest.Before(m.from) {
		m.from = oldest
	}
	m.told = received
	c.late[p] = m
}

// need is what of a curve is asked for.
type need struct{ from, to time.Time }

// Round brings everything up to now, as far as the bound allows; behind says
// that more is to be read. On error what was known before is still known.
func (c *Curves) Round(ctx context.Context, now time.Time, lots map[string]*state.AgeingLot) (behind bool, err error) {
	now = now.UTC().Truncate(time.Millisecond)
	c.now, c.lots, c.parents = now, lots, map[parentKey]known{}
	needs := c.needs()
	for k := range c.curves {
		if _, still := needs[k]; !still {
			delete(c.curves, k)
		}
	}
	c.cut(now)
	keys := make([]curveKey, 0, len(needs))
	for k, n := range needs {
		keys = append(keys, k)
		if err := c.begin(k, n); err != nil {
			return false, err
		}
	}
	// What is nearly there first: one long past must not hold up the present.
	slices.SortFunc(keys, func(a, b curveKey) int {
		return cmp.Or(cmp.Compare(c.lacks(a, needs[a]), c.lacks(b, needs[b])), cmp.Compare(a.point, b.point), cmp.Compare(a.profile, b.profile))
	})
	left := c.most
	for _, k := range keys {
		if left <= 0 {
			return true, nil
		}
		done, err := c.extend(ctx, k, needs[k], &left)
		if err != nil {
			return false, err
		}
		behind = behind || !done
	}
	return behind, nil
}

// needs lists the curves that are asked for: of each held batch's stays, and of
// those of what it came out of, by its own profile.
func (c *Curves) needs() map[curveKey]need {
	out := map[curveKey]need{}
	for _, l := range c.lots {
		if l.Held {
			c.want(out, l, l.Profile, c.now, 0)
		}
	}
	return out
}

func (c *Curves) want(out map[curveKey]need, l *state.AgeingLot, profile string, until time.Time, depth int) {
	if l == nil || depth > maxAncestors || !c.Ages(profile) {
		return
	}
	for _, s := range l.Stays {
		p := c.point(s.Zone)
		to := s.To
		if to.IsZero() || to.After(until) {
			to = until
		}
		if p == "" || !s.From.Before(to) {
			continue
		}
		k := curveKey{p, profile}
		n, there := out[k]
		if !there || s.From.Before(n.from) {
			n.from = s.From
		}
		if to.After(n.to) {
			n.to = to
		}
		out[k] = n
	}
	for _, p := range l.Parents {
		at := p.At
		if at.After(until) {
			at = until
		}
		c.want(out, c.lots[p.Parent], profile, at, depth+1)
	}
}

// Ages reports whether a profile says how its goods age.
func (c *Curves) Ages(profile string) bool {
	p, known := c.r.Profiles[profile]
	return known && p.Life != nil
}

// point is whose readings tell of goods in a zone; empty: nothing does.
func (c *Curves) point(zone string) sensors.PointID {
	z := c.r.Zones[zone]
	return cmp.Or(z.Probe, z.Air)
}

// cut forgets what late readings have changed.
func (c *Curves) cut(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.through = now
	for k, a := range c.curves {
		m, there := c.late[k.point]
		if !there {
			continue
		}
		for _, x := range []*exposure.Curve{a.curve, a.next} {
			if x != nil {
				x.Cut(m.from)
			}
		}
	}
	for p, m := range c.late {
		if now.Sub(m.told) > lateLasts {
			delete(c.late, p)
		}
	}
}

// begin makes a curve where there is none, or none that reaches so far back, or
// an old one.
func (c *Curves) begin(k curveKey, n need) error {
	a := c.curves[k]
	if a == nil {
		a = &ageing{}
		c.curves[k] = a
	}
	fresh := a.curve != nil && !a.curve.From().After(n.from) && c.now.Sub(a.made) < anewAfter
	if fresh || a.next != nil && !a.next.From().After(n.from) {
		return nil
	}
	o := c.r.options(k.profile)
	o.Limits = exposure.Limits{} // of life alone
	next, err := exposure.NewCurve(o, n.from)
	if err != nil {
		return fmt.Errorf("age of %s at %s: %w", k.profile, k.point, err)
	}
	a.next, a.made = next, c.now
	return nil
}

// lacks is how much of a curve is still to be read.
func (c *Curves) lacks(k curveKey, n need) time.Duration {
	a := c.curves[k]
	x := a.curve
	if x == nil {
		x = a.next
	}
	return n.to.Sub(x.End())
}

// extend reads on; done says that all that is needed is there.
func (c *Curves) extend(ctx context.Context, k curveKey, n need, left *int) (done bool, err error) {
	a := c.curves[k]
	for _, x := range []*exposure.Curve{a.curve, a.next} {
		for x != nil && x.End().Before(n.to) {
			if *left <= 0 {
				return false, nil
			}
			if err := c.read(ctx, k.point, x, earlier(n.to, x.End().Add(chunk)), left); err != nil {
				return false, fmt.Errorf("age of %s at %s: %w", k.profile, k.point, err)
			}
		}
	}
	if a.next != nil {
		a.curve, a.next = a.next, nil
	}
	return true, nil
}

func (c *Curves) read(ctx context.Context, p sensors.PointID, x *exposure.Curve, to time.Time, left *int) error {
	from := x.Resume()
	lowest, highest := sensors.Temperature.Range()
	return x.Extend(to, func(course *exposure.Course) error {
		var failed error
		err := store.ReadValues(ctx, c.r.Readings, store.Query{Point: p, Quantity: sensors.Temperature, From: from.Add(-store.CoverFor), To: to}, func(v store.Value) bool {
			*left--
			if v.Quality == sensors.Bad || v.Value < lowest || v.Value > highest {
				course.Miss(v.At, string(v.Reason))
				return true
			}
			failed = course.Add(exposure.Sample{At: v.At, Value: v.Value})
			return failed == nil
		})
		return cmp.Or(err, failed)
	})
}

// Model is how goods of a profile age.
func (c *Curves) Model(profile string) exposure.Model { return *c.r.options(profile).Model }

// Used is what a batch had used at a moment until the last round's; ok is false
// while that is not known.
func (c *Curves) Used(l *state.AgeingLot, until time.Time) (u exposure.Use, ok bool) {
	return c.used(l, l.Profile, earlier(until, c.now), 0)
}

func (c *Curves) used(l *state.AgeingLot, profile string, until time.Time, depth int) (u exposure.Use, ok bool) {
	if l == nil || depth > maxAncestors || !c.Ages(profile) {
		return u, false
	}
	for i, p := range l.Parents {
		if !p.At.Before(until) {
			continue
		}
		inherited, ok := c.inherited(p.Parent, profile, p.At, depth)
		if !ok {
			return u, false
		}
		if i == 0 {
			u = inherited
		} else {
			u = u.Worse(inherited)
		}
	}
	for _, s := range l.Stays {
		to := s.To
		if to.IsZero() || to.After(until) {
			to = until
		}
		if s.Zone == "" || !s.From.Before(to) {
			continue // nobody watches it there, and nothing is said of it
		}
		p := c.point(s.Zone)
		if p == "" {
			u.UnknownH += to.Sub(s.From).Hours()
			continue
		}
		a := c.curves[curveKey{p, profile}]
		if a == nil || a.curve == nil {
			return u, false
		}
		stay, err := a.curve.Between(s.From, to)
		if err != nil { // it is being read anew
			return u, false
		}
		u = u.Plus(stay)
	}
	return u, true
}

// inherited is what a parent had used when something came out of it: once for
// all that did at one moment.
func (c *Curves) inherited(parent, profile string, at time.Time, depth int) (exposure.Use, bool) {
	k := parentKey{parent, profile, at.UnixMilli()}
	if x, there := c.parents[k]; there {
		return x.use, x.ok
	}
	u, ok := c.used(c.lots[parent], profile, at, depth+1)
	c.parents[k] = known{u, ok}
	return u, ok
}

// Reached is when a batch had used a share of its life, to the minute; ok is
// false when it has not.
func (c *Curves) Reached(l *state.AgeingLot, share float64) (at time.Time, ok bool) {
	first := c.now
	for _, s := range l.Stays {
		first = earlier(first, s.From)
	}
	if u, ok := c.Used(l, c.now); !ok || u.Used < share {
		return at, false
	}
	from, to := first, c.now
	for to.Sub(from) > time.Minute {
		middle := from.Add(to.Sub(from) / 2)
		u, ok := c.Used(l, middle)
		if !ok {
			return at, false
		}
		if u.Used >= share {
			to = middle
		} else {
			from = middle
		}
	}
	return to, true
}

// PresentC is how warm it is in a zone for goods of a profile: the mean of the
// last hour, °C; ok is false when too little of that is known.
func (c *Curves) PresentC(zone, profile string) (celsius float64, ok bool) {
	a := c.curves[curveKey{c.point(zone), profile}]
	if a == nil || a.curve == nil {
		return 0, false
	}
	from := c.now.Add(-presently)
	if first := a.curve.From(); first.After(from) {
		from = first
	}
	u, err := a.curve.Between(from, c.now)
	if err != nil || u.CoveredH < presentLeast {
		return 0, false
	}
	return u.MeanC()
}
