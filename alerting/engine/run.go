package engine

import "coldchain/alerting/blob"

// All times inside are whole milliseconds since 1970 in UTC, as on the wire;
// 0 is "none", which no admitted reading can have.

const (
	minute  = int64(60_000)
	minHole = 10 * minute
	maxTime = blob.MaxTime
)

// run is a stretch of readings that agree: all outside a line, or all inside.
//
// It measures time by evidence. Between two agreeing readings the time counts,
// unless they are further apart than a hole: then it begins anew, because two
// readings an hour apart do not show an hour outside. From a reading that says
// nothing (bad, or uncertain on the harmless side) to the next agreeing one the
// time is held: it is neither counted nor forgotten.
type run struct {
	since  int64 // first agreeing reading; 0 when there is no run
	last   int64 // newest agreeing reading
	held   int64 // ms between since and last that do not count
	frozen int64 // first silent reading after last, or last itself when a mask holds it; 0 when none
	masked int64 // of held: for a mask
}

func (r *run) count(t, hole int64) {
	if r.since == 0 || t-r.last > hole {
		*r = run{since: t, last: t}
		return
	}
	if r.frozen != 0 && r.frozen < t {
		if r.frozen == r.last {
			r.masked += t - r.frozen
		}
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

// hole is how far apart two readings may be and still show what lay between
// them: the delay they are judged by, and at least least, which is 10 minutes
// or three of the point's periods.
func hole(delay, least int64) int64 { return max(delay, least) }
