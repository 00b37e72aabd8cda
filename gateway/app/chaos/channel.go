package chaos

import (
	"fmt"
	"math"
	"strconv"
)

// counters is how many polls a slave can be asked before its numbers repeat: a
// site polled ten times a second reaches it after two days.
const counters = 1 << 21

// Channel is one value in a slave's block. Each says which poll it is of, so
// that a reading is known also when the others of its poll are gone.
type Channel struct {
	Name     string
	Quantity string
	factor   uint32 // odd, so that every counter has its own number
	shift    uint32
	step     int64 // of the value, in 0.00001
	base     int64
}

// Channels are the values of a block: the poll counter itself, and two that
// jump about within what their quantities can be.
func Channels() []Channel {
	return []Channel{
		{Name: "polls", Quantity: "temperature", factor: 1, step: 10, base: -6_000_000},
		{Name: "air", Quantity: "temperature", factor: 1_664_525, shift: 1_013_904_223, step: 10, base: -6_000_000},
		{Name: "damp", Quantity: "humidity", factor: 22_695_477, shift: 1, step: 5, base: 0},
	}
}

// Number is the 32-bit number that the slave answers a poll with.
func (c Channel) Number(counter uint32) uint32 { return (counter*c.factor + c.shift) % counters }

// Value is the reading that comes of it, in the quantity's unit.
func (c Channel) Value(counter uint32) float64 {
	v, _ := strconv.ParseFloat(fmt.Sprintf("%de-5", int64(c.Number(counter))*c.step+c.base), 64) // well formed
	return v
}

// Scale and Offset are what a device profile says of the channel.
func (c Channel) Scale() string { return strconv.FormatFloat(float64(c.step)/1e5, 'f', -1, 64) }

// Offset is added after Scale.
func (c Channel) Offset() string { return strconv.FormatFloat(float64(c.base)/1e5, 'f', -1, 64) }

// Counter tells the poll from a reading; ok is false when no poll was answered
// with exactly this.
func (c Channel) Counter(value float64) (_ uint32, ok bool) {
	number := (int64(math.Round(value*1e5)) - c.base) / c.step
	if number < 0 || number >= counters {
		return 0, false
	}
	counter := (uint32(number) - c.shift) * inverse(c.factor) % counters
	return counter, c.Value(counter) == value
}

// inverse is the number whose product with an odd one is 1 modulo 2^32, by
// Newton's method.
func inverse(odd uint32) uint32 {
	x := odd
	for range 5 {
		x *= 2 - odd*x
	}
	return x
}
