package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"coldchain/sensors"
)

// The widths of rollups. Buckets begin at whole multiples of their width since
// 1970 UTC, so that each is made of whole buckets of the next narrower width.
const (
	Minute      = time.Minute
	QuarterHour = 15 * time.Minute
	Hour        = time.Hour
)

// Widths returns every width, the narrowest first.
func Widths() [3]time.Duration { return [3]time.Duration{Minute, QuarterHour, Hour} }

// CoverFor is how long one good reading speaks for its point at most: until
// the next reading, and no longer than this. It is three times the usual
// sampling of one a minute, the same after which a value is shown as old.
const CoverFor = 3 * time.Minute

// Rollup is what the readings of one point in [Start, Start+Width) come to. It
// is a summary, never a judgement: alarms and exposures are worked out from
// readings.
type Rollup struct {
	Point    sensors.PointID
	Quantity sensors.Quantity
	Width    time.Duration // one of Widths
	Start    time.Time

	Count  int // readings of any quality
	Values int // those with a value: good or uncertain
	Good   int // those of good quality
	// Min, Max and Sum are of the readings with a value, in the quantity's
	// unit; they mean nothing when Values is 0.
	Min, Max, Sum float64
	// Covered is how much of the bucket good readings speak for: each for the
	// time until the point's next reading, at most CoverFor.
	Covered time.Duration
	// Reason is why the last reading without a value had none.
	Reason sensors.Reason
}

// Mean returns the mean of the readings with a value, each counting the same
// however far apart they are (the sample mean, not one weighted by time); ok
// is false when there is none.
func (r Rollup) Mean() (mean float64, ok bool) {
	if r.Values == 0 {
		return 0, false
	}
	return r.Sum / float64(r.Values), true
}

// Coverage is the share of the bucket, 0 to 1, that good readings speak for.
func (r Rollup) Coverage() float64 { return float64(r.Covered) / float64(r.Width) }

// Join adds a later part of the same bucket.
func (r *Rollup) Join(later Rollup) {
	if later.Values > 0 {
		if r.Values == 0 || later.Min < r.Min {
			r.Min = later.Min
		}
		if r.Values == 0 || later.Max > r.Max {
			r.Max = later.Max
		}
	}
	r.Count += later.Count
	r.Values += later.Values
	r.Good += later.Good
	r.Sum += later.Sum
	r.Covered += later.Covered
	if later.Reason != sensors.NoReason {
		r.Reason = later.Reason
	}
}

// Add counts one reading, the latest of the bucket so far. Covered is not
// known from one reading and is left alone.
func (r *Rollup) Add(reading sensors.Reading) {
	part := Rollup{Count: 1}
	if v, ok := reading.Value(); ok {
		part.Values, part.Min, part.Max, part.Sum = 1, v, v, v
	} else {
		part.Reason = reading.Reason
	}
	if reading.Quality == sensors.Good {
		part.Good = 1
	}
	r.Join(part)
}

// RollupQuery asks for one point's rollups of one width whose buckets begin in
// From <= start < To, oldest first.
type RollupQuery struct {
	Point    sensors.PointID
	Quantity sensors.Quantity
	Width    time.Duration
	From, To time.Time
}

// Stretch is a stretch of time, From inside and To outside.
type Stretch struct{ From, To time.Time }

// Rollups keeps what readings come to. Both engines implement it beside Store,
// and both keep them apart from readings, so that one can outlive the other.
type Rollups interface {
	// WriteRollups makes rollups durable. One of the same point, quantity,
	// width and start is replaced. On error none, some or all were written, and
	// writing them again is the cure.
	WriteRollups(ctx context.Context, rollups []Rollup) error
	// ReadRollups calls yield for each rollup of the query in order of time and
	// stops early, without error, when it returns false. A bucket without a
	// reading has none, unless the cover of an earlier reading may reach it.
	ReadRollups(ctx context.Context, q RollupQuery, yield func(Rollup) bool) error
}

// Check says why no engine would keep this rollup, or nil. Only a mistake in
// this program makes one that does not pass.
func (r Rollup) Check() error {
	if _, err := sensors.ParsePointID(string(r.Point)); err != nil {
		return err
	}
	q := RollupQuery{Point: r.Point, Quantity: r.Quantity, Width: r.Width}
	if err := q.Check(); err != nil {
		return err
	}
	switch ms := r.Start.UnixMilli(); {
	case floor(ms, r.Width.Milliseconds()) != ms:
		return fmt.Errorf("rollup of %s: %s is not a multiple of %s", r.Point, r.Start, r.Width)
	case r.Values > r.Count || r.Good > r.Values || r.Good < 0:
		return fmt.Errorf("rollup of %s at %s: %d good of %d values of %d readings", r.Point, r.Start, r.Good, r.Values, r.Count)
	case r.Covered < 0 || r.Covered > r.Width:
		return fmt.Errorf("rollup of %s at %s: covers %s of %s", r.Point, r.Start, r.Covered, r.Width)
	}
	return checkReason(string(r.Reason))
}

// Check says why no engine can answer this query, or nil.
func (q RollupQuery) Check() error {
	if _, err := sensors.ParseQuantity(string(q.Quantity)); err != nil {
		return err
	}
	if widths := Widths(); !slices.Contains(widths[:], q.Width) {
		return fmt.Errorf("there are no rollups of width %s; there are those of 1m, 15m and 1h", q.Width)
	}
	return nil
}
