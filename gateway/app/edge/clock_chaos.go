//go:build chaosclock

package edge

import (
	"encoding/json"
	"os"
	"time"

	"coldchain/gateway/clock"
	"coldchain/gateway/edge"
	"coldchain/gateway/wire"
)

// clockFileVariable names the control file of a build for the chaos harness.
const clockFileVariable = "COLDCHAIN_CHAOS_CLOCK"

// machineClock is, in a build for the chaos harness, a clock that a control
// file sets while the program runs: to another time, to none, to another start
// of the machine. Without the variable it is the machine's. No other build
// contains this file.
func machineClock() edge.Clock {
	c := edge.SystemClock()
	path := os.Getenv(clockFileVariable)
	if path == "" {
		return c
	}
	began := readClockFile(path)
	c.Boot = began.Boot
	c.Wall = func() time.Time {
		return time.Now().Add(time.Duration(readClockFile(path).OffsetMS) * time.Millisecond)
	}
	c.Source = func() wire.ClockSource { return wire.ClockSource(readClockFile(path).Source) }
	c.Uptime = func() time.Duration {
		up, _ := clock.Uptime()
		return up - time.Duration(began.BootedMS)*time.Millisecond
	}
	return c
}

// clockFile is what the harness says. It is replaced whole, by renaming.
type clockFile struct {
	Boot     string `json:"boot"`
	BootedMS int64  `json:"booted_ms"` // the machine's uptime when this boot began
	OffsetMS int64  `json:"offset_ms"` // of the wall clock from the machine's
	Source   string `json:"source"`    // ntp, rtc or none
}

// readClockFile gives up at once on a file that is not as agreed: a wrong time
// would be taken for a finding.
func readClockFile(path string) (f clockFile) {
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil {
		panic("the harness's clock file: " + err.Error())
	}
	return f
}
