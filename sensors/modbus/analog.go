package modbus

import "coldchain/sensors"

// Conversion turns what an analogue module measured, an electrical quantity,
// into the channel's: 12 mA of a transmitter into 0 °C, 100 Ω of a PT100 into
// 0 °C. A quality of Bad has a reason and no value.
type Conversion interface {
	Convert(raw float64) (value float64, quality sensors.Quality, why sensors.Reason)
}

// convert is the last step of an analogue channel. The electrical quantity is
// kept when there is no value.
func (c *Channel) convert(electrical float64) Decoded {
	value, quality, why := c.Analog.Convert(electrical)
	if quality == sensors.Bad {
		return refused(why, electrical)
	}
	d := c.screen(value)
	if d.Reason != sensors.NoReason {
		return refused(d.Reason, electrical)
	}
	if quality == sensors.Uncertain {
		d.Doubt = why
	}
	d.Raw, d.HasRaw = electrical, true
	return d
}
