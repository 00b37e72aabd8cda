// Package mcp9808 reads Microchip's MCP9808 temperature chip over I2C. It
// guarantees that a temperature counts only when the chip, asked after it, is an
// MCP9808 that has kept its power since it was set up: from power-up until the
// first conversion ends its register says 0 °C.
//
// −40 to 125 °C, ±0.25 °C typical (Microchip DS25095; the sections named here
// are its). periph has a driver; it sets the chip up once, so that it takes a
// chip that lost its power for a good one at 0 °C, replaces the bus's error
// by one of its own that says nothing of the cause, and is therefore not used.
package mcp9808

import (
	"time"

	"periph.io/x/conn/v3/i2c"

	"coldchain/sensors"
	"coldchain/sensors/i2cchip"
)

// DefaultAddress is the address with all three address pins low; they choose
// one of 0x18 to 0x1f.
const DefaultAddress = 0x18

// ChannelTemperature is the only channel, in °C.
const ChannelTemperature = i2cchip.Temperature

// The registers (section 5.1, "Registers").
const (
	regConfiguration = 0x01
	regTemperature   = 0x05
	regMaker         = 0x06
	regDevice        = 0x07
	regResolution    = 0x08
)

const (
	// set is continuous conversion with the alert off and a hysteresis of
	// +1.5 °C. The hysteresis does nothing while the alert is off; it is there
	// because it is gone after power-up, when the register is 0x0000 (section
	// 5.1.1).
	set    = 0x0200
	maker  = 0x0054 // section 5.1.4
	device = 0x0400 // the upper byte; below is the revision (section 5.1.5)
	finest = 0x03   // 0.0625 °C (section 5.1.6)
	flags  = 0xE000 // what the alert would say, above the sign (section 5.1.3.1)
	sign   = 0x1000
	// step is a bit in °C.
	step = 0.0625
	// jitter is how much two reads that follow each other at once may differ:
	// 0.25 °C.
	jitter = 4
)

// firstResult is twice the longest conversion at 0.0625 °C (section 1, "Thermal
// Characteristics": 250 ms).
const firstResult = 500 * time.Millisecond

// New returns the chip as a sensor. It has no soft reset.
func New(cfg i2cchip.Config, bus i2c.Bus) (*i2cchip.Device, error) {
	return i2cchip.New(cfg, i2cchip.Model{
		Name:      "mcp9808",
		Addresses: []uint16{0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F},
		Channels: map[string]i2cchip.Channel{
			ChannelTemperature: {Quantity: sensors.Temperature, Low: -40, High: 125, Places: 4},
		},
		Setup:   setup,
		Measure: measure,
	}, bus)
}

func setup(c *i2cchip.Conn) error {
	if err := identify(c); err != nil { // before anything is written into a stranger
		return err
	}
	if err := c.SetReg8(regResolution, finest); err != nil {
		return err
	}
	if err := c.SetReg16(regConfiguration, set); err != nil {
		return err
	}
	got, err := c.Reg16(regConfiguration)
	switch {
	case err != nil:
		return err
	case got != set:
		// The lock bits keep the register until the next power-up (section 5.1.1).
		return i2cchip.Faultf(sensors.ConfigFault, "configuration stays 0x%04x: locked by somebody else until the chip's power is cycled", got)
	}
	return c.Wait(firstResult)
}

func identify(c *i2cchip.Conn) error {
	for _, want := range []struct {
		reg         byte
		value, mask uint16
	}{{regMaker, maker, 0xFFFF}, {regDevice, device, 0xFF00}} {
		got, err := c.Reg16(want.reg)
		if err != nil {
			return err
		}
		if got&want.mask != want.value {
			return i2cchip.Faultf(sensors.BadAnswer, "register 0x%02x is 0x%04x: no mcp9808", want.reg, got)
		}
	}
	return nil
}

// measure reads the temperature and then makes sure that it was one.
func measure(c *i2cchip.Conn) (i2cchip.Values, error) {
	first, err := c.Reg16(regTemperature)
	if err != nil {
		return nil, err
	}
	raw, err := c.Reg16(regTemperature)
	if err != nil {
		return nil, err
	}
	if err := identify(c); err != nil {
		return nil, err
	}
	got, err := c.Reg16(regConfiguration)
	if err != nil {
		return nil, err
	}
	if got != set {
		return nil, i2cchip.Faultf(sensors.BadAnswer, "configuration is 0x%04x and not 0x%04x: power was lost, or somebody else set it", got, set)
	}
	if d := counts(raw) - counts(first); d > jitter || d < -jitter {
		return nil, i2cchip.Faultf(sensors.BadAnswer, "temperature read as 0x%04x and at once as 0x%04x", first, raw)
	}
	return i2cchip.Values{ChannelTemperature: float64(counts(raw)) * step}, nil
}

// counts takes the flags off; the rest is two's complement of 13 bits (section
// 5.1.3.1, equation 5-1).
func counts(raw uint16) int {
	n := int(raw &^ (flags | sign))
	if raw&sign != 0 {
		n -= sign
	}
	return n
}
