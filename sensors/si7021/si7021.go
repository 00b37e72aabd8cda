// Package si7021 reads Silicon Labs' Si7021 temperature and humidity chip and
// those that answer alike: Si7020, Si7013, HTU21D, SHT20, SHT21, SHT25. It
// guarantees that every number went through its checksum, was measured in the
// poll that gives it, and that a humidity is never taken for a temperature.
//
// −40 to 125 °C, 0 to 100 %RH (Silicon Labs, "Si7021-A20"; TE, "HTU21D(F)"; the
// sections named here are of the former). periph has no driver for it. The
// electronic serial number is not compared: all that answer in this way convert
// alike, and copies have numbers of their own.
package si7021

import (
	"encoding/binary"
	"time"

	"periph.io/x/conn/v3/i2c"

	"coldchain/sensors"
	"coldchain/sensors/i2cchip"
)

// DefaultAddress is the only address.
const DefaultAddress = 0x40

// The channels of the chip.
const (
	ChannelTemperature = i2cchip.Temperature // °C
	ChannelHumidity    = i2cchip.Humidity    // %RH
)

// The commands (section 5, table 11), without clock stretching.
var (
	measureHumidity    = []byte{0xF5}
	measureTemperature = []byte{0xF3}
	softReset          = []byte{0xFE}
	readUser           = []byte{0xE7}
)

const (
	regUser  = 0xE6
	userBits = 0x81 // resolution, 0 is the finest: 14 and 12 bits (section 6.1)
	heater   = 0x04 // same register
	// kind is the bit of the answer that tells a humidity from a temperature
	// (sections 5.1.1 and 5.1.2: it ends in 10 and in 00).
	kind = 0x02
)

// The longest times of the slowest of the kin, the SHT2x (its datasheet, table
// 7); the Si7021 needs 23 and 11 ms.
const (
	humidityTime    = 30 * time.Millisecond
	temperatureTime = 85 * time.Millisecond
	resetting       = 15 * time.Millisecond
)

// overshoot is how far the formula of the humidity goes beyond 0 and 100 %RH;
// section 5.1.1 has it cropped.
const overshoot = 19

// New returns the chip as a sensor.
func New(cfg i2cchip.Config, bus i2c.Bus) (*i2cchip.Device, error) {
	return i2cchip.New(cfg, i2cchip.Model{
		Name:      "si7021",
		Addresses: []uint16{DefaultAddress},
		Channels:  i2cchip.Climate(-40, 125, overshoot),
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

// setup chooses the finest resolution and switches off a heater that an earlier
// process left on, which makes the chip read some °C too warm. Reserved bits
// are written as they were read (section 6.1).
func setup(c *i2cchip.Conn) error {
	r := make([]byte, 1)
	if err := c.Tx(readUser, r); err != nil {
		return err
	}
	return c.SetReg8(regUser, r[0]&^(userBits|heater))
}

// measure asks for both, one after the other: that the Si7021 keeps the
// temperature of a humidity measurement is not so on its kin. Conversion as in
// sections 5.1.1 and 5.1.2.
func measure(c *i2cchip.Conn) (i2cchip.Values, error) {
	h, err := ask(c, measureHumidity, humidityTime, kind)
	if err != nil {
		return nil, err
	}
	t, err := ask(c, measureTemperature, temperatureTime, 0)
	if err != nil {
		return nil, err
	}
	return i2cchip.Values{
		ChannelTemperature: -46.85 + 175.72*float64(t)/65536,
		ChannelHumidity:    -6 + 125*float64(h)/65536,
	}, nil
}

// ask takes one measurement. The kind is compared because a checksum that starts
// at 0 is right for a line stuck low.
func ask(c *i2cchip.Conn, command []byte, work time.Duration, want uint16) (uint16, error) {
	r := make([]byte, 3)
	if err := c.Ask(command, work, r); err != nil {
		return 0, err
	}
	if got := i2cchip.CRC8Zero(r[:2]); got != r[2] {
		return 0, i2cchip.Faultf(sensors.CRCError, "answer % x has checksum %02x", r, got)
	}
	raw := binary.BigEndian.Uint16(r)
	switch {
	case raw&kind != want:
		return 0, i2cchip.Faultf(sensors.BadAnswer, "answer % x to command 0x%02x is of the other kind", r, command[0])
	case raw == 0:
		return 0, i2cchip.Faultf(sensors.BadAnswer, "nothing but zeros")
	}
	return raw &^ 3, nil
}
