package watch

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// Watch is the watch over one county or one edge. It is not safe for
// concurrent use: its owner calls it from one goroutine.
type Watch struct {
	liveWindow, settleAfter int64
	product                 func(zone string, at time.Time) (float64, bool)

	byID   map[sensors.PointID]*point
	points []*point // in the order of their ids, so that transitions are
	zones  map[string]*zone
	order  []*zone // by id

	conditions map[conditionID]*slot

	late      []held // readings behind their point's newest, until no more come
	lateHeard int64  // arrival of the last of them
	lateDirty bool
	isShadow  bool // it judges late readings for another watch
	estimated bool // of a shadow: that one has somebody who reckons what goods are like

	out             []alerting.Transition // of the call in progress
	dirtyPoints     []*point
	dirtyZones      []*zone
	dirtyConditions map[conditionID]bool
	gone            []string // state of what is not configured any more
	blob            int      // size of a state object, lately
}

// zone is what is remembered of one room.
type zone struct {
	cfg   Zone
	id    string
	key   string // of its state
	rules Rules
	dirty bool

	air, product, humid, setPoint *point // nil: not measured
	compressors, doors, defrosts  []*point

	stays  []Stay // as booked
	told   bool   // somebody tells what lies here
	idle   bool   // out of use
	booked int64  // From of the newest stay that was looked at

	loading loading
	pull    pullDown
	brought brought
	dew     slot
	silent  slot
	airs    []sample // of the air, for late readings of a compressor
}

// New returns a watch that has seen nothing. The error names the zone that is
// wrong.
func New(cfg Config) (*Watch, error) {
	w := &Watch{
		liveWindow:  cmp.Or(cfg.LiveWindow, DefaultLiveWindow).Milliseconds(),
		settleAfter: cmp.Or(cfg.Settle, DefaultSettle).Milliseconds(),
		product:     cfg.Product,
		byID:        map[sensors.PointID]*point{}, zones: map[string]*zone{},
		conditions: map[conditionID]*slot{}, dirtyConditions: map[conditionID]bool{},
	}
	if w.liveWindow <= 0 || w.settleAfter <= 0 {
		return nil, fmt.Errorf("live window %s and settle time %s must be positive", cfg.LiveWindow, cfg.Settle)
	}
	for _, c := range cfg.Zones {
		if w.zones[c.ID] != nil {
			return nil, fmt.Errorf("zone %s is listed twice", c.ID)
		}
		if err := w.add(c); err != nil {
			return nil, fmt.Errorf("zone %s: %w", c.ID, err)
		}
	}
	slices.SortFunc(w.points, func(x, y *point) int { return cmp.Compare(x.id, y.id) })
	slices.SortFunc(w.order, func(x, y *zone) int { return cmp.Compare(x.id, y.id) })
	return w, nil
}

func (w *Watch) add(c Zone) error {
	if err := c.Rules.Check(); err != nil {
		return err
	}
	z := &zone{cfg: c, id: c.ID, key: zonePrefix + c.ID, rules: c.Rules}
	list := slices.Clone(c.Points)
	slices.SortFunc(list, func(x, y sensors.Point) int { return cmp.Compare(x.ID, y.ID) })
	found := c.Product == ""
	for _, x := range list {
		if w.byID[x.ID] != nil {
			return fmt.Errorf("point %s is listed twice", x.ID)
		}
		inGoods := x.ID == c.Product && x.Quantity == sensors.Temperature
		found = found || inGoods
		p := &point{id: x.ID, key: pointPrefix + string(x.ID), zone: z, role: roleOf(x.Quantity, inGoods)}
		w.byID[x.ID] = p
		w.points = append(w.points, p)
		z.give(p)
	}
	if !found {
		return fmt.Errorf("product %s is no temperature point of it", c.Product)
	}
	subject := func(p *point) string {
		if p == nil {
			return z.id
		}
		return string(p.id)
	}
	z.pull.slot = slot{rule: alerting.PullDown, object: subject(cmp.Or(z.product, z.air)), zone: z.id}
	z.dew = slot{rule: alerting.Condensation, object: subject(cmp.Or(z.product, z.humid)), zone: z.id}
	z.silent = slot{rule: alerting.CompressorSilent, object: subject(z.air), zone: z.id}
	if len(z.compressors) > 0 {
		z.silent.object = subject(z.compressors[0])
	}
	if c.Rules.PullDown != nil {
		z.pull.within = c.Rules.PullDown.Within.Milliseconds()
	}
	w.zones[c.ID], w.order = z, append(w.order, z)
	return nil
}

