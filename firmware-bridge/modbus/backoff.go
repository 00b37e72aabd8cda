package modbus

import "time"

// The back-off of a connection. A refused dial is cheap but a host that does
// not answer costs a whole timeout, which a healthy device on the same gateway
// would pay.
const (
	firstRedial = 500 * time.Millisecond
	maxRedial   = 30 * time.Second
)

// backoff remembers when the next attempt is allowed and why the last one
// failed. It serves a connection and, with longer waits, a silent slave.
type backoff struct {
	first, max time.Duration
	wait       time.Duration // before jitter; 0 after a success
	until      time.Time
	last       error
}

// fail doubles the wait from first to max; jitter in [0, 1) spreads it over
// 75 to 125 %, so that many gateways do not return in step.
func (b *backoff) fail(now time.Time, jitter float64, why error) {
	b.wait = min(max(2*b.wait, b.first), b.max)
	b.until = now.Add(time.Duration(float64(b.wait) * (0.75 + jitter/2)))
	b.last = why
}

// reset allows the next attempt at once.
func (b *backoff) reset() { b.wait, b.until, b.last = 0, time.Time{}, nil }

// blocked reports how long an attempt is still refused.
func (b *backoff) blocked(now time.Time) (time.Duration, bool) {
	left := b.until.Sub(now)
	// A clock that was set back must not lengthen the wait.
	if left <= 0 || left > 2*b.max {
		return 0, false
	}
	return left, true
}
