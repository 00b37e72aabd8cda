package gnss

import (
	"errors"
	"math"
	"time"
)

// report is one statement of a receiver about one moment.
type report struct {
	at        time.Time // our clock, when the first part of it arrived
	fix       bool      // the receiver knows where it is
	doubtful  bool      // a fix whose error is large, unknown in 2D, or dead reckoning
	latitude  float64   // degrees north; only with a fix
	longitude float64   // degrees east; only with a fix
	utc       time.Time // the receiver's time at at; zero when it said none
}

var (
	errPosition = errors.New("position is not on the Earth")
	errOrigin   = errors.New("position is exactly 0, 0: what a receiver says that has none")
)

// place sets the position, rounded to 1e-7 degrees (1 cm), so that minutes
// divided by sixty do not become endless decimals.
func (r *report) place(latitude, longitude float64) error {
	// Written so that NaN is refused too.
	if !(math.Abs(latitude) <= 90 && math.Abs(longitude) <= 180) {
		return errPosition
	}
	if latitude == 0 && longitude == 0 {
		return errOrigin
	}
	r.fix, r.latitude, r.longitude = true, rounded(latitude), rounded(longitude)
	return nil
}

// repeats reports whether a fix is the one before, told again: gpsd reports a
// moment after each of the receiver's sentences about it, and without its time
// until it has heard a date. A receiver whose time stands still measures nothing
// new either.
func (r *report) repeats(before report, period time.Duration) bool {
	if !before.fix {
		return false
	}
	if !r.utc.IsZero() && !before.utc.IsZero() {
		return r.utc.Equal(before.utc)
	}
	return r.latitude == before.latitude && r.longitude == before.longitude && r.at.Sub(before.at) < period/2
}

func rounded(degrees float64) float64 {
	return float64(int64(math.Round(degrees*1e7))) / 1e7
}
