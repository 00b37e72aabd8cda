// Package hdc1080 reads TI's HDC1080 and HDC1050 temperature and humidity chips
// over I2C. The chip has no checksum: the package guarantees that a number
// counts only when two measurements agree and the chip, asked after them, says
// that it is one.
//
// −40 to 125 °C, 0 to 100 %RH, best above −20 °C (TI SNAS672, "HDC1080"; the
// sections named here are its). periph has no driver for it.
package hdc1080

import (
	"encoding/binary"
	"math"
	"time"

	"periph.io/x/conn/v3/i2c"

	"coldchain/sensors"
	"coldchain/sensors/i2cchip"
)

// DefaultAddress is the HDC1080's only address; the HDC1050 has 0x40 to 0x43.
const DefaultAddress = 0x40

// The channels of the chip.
const (
	ChannelTemperature = i2cchip.Temperature // °C
	ChannelHumidity    = i2cchip.Humidity    // %RH
)

// The registers (section 8.6).
const (
	regTemperature   = 0x00 // naming it starts a measurement of both
	regConfiguration = 0x02
	regMaker         = 0xFE
	regDevice        = 0xFF
)

const (
	both   = 0x1000 // measure both, 14 bits, heater off (section 8.6.3)
	heated = 0x2000 | 0x1700
	reset  = 0x8000
	maker  = 0x5449 // section 8.6.5
	device = 0x1050 // section 8.6.6
	unused = 0x3    // the lowest bits of results read 0 (sections 8.6.1 and 8.6.2)
)

// The longest times (section 7.5): 6.35 ms and 6.5 ms for the two conversions,
// 15 ms to start.
const (
	measuring = 15 * time.Millisecond
	resetting = 15 * time.Millisecond
)

// How much two measurements that follow each other at once may differ: some
// times the noise (section 7.5: 0.1 %RH and less).
const (
	nearT = 0.5 // °C
	nearH = 3.0 // %RH
)

// New returns the chip as a sensor.
func New(cfg i2cchip.Config, bus i2c.Bus) (*i2cchip.Device, error) {
	return i2cchip.New(cfg, i2cchip.Model{
		Name:      "hdc1080",
		Addresses: []uint16{0x40, 0x41, 0x42, 0x43},
		Channels:  i2cchip.Climate(-40, 125, 0),
		Setup: func(c *i2cchip.Conn) error {
			if err := identify(c); err != nil { // before anything is written into a stranger
				return err
			}
			return c.SetReg16(regConfiguration, both)
		},
		Measure: measure,
		Reset: func(c *i2cchip.Conn) error {
			if err := identify(c); err != nil {
				return err
			}
			if err := c.SetReg16(regConfiguration, reset); err != nil {
				return err
			}
			return c.Wait(resetting)
		},
	}, bus)
}

func identify(c *i2cchip.Conn) error {
	for _, want := range []struct {
		reg   byte
		value uint16
	}{{regMaker, maker}, {regDevice, device}} {
		got, err := c.Reg16(want.reg)
		if err != nil {
			return err
		}
		if got != want.value {
			return i2cchip.Faultf(sensors.BadAnswer, "register 0x%02x is 0x%04x: no hdc1080", want.reg, got)
		}
	}
	return nil
}

func measure(c *i2cchip.Conn) (i2cchip.Values, error) {
	t1, h1, err := once(c)
	if err != nil {
		return nil, err
	}
	t2, h2, err := once(c)
	if err != nil {
		return nil, err
	}
	if math.Abs(t1-t2) > nearT || math.Abs(h1-h2) > nearH {
		return nil, i2cchip.Faultf(sensors.BadAnswer, "measured %.2f °C, %.2f %%RH and at once %.2f °C, %.2f %%RH", t1, h1, t2, h2)
	}
	if err := identify(c); err != nil {
		return nil, err
	}
	got, err := c.Reg16(regConfiguration)
	if err != nil {
		return nil, err
	}
	if got&(both|heated) != both {
		return nil, i2cchip.Faultf(sensors.BadAnswer, "configuration is 0x%04x and not 0x%04x: somebody else set it", got, both)
	}
	return i2cchip.Values{ChannelTemperature: t2, ChannelHumidity: h2}, nil
}

// once measures once and converts as in sections 8.6.1 and 8.6.2.
func once(c *i2cchip.Conn) (t, h float64, err error) {
	r := make([]byte, 4)
	if err := c.Ask([]byte{regTemperature}, measuring, r); err != nil {
		return 0, 0, err
	}
	rawT, rawH := binary.BigEndian.Uint16(r), binary.BigEndian.Uint16(r[2:])
	switch {
	case rawT&unused != 0 || rawH&unused != 0:
		return 0, 0, i2cchip.Faultf(sensors.BadAnswer, "results % x have bits where a chip has none", r)
	case rawT == 0:
		// Before the first measurement: the chip lost its power in between, or
		// the line is stuck low. It would read as −40 °C.
		return 0, 0, i2cchip.Faultf(sensors.BadAnswer, "no result: % x", r)
	}
	return 165*float64(rawT)/65536 - 40, 100 * float64(rawH) / 65536, nil
}
