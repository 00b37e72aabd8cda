package edge

import (
	"crypto/rand"
	"encoding/hex"
	"syscall"
	"time"

	"coldchain/gateway/wire"
)

// Clock is what an agent knows about time. Boot names this run of the agent;
// the monotonic offset counts from its start.
type Clock struct {
	Boot   string
	Start  time.Time
	Now    func() time.Time
	Source func() wire.ClockSource
}

// SystemClock is the machine's clock; its source is what the kernel says about
// its synchronisation.
func SystemClock() Clock {
	id := make([]byte, 8)
	_, _ = rand.Read(id) // never fails (crypto/rand since Go 1.24)
	return Clock{Boot: hex.EncodeToString(id), Start: time.Now(), Now: time.Now, Source: kernelSource}
}

// Mono returns how long after the start of this run t was.
func (c Clock) Mono(t time.Time) time.Duration { return t.Sub(c.Start).Truncate(time.Millisecond) }

const staUnsync = 0x40 // STA_UNSYNC of adjtimex(2)

func kernelSource() wire.ClockSource {
	var t syscall.Timex
	if _, err := syscall.Adjtimex(&t); err != nil || t.Status&staUnsync != 0 {
		return wire.ClockNone
	}
	return wire.ClockNTP
}
