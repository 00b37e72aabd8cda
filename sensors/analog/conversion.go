package analog

import (
	"errors"
	"fmt"
	"math"
	"time"

	"coldchain/sensors"
)

// span is a transmitter's signal, in mA or V.
type span struct {
	low, high float64 // the ends of the range
	// At and below failLow, at and above failHigh, the transmitter or its wire
	// has failed.
	failLow, failHigh float64
	// Below outLow and above outHigh it says that it is beyond its range.
	outLow, outHigh float64
}

func spanOf(kind string) span {
	switch kind {
	case MA420:
		// NAMUR NE 43: 3.8 to 20.5 mA is measurement, ≤ 3.6 and ≥ 21 mA failure.
		return span{low: 4, high: 20, failLow: 3.6, failHigh: 21, outLow: 3.8, outHigh: 20.5}
	case V210:
		// The same current through 500 Ω.
		return span{low: 2, high: 10, failLow: 1.8, failHigh: 10.5, outLow: 1.9, outHigh: 10.25}
	}
	// 0 to 10 V has no standard and no live zero: 0 V is what a broken wire
	// gives, and would be the coldest value. The lowest half percent is given
	// up for that.
	return span{low: 0, high: 10, failLow: 0.05, failHigh: 10.5, outLow: 0.05, outHigh: 10.25}
}

// Conversion turns an ADC's or module's number into a value. Build it with New.
type Conversion struct {
	quantity sensors.Quantity
	signal   Signal
	// Of transmitters; scale turns the number into the span's unit.
	span            span
	scale, from, to float64
	// Of resistors, else nil.
	circuit *circuit
}

// New builds the conversion of numbers of signal s. The error lists every
// mistake, one a line.
func New(p Params, s Signal) (*Conversion, error) {
	var wrong []error
	for _, m := range p.Validate(s) {
		wrong = append(wrong, fmt.Errorf("conversion: %w", m))
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	if p.resistive() {
		c := p.circuit(s)
		return &Conversion{quantity: sensors.Temperature, signal: s, circuit: &c}, nil
	}
	c := &Conversion{quantity: sensors.Temperature, signal: s, span: spanOf(p.Kind), scale: 1, from: *p.From, to: *p.To}
	if p.Quantity != "" {
		c.quantity = sensors.Quantity(p.Quantity)
	}
	switch {
	case p.Kind == MA420 && s == Volts:
		c.scale = 1000 / p.Shunt
	case p.Kind != MA420 && p.Divider != 0:
		c.scale = p.Divider
	}
	return c, nil
}

// Quantity is what the conversion gives.
func (c *Conversion) Quantity() sensors.Quantity { return c.quantity }

// Signal is what it wants.
func (c *Conversion) Signal() Signal { return c.signal }

// Convert returns the value in the quantity's unit, rounded to 0.01. Bad means
// that value is 0 and no measurement:
//
//   - SensorFault: open or shorted wire, failure signal of the transmitter, or
//     a raw number that is none
//   - OutOfRange: a value that the sensor cannot meet
//
// Uncertain, with OutOfRange, is a transmitter that says it is beyond its range
// (3.6 to 3.8 and 20.5 to 21 mA).
func (c *Conversion) Convert(raw float64) (value float64, quality sensors.Quality, why sensors.Reason) {
	if math.IsNaN(raw) || math.IsInf(raw, 0) {
		return 0, sensors.Bad, sensors.SensorFault
	}
	if c.circuit != nil {
		t, why := c.circuit.celsius(raw)
		if why != sensors.NoReason {
			return 0, sensors.Bad, why
		}
		return hundredths(t), sensors.Good, sensors.NoReason
	}
	return c.transmitter(raw)
}

// transmitter judges the signal first: NE 43's limits are the current's.
func (c *Conversion) transmitter(raw float64) (value float64, quality sensors.Quality, why sensors.Reason) {
	// Through a shunt 3.6 mA may be 3.6000000000000005.
	x := math.Round(raw*c.scale*1e6) / 1e6
	if x <= c.span.failLow || x >= c.span.failHigh {
		return 0, sensors.Bad, sensors.SensorFault
	}
	value = hundredths(c.from + (x-c.span.low)/(c.span.high-c.span.low)*(c.to-c.from))
	switch low, high := c.quantity.Range(); {
	case value < low || value > high:
		return 0, sensors.Bad, sensors.OutOfRange
	case x < c.span.outLow || x > c.span.outHigh:
		return value, sensors.Uncertain, sensors.OutOfRange
	}
	return value, sensors.Good, sensors.NoReason
}

// Reading converts a number measured at a time. A bad reading keeps the number,
// for the technician.
func (c *Conversion) Reading(p sensors.PointID, at time.Time, raw float64) sensors.Reading {
	value, quality, why := c.Convert(raw)
	switch quality {
	case sensors.Good:
		return sensors.NewGood(p, at, value)
	case sensors.Uncertain:
		return sensors.NewUncertain(p, at, value, why)
	}
	return sensors.NewBad(p, at, why).WithRaw(raw)
}

// Largest is the largest number that is still a measurement, so that an ADC's
// range can be held against it: 20.5 mA over the shunt, a resistor's higher end.
func (c *Conversion) Largest() float64 {
	if c.circuit == nil {
		return c.span.outHigh / c.scale
	}
	largest := 0.0
	for _, t := range []float64{c.circuit.lowest, c.circuit.highest} {
		if ohms, why := c.circuit.element.Ohms(t); why == sensors.NoReason {
			largest = max(largest, c.circuit.raw(ohms))
		}
	}
	return largest
}

// hundredths goes through a whole number, so that 4.56 is the float64 nearest
// to 4.56 and there is no minus zero.
func hundredths(v float64) float64 { return float64(int64(math.Round(v*100))) / 100 }
