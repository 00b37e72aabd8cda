package sim

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// County is a running simulation. It is safe for concurrent use.
type County struct {
	plan  Plan
	begin int64
	sites map[string]*site
}

// horizon bounds how far past the start anybody may ask.
const horizon = 400 * 24 * time.Hour

// checkpoint spacing and number: two days can be read again cheaply, what is
// older is computed again from the beginning.
const (
	checkpointEvery = 3600
	checkpointsKept = 48
)

// site is advanced on its own: sites share nothing but the weather's formula.
type site struct {
	plan    Site
	season  Season
	weather uint64
	mains   *mains
	route   *legs
	rooms   []room
	devices map[uint8]*device

	mu          sync.Mutex
	now         moment
	first       moment
	checkpoints []moment // ascending
}

// moment is the state of a site's rooms at one second.
type moment struct {
	t     int64
	rooms []roomState
}

func (m moment) clone() moment {
	return moment{t: m.t, rooms: append([]roomState(nil), m.rooms...)}
}

// New checks the plan and returns its county at the plan's beginning.
func New(p Plan) (*County, error) {
	if p.Season == "" {
		p.Season = Autumn
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("simulated county: %w", err)
	}
	c := &County{plan: p, begin: p.begin().Unix(), sites: map[string]*site{}}
	for _, s := range p.Sites {
		c.sites[s.ID] = newSite(p, s, c.begin)
	}
	return c, nil
}

func newSite(p Plan, s Site, begin int64) *site {
	n := &site{
		plan: s, season: p.Season, weather: stream(p.Seed, "weather"),
		mains: newMains(p, s.ID), route: newLegs(s.Route, stream(p.Seed, "route", s.ID)),
		devices: map[uint8]*device{},
	}
	a := weatherAt(n.season, n.weather, begin)
	n.now.t = begin
	for _, r := range s.Rooms {
		room := newRoom(p, s, r, n.route)
		n.rooms = append(n.rooms, room)
		n.now.rooms = append(n.now.rooms, room.beginning(begin, a))
	}
	for _, d := range s.Devices {
		n.devices[d.Unit] = newDevice(p, s, d)
	}
	n.first = n.now.clone()
	return n
}

// Plan returns the plan the county was made from.
func (c *County) Plan() Plan { return c.plan }

// Begin is the earliest time that can be asked for.
func (c *County) Begin() time.Time { return time.Unix(c.begin, 0).UTC() }

// Condition is the true state of a room, before any probe.
type Condition struct {
	Air, Product float64 // °C
	Humidity     float64 // %RH over water
	Gained, Lost float64 // J into and out of air and goods since the beginning
	Heat         float64 // J stored in air and goods, counted from 0 °C
	Door         bool    // open
	Compressor   bool    // running
	Calling      bool    // the thermostat wants cooling
	Heater       bool
	Defrost      bool
}

// Condition returns the state of a zone ("site/zone") at a time, to the second.
func (c *County) Condition(zone string, at time.Time) (Condition, error) {
	name, room, _ := strings.Cut(zone, "/")
	s, ok := c.sites[name]
	if !ok {
		return Condition{}, fmt.Errorf("zone %s: the simulated county has no such site", zone)
	}
	i, ok := s.plan.room(room)
	if !ok {
		return Condition{}, fmt.Errorf("zone %s: the site has no such room", zone)
	}
	t, err := c.second(at)
	if err != nil {
		return Condition{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(t)
	return s.rooms[i].condition(s.now.rooms[i]), nil
}

func (r *room) condition(s roomState) Condition {
	return Condition{
		Air: s.air, Product: s.product, Humidity: 100 * s.vapour / saturation(s.air),
		Gained: s.gained, Lost: s.lost, Heat: s.air*r.airHeat + s.product*r.productHeat,
		Door: s.open, Compressor: s.running, Calling: s.calling, Heater: s.heating, Defrost: s.defrosting,
	}
}

// Outdoors returns the temperature outdoors in the county, °C.
func (c *County) Outdoors(at time.Time) float64 {
	return weatherAt(c.plan.Season, stream(c.plan.Seed, "weather"), at.Unix()).outdoors
}

func (c *County) second(at time.Time) (int64, error) {
	if at.Unix() < c.begin || at.After(c.plan.Start.Add(horizon)) {
		return 0, fmt.Errorf("time %s is outside the simulation, which begins at %s and ends %.0f days after its start",
			at.UTC().Format(time.RFC3339), c.Begin().Format(time.RFC3339), horizon.Hours()/24)
	}
	return at.Unix(), nil
}

// advance brings now to t, backwards by way of a checkpoint. The caller holds mu.
func (s *site) advance(t int64) {
	if t < s.now.t {
		s.now = s.before(t)
	}
	for s.now.t < t {
		minute := s.now.t - floorDiv(s.now.t, 60)*60
		to := min(s.now.t-minute+60, t)
		s.step(&s.now, to)
		if s.now.t%checkpointEvery == 0 {
			s.keep()
		}
	}
}

// step advances within one minute, which has one weather.
func (s *site) step(m *moment, to int64) {
	a := weatherAt(s.season, s.weather, m.t)
	for i := range s.rooms {
		s.rooms[i].run(&m.rooms[i], m.t, to, a, s.mains)
	}
	m.t = to
}

func (s *site) keep() {
	if n := len(s.checkpoints); n > 0 && s.checkpoints[n-1].t >= s.now.t {
		return // computed again: it is there already
	}
	if len(s.checkpoints) == checkpointsKept {
		copy(s.checkpoints, s.checkpoints[1:])
		s.checkpoints = s.checkpoints[:checkpointsKept-1]
	}
	s.checkpoints = append(s.checkpoints, s.now.clone())
}

func (s *site) before(t int64) moment {
	for i := len(s.checkpoints) - 1; i >= 0; i-- {
		if s.checkpoints[i].t <= t {
			return s.checkpoints[i].clone()
		}
	}
	return s.first.clone()
}
