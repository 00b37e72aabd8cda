package access

import (
	"net/netip"
	"time"
)

// Throttle makes those wait who try passwords. It counts wrong ones in a row,
// apart for each
//
//   - device that the user has signed in on before: nobody else can make it wait;
//   - name from one address, and address for all names;
//   - name from everywhere: many addresses together get a try each few seconds.
//
// So a stranger who guesses holds up himself, and never somebody at his own
// telephone. It is in memory: a restart forgets, and nobody outside can cause one.
// Not safe for concurrent use.
type Throttle struct {
	tries map[string]tries
}

type tries struct {
	wrong int
	last  time.Time
}

// Try is somebody who wants in.
type Try struct {
	User    string // as typed
	Address netip.Addr
	Device  string // by which it comes, where that is known
	Known   bool   // the user has signed in on this device before
}

// limit is how one counter waits: free wrong ones cost nothing, then each of
// waits, the last again and again.
type limit struct {
	key   string
	free  int
	waits []time.Duration
}

// mostCounters bounds the memory; counters that are longest without a try go first.
const mostCounters = 20_000

// forgetAfter is how long a counter is kept.
const forgetAfter = 24 * time.Hour

func slow() []time.Duration {
	return []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute}
}

func (t Try) limits() []limit {
	if t.Known {
		return []limit{{"d\x00" + t.User + "\x00" + t.Device, 5, slow()}}
	}
	net := network(t.Address)
	return []limit{
		{"p\x00" + t.User + "\x00" + net, 5, slow()},
		{"a\x00" + net, 20, slow()},
		{"u\x00" + t.User, 50, []time.Duration{5 * time.Second}},
	}
}

// network is what one caller holds of the address space: of IPv6 a /64.
func network(a netip.Addr) string {
	a = a.Unmap()
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// Wait is how long a try has to wait at now; 0: it may be made.
func (th *Throttle) Wait(t Try, now time.Time) (wait time.Duration) {
	for _, l := range t.limits() {
		c := th.tries[l.key]
		over := c.wrong - l.free
		if over < 0 {
			continue
		}
		until := c.last.Add(l.waits[min(over, len(l.waits)-1)])
		if c.last.Sub(now) > time.Hour {
			continue // the clock was ahead when it was noted, and nobody waits for years
		}
		wait = max(wait, until.Sub(now))
	}
	return wait
}

// Tried notes how a try went at now.
func (th *Throttle) Tried(t Try, right bool, now time.Time) {
	if th.tries == nil {
		th.tries = map[string]tries{}
	}
	for i, l := range t.limits() {
		if right {
			if !t.Known && i == 1 {
				continue // who has one password must not try others' for nothing
			}
			delete(th.tries, l.key)
			continue
		}
		c := th.tries[l.key]
		if now.Sub(c.last) > forgetAfter {
			c.wrong = 0
		}
		th.tries[l.key] = tries{c.wrong + 1, now}
	}
	if len(th.tries) > mostCounters {
		th.drop(now)
	}
}

// drop makes room: what is old first, and if that is not enough half of the rest
// by age.
func (th *Throttle) drop(now time.Time) {
	for age := forgetAfter; len(th.tries) > mostCounters/2 && age > time.Second; age /= 2 {
		for k, c := range th.tries {
			if now.Sub(c.last) > age {
				delete(th.tries, k)
			}
		}
	}
	for k := range th.tries { // all of one second: any will do
		if len(th.tries) <= mostCounters/2 {
			return
		}
		delete(th.tries, k)
	}
}
