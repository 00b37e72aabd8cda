// Package sht3x reads Sensirion's SHT30, SHT31, SHT35 and SHT85 temperature and
// humidity chips over I2C. It guarantees that every number went through its
// checksum and was measured in the poll that gives it.
//
// −40 to 125 °C, 0 to 100 %RH, CRC-8 on both words (Sensirion, "Datasheet
// SHT3x-DIS", version 7; the sections named here are its). periph has no driver
// for it.
package sht3x

import (
	"time"

	"periph.io/x/conn/v3/i2c"

	"coldchain/sensors"
	"coldchain/sensors/i2cchip"
)

// DefaultAddress is the address with the ADDR pin low; high is 0x45.
const DefaultAddress = 0x44

// The channels of the chip.
const (
	ChannelTemperature = i2cchip.Temperature // °C
	ChannelHumidity    = i2cchip.Humidity    // %RH
)

// The commands.
var (
	measureOnce = []byte{0x24, 0x00} // single shot, high repeatability, no clock stretching (section 4.3)
	breakOff    = []byte{0x30, 0x93} // ends periodic measuring (section 4.8)
	softReset   = []byte{0x30, 0xA2} // section 4.9
	heaterOff   = []byte{0x30, 0x66} // section 4.10
	readStatus  = []byte{0xF3, 0x2D} // section 4.11
)

// Bits of the status register (section 4.11, table 18).
const (
	heaterOn = 1 << 13
	reserved = 1<<14 | 1<<12 | 0xC // read 0; bits 9 to 5 read anything
)

// The longest times (section 2.2, table 4).
const (
	measuring = 16 * time.Millisecond // 15.5 ms at high repeatability
	resetting = 2 * time.Millisecond  // 1.5 ms
)

// New returns the chip as a sensor.
func New(cfg i2cchip.Config, bus i2c.Bus) (*i2cchip.Device, error) {
	return i2cchip.New(cfg, i2cchip.Model{
		Name:      "sht3x",
		Addresses: []uint16{0x44, 0x45},
		Channels:  i2cchip.Climate(-40, 125, 0),
		Setup:     setup,
		Measure:   measure,
		Reset: func(c *i2cchip.Conn) error {
			if err := c.Tx(softReset, nil); err != nil {
				return err
			}
			return c.Wait(resetting)
		},
	}, bus)
}

// setup ends what an earlier process may have left on, the periodic mode and
// the heater, which makes the chip read some °C too warm; and makes sure that
// what answers has the chip's status register.
func setup(c *i2cchip.Conn) error {
	_ = c.Tx(breakOff, nil) // the status says whether the chip is there
	if err := c.Wait(time.Millisecond); err != nil {
		return err
	}
	if err := c.Tx(heaterOff, nil); err != nil {
		return err
	}
	r := make([]byte, 3)
	if err := c.Tx(readStatus, r); err != nil {
		return err
	}
	words, err := i2cchip.Words(r)
	switch {
	case err != nil:
		return err
	case words[0]&reserved != 0:
		return i2cchip.Faultf(sensors.BadAnswer, "status 0x%04x has bits that an sht3x has not", words[0])
	case words[0]&heaterOn != 0:
		return i2cchip.Faultf(sensors.DeviceFault, "the heater does not go off")
	}
	return nil
}

// measure converts as in section 4.13.
func measure(c *i2cchip.Conn) (i2cchip.Values, error) {
	r := make([]byte, 6)
	if err := c.Ask(measureOnce, measuring, r); err != nil {
		return nil, err
	}
	words, err := i2cchip.Words(r)
	if err != nil {
		return nil, err
	}
	return i2cchip.Values{
		ChannelTemperature: -45 + 175*float64(words[0])/65535,
		ChannelHumidity:    100 * float64(words[1]) / 65535,
	}, nil
}
