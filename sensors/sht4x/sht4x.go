// Package sht4x reads Sensirion's SHT40, SHT41, SHT43 and SHT45 temperature and
// humidity chips over I2C. It guarantees that every number went through its
// checksum and was measured in the poll that gives it.
//
// −40 to 125 °C, 0 to 100 %RH, CRC-8 on both words (Sensirion, "Datasheet
// SHT4x"; the sections named here are its). periph's driver came after the
// release in use, and gives the lowest temperature instead of an error.
package sht4x

import (
	"time"

	"periph.io/x/conn/v3/i2c"

	"coldchain/sensors/i2cchip"
)

// DefaultAddress is the address of the variants A; B has 0x45 and C 0x46.
const DefaultAddress = 0x44

// The channels of the chip.
const (
	ChannelTemperature = i2cchip.Temperature // °C
	ChannelHumidity    = i2cchip.Humidity    // %RH
)

// The commands (section "Command Overview").
var (
	measureOnce = []byte{0xFD} // high precision
	readSerial  = []byte{0x89}
	softReset   = []byte{0x94}
)

// The longest times (section "Timings").
const (
	measuring = 9 * time.Millisecond // 8.3 ms at high precision
	resetting = time.Millisecond
)

// overshoot is how far the formula of the humidity goes beyond 0 and 100 %RH;
// section "Conversion of Signal Output" has it cropped.
const overshoot = 19

// New returns the chip as a sensor.
func New(cfg i2cchip.Config, bus i2c.Bus) (*i2cchip.Device, error) {
	return i2cchip.New(cfg, i2cchip.Model{
		Name:      "sht4x",
		Addresses: []uint16{0x44, 0x45, 0x46},
		Channels:  i2cchip.Climate(-40, 125, overshoot),
		Setup:     identify,
		Measure:   measure,
		Reset: func(c *i2cchip.Conn) error {
			if err := c.Tx(softReset, nil); err != nil {
				return err
			}
			return c.Wait(resetting)
		},
	}, bus)
}

// identify reads the serial number, two words with their checksums. An SHT3x or
// an HDC302x on the same address has no commands of one byte.
func identify(c *i2cchip.Conn) error {
	_, err := words(c, readSerial, resetting)
	return err
}

// measure converts as in section "Conversion of Signal Output".
func measure(c *i2cchip.Conn) (i2cchip.Values, error) {
	raw, err := words(c, measureOnce, measuring)
	if err != nil {
		return nil, err
	}
	return i2cchip.Values{
		ChannelTemperature: -45 + 175*float64(raw[0])/65535,
		ChannelHumidity:    -6 + 125*float64(raw[1])/65535,
	}, nil
}

// words asks for two words.
func words(c *i2cchip.Conn, command []byte, work time.Duration) ([]uint16, error) {
	r := make([]byte, 6)
	if err := c.Ask(command, work, r); err != nil {
		return nil, err
	}
	return i2cchip.Words(r)
}
