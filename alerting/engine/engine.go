package engine

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/thaw"
	"coldchain/sensors"
)

// Engine is the judge of one county or one edge. It is not safe for concurrent
// use: its owner calls it from one goroutine.
type Engine struct {
	liveWindow, settle int64
	start, reconnected int64

	byID   map[sensors.PointID]*point
	points []*point // by ID, so that transitions come in the same order every time
	sites  []*site

	out         []alerting.Transition // of the call in progress
	dirtyPoints []*point
	dirtySites  []*site
	dirtyEngine bool
	gone        []string // state of what is not configured any more
	blob        int      // size of a state object, lately
}

// point is everything the engine knows of one point.
type point struct {
	id       sensors.PointID
	key      string // of its state
	zone     string
	site     *site
	least    int64 // see hole
	window   int64 // how old a reading may be and still prove that the point lives
	quantity sensors.Quantity
	// hysteresis is the zone's, for limits to come.
	hysteresis float64
	armed      armed // when its limits hold
	dirty      bool

	born    int64 // when the engine first watched it
	newest  int64 // the watermark: newest measured time observed
	heard   int64 // arrival of the newest reading ahead of the watermark
	usable  int64 // measured time of the newest usable reading
	value   value // the newest usable reading of the live track
	arrival int64 // when the last usable reading arrived
	bad     int64 // first of the newest readings if they are bad
	ok      int64 // since when the newest readings are inside; 0 when they are not
	reason  sensors.Reason

	sides   []side        // high, low, and by kind what else there are lines for
	mask    *mask         // nil: excuses nothing
	masks   []*mask       // of the zone
	thaw    *thaw.Learner // nil: defrosts are not learned from it
	goods   *goods        // nil: nothing is estimated from this point
	probe   bool          // in the goods: judged by the product's limits
	recent  times
	late    *lateTrack
	silence *silence
}

// value is a usable reading.
type value struct {
	v  float64
	at int64 // 0 when there is none
}

// site is everything the engine knows of one site.
type site struct {
	id          string
	key         string // of its state
	silentAfter int64
	dirty       bool

	born    int64
	heard   int64 // when anything last arrived
	newest  int64 // newest measured time
	back    int64 // when its last silence ended
	silence *silence
}

// New returns an engine that has seen nothing. start is the moment from which
// silence is counted where nothing else is known: the start of the process.
// The error names the object that is wrong.
func New(cfg Config, start time.Time) (*Engine, error) {
	e := &Engine{
		liveWindow: cmp.Or(cfg.LiveWindow, DefaultLiveWindow).Milliseconds(),
		settle:     cmp.Or(cfg.Settle, DefaultSettle).Milliseconds(),
		start:      start.UnixMilli(),
		byID:       make(map[sensors.PointID]*point, len(cfg.Points)),
	}
	if e.liveWindow <= 0 || e.settle <= 0 {
		return nil, fmt.Errorf("live window %s and settle time %s must be positive", cfg.LiveWindow, cfg.Settle)
	}
	if e.start <= 0 || e.start > maxTime {
		return nil, fmt.Errorf("start %s is not a time the engine can count from", start)
	}
	sites := make(map[string]*site, len(cfg.Sites))
	for _, s := range cfg.Sites {
		if s.SilentAfter <= 0 {
			return nil, fmt.Errorf("site %s: silent after %s: want more than 0", s.ID, s.SilentAfter)
		}
		if sites[s.ID] != nil {
			return nil, fmt.Errorf("site %s is listed twice", s.ID)
		}
		x := &site{id: s.ID, key: sitePrefix + s.ID, silentAfter: s.SilentAfter.Milliseconds(), born: e.start}
		sites[s.ID] = x
		e.sites = append(e.sites, x)
		e.touchSite(x)
	}
	zones := make(map[string]map[sensors.Quantity]bands, len(cfg.Zones))
	products := make(map[string]*alerting.Product, len(cfg.Zones))
	switches := make(map[string]map[sensors.Quantity]alerting.Mask, len(cfg.Zones))
	masks := make(map[string][]*mask, len(cfg.Zones))
	learns := make(map[string]bool, len(cfg.Zones))
	for _, z := range cfg.Zones {
		b, err := zoneBands(z)
		if err != nil {
			return nil, err
		}
		if zones[z.ID] != nil {
			return nil, fmt.Errorf("zone %s is listed twice", z.ID)
		}
		zones[z.ID], products[z.ID], switches[z.ID] = b, z.Product, z.Masks
		learns[z.ID] = z.LearnsDefrost
	}
	none := newBands("", nil, 0)
	orNone := func(b bands) bands {
		if b == nil {
			return none
		}
		return b
	}
	for _, c := range cfg.Points {
		if err := e.add(c, sites[c.Site], orNone(zones[c.Zone][c.Quantity])); err != nil {
			return nil, err
		}
		if p := products[c.Zone]; p != nil && c.Quantity == sensors.Temperature {
			e.byID[c.ID].carry(p)
		}
		if m, ok := switches[c.Zone][c.Quantity]; ok {
			p := e.byID[c.ID]
			p.mask = &mask{Mask: m}
			masks[c.Zone] = append(masks[c.Zone], p.mask)
		}
	}
	for _, p := range e.points {
		if p.quantity == sensors.Temperature && !p.probe {
			p.masks = masks[p.zone]
			if learns[p.zone] {
				p.thaw = &thaw.Learner{}
			}
		}
	}
	slices.SortFunc(e.points, func(x, y *point) int { return cmp.Compare(x.id, y.id) })
	slices.SortFunc(e.sites, func(x, y *site) int { return cmp.Compare(x.id, y.id) })
	return e, nil
}

