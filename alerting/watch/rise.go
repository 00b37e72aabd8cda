package watch

import (
	"slices"
	"time"

	"coldchain/alerting"
)

// RateOfRise is how fast a room's air may warm: by Rise °C within Within. The
// air of a room whose machine stands still, or loses its refrigerant, warms
// steadily for a long time before a limit is reached.
type RateOfRise struct {
	Rise   float64       // °C, more than 0
	Within time.Duration // 5 min to 4 h
}

const (
	riseBuckets = 16 // means that cover Within
	// doubtful is how long a room must go on warming where no switch tells of
	// its door: a visit looks the same at first.
	doubtful  = 15 * minute // [E]
	riseClear = 10 * minute // [E]
	// What may explain a rise does so for a time only, and a defrost not one
	// that is greater by thawMost than it may be.
	maskMost    = 45 * minute // [E], as the defrost mask of the limits
	thawMost    = 3.0         // °C [E]
	doorAfter   = 10 * minute // for the air to recover after the door was shut [E]
	thawedAfter = 15 * minute // and after a defrost: drip time, coil cold again [E]
)

// rise watches how fast the air at one point warms. It keeps means of equal
// buckets of time, in hundredths of a degree so that a restart loses nothing,
// and compares the median of the newest with that of the oldest: a spike, or
// noise, moves neither.
type rise struct {
	slot  slot
	width int64 // ms of a bucket
	n     int
	at    [riseBuckets]int64 // bucket numbers, oldest first
	v     [riseBuckets]int32 // hundredths of a °C

	bucket int64 // in progress, with the sum and number of its values
	sum    int64
	count  int64
}

func newRise(p *point, r *RateOfRise) *rise {
	return &rise{
		slot:  slot{rule: alerting.RateOfRise, object: string(p.id), zone: p.zone.id},
		width: max(r.Within.Milliseconds()/(riseBuckets-1), minute/2),
	}
}

// add takes a value and reports whether a bucket was closed by it.
func (r *rise) add(t int64, v float64) (closed bool) {
	b := t / r.width
	if b != r.bucket && r.count > 0 {
		if r.n == riseBuckets {
			copy(r.at[:], r.at[1:])
			copy(r.v[:], r.v[1:])
			r.n--
		}
		r.at[r.n], r.v[r.n] = r.bucket, int32(r.sum/r.count)
		r.n++
		r.sum, r.count, closed = 0, 0, true
	}
	r.bucket = b
	r.sum += hundredths(v)
	r.count++
	return closed
}

func hundredths(v float64) int64 {
	if v < 0 {
		return int64(v*100 - 0.5)
	}
	return int64(v*100 + 0.5)
}

// over returns by how many °C the air has warmed within ms; known is false when
// the buckets do not cover the time, or have a hole in them.
func (r *rise) over(within int64) (degrees float64, known bool) {
	if r.n == 0 {
		return 0, false
	}
	newest, most := r.at[r.n-1], within/r.width
	first := r.n - 1
	for first > 0 && newest-r.at[first-1] <= most {
		if r.at[first]-r.at[first-1] > max(most/3, 1) {
			break // a hole: what lies before it says nothing
		}
		first--
	}
	times, values := r.at[first:r.n], r.v[first:r.n]
	if n := len(times); n < 4 || (newest-times[0])*10 < most*7 {
		return 0, false
	}
	k := min(len(times)/3, 3)
	last := len(times) - k
	apart := middle(times[last:]) - middle(times[:k])
	if apart <= 0 {
		return 0, false
	}
	warmer := float64(median(values[last:])-median(values[:k])) / 100
	return warmer / apart * float64(most), true
}

// middle is the middle of up to three times, in buckets.
func middle(t []int64) float64 { return float64(t[0]+t[len(t)-1]) / 2 }

// median of one to three values; of two the milder, so that one spike is none.
func median(v []int32) int32 {
	switch len(v) {
	case 1:
		return v[0]
	case 2:
		return min(v[0], v[1])
	}
	return max(min(v[0], v[1]), min(max(v[0], v[1]), v[2]))
}

// observeRise judges how fast the air at p warms, when a bucket is full.
func (w *Watch) observeRise(p *point, t, now int64) {
	z, r := p.zone, p.rise
	if !r.add(t, p.value) {
		return
	}
	rule := z.rules.RateOfRise
	degrees, known := r.over(rule.Within.Milliseconds())
	say := no
	switch {
	case !known || z.idle:
		say = unknown
	case z.pull.running(t): // what warms the room is being cooled; that is judged by itself
		r.slot.pending, say = run{}, no
	case degrees > rule.Rise:
		say = yes
		if z.open(t) || degrees <= rule.Rise+thawMost && z.thawing(t) {
			say = unknown
		}
	case degrees > rule.Rise/2 && r.slot.alarm != nil:
		say = unknown // slower, and not yet over
	}
	delay := int64(0)
	if len(z.doors) == 0 {
		delay = doubtful
	}
	w.step(&r.slot, say, t, now, degrees, terms{
		delay: delay, clear: riseClear, level: alerting.Warning,
		limit: rule.Rise, span: rule.Within.Milliseconds(), has: true,
	})
}

// open reports whether a door that is open at t, or was just, may explain what
// warms the room.
func (z *zone) open(t int64) bool { return masks(z.doors, t, doorAfter) }

// thawing reports the same of a defrost.
func (z *zone) thawing(t int64) bool { return masks(z.defrosts, t, thawedAfter) }

func masks(list []*point, t, after int64) bool {
	return slices.ContainsFunc(list, func(p *point) bool {
		return p.on != 0 && t <= min(p.lastOn+after, p.on+maskMost)
	})
}
