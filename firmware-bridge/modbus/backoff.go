package modbus

import "time"

// The redial back-off. A refused dial is cheap but a host that does not answer
// costs a whole timeout, which a healthy device on the same gateway would pay.
const (
	firstBackoff = 500 * time.Millisecond
	maxBackoff   = 30 * time.Second
)

// backoff remembers when the next dial is allowed and why the last one failed.
type backoff struct {
	wait  time.Duration // before jitter; 0 after a success
	until time.Time
	last  error
}

// fail doubles the wait from 0.5 s to 30 s; jitter in [0, 1) spreads it over
// 75 to 125 %, so that many gateways do not return in step.
func (b *backoff) fail(now time.Time, jitter float64, why error) {
	b.wait = min(max(2*b.wait, firstBackoff), maxBackoff)
	b.until = now.Add(time.Duration(float64(b.wait) * (0.75 + jitter/2)))
	b.last = why
}

// reset allows the next dial at once.
func (b *backoff) reset() { *b = backoff{} }

// blocked reports how long a dial is still refused.
func (b *backoff) blocked(now time.Time) (time.Duration, bool) {
	left := b.until.Sub(now)
	// A clock that was set back must not lengthen the wait.
	if left <= 0 || left > 2*maxBackoff {
		return 0, false
	}
	return left, true
}
