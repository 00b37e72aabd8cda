package sim

import (
	"fmt"
	"time"

	"coldchain/sensors"
)

// DefaultHistory is how long before the start the simulation begins: a day of
// history and two hours in which the rooms settle.
const DefaultHistory = 26 * time.Hour

// Plan describes a simulated county completely.
type Plan struct {
	Seed    uint64
	Start   time.Time     // the instant that offsets of faults count from
	History time.Duration // how long before Start the simulation begins; default DefaultHistory
	Season  Season        // default Autumn
	Sites   []Site
	Faults  []Fault
}

// Site is a place with rooms, or a truck when it has a route.
type Site struct {
	ID      string
	Rooms   []Room
	Devices []Device
	Route   []Stop // where a truck drives, in a circle; empty for a building
}

// Stop is one place of a truck's route.
type Stop struct {
	Latitude, Longitude float64       // degrees, WGS 84
	Stay                time.Duration // how long the truck stands there; 0 when it drives through
}

// Room is one cold room or box with its goods.
type Room struct {
	ID      string
	Kind    Kind
	Volume  float64 // m³; default the kind's
	LoadKG  float64 // goods in it; default the kind's, and at least 50
	Quietly bool    // true when nobody opens the door in working hours
}

// Probe is where in a room a device measures temperature.
type Probe string

// The places of a probe.
const (
	InAir     Probe = "air"
	InProduct Probe = "product"
)

// Device is one slave at a site. Room is empty for a device that measures the
// site itself: its mains, its position.
type Device struct {
	Name    string
	Unit    uint8 // Modbus unit identifier, 1 to 247
	Profile string
	Room    string
	Probe   Probe // default InAir
}

func (p Plan) begin() time.Time {
	h := p.History
	if h == 0 {
		h = DefaultHistory
	}
	return p.Start.Add(-h)
}

// check reports the first mistake of the plan.
func (p Plan) check() error {
	if p.Start.IsZero() {
		return fmt.Errorf("plan has no start")
	}
	if _, err := ParseSeason(string(p.Season)); err != nil {
		return err
	}
	sites := map[string]bool{}
	for _, s := range p.Sites {
		if !sensors.IsSlug(s.ID) || sites[s.ID] {
			return fmt.Errorf("site %q: not a name of [a-z0-9-], or given twice", s.ID)
		}
		sites[s.ID] = true
		if err := s.check(); err != nil {
			return fmt.Errorf("site %s: %w", s.ID, err)
		}
	}
	for _, f := range p.Faults {
		if err := f.check(p); err != nil {
			return err
		}
	}
	return nil
}

func (s Site) check() error {
	rooms := map[string]bool{}
	for _, r := range s.Rooms {
		if !sensors.IsSlug(r.ID) || rooms[r.ID] {
			return fmt.Errorf("room %q: not a name of [a-z0-9-], or given twice", r.ID)
		}
		rooms[r.ID] = true
		if _, ok := r.Kind.build(); !ok {
			return fmt.Errorf("room %s: kind %q is not known (one of %v)", r.ID, r.Kind, Kinds())
		}
		if r.Volume < 0 || r.LoadKG < 0 {
			return fmt.Errorf("room %s: volume and load must not be negative", r.ID)
		}
	}
	names, units := map[string]bool{}, map[uint8]bool{}
	for _, d := range s.Devices {
		switch {
		case d.Name == "" || names[d.Name]:
			return fmt.Errorf("device %q: no name, or given twice", d.Name)
		case d.Unit < 1 || d.Unit > 247 || units[d.Unit]:
			return fmt.Errorf("device %s: unit %d is not 1 to 247, or given twice", d.Name, d.Unit)
		case d.Room != "" && !rooms[d.Room]:
			return fmt.Errorf("device %s: room %q does not exist", d.Name, d.Room)
		case d.Probe != "" && d.Probe != InAir && d.Probe != InProduct:
			return fmt.Errorf("device %s: probe %q is not air or product", d.Name, d.Probe)
		}
		names[d.Name], units[d.Unit] = true, true
	}
	return checkRoute(s.Route)
}

func (s Site) room(id string) (int, bool) {
	for i, r := range s.Rooms {
		if r.ID == id {
			return i, true
		}
	}
	return 0, false
}

func (s Site) device(name string) (Device, bool) {
	for _, d := range s.Devices {
		if d.Name == name {
			return d, true
		}
	}
	return Device{}, false
}

func (p Plan) site(id string) (Site, bool) {
	for _, s := range p.Sites {
		if s.ID == id {
			return s, true
		}
	}
	return Site{}, false
}
