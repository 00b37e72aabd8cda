// Package hdc302x reads TI's HDC302x temperature and humidity chips over I2C
// through periph's driver. It guarantees that a chip that is absent, silent or
// garbled gives bad readings with the reason, and that a chip that is plugged in
// again is found by the next poll.
//
// HDC3020/3021/3022: −40 to 125 °C, 0 to 100 %RH, CRC-8 on both words
// (TI's HDC302x datasheet, https://www.ti.com/lit/ds/symlink/hdc3022.pdf).
package hdc302x

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
	driver "periph.io/x/devices/v3/hdc302x"

	"coldchain/sensors"
)

// DefaultAddress is the chip's address with both address pins low; the pins
// choose one of 0x44 to 0x47.
const DefaultAddress = 0x44

// The channels of the chip.
const (
	ChannelTemperature = "temperature" // °C
	ChannelHumidity    = "humidity"    // %RH
)

// settle is the second chance of a read that the chip did not acknowledge: its
// first measurement was not ready yet.
const settle = 50 * time.Millisecond

// stopMeasuring ends the chip's automatic mode (datasheet, "exit auto
// measurement mode").
var stopMeasuring = []byte{0x30, 0x93}

// Config says what to read of one chip.
type Config struct {
	Name    string // for messages
	Address uint16 // 0x44 to 0x47
	Points  map[sensors.PointID]string
	Now     func() time.Time
}

// Device is one chip as a sensor.
type Device struct {
	name    string
	address uint16
	points  map[sensors.PointID]string
	now     func() time.Time
	bus     i2c.Bus
	idle    bool // the chip is known not to be measuring
}

var _ sensors.Sensor = (*Device)(nil)

// New checks the configuration and returns the device. It does not touch the
// bus: a chip that is away must not keep an agent from starting.
//
// The bus must end its transactions in time by itself; periph's interface has
// no context.
func New(cfg Config, bus i2c.Bus) (*Device, error) {
	if bus == nil || cfg.Now == nil {
		return nil, fmt.Errorf("hdc302x %s: bus and clock are required", cfg.Name)
	}
	if cfg.Address < 0x44 || cfg.Address > 0x47 {
		return nil, fmt.Errorf("hdc302x %s: address 0x%02x is not between 0x44 and 0x47", cfg.Name, cfg.Address)
	}
	if len(cfg.Points) == 0 {
		return nil, fmt.Errorf("hdc302x %s: no points: map a point's name to temperature or humidity", cfg.Name)
	}
	for _, id := range slices.Sorted(maps.Keys(cfg.Points)) {
		if c := cfg.Points[id]; c != ChannelTemperature && c != ChannelHumidity {
			return nil, fmt.Errorf("hdc302x %s: point %s: no channel %q (temperature or humidity)", cfg.Name, id, c)
		}
	}
	return &Device{name: cfg.Name, address: cfg.Address, points: maps.Clone(cfg.Points), now: cfg.Now, bus: bus}, nil
}

// String names the device for messages.
func (d *Device) String() string { return fmt.Sprintf("%s (hdc302x, 0x%02x)", d.name, d.address) }

// Points lists what the device measures, sorted by name.
func (d *Device) Points() []sensors.Point {
	list := make([]sensors.Point, 0, len(d.points))
	for id, channel := range d.points {
		q := sensors.Temperature
		if channel == ChannelHumidity {
			q = sensors.Humidity
		}
		list = append(list, sensors.Point{ID: id, Quantity: q})
	}
	slices.SortFunc(list, func(a, b sensors.Point) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return list
}

// Read measures once for all points that are due, which takes about 0.1 s, and
// returns to idle. Values are rounded to 0.01 °C and 0.01 %RH, a tenth
// of the chip's accuracy and less.
func (d *Device) Read(ctx context.Context, due []sensors.PointID) []sensors.Reading {
	due = slices.Compact(slices.Sorted(slices.Values(due)))
	out := make([]sensors.Reading, 0, len(due))
	var known []sensors.PointID
	for _, id := range due {
		if _, ok := d.points[id]; ok {
			known = append(known, id)
		} else {
			out = append(out, sensors.NewBad(id, d.now(), sensors.NotImplemented))
		}
	}
	if len(known) == 0 {
		return out
	}
	env, err := d.measure(ctx)
	at := d.now()
	for _, id := range known {
		switch {
		case err != nil:
			out = append(out, sensors.NewBad(id, at, reasonOf(err)))
		case d.points[id] == ChannelHumidity:
			out = append(out, screened(id, at, percent(env.Humidity), 0, 100))
		default:
			out = append(out, screened(id, at, celsius(env.Temperature), -40, 125))
		}
	}
	return out
}

// measure starts the chip, reads it and stops it again. Nothing is kept from
// one poll to the next, so a chip that lost power, or was exchanged, is simply
// started; and between polls it does not warm itself, which it does when it
// measures more than once a second (a recommendation of the datasheet).
func (d *Device) measure(ctx context.Context) (env physic.Env, err error) {
	if err := ctx.Err(); err != nil {
		return env, err
	}
	if !d.idle {
		// A chip left measuring by an earlier process, or by a stop that
		// failed, may refuse the start. One that is idle may refuse this.
		_ = d.bus.Tx(d.address, stopMeasuring, nil)
	}
	d.idle = false
	chip, err := driver.NewI2C(d.bus, d.address, driver.Rate10Hertz)
	if err != nil {
		return env, err
	}
	defer func() { d.idle = chip.Halt() == nil && err == nil }()
	if err := ctx.Err(); err != nil {
		return env, err
	}
	err = chip.Sense(&env)
	if err != nil && reasonOf(err) == sensors.NoAck {
		select {
		case <-time.After(settle):
			err = chip.Sense(&env)
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	return env, err
}

// screened refuses what the chip cannot measure; the number is kept.
func screened(id sensors.PointID, at time.Time, v, low, high float64) sensors.Reading {
	if v < low || v > high {
		return sensors.NewBad(id, at, sensors.OutOfRange).WithRaw(v)
	}
	return sensors.NewGood(id, at, v)
}

// celsius rounds to 0.01 °C.
func celsius(t physic.Temperature) float64 {
	return hundredths(float64(t-physic.ZeroCelsius) / float64(10*physic.MilliCelsius))
}

// percent rounds to 0.01 %RH.
func percent(h physic.RelativeHumidity) float64 {
	return hundredths(float64(h) / float64(physic.PercentRH/100))
}

// hundredths goes through a whole number, so that 4.56 is the float64 nearest
// to 4.56 and there is no minus zero.
func hundredths(n float64) float64 { return float64(int64(math.Round(n))) / 100 }
