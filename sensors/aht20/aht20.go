// Package aht20 reads Aosong's AHT20 and AHT21 temperature and humidity chips
// over I2C through periph's driver. It guarantees that every number went through
// its checksum and was measured in the poll that gives it.
//
// −40 to 85 °C, 0 to 100 %RH, CRC-8 over the answer (Aosong, "AHT20 Product
// manuals", sections 5.3 and 5.4). The AHT10 has no checksum and is not read.
// periph's Sense leaves its result alone when it fails; only it is used.
package aht20

import (
	"errors"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
	driver "periph.io/x/devices/v3/aht20"

	"coldchain/sensors"
	"coldchain/sensors/i2cchip"
)

// DefaultAddress is the only address.
const DefaultAddress = 0x38

// The channels of the chip.
const (
	ChannelTemperature = i2cchip.Temperature // °C
	ChannelHumidity    = i2cchip.Humidity    // %RH
)

// softReset starts the chip again as at power-up, within 20 ms (section 5.5).
var softReset = []byte{0xBA}

const resetting = 20 * time.Millisecond

// lowest is what results of nothing but zeros mean (section 6.2).
const lowest = physic.ZeroCelsius - 50*physic.Kelvin

// New returns the chip as a sensor.
func New(cfg i2cchip.Config, bus i2c.Bus) (*i2cchip.Device, error) {
	return i2cchip.New(cfg, i2cchip.Model{
		Name:      "aht20",
		Addresses: []uint16{DefaultAddress},
		Channels:  i2cchip.Climate(-40, 85, 0),
		Measure:   measure,
		Reset: func(c *i2cchip.Conn) error {
			if err := c.Tx(softReset, nil); err != nil {
				return err
			}
			return c.Wait(resetting)
		},
	}, bus)
}

// measure makes the driver anew each time: that is when it looks whether the
// chip is calibrated, which one that was plugged in again may not be.
func measure(c *i2cchip.Conn) (i2cchip.Values, error) {
	chip, err := driver.NewI2C(c.Bus(), &driver.Opts{
		MeasurementReadTimeout:  150 * time.Millisecond,
		MeasurementWaitInterval: 10 * time.Millisecond,
		ValidateData:            true,
	})
	if err != nil {
		return nil, errors.Unwrap(err) // its text hides the bus's
	}
	var env physic.Env
	if err := chip.Sense(&env); err != nil {
		return nil, classified(err)
	}
	if env.Temperature == lowest {
		return nil, i2cchip.Faultf(sensors.BadAnswer, "nothing but zeros: power was lost before the measurement")
	}
	return i2cchip.Values{
		ChannelTemperature: float64(env.Temperature-physic.ZeroCelsius) / float64(physic.Celsius),
		ChannelHumidity:    float64(env.Humidity) / float64(physic.PercentRH),
	}, nil
}

// classified gives the driver's own errors their reasons.
func classified(err error) error {
	var (
		corrupt       *driver.DataCorruptionError
		busy          *driver.ReadTimeoutError
		uninitialised *driver.NotInitializedError
	)
	switch {
	case errors.As(err, &corrupt):
		return i2cchip.Faultf(sensors.CRCError, "%s", err)
	case errors.As(err, &busy):
		return i2cchip.Faultf(sensors.DeviceBusy, "%s", err)
	case errors.As(err, &uninitialised):
		return i2cchip.Faultf(sensors.DeviceFault, "%s", err)
	}
	return err
}
