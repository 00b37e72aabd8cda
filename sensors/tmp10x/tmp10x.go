// Package tmp10x reads TI's TMP102 and TMP105 temperature chips and those
// compatible with them. It guarantees that a dead bus is not 0 °C: a
// temperature counts only when the configuration register, read after it,
// still holds what was written into it.
//
// That register decides because the temperature register says 0.000 °C both on
// a line stuck low and from power-up until the first conversion ends (TMP102
// datasheet SBOS397, "Temperature Register"; TMP105 datasheet SBOS280, same
// title). periph has a driver for the TMP102; it drops the error of reading the
// configuration and writes one made of zeros instead, and it does not see that
// a chip has lost its power, so it is not used.
package tmp10x

import (
	"math"
	"time"

	"periph.io/x/conn/v3/i2c"

	"coldchain/sensors"
	"coldchain/sensors/i2cchip"
)

// DefaultAddress is the address with the address pin low, on both chips.
const DefaultAddress = 0x48

// ChannelTemperature is the only channel, in °C.
const ChannelTemperature = i2cchip.Temperature

// The registers (both datasheets, "Pointer Addresses").
const (
	regTemperature   = 0
	regConfiguration = 1
)

// Both chips can be set so that their configuration is not what it is after
// power-up, and so that bits which nobody can write are known. This is how lost
// power and stuck lines are seen.
const (
	// TMP102, 16 bits: resolution bits 13 and 14 read 1 always, 12 bits wide, no
	// alert inverted, continuous, 8 conversions a second; 4 (0x60A0) is the
	// power-up value. Bit 5 (AL) follows the temperature and the lowest four
	// read 0 always (SBOS397, "Configuration Register").
	tmp102Set, tmp102Compared = 0x60C0, 0xFFDF
	// TMP105, 8 bits: continuous at 12 bits; power-up is 0x00, 9 bits. Bit 7 is
	// the one-shot command, which need not read back (SBOS280, "Configuration
	// Register").
	tmp105Set, tmp105Compared = 0x60, 0x7F
)

// The longest conversion at 12 bits: TMP102 35 ms; TMP105 300 ms (both
// datasheets, "Electrical Characteristics"). A conversion under way when the
// configuration is written has to end first.
const (
	tmp102Conversion = 2 * 35 * time.Millisecond
	tmp105Conversion = 2 * 300 * time.Millisecond
)

// step is a bit of the temperature in °C, which is in the upper 12 bits.
const step = 0.0625

// jitter is how much two reads that follow each other at once may differ, in
// counts of the register: 0.25 °C.
const jitter = 4 << 4

// NewTMP102 returns a TMP102 as a sensor; its address is 0x48 to 0x4b.
func NewTMP102(cfg i2cchip.Config, bus i2c.Bus) (*i2cchip.Device, error) {
	return i2cchip.New(cfg, i2cchip.Model{
		Name:      "tmp102",
		Addresses: []uint16{0x48, 0x49, 0x4A, 0x4B},
		Channels:  channels(-40),
		Setup: func(c *i2cchip.Conn) error {
			if err := c.SetReg16(regConfiguration, tmp102Set); err != nil {
				return err
			}
			if err := tmp102Unchanged(c); err != nil {
				return err
			}
			return c.Wait(tmp102Conversion)
		},
		Measure: func(c *i2cchip.Conn) (i2cchip.Values, error) { return measure(c, tmp102Unchanged) },
	}, bus)
}

// NewTMP105 returns a TMP105 as a sensor; its address is 0x48 to 0x4f. LM75
// class chips with the same one-byte configuration and 12 bits (TMP75, TMP175,
// DS75) answer to it too.
func NewTMP105(cfg i2cchip.Config, bus i2c.Bus) (*i2cchip.Device, error) {
	return i2cchip.New(cfg, i2cchip.Model{
		Name:      "tmp105",
		Addresses: []uint16{0x48, 0x49, 0x4A, 0x4B, 0x4C, 0x4D, 0x4E, 0x4F},
		Channels:  channels(-55),
		Setup: func(c *i2cchip.Conn) error {
			if err := c.SetReg8(regConfiguration, tmp105Set); err != nil {
				return err
			}
			if err := tmp105Unchanged(c); err != nil {
				return err
			}
			return c.Wait(tmp105Conversion)
		},
		Measure: func(c *i2cchip.Conn) (i2cchip.Values, error) { return measure(c, tmp105Unchanged) },
	}, bus)
}

// channels has four places because a step is 0.0625 °C.
func channels(low float64) map[string]i2cchip.Channel {
	return map[string]i2cchip.Channel{
		ChannelTemperature: {Quantity: sensors.Temperature, Low: low, High: 125, Places: 4},
	}
}

func tmp102Unchanged(c *i2cchip.Conn) error {
	got, err := c.Reg16(regConfiguration)
	if err == nil && got&tmp102Compared != tmp102Set {
		err = i2cchip.Faultf(sensors.BadAnswer, "configuration is 0x%04x and not 0x%04x: no tmp102, or its power was lost", got, tmp102Set)
	}
	return err
}

func tmp105Unchanged(c *i2cchip.Conn) error {
	got, err := c.Reg8(regConfiguration)
	if err == nil && got&tmp105Compared != tmp105Set {
		err = i2cchip.Faultf(sensors.BadAnswer, "configuration is 0x%02x and not 0x%02x: no tmp105, or its power was lost", got, tmp105Set)
	}
	return err
}

// measure reads the temperature and then makes sure that it was one.
func measure(c *i2cchip.Conn, unchanged func(c *i2cchip.Conn) error) (i2cchip.Values, error) {
	raw, err := c.Steady16(regTemperature, jitter)
	if err != nil {
		return nil, err
	}
	if err := unchanged(c); err != nil {
		return nil, err
	}
	t, err := celsius(raw)
	if err != nil {
		return nil, err
	}
	return i2cchip.Values{ChannelTemperature: t}, nil
}

// celsius converts the register: two's complement in the upper 12 bits, of
// 0.0625 °C each; the lower four read 0 (SBOS397, "12-Bit Temperature Data
// Format").
func celsius(raw uint16) (float64, error) {
	if raw&0xF != 0 {
		return math.NaN(), i2cchip.Faultf(sensors.BadAnswer, "temperature 0x%04x has bits where a chip has none", raw)
	}
	return float64(int16(raw)>>4) * step, nil
}
