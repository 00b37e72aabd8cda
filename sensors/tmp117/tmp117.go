// Package tmp117 reads TI's TMP117 and TMP119 temperature chips over I2C. It
// guarantees that a temperature counts only when the chip, asked after it, is a
// TMP117 that measures continuously, and never when no conversion has ended
// since its power came on.
//
// −55 to 150 °C, ±0.1 °C from −20 to 50 °C (TI SNOSD82, "TMP117
// High-Accuracy, Low-Power, Digital Temperature Sensor"; the sections named
// here are its). periph has no driver for it.
package tmp117

import (
	"time"

	"periph.io/x/conn/v3/i2c"

	"coldchain/sensors"
	"coldchain/sensors/i2cchip"
)

// DefaultAddress is the address with ADD0 to ground; the pin chooses one of 0x48
// to 0x4b.
const DefaultAddress = 0x48

// ChannelTemperature is the only channel, in °C.
const ChannelTemperature = i2cchip.Temperature

// The registers (section "Register Map").
const (
	regTemperature   = 0x00
	regConfiguration = 0x01
	regID            = 0x0F
)

const (
	// continuous is the factory's setting: a cycle of 1 s with 8 conversions
	// averaged. It is written all the same because the chip can be made to wake
	// up otherwise (section "Configuration Register").
	continuous = 0x0220
	// compared are the bits that make a measurement: mode, cycle and average.
	// The alert and data-ready flags change by themselves.
	compared = 0x0FE0
	reset    = 0x0002 // bit Soft_Reset
	// id is the part and 12 bits; the revision is above (section "Device ID
	// Register"). The TMP119 has the same part and another revision.
	id       = 0x0117
	partOfID = 0x0FFF
	// none is what the temperature register holds until the first conversion
	// ends: −256 °C (section "Temperature Register").
	none = 0x8000
	// step is a bit in °C (same section).
	step = 0.0078125
	// jitter is how much two reads that follow each other at once may differ:
	// 0.25 °C.
	jitter = 32
)

// The longest waits (section "Switching Characteristics"): a cycle takes 1.1 s,
// its eight conversions 140 ms; a reset 2 ms.
const (
	firstResult = 150 * time.Millisecond
	resetting   = 2 * time.Millisecond
)

// New returns the chip as a sensor. Values are rounded to 0.001 °C.
func New(cfg i2cchip.Config, bus i2c.Bus) (*i2cchip.Device, error) {
	return i2cchip.New(cfg, i2cchip.Model{
		Name:      "tmp117",
		Addresses: []uint16{0x48, 0x49, 0x4A, 0x4B},
		Channels: map[string]i2cchip.Channel{
			ChannelTemperature: {Quantity: sensors.Temperature, Low: -55, High: 150, Places: 3},
		},
		Setup: func(c *i2cchip.Conn) error {
			if err := identify(c); err != nil { // before anything is written into a stranger
				return err
			}
			if err := c.SetReg16(regConfiguration, continuous); err != nil {
				return err
			}
			return c.Wait(firstResult)
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
	got, err := c.Reg16(regID)
	if err == nil && got&partOfID != id {
		err = i2cchip.Faultf(sensors.BadAnswer, "device id is 0x%04x: no tmp117", got)
	}
	return err
}

// measure reads the temperature and then makes sure that it was one.
func measure(c *i2cchip.Conn) (i2cchip.Values, error) {
	raw, err := c.Steady16(regTemperature, jitter)
	if err != nil {
		return nil, err
	}
	if err := identify(c); err != nil {
		return nil, err
	}
	got, err := c.Reg16(regConfiguration)
	switch {
	case err != nil:
		return nil, err
	case got&compared != continuous:
		return nil, i2cchip.Faultf(sensors.BadAnswer, "configuration is 0x%04x and not 0x%04x: power was lost, or somebody else set it", got, continuous)
	case raw == none:
		return nil, i2cchip.Faultf(sensors.DeviceBusy, "no conversion has ended since power came on")
	}
	return i2cchip.Values{ChannelTemperature: float64(int16(raw)) * step}, nil
}
