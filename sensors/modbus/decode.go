package modbus

import (
	"time"

	"coldchain/sensors"
)

// Decoded is what a channel's registers say: a Value in the quantity's unit
// when Reason is empty, else why there is none.
type Decoded struct {
	Value  float64 // meaningful only when Reason is empty
	Reason sensors.Reason
	// Doubt, beside a Value, is why the value is uncertain.
	Doubt sensors.Reason
	// Raw is kept when the device did answer but not with a measurement: a
	// sentinel's number as the register holds it (signed for signed types, and
	// the nearest float64 beyond 2^53), the converted value that is out of range
	// or that a fault flag made bad; and for an analogue channel always the
	// electrical quantity.
	Raw    float64
	HasRaw bool
}

// flagged is what remains when the device's own fault flag is set: the value
// is kept as raw and is no measurement any more.
func (d Decoded) flagged() Decoded {
	if d.Reason == sensors.NoReason && !d.HasRaw {
		d.Raw, d.HasRaw = d.Value, true
	}
	return Decoded{Reason: sensors.SensorFault, Raw: d.Raw, HasRaw: d.HasRaw}
}

// Reading makes the reading of a point from what was decoded.
func (d Decoded) Reading(p sensors.PointID, at time.Time) sensors.Reading {
	r := sensors.NewBad(p, at, d.Reason)
	switch {
	case d.Reason == sensors.NoReason && d.Doubt == sensors.NoReason:
		r = sensors.NewGood(p, at, d.Value)
	case d.Reason == sensors.NoReason:
		r = sensors.NewUncertain(p, at, d.Value, d.Doubt)
	}
	if d.HasRaw {
		r = r.WithRaw(d.Raw)
	}
	return r
}

func refused(why sensors.Reason, raw float64) Decoded {
	return Decoded{Reason: why, Raw: raw, HasRaw: true}
}

// Decode takes the channel out of the data bytes that answered a question of
// span s. Data of another size than the span's, or a span without the channel,
// is a bad answer.
func (c *Channel) Decode(s Span, data []byte) Decoded {
	own := c.Span()
	if own.Function != s.Function || own.Address < s.Address || own.end() > s.end() || len(data) != s.bytes() {
		return Decoded{Reason: sensors.BadAnswer}
	}
	at := int(own.Address - s.Address)
	if c.Function.Bits() {
		return c.state(data[at/8]>>(at%8)&1 == 1)
	}
	pattern := c.pattern(data[2*at : 2*at+2*c.Type.words()])
	if c.Type == Bool {
		return c.register(pattern)
	}
	return c.number(pattern)
}

// bytes is the size of the right answer's data.
func (s Span) bytes() int {
	if s.Function.Bits() {
		return (int(s.Quantity) + 7) / 8
	}
	return 2 * int(s.Quantity)
}

// pattern puts the registers' bytes into the order of their value.
func (c *Channel) pattern(data []byte) (p uint64) {
	words := len(data) / 2
	for i := range words {
		w := i
		if c.Order == CDAB || c.Order == DCBA {
			w = words - 1 - i
		}
		high, low := data[2*w], data[2*w+1]
		if c.Order == BADC || c.Order == DCBA {
			high, low = low, high
		}
		p = p<<16 | uint64(high)<<8 | uint64(low)
	}
	return p
}

// register decodes a state from a register: one bit of it, or the whole, which
// must then be 0 or 1. Any other number is not a state this profile knows.
func (c *Channel) register(pattern uint64) Decoded {
	if c.Bit >= 0 {
		return c.state(pattern>>c.Bit&1 == 1)
	}
	if pattern > 1 {
		return refused(sensors.OutOfRange, float64(pattern))
	}
	return c.state(pattern == 1)
}

func (c *Channel) state(on bool) Decoded {
	if on != c.Invert {
		return Decoded{Value: 1}
	}
	return Decoded{Value: 0}
}

// number decodes a measured value and screens it.
func (c *Channel) number(pattern uint64) Decoded {
	field := c.field(pattern)
	raw, rat := c.raw(field)
	for _, s := range c.Sentinels {
		if s.pattern == field {
			return refused(sensors.SensorFault, raw)
		}
	}
	if rat == nil { // NaN, infinity or half bytes that are no digits
		if c.Type.isFloat() {
			return Decoded{Reason: sensors.SensorFault}
		}
		return refused(sensors.SensorFault, raw)
	}
	value := apply(rat, c.Scale, c.Offset)
	if c.Analog != nil {
		return c.convert(value)
	}
	return c.screen(value)
}

// screen refuses a value beyond what the channel accepts.
func (c *Channel) screen(value float64) Decoded {
	if low, high := c.Limits(); !(value >= low && value <= high) {
		return refused(sensors.OutOfRange, value)
	}
	return Decoded{Value: value}
}

// Limits returns the lowest and highest value that the channel accepts: the
// profile's valid range within what the quantity can be at all.
func (c *Channel) Limits() (lowest, highest float64) {
	lowest, highest = c.Quantity.Range()
	if c.Valid != nil {
		lowest, highest = max(lowest, c.Valid.Min), min(highest, c.Valid.Max)
	}
	return lowest, highest
}
