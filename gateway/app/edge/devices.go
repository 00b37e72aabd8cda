package edge

import (
	"fmt"

	"periph.io/x/conn/v3/i2c"

	"coldchain/gateway/config"
	"coldchain/sensors"
	"coldchain/sensors/ads1115"
	"coldchain/sensors/aht20"
	"coldchain/sensors/bme280"
	"coldchain/sensors/hdc1080"
	"coldchain/sensors/hdc302x"
	"coldchain/sensors/i2cchip"
	"coldchain/sensors/mcp9808"
	"coldchain/sensors/modbus"
	"coldchain/sensors/output"
	"coldchain/sensors/sht3x"
	"coldchain/sensors/sht4x"
	"coldchain/sensors/si7021"
	"coldchain/sensors/tmp10x"
	"coldchain/sensors/tmp117"
	"coldchain/sensors/w1"
)

// device makes the sensor of one configured device and says what kind it is.
func (h *Hardware) device(d config.Device) (sensors.Sensor, string, error) {
	points, err := pointsOf(h.cfg.Site, d)
	if err != nil {
		return nil, "", err
	}
	switch kind := h.bus(d.Bus).Kind(); {
	case kind.Modbus():
		profile, err := modbus.LoadProfile(d.Profile)
		if err != nil {
			return nil, "", err
		}
		one := output.Device{Name: d.Name, Bus: d.Bus, Slave: d.Slave, Profile: d.Profile}
		for _, c := range profile.Channels {
			one.Offers = append(one.Offers, c.Quantity)
		}
		h.slaves = append(h.slaves, one)
		s, err := modbus.New(modbus.Config{Name: d.Name, Slave: d.Slave, Profile: profile, Points: points, Now: h.clock.Now}, h.lines[d.Bus])
		return s, d.Profile, err
	case kind == config.KindI2C:
		bus, err := h.behind(d)
		if err != nil {
			return nil, "", err
		}
		s, err := h.chip(d, points, bus)
		return s, d.Driver, err
	case kind == config.KindOneWire:
		s, err := w1.New(w1.Config{Name: d.Name, Master: h.bus(d.Bus).OneWire, Points: points, Now: h.clock.Now}, h.probes)
		return s, d.Driver, err
	default:
		s, err := h.receiver(d, points)
		return s, d.Driver, err
	}
}

// chip is the visible list of I2C chips this program can read; the list of
// their channels is in gateway/config.
func (h *Hardware) chip(d config.Device, points map[sensors.PointID]string, bus i2c.Bus) (sensors.Sensor, error) {
	c := i2cchip.Config{Name: d.Name, Address: d.Address, Points: points, Now: h.clock.Now, Log: h.log.With("device", d.Name)}
	switch d.Driver {
	case "sht3x":
		return sht3x.New(c, bus)
	case "sht4x":
		return sht4x.New(c, bus)
	case "hdc302x":
		return hdc302x.New(c, bus)
	case "hdc1080":
		return hdc1080.New(c, bus)
	case "si7021":
		return si7021.New(c, bus)
	case "aht20":
		return aht20.New(c, bus)
	case "bme280":
		return bme280.New(c, bus)
	case "tmp102":
		return tmp10x.NewTMP102(c, bus)
	case "tmp105":
		return tmp10x.NewTMP105(c, bus)
	case "tmp117":
		return tmp117.New(c, bus)
	case "mcp9808":
		return mcp9808.New(c, bus)
	case "ads1115":
		return ads1115.New(ads1115.Config{Name: d.Name, Address: d.Address, Channels: d.Inputs, Points: points, Now: h.clock.Now}, bus)
	}
	return nil, fmt.Errorf("driver %q is not there", d.Driver)
}

type muxKey struct {
	bus     string
	address uint16
}

// behind returns the bus a chip hangs on: the device's own, or a channel of a
// multiplexer on it.
func (h *Hardware) behind(d config.Device) (i2c.Bus, error) {
	trunk := h.trunks[d.Bus]
	if d.Mux == nil {
		return trunk, nil
	}
	key := muxKey{d.Bus, d.Mux.Address}
	channels, known := h.muxes[key]
	if !known {
		var err error
		if channels, err = trunk.Mux(d.Mux.Address); err != nil {
			return nil, err
		}
		h.muxes[key] = channels
	}
	return channels[d.Mux.Channel], nil
}

func pointsOf(site string, d config.Device) (map[sensors.PointID]string, error) {
	out := map[sensors.PointID]string{}
	for name, channel := range d.Points {
		id, err := sensors.ParsePointID(site + "/" + d.Zone + "/" + name)
		if err != nil {
			return nil, err
		}
		out[id] = channel
	}
	return out, nil
}
