package store

import (
	"time"

	"coldchain/sensors"
)

// Roller rolls the readings of one point up as they come in order of time.
// Rolling from memory and rolling the same readings again from the store give
// the same buckets to the last bit.
type Roller struct {
	point    sensors.PointID
	quantity sensors.Quantity
	done     func(Rollup)
	from     int64 // ms; buckets that begin before are not given

	open  [3]Rollup // by width
	start [3]int64  // ms
	begun bool

	last               int64 // ms, of the latest reading; meaningful when has
	has                bool
	coverFrom, coverTo int64 // ms; what the last reading speaks for and is not counted yet
	// reach is how far any good reading could speak, were nothing to follow it.
	// Buckets up to there are given even when they turn out to be empty: a late
	// reading that cuts a cover short must replace the buckets it had filled.
	reach int64
}

// NewRoller returns a roller that hands each finished bucket which begins at or
// after from to done, narrow ones before the wider one they are part of. For
// the first bucket's cover it must be given the readings of CoverFor before.
func NewRoller(p sensors.PointID, q sensors.Quantity, from time.Time, done func(Rollup)) *Roller {
	return &Roller{point: p, quantity: q, from: from.UnixMilli(), done: done}
}

// Add takes the next reading. One that is not later than all before (and than
// what was finished) is left out, and Add returns false.
func (r *Roller) Add(reading sensors.Reading) (inOrder bool) {
	ms := reading.Time.UnixMilli()
	if r.has && ms <= r.last || r.begun && ms < r.start[0] {
		return false
	}
	r.spread(ms)
	r.advance(ms)
	r.open[0].Add(reading)
	if !r.has {
		r.reach = ms
	}
	r.last, r.has = ms, true
	r.coverFrom, r.coverTo = ms, ms
	if reading.Quality == sensors.Good {
		r.coverTo = ms + CoverFor.Milliseconds()
		r.reach = max(r.reach, r.coverTo)
	}
	return true
}

// Finish hands out the buckets that end at or before to: no reading will join
// them any more.
func (r *Roller) Finish(to time.Time) {
	if ms := to.UnixMilli(); r.begun && ms > r.start[0] {
		r.spread(ms)
		r.advance(ms)
	}
}

// Skip keeps back the buckets that begin before until.
func (r *Roller) Skip(until time.Time) { r.from = max(r.from, until.UnixMilli()) }

// Gives reports whether a bucket that begins at start will be handed out.
func (r *Roller) Gives(start time.Time) bool { return start.UnixMilli() >= r.from }

// spread counts what the last good reading speaks for, up to ms.
func (r *Roller) spread(ms int64) {
	end := min(r.coverTo, ms)
	for at := r.coverFrom; at < end; {
		r.advance(at)
		stop := min(end, r.start[0]+Minute.Milliseconds())
		r.open[0].Covered += time.Duration(stop-at) * time.Millisecond
		at = stop
	}
	r.coverFrom = max(r.coverFrom, end)
	for r.begun && r.start[0]+Minute.Milliseconds() < min(r.reach, ms) {
		r.advance(r.start[0] + Minute.Milliseconds())
	}
}

// advance closes every bucket that ends at or before ms.
func (r *Roller) advance(ms int64) {
	for i, width := range Widths() {
		w := width.Milliseconds()
		if r.begun && ms < r.start[i]+w {
			return // so do the wider ones, which hold this one
		}
		if r.begun {
			if i+1 < len(r.open) {
				r.open[i+1].Join(r.open[i])
			}
			r.give(i, width)
		}
		r.start[i] = floor(ms, w)
		r.open[i] = Rollup{}
	}
	r.begun = true
}

func (r *Roller) give(i int, width time.Duration) {
	b := r.open[i]
	if r.start[i] < r.from || b.Count == 0 && r.start[i] >= r.reach {
		return
	}
	b.Point, b.Quantity, b.Width, b.Start = r.point, r.quantity, width, time.UnixMilli(r.start[i]).UTC()
	r.done(b)
}

// floor is the last multiple of w at or before ms, also before 1970.
func floor(ms, w int64) int64 {
	rest := ms % w
	if rest < 0 {
		rest += w
	}
	return ms - rest
}
