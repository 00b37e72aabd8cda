package modbus

import (
	"math"
	"math/big"
	"math/bits"
)

// field takes the number's bits out of the pattern and moves them down.
func (c *Channel) field(pattern uint64) uint64 {
	if c.Mask == 0 {
		return pattern
	}
	return pattern & c.Mask >> bits.TrailingZeros64(c.Mask)
}

// unfield is the inverse: a pattern whose other bits are 0.
func (c *Channel) unfield(field uint64) uint64 {
	if c.Mask == 0 {
		return field
	}
	return field << bits.TrailingZeros64(c.Mask)
}

// fieldBits is how many bits the number has.
func (c *Channel) fieldBits() int {
	if c.Mask == 0 {
		return 16 * c.Type.words()
	}
	return bits.OnesCount64(c.Mask)
}

// ones is a pattern of n ones, 1 to 64.
func ones(n int) uint64 { return math.MaxUint64 >> (64 - n) }

// raw is the number as the field holds it, before scale and offset. rat is
// exact, also for 64-bit integers beyond 2^53, and nil when the field holds no
// number; f is the float64 nearest to it, for the technician alone.
func (c *Channel) raw(field uint64) (f float64, rat *big.Rat) {
	switch {
	case c.Type == Float32:
		f := float64(math.Float32frombits(uint32(field)))
		return f, finite(f, 32)
	case c.Type == Float64:
		f := math.Float64frombits(field)
		return f, finite(f, 64)
	case c.Type.isBCD():
		n, ok := fromBCD(field)
		if !ok {
			return float64(field), nil
		}
		field = n
	case c.Type.isSigned():
		unused := 64 - c.fieldBits()
		i := int64(field<<unused) >> unused
		return float64(i), new(big.Rat).SetInt64(i)
	}
	return float64(field), new(big.Rat).SetUint64(field)
}

// finite is the number that a float of that size means, nil when it is none.
func finite(f float64, size int) *big.Rat {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return shortest(f, size)
}

// fromBCD reads decimal digits, one in each half byte; ok is false when one of
// them is above 9.
func fromBCD(field uint64) (n uint64, ok bool) {
	for shift := 60; shift >= 0; shift -= 4 {
		digit := field >> shift & 0xF
		if digit > 9 {
			return 0, false
		}
		n = 10*n + digit
	}
	return n, true
}

// toBCD is the inverse for numbers of at most 16 digits.
func toBCD(n uint64) (field uint64) {
	for shift := 0; n > 0; shift += 4 {
		field |= n % 10 << shift
		n /= 10
	}
	return field
}