func (e *Engine) add(c Point, s *site, b bands) error {
	if e.byID[c.ID] != nil {
		return fmt.Errorf("point %s is listed twice", c.ID)
	}
	if s == nil {
		return fmt.Errorf("point %s: site %q is not listed", c.ID, c.Site)
	}
	if c.Period < 0 || c.Period > 24*time.Hour {
		return fmt.Errorf("point %s: period %s: want 0s (not known) to 24h", c.ID, c.Period)
	}
	p := &point{
		id: c.ID, key: pointPrefix + string(c.ID), zone: c.Zone, site: s, quantity: c.Quantity,
		hysteresis: b[0].hysteresis,
		least:      max(minHole, 3*c.Period.Milliseconds()),
		window:     max(e.liveWindow, s.silentAfter),
		born:       e.start,
	}
	for _, band := range b {
		p.sides = append(p.sides, newSide(band))
	}
	e.byID[c.ID] = p
	e.points = append(e.points, p)
	e.touch(p)
	return nil
}

// Observe judges one reading, received at the given moment, and returns what
// changed. Readings of points that are not configured, and times before 1970
// or after 9999, are nothing to it: admission has quarantined them.
func (e *Engine) Observe(r sensors.Reading, received time.Time) []alerting.Transition {
	p := e.byID[r.Point]
	t, now := r.Time.UnixMilli(), received.UnixMilli()
	if p == nil || t <= 0 || t > maxTime || now <= 0 || now > maxTime {
		return nil
	}
	e.out = nil
	e.hearSite(p.site, t, now)
	switch {
	case t > p.newest:
		e.observeLive(p, r, t, now)
	case p.recent.has(t) || p.late != nil && p.late.recent.has(t):
		// Delivered twice: it says nothing new.
		return e.out
	default:
		e.observeLate(p, r, t, now)
	}
	if p.mask != nil {
		p.mask.observe(r, t, t < p.newest)
	}
	if r.Quality != sensors.Bad {
		e.hearPoint(p, t, now)
	}
	e.touch(p)
	return e.out
}

// Advance tells the engine what time it is, so that it notices what did not
// happen. Call it about once a second, and before Observe when both are due.
func (e *Engine) Advance(now time.Time) []alerting.Transition {
	t := now.UnixMilli()
	if t <= 0 || t > maxTime {
		return nil
	}
	e.out = nil
	for _, s := range e.sites {
		e.checkSite(s, t)
	}
	for _, p := range e.points {
		e.restNow(p, t)
		e.settleLive(p, t)
		e.stayOff(p, t)
		if p.late != nil {
			e.settleLate(p, t)
		}
		e.checkPoint(p, t)
	}
	return e.out
}

// Reconnected tells that the broker's connection is back: nobody is silent for
// what could not have been heard.
func (e *Engine) Reconnected(now time.Time) {
	if t := now.UnixMilli(); t > e.reconnected && t <= maxTime {
		e.reconnected, e.dirtyEngine = t, true
	}
}

func (e *Engine) touch(p *point) {
	if !p.dirty {
		p.dirty = true
		e.dirtyPoints = append(e.dirtyPoints, p)
	}
}

func (e *Engine) touchSite(s *site) {
	if !s.dirty {
		s.dirty = true
		e.dirtySites = append(e.dirtySites, s)
	}
}

func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
