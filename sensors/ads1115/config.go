package ads1115

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"periph.io/x/conn/v3/i2c"

	"coldchain/sensors"
	"coldchain/sensors/analog"
)

// DefaultAddress is the chip's with ADDR at ground; the pin chooses one of 0x48
// to 0x4B.
const DefaultAddress = 0x48

// The defaults of a channel and of a device.
const (
	DefaultRange = 4.096 // V
	DefaultRate  = 8     // samples a second: the least noise
)

// Channel is what hangs on one input.
type Channel struct {
	// Range is the full scale in V: 6.144, 4.096 (default), 2.048, 1.024,
	// 0.512 or 0.256. At its end the input is saturated, which is a fault.
	Range float64 `yaml:"range"`
	// Conversion is of volts, or of a share when there is a reference.
	Conversion analog.Params `yaml:"conversion"`
	// Reference is the input that measures the voltage over the whole divider.
	Reference      string  `yaml:"reference"`
	ReferenceRange float64 `yaml:"reference_range"` // V, default 4.096
}

// Config says what to read of one chip.
type Config struct {
	Name     string // for messages
	Address  uint16 // 0x48 to 0x4B
	Channels map[string]Channel
	Points   map[sensors.PointID]string // the channel of each point
	Rate     int                        // samples a second: 8 (default), 16, 32, 64, 128, 250, 475 or 860
	Now      func() time.Time
}

// ChannelNames lists the chip's inputs: four against ground and two pairs.
func ChannelNames() []string { return slices.Sorted(maps.Keys(multiplexer())) }

// Mistake is one thing wrong with a Channel.
type Mistake = analog.Mistake

// Validate reports every mistake; keys of the conversion begin with
// "conversion.".
func (c Channel) Validate() []Mistake {
	var found []Mistake
	ranges := slices.Sorted(maps.Keys(gains()))
	checkRange := func(key string, v float64) {
		if _, ok := gains()[v]; !ok {
			found = append(found, Mistake{Key: key, What: fmt.Sprintf("%v V is not a range of the chip", v), Want: fmt.Sprintf("one of %v", ranges)})
		}
	}
	checkRange("range", c.fullScale())
	if c.Reference != "" {
		if _, ok := multiplexer()[c.Reference]; !ok {
			found = append(found, Mistake{Key: "reference", What: fmt.Sprintf("%.40q is not an input of the chip", c.Reference), Want: "one of " + strings.Join(ChannelNames(), ", ")})
		}
		checkRange("reference_range", c.referenceScale())
	} else if c.ReferenceRange != 0 {
		found = append(found, Mistake{Key: "reference_range", What: "has no effect without reference", Want: "remove it"})
	}
	for _, m := range c.Conversion.Validate(c.signal()) {
		m.Key = "conversion." + m.Key
		found = append(found, m)
	}
	if len(found) > 0 || c.signal() != analog.Volts {
		return found
	}
	conversion, err := analog.New(c.Conversion, analog.Volts)
	if largest := conversion.Largest(); err == nil && largest >= c.fullScale() {
		found = append(found, Mistake{Key: "range", What: fmt.Sprintf("%v V are less than the %.3f V that the signal can have", c.fullScale(), largest),
			Want: "a larger range or a smaller shunt"})
	}
	return found
}

func (c Channel) signal() analog.Signal {
	if c.Reference != "" {
		return analog.Share
	}
	return analog.Volts
}

func (c Channel) fullScale() float64 { return orDefault(c.Range) }

func (c Channel) referenceScale() float64 { return orDefault(c.ReferenceRange) }

func orDefault(v float64) float64 {
	if v == 0 {
		return DefaultRange
	}
	return v
}

// New checks the configuration and returns the device. It does not touch the
// bus: a chip that is away must not keep an agent from starting. The error
// lists every mistake, one a line.
//
// The bus must end its transactions in time by itself; periph's interface has
// no context.
func New(cfg Config, bus i2c.Bus) (*Device, error) {
	if bus == nil || cfg.Now == nil {
		return nil, fmt.Errorf("ads1115 %s: bus and clock are required", cfg.Name)
	}
	var wrong []error
	mistake := func(format string, a ...any) {
		wrong = append(wrong, fmt.Errorf("ads1115 %s: %w", cfg.Name, fmt.Errorf(format, a...)))
	}
	if cfg.Address < 0x48 || cfg.Address > 0x4B {
		mistake("address 0x%02x is not between 0x48 and 0x4b", cfg.Address)
	}
	if cfg.Rate == 0 {
		cfg.Rate = DefaultRate
	}
	if _, ok := rates()[cfg.Rate]; !ok {
		mistake("rate %d is not one of %v", cfg.Rate, slices.Sorted(maps.Keys(rates())))
	}
	d := &Device{name: cfg.Name, address: cfg.Address, rate: cfg.Rate, now: cfg.Now, bus: bus,
		inputs: map[string]*input{}, points: maps.Clone(cfg.Points)}
	for _, name := range slices.Sorted(maps.Keys(cfg.Channels)) {
		c := cfg.Channels[name]
		if _, ok := multiplexer()[name]; !ok {
			mistake("channel %.40q is not an input of the chip (%s)", name, strings.Join(ChannelNames(), ", "))
			continue
		}
		found := c.Validate()
		if c.Reference == name {
			found = append(found, Mistake{Key: "reference", What: "is the channel itself", Want: "another input"})
		}
		for _, m := range found {
			mistake("channel %s: %w", name, m)
		}
		if len(found) > 0 {
			continue
		}
		in, err := newInput(name, c)
		if err != nil {
			mistake("channel %s: %w", name, err)
			continue
		}
		d.inputs[name] = in
	}
	if len(cfg.Points) == 0 {
		mistake("no points: map a point's name to a channel")
	}
	for _, id := range slices.Sorted(maps.Keys(cfg.Points)) {
		if _, ok := cfg.Channels[cfg.Points[id]]; !ok {
			mistake("point %s: channel %.40q is not set up", id, cfg.Points[id])
		}
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return d, nil
}

// newInput is a channel ready to be measured.
func newInput(name string, c Channel) (*input, error) {
	conversion, err := analog.New(c.Conversion, c.signal())
	if err != nil {
		return nil, err
	}
	in := &input{own: tap{name, c.fullScale()}, conversion: conversion}
	if c.Reference != "" {
		in.reference = &tap{c.Reference, c.referenceScale()}
	}
	return in, nil
}
