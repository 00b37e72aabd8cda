// Package bme280 reads temperature and humidity from Bosch's BME280 over I2C.
// The chip has no checksum: the package guarantees that a number counts only
// when two reads of the result agree and the chip's settings, looked at before
// and after, show that it kept its power and so is the one whose calibration is
// used.
//
// −40 to 85 °C, 0 to 100 %RH (Bosch BST-BME280-DS002; the sections named here
// are its). The pressure is not read: nothing in a cold chain needs it. periph
// has a driver; it waits for a flag in a loop that never ends on a line stuck
// high, keeps the calibration of a chip that was exchanged, takes the result
// that a chip has after power-up, near 22 °C, for a measurement, and reads a
// negative calibration word H4 as positive. It is therefore not used, but the
// tests hold ours against it.
package bme280

import (
	"bytes"
	"encoding/binary"
	"time"

	"periph.io/x/conn/v3/i2c"

	"coldchain/sensors"
	"coldchain/sensors/i2cchip"
)

// DefaultAddress is the address with SDO to ground; high is 0x77.
const DefaultAddress = 0x76

// The channels of the chip.
const (
	ChannelTemperature = i2cchip.Temperature // °C
	ChannelHumidity    = i2cchip.Humidity    // %RH
)

// The registers (section 5.3, table 18).
const (
	regCalibration  = 0x88
	regID           = 0xD0
	regReset        = 0xE0
	regCalibration2 = 0xE1
	regHumidity     = 0xF2
	regStatus       = 0xF3
	regMeasure      = 0xF4
	regConfig       = 0xF5
	regResult       = 0xFA // temperature and humidity
)

const (
	id    = 0x60 // section 5.4.1
	reset = 0xB6 // section 5.4.2
	// Each once, no pressure, asleep between measurements (section 5.4.3 to
	// 5.4.6, after "Weather monitoring", section 3.5.1). After power-up all
	// three are 0.
	humidityOnce    = 0x01
	temperatureOnce = 0x20
	forced          = 0x01
	noFilter        = 0x00
	measuring       = 0x08 // bits of the status (section 5.4.4)
	copying         = 0x01
)

const (
	conversion = 8 * time.Millisecond // 1.25 + 2.3 + 2.3 + 0.575 ms (section 9.1)
	starting   = 3 * time.Millisecond // 2 ms (section 1.1)
	patience   = 10                   // looks at the status
)

// overshoot is how far the formula of the humidity may go beyond 0 and 100 %RH;
// appendix A has it cropped.
const overshoot = 30

// New returns the chip as a sensor.
func New(cfg i2cchip.Config, bus i2c.Bus) (*i2cchip.Device, error) {
	var chip chip
	return i2cchip.New(cfg, i2cchip.Model{
		Name:      "bme280",
		Addresses: []uint16{0x76, 0x77},
		Channels:  i2cchip.Climate(-40, 85, overshoot),
		Setup:     chip.setup,
		Measure:   chip.measure,
		Reset: func(c *i2cchip.Conn) error {
			if err := identify(c); err != nil {
				return err
			}
			if err := c.SetReg8(regReset, reset); err != nil {
				return err
			}
			return c.Wait(starting)
		},
	}, bus)
}

// chip is what is remembered between polls.
type chip struct{ calibration calibration }

func (d *chip) setup(c *i2cchip.Conn) error {
	if err := identify(c); err != nil { // before anything is written into a stranger
		return err
	}
	if err := clear(c, copying); err != nil {
		return err
	}
	low, err := twice(c, regCalibration, lowBlock)
	if err != nil {
		return err
	}
	high, err := twice(c, regCalibration2, highBlock)
	if err != nil {
		return err
	}
	if d.calibration, err = parse(low, high); err != nil {
		return err
	}
	// Asleep first: settings are ignored while measuring; and the humidity's
	// counts from the next write of regMeasure on (sections 5.4.3 and 5.4.6).
	for _, w := range [][2]byte{{regMeasure, temperatureOnce}, {regConfig, noFilter}, {regHumidity, humidityOnce}, {regMeasure, temperatureOnce}} {
		if err := c.SetReg8(w[0], w[1]); err != nil {
			return err
		}
	}
	return nil
}

func identify(c *i2cchip.Conn) error {
	got, err := c.Reg8(regID)
	if err == nil && got != id {
		err = i2cchip.Faultf(sensors.BadAnswer, "chip id is 0x%02x: no bme280 (a bmp280, without humidity, has 0x58)", got)
	}
	return err
}

// twice reads a block that does not change, two times.
func twice(c *i2cchip.Conn, reg byte, n int) ([]byte, error) {
	first, second := make([]byte, n), make([]byte, n)
	if err := c.Tx([]byte{reg}, first); err != nil {
		return nil, err
	}
	if err := c.Tx([]byte{reg}, second); err != nil {
		return nil, err
	}
	if !bytes.Equal(first, second) {
		return nil, i2cchip.Faultf(sensors.BadAnswer, "registers from 0x%02x read as % x and at once as % x", reg, first, second)
	}
	return first, nil
}

// clear waits until a bit of the status is clear.
func clear(c *i2cchip.Conn, bit byte) error {
	for range patience {
		status, err := c.Reg8(regStatus)
		if err != nil {
			return err
		}
		if status&bit == 0 {
			return nil
		}
		if err := c.Wait(2 * time.Millisecond); err != nil {
			return err
		}
	}
	return i2cchip.Faultf(sensors.DeviceBusy, "bit 0x%02x of the status stays", bit)
}

// settled makes sure that the chip holds what setup wrote, asleep.
func settled(c *i2cchip.Conn) error {
	if err := identify(c); err != nil {
		return err
	}
	for _, want := range [][2]byte{{regHumidity, humidityOnce}, {regMeasure, temperatureOnce}, {regConfig, noFilter}} {
		got, err := c.Reg8(want[0])
		if err != nil {
			return err
		}
		if got != want[1] {
			return i2cchip.Faultf(sensors.BadAnswer, "register 0x%02x is 0x%02x and not 0x%02x: power was lost, or somebody else set it", want[0], got, want[1])
		}
	}
	return nil
}

// measure lets the chip measure once.
func (d *chip) measure(c *i2cchip.Conn) (i2cchip.Values, error) {
	if err := settled(c); err != nil {
		return nil, err
	}
	if err := c.SetReg8(regMeasure, temperatureOnce|forced); err != nil {
		return nil, err
	}
	if err := c.Wait(conversion); err != nil {
		return nil, err
	}
	if err := clear(c, measuring); err != nil {
		return nil, err
	}
	r, err := twice(c, regResult, 5)
	if err != nil {
		return nil, err
	}
	if err := settled(c); err != nil {
		return nil, err
	}
	rawT, rawH := binary.BigEndian.Uint32(append([]byte{0}, r[:3]...))>>4, binary.BigEndian.Uint16(r[3:])
	if rawT == 0x80000 && rawH == 0x8000 {
		// Table 18: what the registers hold from power-up to the first result.
		return nil, i2cchip.Faultf(sensors.BadAnswer, "no measurement was made")
	}
	t, fine := d.calibration.temperature(rawT)
	return i2cchip.Values{ChannelTemperature: t, ChannelHumidity: d.calibration.humidity(rawH, fine)}, nil
}
