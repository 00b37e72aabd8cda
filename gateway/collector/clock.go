package collector

import (
	"sync"
	"time"

	"coldchain/gateway/wire"
)

// clockTrouble is what health says while nobody has set this machine's clock.
type clockTrouble struct{}

func (clockTrouble) Error() string {
	return "the county's own clock is not synchronised: readings whose time it cannot judge are left with their gateways; set it, or start its time service"
}

// Code names the trouble for whoever has words of their own for it.
func (clockTrouble) Code() string { return "clock" }

// watchClock says once when the clock is lost and once when it is back.
func (c *Collector) watchClock() {
	lost := !c.believed()
	if lost == c.clockLost {
		return
	}
	c.clockLost = lost
	if lost {
		c.m.clockLost.Set(1)
		c.o.Logger.Error(clockTrouble{}.Error())
		return
	}
	c.m.clockLost.Set(0)
	c.o.Logger.Info("the county's own clock is synchronised: times are judged again")
}

// clockHold is what an edge is told to wait while the county does not know the
// time.
const clockHold = time.Minute

// believed reports whether this machine's clock may judge others'.
func (c *Collector) believed() bool {
	return c.o.ClockSource == nil || c.o.ClockSource() != wire.ClockNone
}

// postponed reports whether a refusal rests on a clock that is not to be
// believed: then the record is neither stored nor quarantined.
func postponed(why *refusal, believed bool) bool {
	return !believed && (why.reason == wire.TimeInFuture || why.reason == wire.TimeInPast || why.reason == wire.Expired)
}

// postpone asks a gateway to offer records again when the county may know the
// time.
func (c *Collector) postpone(a wire.Address, epoch uint64, runs []wire.Range) {
	if len(runs) == 0 {
		return
	}
	var later []wire.AckRange
	for _, r := range runs {
		c.m.deferred.Add(float64(r.To - r.From + 1))
		later = append(later, wire.AckRange{Range: r, Outcome: wire.RetryAfter, AfterMS: clockHold.Milliseconds()})
	}
	c.acknowledge(a, epoch, later)
}

// skewWindow is how long the smallest distance counts; what is twice as old is
// forgotten.
const skewWindow = 10 * time.Minute

// skews measures how far each gateway's clock is from this one: received less
// measured, the least of a window, because everything on the way only adds.
// A positive one is a gateway that is late, or a slow way; a negative one can
// only be a clock that is ahead.
type skews struct {
	mu sync.Mutex
	by map[string]*skew
}

type skew struct {
	began      time.Time // of the window
	now, last  time.Duration
	has, older bool
}

// take looks at a pack. Its newest record tells something if it was live: the
// newest that the gateway has.
func (s *skews) take(gateway string, pack wire.Pack, received time.Time) (time.Duration, bool) {
	n := len(pack.Records)
	if n == 0 {
		return 0, false
	}
	r := pack.Records[n-1]
	if r.Kind != wire.ReadingRecord || r.Reconstructed || r.Clock == wire.ClockNone || r.Seq+1 != pack.Next {
		return 0, false
	}
	return s.add(gateway, received.Sub(r.Time()), received), true
}

func (s *skews) add(gateway string, distance time.Duration, at time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil {
		s.by = map[string]*skew{}
	}
	k := s.by[gateway]
	if k == nil {
		k = &skew{began: at}
		s.by[gateway] = k
	}
	k.turn(at)
	if !k.has || distance < k.now {
		k.now, k.has = distance, true
	}
	least, _ := k.least()
	return least
}

// turn begins a new window when the old one is over.
func (k *skew) turn(at time.Time) {
	switch age := at.Sub(k.began); {
	case age < 0 || age >= 2*skewWindow:
		*k = skew{began: at}
	case age >= skewWindow:
		*k = skew{began: at, last: k.now, older: k.has}
	}
}

func (k *skew) least() (time.Duration, bool) {
	switch {
	case k.has && k.older:
		return min(k.now, k.last), true
	case k.has:
		return k.now, true
	}
	return k.last, k.older
}

// of returns a gateway's skew; ok is false when nothing live came for a while.
func (s *skews) of(gateway string, now time.Time) (_ time.Duration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.by[gateway]
	if k == nil || now.Sub(k.began) >= 2*skewWindow {
		return 0, false
	}
	return k.least()
}
