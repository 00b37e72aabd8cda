package rehearsal

import (
	"fmt"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/alerting/trip"
	"coldchain/alerting/watch"
	"coldchain/sensors"
)

// Rules are what is rehearsed.
type Rules struct {
	Engine engine.Config
	Watch  []watch.Zone
	Trucks []Truck
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
	To time.Time
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
	limits  map[string][]alerting.Limit // of temperature, by zone

	alarms map[string]alerting.Alarm
	order  []string
}

type truck struct {
	*trip.Truck
	is Truck
}

func newPlay(rules Rules, past Past, from time.Time) (*play, error) {
	p := &play{rules: rules, past: past, of: map[sensors.PointID]*truck{}, lies: map[string]int{}, limits: map[string][]alerting.Limit{}, alarms: map[string]alerting.Alarm{}}
	var err error
	if p.engine, err = engine.New(rules.Engine, from); err != nil {
		return nil, err
	}
	if p.watch, err = watch.New(watch.Config{Zones: rules.Watch}); err != nil {
		return nil, err
	}
	for _, z := range rules.Engine.Zones {
		p.limits[z.ID] = z.Limits[sensors.Temperature]
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
	p.book(from)
	return p, nil
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
	p.book(now)
	for zone, line := range p.past.Uses {
		on, _ := line.At(now)
		p.watch.SetInUse(zone, on)
	}
	for _, t := range p.trucks {
		p.watch.SetInUse(t.is.Box, t.Status(now).Armed)
	}
	p.note(p.engine.Advance(now))
	p.note(p.watch.Advance(now))
	return p.pull(p.watch.PullingDown(now))
}

// book tells the watch what lies where at now.
func (p *play) book(now time.Time) {
	for zone, list := range p.past.Stays {
		told := 0
		var lies []watch.Stay
		for _, s := range list {
			if !s.From.After(now) {
				told++
				if s.To.IsZero() || s.To.After(now) {
					lies = append(lies, s.Stay)
				} else {
					told++
				}
			}
		}
		if told != p.lies[zone] {
			p.lies[zone] = told
			p.watch.SetGoods(zone, lies)
		}
	}
}

// pull takes the high limits out of zones where warm goods are being cooled.
func (p *play) pull(zones []string) error {
	if slices.Equal(zones, p.pulling) {
		return nil
	}
	for zone, limits := range p.limits {
		was, is := slices.Contains(p.pulling, zone), slices.Contains(zones, zone)
		if was == is {
			continue
		}
		if is {
			limits = slices.DeleteFunc(slices.Clone(limits), func(l alerting.Limit) bool { return l.Side == alerting.High })
		}
		if err := p.engine.SetLimits(zone, sensors.Temperature, limits); err != nil {
			return fmt.Errorf("limits of %s while goods are cooled: %w", zone, err)
		}
	}
	p.pulling = zones
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