// give puts a point where its zone looks for it. The air of a room with several
// probes is that of the one named air, else of the first.
func (z *zone) give(p *point) {
	switch p.role {
	case air:
		if z.air == nil || p.id.Name() == "air" {
			z.air = p
		}
		if z.rules.RateOfRise != nil {
			p.rise = newRise(p, z.rules.RateOfRise)
		}
	case product:
		z.product = p
	case humidity:
		if z.humid == nil || p.id.Name() == "humidity" {
			z.humid = p
		}
	case compressor:
		z.compressors = append(z.compressors, p)
	case setPoint:
		z.setPoint = cmp.Or(z.setPoint, p)
	case door:
		z.doors = append(z.doors, p)
	case defrost:
		z.defrosts = append(z.defrosts, p)
	}
}

// Observe takes one reading, received at the given moment, and returns what
// changed. A reading that is older than the point's newest is held until no more
// such come: see late.go.
func (w *Watch) Observe(r sensors.Reading, received time.Time) []alerting.Transition {
	p := w.byID[r.Point]
	t, now := r.Time.UnixMilli(), received.UnixMilli()
	if p == nil || t <= 0 || t == p.newest || t > maxTime || now <= 0 || now > maxTime {
		return nil
	}
	w.out = nil
	if t < p.newest {
		w.hold(p, r, t, now)
		return w.out
	}
	z := p.zone
	w.book(z, now)
	p.take(r, t)
	w.touch(p)
	if r.Quality == sensors.Good && !p.expired {
		// as almost always
	} else {
		w.expiry(p, r, now)
	}
	_, usable := r.Value()
	if !usable {
		return w.out
	}
	switch p.role {
	case air:
		if p.rise != nil {
			w.observeRise(p, t, now)
		}
		if p == z.air {
			w.observeLoading(z, t)
			w.observePull(z, p, t, now)
			w.keepAir(z, t)
			w.observeCompressor(z, t, now)
			w.observeDew(z, t, now)
		}
	case product:
		w.observePull(z, p, t, now)
		w.observeDew(z, t, now)
	case humidity:
		w.observeDew(z, t, now)
	case compressor, setPoint:
		w.observeCompressor(z, t, now)
	case door:
		w.observeDoor(z, p, t)
	}
	return w.out
}

// Advance tells what time it is, so that what was held back is decided and
// bookings are noticed. Call it about once a second.
func (w *Watch) Advance(now time.Time) []alerting.Transition {
	t := now.UnixMilli()
	if t <= 0 || t > maxTime {
		return nil
	}
	w.out = nil
	w.settleLate(t)
	for _, z := range w.order {
		w.book(z, t)
		for _, s := range []*slot{&z.pull.slot, &z.dew, &z.silent} {
			w.touchIf(z, w.settle(s, t))
			if z.idle && s.alarm != nil {
				w.end(s, t, t)
				w.touchZone(z)
			}
		}
	}
	for _, p := range w.points {
		if p.rise == nil || p.rise.slot.alarm == nil {
			continue
		}
		s := &p.rise.slot
		if w.settle(s, t) {
			w.touch(p)
		}
		if p.zone.idle && s.alarm != nil {
			w.end(s, t, t)
			w.touch(p)
		}
	}
	return w.out
}

// SetInUse tells whether a zone is in use. One that is not has no alarms of
// these rules, and those that are open are over with the next Advance. It is
// no part of the state: the owner tells it before the first reading.
func (w *Watch) SetInUse(zone string, inUse bool) {
	if z := w.zones[zone]; z != nil {
		z.idle = !inUse
	}
}

// PullingDown lists the zones in which warm goods are being cooled at a moment:
// their high limits do not count meanwhile. In the order of their ids.
func (w *Watch) PullingDown(now time.Time) (zones []string) {
	t := now.UnixMilli()
	for _, z := range w.order {
		if !z.idle && z.pull.running(t) {
			zones = append(zones, z.id)
		}
	}
	return zones
}

func (w *Watch) touch(p *point) {
	if !p.dirty {
		p.dirty = true
		w.dirtyPoints = append(w.dirtyPoints, p)
	}
}

func (w *Watch) touchZone(z *zone) {
	if !z.dirty {
		z.dirty = true
		w.dirtyZones = append(w.dirtyZones, z)
	}
}

func (w *Watch) touchIf(z *zone, changed bool) {
	if changed {
		w.touchZone(z)
	}
}
