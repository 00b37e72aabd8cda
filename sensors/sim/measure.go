package sim

import (
	"fmt"
	"time"
)

// Measurement is what one device's probes and contacts show at a time. The
// number of digits is the device's business.
type Measurement struct {
	Temperature float64 // °C, of the probe's place
	Humidity    float64 // %RH
	Latitude    float64 // degrees north
	Longitude   float64 // degrees east
	Mains       bool    // all phases are there
	Phases      [3]bool
	Door        bool // open
	Defrost     bool
	Compressor  bool // running
	ProbeOpen   bool // the temperature and humidity are those of a broken wire
	Silent      bool // the device does not answer
	Exception   uint8
}

// device is a Device with its noise and its faults.
type device struct {
	Device
	noise                   uint64
	open, silent, exception []span
	code                    uint8
}

// Probes wander within a twentieth of a degree and three quarters of a %RH.
const (
	temperatureNoise = 0.05
	humidityNoise    = 0.75
	noisePeriod      = 400  // s
	positionNoise    = 3e-5 // degrees, about 3 m
)

func newDevice(p Plan, s Site, d Device) *device {
	if d.Probe == "" {
		d.Probe = InAir
	}
	of := func(kind FaultKind) []span {
		return p.spansOf(kind, func(f Fault) bool { return f.Site == s.ID && f.Device == d.Name })
	}
	n := &device{
		Device: d, noise: stream(p.Seed, "probe", s.ID, d.Name), code: 4,
		open: of(ProbeOpen), silent: of(SlaveSilent), exception: of(SlaveException),
	}
	for _, f := range p.Faults {
		if f.Kind == SlaveException && f.Site == s.ID && f.Device == d.Name && f.Code != 0 {
			n.code = f.Code
		}
	}
	return n
}

// Measure returns what the device with a unit identifier shows at a time.
func (c *County) Measure(siteID string, unit uint8, at time.Time) (Measurement, error) {
	s, ok := c.sites[siteID]
	if !ok {
		return Measurement{}, fmt.Errorf("site %s: the simulated county has no such site", siteID)
	}
	d, ok := s.devices[unit]
	if !ok {
		return Measurement{}, fmt.Errorf("site %s: no device has unit %d", siteID, unit)
	}
	t, err := c.second(at)
	if err != nil {
		return Measurement{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance(t)
	return s.measure(d, t), nil
}

// measure reads the site's present state. The caller holds mu.
func (s *site) measure(d *device, t int64) Measurement {
	m := Measurement{ProbeOpen: anyHolds(d.open, t), Silent: anyHolds(d.silent, t)}
	if anyHolds(d.exception, t) {
		m.Exception = d.code
	}
	for i, lost := range s.mains.lost {
		m.Phases[i] = !anyHolds(lost, t)
	}
	m.Mains = m.Phases[0] && m.Phases[1] && m.Phases[2]
	if s.route != nil {
		lat, lon, _, _ := s.route.at(t)
		m.Latitude = lat + positionNoise*wander(d.noise+1, t, 20)
		m.Longitude = lon + positionNoise*wander(d.noise+2, t, 20)
	}
	if i, ok := s.plan.room(d.Room); ok {
		is := s.rooms[i].condition(s.now.rooms[i])
		m.Temperature = is.Air
		if d.Probe == InProduct {
			m.Temperature = is.Product
		}
		m.Temperature += temperatureNoise * wander(d.noise, t, noisePeriod)
		m.Humidity = min(100, max(0, is.Humidity+humidityNoise*wander(d.noise+3, t, noisePeriod)))
		m.Door, m.Defrost, m.Compressor = is.Door, is.Defrost, is.Compressor
	}
	return m
}

// Position returns where a truck is and whether it stands at a stop. ok is
// false for a site that does not drive.
func (c *County) Position(siteID string, at time.Time) (lat, lon float64, standing, ok bool) {
	s, found := c.sites[siteID]
	if !found || s.route == nil {
		return 0, 0, false, false
	}
	lat, lon, stood, _ := s.route.at(at.Unix())
	return lat, lon, stood >= 0, true
}
