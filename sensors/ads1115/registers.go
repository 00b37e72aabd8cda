package ads1115

import "time"

// The registers (datasheet, "Register Map").
const (
	regConversion = 0
	regConfig     = 1
)

// The bits of the configuration register (datasheet, "Config Register").
const (
	bitStart   = 1 << 15 // written: start; read: 1 when idle
	muxShift   = 12
	gainShift  = 9
	bitSingle  = 1 << 8
	rateShift  = 5
	noCompare  = 3      // the comparator is off
	ourPattern = 1 << 3 // comparator polarity: no effect while it is off, but not what a reset leaves
)

// multiplexer is the setting of each input.
func multiplexer() map[string]uint16 {
	return map[string]uint16{"ain0-ain1": 0, "ain2-ain3": 3, "ain0": 4, "ain1": 5, "ain2": 6, "ain3": 7}
}

// gains are the setting of each full-scale range in V.
func gains() map[float64]uint16 {
	return map[float64]uint16{6.144: 0, 4.096: 1, 2.048: 2, 1.024: 3, 0.512: 4, 0.256: 5}
}

// rates are the setting of each number of samples a second.
func rates() map[int]uint16 {
	return map[int]uint16{8: 0, 16: 1, 32: 2, 64: 3, 128: 4, 250: 5, 475: 6, 860: 7}
}

// slowest is how far below its nominal rate the chip's clock may run
// (datasheet, "Data rate variation" ±10 %).
const slowest = 0.9

// setting is the word that converts one input.
func setting(input string, fullScale float64, rate int) uint16 {
	return multiplexer()[input]<<muxShift | gains()[fullScale]<<gainShift | bitSingle | rates()[rate]<<rateShift | ourPattern | noCompare
}

// period is the nominal time of one conversion.
func period(rate int) time.Duration { return time.Second / time.Duration(rate) }
