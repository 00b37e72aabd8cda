package edge

import (
	"sort"
	"sync"

	"coldchain/sensors"
)

// faults remembers what does not work now, for the status message.
type faults struct {
	mu sync.Mutex
	by map[string]sensors.Reason
}

func newFaults() *faults { return &faults{by: map[string]sensors.Reason{}} }

// set notes why something fails; an empty reason says that it works.
func (f *faults) set(what string, why sensors.Reason) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if why == sensors.NoReason {
		delete(f.by, what)
		return
	}
	f.by[what] = why
}

// Fault notes what of the box does not work beside its devices and the journal,
// such as its modem; NoReason: it works. The status tells the county.
func (a *Agent) Fault(what string, why sensors.Reason) { a.faults.set(what, why) }

// of returns why something fails, or NoReason.
func (f *faults) of(what string) sensors.Reason {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.by[what]
}

// list returns "device: reason" sentences in a fixed order.
func (f *faults) list() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for what, why := range f.by {
		out = append(out, what+": "+string(why))
	}
	sort.Strings(out)
	return out
}
