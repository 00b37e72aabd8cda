package county

import (
	"sync"
	"time"

	"coldchain/gateway/clock"
	"coldchain/gateway/wire"
)

// askClockEvery is how often the kernel is asked what its clock is worth: every
// message that comes in wants to know. Whoever sets the clock is noticed at once,
// because the wall clock has then gone otherwise than the monotonic one.
const (
	askClockEvery = time.Second
	clockStep     = 50 * time.Millisecond
)

// machineClock says what this machine's wall clock stands on.
func machineClock() func() wire.ClockSource {
	machine := clock.ThisMachine(clock.Built())
	var mu sync.Mutex
	var asked time.Time
	var source wire.ClockSource
	return func() wire.ClockSource {
		mu.Lock()
		defer mu.Unlock()
		now := time.Now()
		if asked.IsZero() || askAgain(now.Sub(asked), now.Round(0).Sub(asked.Round(0))) {
			asked, source = now, machine.Source(now)
		}
		return source
	}
}

// askAgain reports whether what was said some time ago, by the monotonic and by
// the wall clock, says nothing of now.
func askAgain(mono, wall time.Duration) bool {
	return mono >= askClockEvery || (wall-mono).Abs() >= clockStep
}
