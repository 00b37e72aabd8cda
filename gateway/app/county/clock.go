package county

import (
	"time"

	"coldchain/gateway/clock"
	"coldchain/gateway/wire"
)

// machineClock says what this machine's wall clock stands on.
func machineClock() func() wire.ClockSource {
	machine := clock.ThisMachine(clock.Built())
	return func() wire.ClockSource { return machine.Source(time.Now()) }
}
