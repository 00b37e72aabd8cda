package rehearsal

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/alerting/profile"
	"coldchain/alerting/trip"
	"coldchain/alerting/watch"
	"coldchain/sensors"
)

// Rules are what is rehearsed.
type Rules struct {
	Engine engine.Config
	Watch  []watch.Zone
	Trucks []Truck
	// Goods are the product profiles, whose limits hold where such goods lie;
	// Cools are the zones that are there to make warm goods cold.
	Goods profile.Set
	Cools map[string]bool
}

// Truck is a truck and the points that tell of it: when its limits hold follows
// from these and the past's books.
type Truck struct {
	Box      string // "site/zone"
	Config   trip.Config
	Measures map[sensors.PointID]sensors.Quantity
}

// Past is what is known of the time that is played beside its readings.
type Past struct {
	// Uses say when limits hold in rooms that were out of use; a room without one
	// was in use.
	Uses  map[string]alerting.Timeline
	Stays map[string][]Stay     // by zone: what lay there
	Said  map[string][]trip.Say // by a truck's box: what people said, oldest first
}

// Stay is a batch's time in a zone. A zero To means that it is there still.
type Stay struct {
	watch.Stay
	To      time.Time
	Profile string // of Rules.Goods; of another one no limits are known
}

// play is a rehearsal that runs.
type play struct {
	rules  Rules
	past   Past
	engine *engine.Engine
	watch  *watch.Watch
	trucks []*truck
	of     map[sensors.PointID]*truck

	lies    map[string]int // by zone: how many comings and goings have been told
	pulling []string
	bands   map[string][]alerting.Limit  // of temperature, by zone: the zones' own
	there   map[string][]profile.Profile // what lies in each zone
	now     map[string][]alerting.Limit  // as they were set

	alarms map[string]alerting.Alarm
	order  []string
}

type truck struct {
	*trip.Truck
	is Truck
}

func newPlay(rules Rules, past Past, from time.Time) (*play, error) {
	p := &play{rules: rules, past: past, of: map[sensors.PointID]*truck{}, lies: map[string]int{}, bands: map[string][]alerting.Limit{}, there: map[string][]profile.Profile{}, now: map[string][]alerting.Limit{}, alarms: map[string]alerting.Alarm{}}
	var err error
	if p.engine, err = engine.New(rules.Engine, from); err != nil {
		return nil, err
	}
	if p.watch, err = watch.New(watch.Config{Zones: rules.Watch}); err != nil {
		return nil, err
	}
	for _, z := range rules.Engine.Zones {
		p.bands[z.ID] = z.Limits[sensors.Temperature]
		p.now[z.ID] = p.bands[z.ID]
	}
	for zone, line := range past.Uses {
		if err := p.arm(zone, line, goods()...); err != nil {
			return nil, err
		}
	}
	for _, x := range rules.Trucks {
		t := &truck{trip.New(x.Config), x}
		var stays []trip.Stay
		for _, s := range past.Stays[x.Box] {
			stays = append(stays, trip.Stay{From: s.From, To: s.To})
		}
		t.Books(stays)
		t.Says(past.Said[x.Box])
		p.trucks = append(p.trucks, t)
		for id := range x.Measures {
			p.of[id] = t
		}
		if err := p.armTruck(t); err != nil {
			return nil, err
		}
	}
	return p, p.book(from)
}

// goods are the quantities whose limits come and go with what lies in a zone.
func goods() []sensors.Quantity {
	return []sensors.Quantity{sensors.Temperature, sensors.Humidity}
}

func (p *play) arm(zone string, line alerting.Timeline, quantities ...sensors.Quantity) error {
	for _, q := range quantities {
		if err := p.engine.SetArmed(zone, q, line); err != nil {
			return err
		}
	}
	return nil
}

func (p *play) armTruck(t *truck) error {
	return p.arm(t.is.Box, t.Timeline(), append(goods(), sensors.Door)...)
}

// observe judges a reading.
func (p *play) observe(r sensors.Reading) error {
	if t := p.of[r.Point]; t != nil {
		if v, ok := r.Value(); ok {
			switch t.is.Measures[r.Point] {
			case sensors.Door:
				if t.Door(r.Time, v > 0.5) {
					if err := p.armTruck(t); err != nil {
						return err
					}
				}
			case sensors.Temperature:
				t.Air(r.Time, v)
			}
		}
	}
	p.note(p.engine.Observe(r, r.Time))
	p.note(p.watch.Observe(r, r.Time))
	return nil
}

// advance moves the time on: timers, bookings, rooms that come into use, goods
// that have become cold.
func (p *play) advance(now time.Time) error {
	if err := p.book(now); err != nil {
		return err
	}
	for zone, line := range p.past.Uses {
		on, _ := line.At(now)
		p.watch.SetInUse(zone, on)
	}
	for _, t := range p.trucks {
		p.watch.SetInUse(t.is.Box, t.Status(now).Armed)
	}
	p.note(p.engine.Advance(now))
	p.note(p.watch.Advance(now))
	if pulling := p.watch.PullingDown(now); !slices.Equal(pulling, p.pulling) {
		p.pulling = pulling
		return p.limit()
	}
	return nil
}

// book tells the watch what lies where at now, and lets the goods' limits come and
// go with them.
func (p *play) book(now time.Time) error {
	changed := false
	for zone, list := range p.past.Stays {
		told := 0
		var lies []watch.Stay
		names := map[string]bool{}
		for _, s := range list {
			if !s.From.After(now) {
				told++
				if s.To.IsZero() || s.To.After(now) {
					lies = append(lies, s.Stay)
					names[s.Profile] = true
				} else {
					told++
				}
			}
		}
		if told != p.lies[zone] {
			p.lies[zone] = told
			p.watch.SetGoods(zone, lies)
			p.there[zone] = p.goodsOf(names)
			p.engine.SetTimeConstant(zone, profile.Quickest(p.there[zone]))
			changed = true
		}
	}
	if !changed {
		return nil
	}
	return p.limit()
}

// goodsOf are the profiles of these names, in their order.
func (p *play) goodsOf(names map[string]bool) (out []profile.Profile) {
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if x, known := p.rules.Goods[name]; known {
			out = append(out, x)
		}
	}
	return out
}

// limit sets the limits that hold now in every zone: the strictest of its own and
// its goods', without high ones while warm goods are being cooled.
func (p *play) limit() error {
	for zone, band := range p.bands {
		limits, cooling := profile.InRoom(band, p.there[zone], p.rules.Cools[zone])
		if slices.Contains(p.pulling, zone) {
			limits = cooling
		}
		if slices.Equal(limits, p.now[zone]) {
			continue
		}
		if err := p.engine.SetLimits(zone, sensors.Temperature, limits); err != nil {
			return fmt.Errorf("limits of %s with what lies there: %w", zone, err)
		}
		p.now[zone] = limits
	}
	return nil
}

func (p *play) note(list []alerting.Transition) {
	for _, t := range list {
		if _, known := p.alarms[t.Alarm.ID]; !known {
			p.order = append(p.order, t.Alarm.ID)
		}
		p.alarms[t.Alarm.ID] = t.Alarm
	}
}
