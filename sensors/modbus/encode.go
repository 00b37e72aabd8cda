package modbus

import (
	"fmt"
	"math"
	"math/big"
)

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
	if c.Analog != nil {
		return nil, fmt.Errorf("channel %s: an analogue conversion is not turned round", c.Name)
	}
	raw := shortest(value, 64)
	raw.Sub(raw, c.Offset.value()).Quo(raw, c.Scale.value())
	pattern, err := c.fit(raw)
	if err != nil {
		return nil, fmt.Errorf("channel %s: %v does not fit %s: %w", c.Name, value, c.Type, err)
	}
	return c.words(pattern), nil
}

// fit rounds half away from zero, refuses what the type cannot hold and puts
// the number where the mask wants it.
func (c *Channel) fit(raw *big.Rat) (uint64, error) {
	if c.Type.isFloat() {
		f, _ := raw.Float64()
		if c.Type == Float64 {
			return math.Float64bits(f), nil
		}
		if g := float32(f); !math.IsInf(float64(g), 0) {
			return uint64(math.Float32bits(g)), nil
		}
		return 0, fmt.Errorf("register number %v", f)
	}
	n := round(raw)
	low, high := c.span()
	if n.Cmp(low) < 0 || n.Cmp(high) > 0 {
		return 0, fmt.Errorf("register number %v is not between %v and %v", n, low, high)
	}
	all := new(big.Int).SetUint64(ones(c.fieldBits()))
	field := new(big.Int).And(n, all).Uint64() // two's complement
	if c.Type.isBCD() {
		field = toBCD(field)
	}
	return c.unfield(field), nil
}

// span is the lowest and highest number that the field can hold.
func (c *Channel) span() (low, high *big.Int) {
	size := c.fieldBits()
	switch {
	case c.Type.isBCD():
		ten := big.NewInt(10)
		high = ten.Exp(ten, big.NewInt(int64(size/4)), nil)
		return new(big.Int), high.Sub(high, big.NewInt(1))
	case c.Type.isSigned():
		half := new(big.Int).Lsh(big.NewInt(1), uint(size-1))
		return new(big.Int).Neg(half), new(big.Int).Sub(half, big.NewInt(1))
	}
	return new(big.Int), new(big.Int).SetUint64(ones(size))
}

// round returns the nearest whole number, halves away from zero.
func round(r *big.Rat) *big.Int {
	twice := new(big.Int).Lsh(r.Num(), 1)
	if r.Sign() < 0 {
		twice.Sub(twice, r.Denom())
	} else {
		twice.Add(twice, r.Denom())
	}
	return twice.Quo(twice, new(big.Int).Lsh(r.Denom(), 1))
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
