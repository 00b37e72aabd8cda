package modbus

import (
	"fmt"
	"math"
	"math/big"
	"time"

	"coldchain/sensors"
)

// Decoded is what a channel's registers say: a Value in the quantity's unit
// when Reason is empty, else why there is none.
type Decoded struct {
	Value  float64 // meaningful only when Reason is empty
	Reason sensors.Reason
	// Raw is kept when the device did answer but not with a measurement: a
	// sentinel's number as the register holds it (signed for signed types), or
	// the converted value that is out of range.
	Raw    float64
	HasRaw bool
}

// Reading makes the reading of a point from what was decoded.
func (d Decoded) Reading(p sensors.PointID, at time.Time) sensors.Reading {
	if d.Reason == sensors.NoReason {
		return sensors.NewGood(p, at, d.Value)
	}
	r := sensors.NewBad(p, at, d.Reason)
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
	raw, rat := c.raw(pattern)
	for _, s := range c.Sentinels {
		if s.pattern == pattern {
			return refused(sensors.SensorFault, raw)
		}
	}
	if rat == nil { // NaN or infinity
		return Decoded{Reason: sensors.SensorFault}
	}
	value := apply(rat, c.Scale, c.Offset)
	if low, high := c.Limits(); value < low || value > high || math.IsInf(value, 0) {
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

// raw is the number as the registers hold it, before scale and offset; rat is
// nil when it is none.
func (c *Channel) raw(p uint64) (f float64, rat *big.Rat) {
	var i int64
	switch c.Type {
	case Float32:
		f := float64(math.Float32frombits(uint32(p)))
		return f, finite(f, 32)
	case Float64:
		f := math.Float64frombits(p)
		return f, finite(f, 64)
	case Int16:
		i = int64(int16(p))
	case Int32:
		i = int64(int32(p))
	default:
		i = int64(p)
	}
	return float64(i), new(big.Rat).SetInt64(i)
}

func finite(f float64, bits int) *big.Rat {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return shortest(f, bits)
}

// Encode is the inverse of Decode, for simulators and tests: the registers (or
// for a coil or discrete input one word, 0 or 1) with which a device would show
// value, rounded to what the channel can show.
func (c *Channel) Encode(value float64) ([]uint16, error) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return nil, fmt.Errorf("channel %s: %v is not a number that registers can hold", c.Name, value)
	}
	if c.Type == Bool {
		if value != 0 && value != 1 {
			return nil, fmt.Errorf("channel %s: state %v is not 0 or 1", c.Name, value)
		}
		if (value == 1) == c.Invert {
			return []uint16{0}, nil
		}
		return []uint16{1 << max(c.Bit, 0)}, nil
	}
	raw := shortest(value, 64)
	raw.Sub(raw, c.Offset.value()).Quo(raw, c.Scale.value())
	pattern, err := c.fit(raw)
	if err != nil {
		return nil, fmt.Errorf("channel %s: %v does not fit %s: %w", c.Name, value, c.Type, err)
	}
	return c.words(pattern), nil
}

// fit rounds half away from zero and refuses what the type cannot hold.
func (c *Channel) fit(raw *big.Rat) (uint64, error) {
	f, _ := raw.Float64()
	switch c.Type {
	case Float32:
		if g := float32(f); !math.IsInf(float64(g), 0) {
			return uint64(math.Float32bits(g)), nil
		}
		return 0, fmt.Errorf("register number %v", f)
	case Float64:
		return math.Float64bits(f), nil
	}
	low, high := int64(math.MinInt16), int64(math.MaxInt16)
	switch c.Type {
	case Uint16:
		low, high = 0, math.MaxUint16
	case Int32:
		low, high = math.MinInt32, math.MaxInt32
	case Uint32:
		low, high = 0, math.MaxUint32
	}
	if r := math.Round(f); r < float64(low) || r > float64(high) {
		return 0, fmt.Errorf("register number %.0f is not between %d and %d", r, low, high)
	}
	return uint64(int64(math.Round(f))) & (1<<(16*c.Type.words()) - 1), nil
}

// words lays a pattern out in registers as the device would.
func (c *Channel) words(pattern uint64) []uint16 {
	out := make([]uint16, c.Type.words())
	for i := range out {
		w := uint16(pattern >> (16 * (len(out) - 1 - i)))
		if c.Order == BADC || c.Order == DCBA {
			w = w<<8 | w>>8
		}
		at := i
		if c.Order == CDAB || c.Order == DCBA {
			at = len(out) - 1 - i
		}
		out[at] = w
	}
	return out
}
