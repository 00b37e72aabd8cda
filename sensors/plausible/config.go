package plausible

import (
	"fmt"
	"math"
	"time"

	"coldchain/sensors"
)

// Point says what to expect of one point. The zero values of the rules mean
// the defaults of its quantity.
type Point struct {
	sensors.Point
	// Device names what measures the point. The one temperature and the one
	// humidity of a device are tried for having changed places.
	Device string
	// Bus names the line the device is on. An answer that comes late on it can
	// be taken for that of any other point of the line.
	Bus string
	// Product says that the probe sits in goods or in a thermal buffer, where
	// standing still is normal.
	Product bool
	// Low and High are the values expected here; outside is uncertain. nil is
	// the quantity's default.
	Low, High *float64
	// Rate is the fastest believable change per minute, in the quantity's unit.
	// 0 is the default, negative is no limit.
	Rate float64
	// FlatAfter is how many identical values in a row are doubted when
	// siblings in the zone move. 0 is the default, negative is never.
	FlatAfter int
}

// Pair is two probes of a room that should agree.
type Pair struct {
	A, B   sensors.PointID
	Within float64       // largest difference, in the quantity's unit
	For    time.Duration // how long a larger one is put up with
}

// Config is what a site expects of its points.
type Config struct {
	Points []Point
	Pairs  []Pair
}

// The defaults. Changes and ranges are those of air in stores, boxes and
// vehicles; a blast freezer's air reaches −45 °C, a plant room 70 °C.
const (
	DefaultAirRate   = 5.0 // °C a minute
	DefaultFlatAfter = 60  // samples: an hour at one a minute
)

// rules are a quantity's defaults.
type rules struct {
	low, high float64
	rate      float64 // per minute; 0 is no limit
	// floor is a change that is believed however short the time: resolution,
	// noise and two probes' worth of rounding.
	floor float64
	flat  int
	// moves is the change of a sibling that counts as movement; 0: the
	// quantity is no witness.
	moves float64
	// anywhere is the change from which a value may be another point's.
	anywhere float64
}

func defaults(q sensors.Quantity) rules {
	low, high := q.Range()
	r := rules{low: low, high: high}
	switch q {
	case sensors.Temperature:
		r = rules{low: -60, high: 85, rate: DefaultAirRate, floor: 0.5, flat: DefaultFlatAfter, moves: 1, anywhere: 2}
	case sensors.Humidity:
		// A door lets in outside air at once: no rate. 0 %RH does not exist in
		// a store; a dead capacitive probe shows it.
		r = rules{low: 1, high: high, flat: DefaultFlatAfter, moves: 5, anywhere: 10}
	case sensors.Latitude:
		// 0.05° a minute is 330 km/h.
		r.rate, r.floor = 0.05, 0.002
	case sensors.Longitude:
		// At 50° north 0.08° a minute is 340 km/h.
		r.rate, r.floor = 0.08, 0.003
	}
	return r
}

func (p Point) rules() (rules, error) {
	r := defaults(p.Quantity)
	if p.Product {
		r.flat = 0
	}
	if p.Low != nil {
		r.low = *p.Low
	}
	if p.High != nil {
		r.high = *p.High
	}
	if !(r.low < r.high) {
		return r, fmt.Errorf("point %s: range %g to %g is empty", p.ID, r.low, r.high)
	}
	switch {
	case math.IsNaN(p.Rate):
		return r, fmt.Errorf("point %s: rate is not a number", p.ID)
	case p.Rate < 0:
		r.rate = 0
	case p.Rate > 0:
		r.rate = p.Rate
	}
	switch {
	case p.FlatAfter < 0:
		r.flat = 0
	case p.FlatAfter == 1 || p.FlatAfter == 2:
		return r, fmt.Errorf("point %s: two equal values are no flat line; want 3 or more", p.ID)
	case p.FlatAfter > 0:
		r.flat = p.FlatAfter
	}
	return r, nil
}
