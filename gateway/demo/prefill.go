package demo

import (
	"context"
	"fmt"
	"time"

	"coldchain/sensors"
	"coldchain/sensors/modbus"
	"coldchain/sensors/sim/slave"
)

// clockedDevice is a driver on a simulated line.
type clockedDevice struct {
	device *modbus.Device
	due    []sensors.PointID
}

// Prefill reads a site's simulated past through the drivers a real site has,
// from (inclusive) to (exclusive), one poll of all its devices every so often,
// and hands each poll's readings on with their simulated time. It stops at the
// first error of yield and returns it, or when ctx ends.
func (c *County) Prefill(ctx context.Context, site string, from, to time.Time, every time.Duration, yield func(at time.Time, readings []sensors.Reading) error) error {
	if every <= 0 {
		return fmt.Errorf("prefill %s: interval %s is not positive", site, every)
	}
	devices, err := slave.NewDevices(c.Sim, site)
	if err != nil {
		return fmt.Errorf("prefill: %w", err)
	}
	line := slave.NewLine(devices, from)
	drivers, err := c.drivers(site, line)
	if err != nil {
		return fmt.Errorf("prefill %s: %w", site, err)
	}
	for at := from; at.Before(to); at = at.Add(every) {
		if err := ctx.Err(); err != nil {
			return err
		}
		line.Set(at)
		var readings []sensors.Reading
		for _, d := range drivers {
			readings = append(readings, d.device.Read(ctx, d.due)...)
		}
		if err := yield(at, readings); err != nil {
			return err
		}
	}
	return nil
}

func (c *County) drivers(site string, line *slave.Line) ([]clockedDevice, error) {
	edge, ok := c.edge(site)
	if !ok {
		return nil, fmt.Errorf("no such site")
	}
	var out []clockedDevice
	for _, d := range edge.Devices {
		profile, err := modbus.LoadProfile(d.Profile)
		if err != nil {
			return nil, err
		}
		points := map[sensors.PointID]string{}
		for name, channel := range d.Points {
			points[pointID(site, d.Zone, name)] = channel
		}
		device, err := modbus.New(modbus.Config{Name: d.Name, Slave: d.Slave, Profile: profile, Points: points, Now: line.Now}, line)
		if err != nil {
			return nil, err
		}
		one := clockedDevice{device: device}
		for _, p := range device.Points() {
			one.due = append(one.due, p.ID)
		}
		out = append(out, one)
	}
	return out, nil
}
