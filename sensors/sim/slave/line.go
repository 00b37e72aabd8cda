package slave

import (
	"context"
	"fmt"
	"time"

	"coldchain/sensors/sim"
)

// Devices are one site's slaves, to be asked in-process at any simulated time.
type Devices struct {
	county *sim.County
	site   string
	maps   map[uint8][]field
}

// NewDevices gives the devices of a site their registers. The error names the
// device whose profile cannot be simulated.
func NewDevices(c *sim.County, site string) (*Devices, error) {
	for _, s := range c.Plan().Sites {
		if s.ID != site {
			continue
		}
		d := &Devices{county: c, site: site, maps: map[uint8][]field{}}
		for _, device := range s.Devices {
			list, ok := fields(device.Profile)
			if !ok {
				return nil, fmt.Errorf("simulated device %s/%s: profile %q cannot be simulated (one of %v)", site, device.Name, device.Profile, Profiles())
			}
			d.maps[device.Unit] = list
		}
		return d, nil
	}
	return nil, fmt.Errorf("site %s: the simulated county has no such site", site)
}

// Ask answers a read question as of a time. The error is an Exception, or has
// a method Timeout that returns true when the device stays silent, or says why
// the time is outside the simulation.
func (d *Devices) Ask(unit, function uint8, address, quantity uint16, at time.Time) ([]byte, error) {
	list, ok := d.maps[unit]
	if !ok {
		return nil, TargetSilent
	}
	m, err := d.county.Measure(d.site, unit, at)
	if err != nil {
		return nil, err
	}
	if m.Silent {
		return nil, silence{}
	}
	if m.Exception != 0 {
		return nil, Exception(m.Exception)
	}
	return image(list, m, function, address, quantity)
}

// Line is a site's bus at one simulated time, which the caller moves. It has
// the method drivers read through. One goroutine at a time.
type Line struct {
	devices *Devices
	at      time.Time
}

// NewLine returns a line at the time at.
func NewLine(d *Devices, at time.Time) *Line { return &Line{d, at} }

// Set moves the line to another simulated time.
func (l *Line) Set(at time.Time) { l.at = at }

// Now returns the simulated time, for a driver's clock.
func (l *Line) Now() time.Time { return l.at }

// Read answers one question at the line's time.
func (l *Line) Read(ctx context.Context, slave, function uint8, address, quantity uint16) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return l.devices.Ask(slave, function, address, quantity, l.at)
}
