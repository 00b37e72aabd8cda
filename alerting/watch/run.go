package watch

import (
	"time"

	"coldchain/alerting/blob"
)

// All times inside are whole milliseconds since 1970 in UTC, as on the wire;
// 0 is "none", which no admitted reading can have.

const (
	minute  = int64(60_000)
	hour    = 60 * minute
	minHole = 10 * minute
	maxTime = blob.MaxTime
)

// run is a stretch of answers that agree. It measures time by evidence, as the
// engine's does: between two agreeing answers it counts, unless they are
// further apart than a hole; from one that says nothing to the next agreeing
// one it is held.
type run struct {
	since  int64 // first agreeing answer; 0 when there is no run
	last   int64 // newest agreeing answer
	held   int64 // ms between since and last that do not count
	frozen int64 // first silent answer after last; 0 when none
}

func (r *run) count(t, hole int64) {
	if r.since == 0 || t-r.last > hole {
		*r = run{since: t, last: t}
		return
	}
	if r.frozen != 0 {
		r.held += t - r.frozen
		r.frozen = 0
	}
	r.last = t
}

func (r *run) freeze(t int64) {
	if r.since != 0 && r.frozen == 0 {
		r.frozen = t
	}
}

func (r *run) lasted() int64 { return r.last - r.since - r.held }

// hole is how far apart two answers may be and still show what lay between.
func hole(delay int64) int64 { return max(delay, minHole) }

func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func millis(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }
