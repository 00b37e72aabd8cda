// Package hdc302x reads TI's HDC302x temperature and humidity chips over I2C
// through periph's driver. It guarantees that a chip that is absent, silent or
// garbled gives bad readings with the reason, and that a chip that is plugged in
// again is found by the next poll.
//
// HDC3020/3021/3022: −40 to 125 °C, 0 to 100 %RH, CRC-8 on both words
// (TI's HDC302x datasheet, https://www.ti.com/lit/ds/symlink/hdc3022.pdf).
package hdc302x

import (
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
	driver "periph.io/x/devices/v3/hdc302x"

	"coldchain/sensors"
	"coldchain/sensors/i2cchip"
)

// DefaultAddress is the chip's address with both address pins low; the pins
// choose one of 0x44 to 0x47.
const DefaultAddress = 0x44

// The channels of the chip.
const (
	ChannelTemperature = i2cchip.Temperature // °C
	ChannelHumidity    = i2cchip.Humidity    // %RH
)

// Config says what to read of one chip.
type Config = i2cchip.Config

// Device is one chip as a sensor.
type Device = i2cchip.Device

// settle is the second chance of a read that the chip did not acknowledge: its
// first measurement was not ready yet.
const settle = 50 * time.Millisecond

// vendor is what the chip says that it is: Texas Instruments (datasheet, "read
// manufacturer ID").
const vendor = 0x3000

// The commands (datasheet, command table) that periph does not give.
var (
	stopMeasuring = []byte{0x30, 0x93} // "exit auto measurement mode"
	softReset     = []byte{0x30, 0xA2}
	readVendor    = []byte{0x37, 0x81}
)

// New returns the chip as a sensor. A poll takes about 0.1 s. Values are
// rounded to 0.01 °C and 0.01 %RH, a tenth of the chip's accuracy and less.
func New(cfg Config, bus i2c.Bus) (*Device, error) {
	var chip chip
	return i2cchip.New(cfg, i2cchip.Model{
		Name:      "hdc302x",
		Addresses: []uint16{0x44, 0x45, 0x46, 0x47},
		Channels:  i2cchip.Climate(-40, 125, 0),
		Setup:     chip.identify,
		Measure:   chip.measure,
		Reset: func(c *i2cchip.Conn) error {
			if err := c.Tx(softReset, nil); err != nil {
				return err
			}
			return c.Wait(10 * time.Millisecond) // 3 ms and some (datasheet, timing)
		},
	}, bus)
}

// chip is what is remembered from one poll to the next.
type chip struct {
	idle bool // it is known not to be measuring
}

// stop ends a measuring mode that an earlier process left behind, or a stop that
// failed: in it the chip may refuse everything else. One that is idle may refuse
// the stop.
func (d *chip) stop(c *i2cchip.Conn) {
	if !d.idle {
		_ = c.Tx(stopMeasuring, nil)
	}
	d.idle = false
}

// identify makes sure of the maker. An SHT3x on the same address knows many of
// the same commands, but not this one.
func (d *chip) identify(c *i2cchip.Conn) error {
	d.stop(c)
	id := make([]byte, 3)
	if err := c.Tx(readVendor, id); err != nil {
		return err
	}
	words, err := i2cchip.Words(id)
	if err == nil && words[0] != vendor {
		err = i2cchip.Faultf(sensors.BadAnswer, "maker is 0x%04x and not 0x%04x: no hdc302x", words[0], vendor)
	}
	d.idle = err == nil
	return err
}

// measure starts the chip, reads it and stops it again. No setting is kept from
// one poll to the next, so a chip that lost power, or was exchanged, is simply
// started; and between polls it does not warm itself, which it does when it
// measures more than once a second (a recommendation of the datasheet).
func (d *chip) measure(c *i2cchip.Conn) (values i2cchip.Values, err error) {
	d.stop(c)
	periph, err := driver.NewI2C(c.Bus(), c.Address(), driver.Rate10Hertz)
	if err != nil {
		return nil, err
	}
	// What was measured stays good when the stop fails; the next poll stops it.
	defer func() { d.idle = c.Leave(stopMeasuring) == nil && err == nil }()
	var env physic.Env
	err = periph.Sense(&env)
	if err != nil && i2cchip.ReasonOf(err) == sensors.NoAck {
		if err = c.Wait(settle); err == nil {
			err = periph.Sense(&env)
		}
	}
	if err != nil {
		return nil, err
	}
	return i2cchip.Values{
		ChannelTemperature: float64(env.Temperature-physic.ZeroCelsius) / float64(physic.Celsius),
		ChannelHumidity:    float64(env.Humidity) / float64(physic.PercentRH),
	}, nil
}
