package demo

import (
	"slices"
	"sync"
	"time"

	"coldchain/sensors"
	"coldchain/sensors/modbus"
	"coldchain/sensors/sim/slave"
)

// ledgerKeeps bounds the ledger: two hours of five-second readings a point.
const ledgerKeeps = 1500

// Given is one value a simulated slave answered with.
type Given struct {
	At     time.Time
	Value  float64        // meaningful when Reason is empty
	Reason sensors.Reason // why the answer holds no value
}

// Ledger writes down what the simulated slaves answered, per point, so that
// the store can be held against it. It is safe for concurrent use and keeps
// the newest answers of each point.
type Ledger struct {
	devices map[slaveID]ledgerDevice

	mu      sync.Mutex
	given   map[sensors.PointID][]Given
	total   int
	dropped int
}

type slaveID struct {
	site string
	unit uint8
}

type ledgerDevice struct {
	profile *modbus.Profile
	points  map[string][]sensors.PointID // by channel
}

// NewLedger prepares a ledger for the county's devices.
func NewLedger(c *County) (*Ledger, error) {
	l := &Ledger{devices: map[slaveID]ledgerDevice{}, given: map[sensors.PointID][]Given{}}
	profiles := map[string]*modbus.Profile{}
	for _, e := range c.Edges {
		for _, d := range e.Devices {
			if profiles[d.Profile] == nil {
				p, err := modbus.LoadProfile(d.Profile)
				if err != nil {
					return nil, err
				}
				profiles[d.Profile] = p
			}
			one := ledgerDevice{profile: profiles[d.Profile], points: map[string][]sensors.PointID{}}
			for name, channel := range d.Points {
				one.points[channel] = append(one.points[channel], pointID(e.Site, d.Zone, name))
			}
			l.devices[slaveID{e.Site, d.Slave}] = one
		}
	}
	return l, nil
}

// Answered writes an answer down. It is the hook of the slaves' servers.
func (l *Ledger) Answered(a slave.Answer) {
	d, ok := l.devices[slaveID{a.Site, a.Unit}]
	if !ok {
		return
	}
	asked := modbus.Span{Function: modbus.Function(a.Function), Address: a.Address, Quantity: a.Quantity}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, channel := range d.profile.Within(asked) {
		v := channel.Decode(asked, a.Data)
		for _, point := range d.points[channel.Name] {
			l.add(point, Given{At: a.At, Value: v.Value, Reason: v.Reason})
		}
	}
}

func (l *Ledger) add(point sensors.PointID, g Given) {
	list := l.given[point]
	if len(list) == ledgerKeeps {
		copy(list, list[1:])
		list = list[:ledgerKeeps-1]
		l.dropped++
	}
	l.given[point] = append(list, g)
	l.total++
}

// Total returns how many values were answered, and how many of them the ledger
// no longer holds because there were too many.
func (l *Ledger) Total() (answered, dropped int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total, l.dropped
}

// Given returns what is held of a point, oldest first.
func (l *Ledger) Given(point sensors.PointID) []Given {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.given[point])
}

// Outcome is the comparison of one point's answers with what was stored.
type Outcome struct {
	Served  int // answers held
	Stored  int // of them found in the store, with the same value
	Lost    int // answers that are not in the store
	Doubled int // stored readings beyond the first for one answer
	Foreign int // stored readings nobody answered
}

// Compare holds the stored readings of a point, oldest first, against its
// answers. A stored reading belongs to an answer when it has the same value
// and its time lies within the given duration after the answer's: the driver
// stamps a reading when the answer arrives. Readings without an answer from
// the device (time-outs) and readings older than the oldest answer are not
// compared.
func (l *Ledger) Compare(point sensors.PointID, stored []sensors.Reading, within time.Duration) Outcome {
	given := l.Given(point)
	o := Outcome{Served: len(given)}
	if len(given) == 0 {
		return o
	}
	// The wire carries whole milliseconds, rounded down.
	const rounding = time.Millisecond
	used := make([]bool, len(stored))
	owner := make([]int, len(stored)) // the answer a reading fits, for doubles
	for i := range owner {
		owner[i] = -1
	}
	begin := 0
	for gi, g := range given {
		for begin < len(stored) && stored[begin].Time.Before(g.At.Add(-rounding)) {
			begin++
		}
		found := false
		for i := begin; i < len(stored) && !stored[i].Time.After(g.At.Add(within)); i++ {
			if used[i] || !g.is(stored[i]) {
				continue
			}
			owner[i] = gi
			if !found {
				used[i], found = true, true
			}
		}
		if found {
			o.Stored++
		} else {
			o.Lost++
		}
	}
	for i, r := range stored {
		if used[i] || r.Time.Before(given[0].At.Add(-rounding)) {
			continue
		}
		_, measured := r.Value()
		switch {
		case owner[i] >= 0:
			o.Doubled++
		case measured:
			o.Foreign++
		}
	}
	return o
}

func (g Given) is(r sensors.Reading) bool {
	v, ok := r.Value()
	if g.Reason != sensors.NoReason {
		// The device's own fault flag, another answer, outweighs what the
		// register itself looks like.
		return !ok && (r.Reason == g.Reason || r.Reason == sensors.SensorFault)
	}
	return ok && v == g.Value
}
