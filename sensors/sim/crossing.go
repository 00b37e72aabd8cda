package sim

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Crossing asks when a fault has to begin so that a probe crosses a limit at a
// wanted time.
type Crossing struct {
	Fault      Fault     // compressor-failure or mains-cut; its At is what is searched
	Zone       string    // "site/zone" whose room is watched
	Device     string    // the device that measures it
	Limit      float64   // °C; crossed when the shown value lies beyond it
	Low        bool      // true when beyond means below
	Resolution float64   // of the device, °C; default 0.1
	At         time.Time // when the limit shall be crossed

	Tolerance time.Duration // how far from At is near enough; default 5s
	Longest   time.Duration // how far back to search; default 8h
}

// FaultTime returns the instant at which the fault has to begin so that the
// device first shows a value beyond the limit as near to q.At as can be. The
// plan's other faults count. It runs the same physics the county will run, so
// the answer holds to the second; an error says that no instant in the time
// searched brings the crossing within the tolerance.
func FaultTime(p Plan, q Crossing) (time.Time, error) {
	if q.Resolution == 0 {
		q.Resolution = 0.1
	}
	if q.Tolerance == 0 {
		q.Tolerance = 5 * time.Second
	}
	if q.Longest == 0 {
		q.Longest = 8 * time.Hour
	}
	s, err := newSearch(p, q)
	if err != nil {
		return time.Time{}, fmt.Errorf("fault time for %s: %w", q.Zone, err)
	}
	best, off := s.search()
	if off > int64(q.Tolerance/time.Second) {
		return time.Time{}, fmt.Errorf("fault time for %s: no %s within %s before %s makes %g °C be crossed then (nearest is %d s off)",
			q.Zone, q.Fault.Kind, q.Longest, q.At.Format(time.RFC3339), q.Limit, off)
	}
	return time.Unix(best, 0).UTC(), nil
}

// search holds the healthy past of one site's room, a state a minute.
type search struct {
	q       Crossing
	site    *site
	index   int
	device  *device
	target  int64
	from    int64
	healthy []roomState
}

func newSearch(p Plan, q Crossing) (*search, error) {
	if q.Fault.Kind != CompressorFailure && q.Fault.Kind != MainsCut {
		return nil, fmt.Errorf("cannot search for a %s", q.Fault.Kind)
	}
	c, err := New(p)
	if err != nil {
		return nil, err
	}
	name, room, _ := strings.Cut(q.Zone, "/")
	s, ok := c.sites[name]
	if !ok {
		return nil, fmt.Errorf("no such site")
	}
	index, ok := s.plan.room(room)
	d, found := s.plan.device(q.Device)
	if !ok || !found {
		return nil, fmt.Errorf("no such room, or no device %q", q.Device)
	}
	h := &search{q: q, site: s, index: index, device: s.devices[d.Unit], target: q.At.Unix()}
	h.from = max(c.begin, h.target-int64(q.Longest/time.Second))
	h.from += (60 - h.from%60) % 60
	for t := h.from; t < h.target; t += 60 {
		s.advance(t)
		h.healthy = append(h.healthy, s.now.rooms[index])
	}
	return h, nil
}

// search tries every minute, then every second beside the promising ones. The
// crossing moves later as the fault moves later (a room that was cooled once
// more needs longer), so a minute whose crossing is early and whose next is
// late holds the answer.
func (h *search) search() (best, off int64) {
	off = math.MaxInt64
	try := func(t int64) int64 {
		d := h.crossing(t) - h.target
		if a := max(d, -d); a < off {
			best, off = t, a
		}
		return d
	}
	n := len(h.healthy)
	last := int64(math.MaxInt64)
	for i := n - 1; i >= 0; i-- {
		t := h.from + int64(i)*60
		d := try(t)
		if d <= 0 && last > 0 {
			for u := t + 1; u < t+60 && u < h.target && off > 1; u++ {
				try(u)
			}
		}
		if off <= 1 {
			break
		}
		last = d
	}
	return best, off
}

// crossing returns the second at which the limit is first crossed when the
// fault begins at t, or a time far away when it is not crossed soon enough.
func (h *search) crossing(t int64) int64 {
	minute := (t - h.from) / 60
	state, now := h.healthy[minute], h.from+minute*60
	room, lost := h.faulty(t)
	a := weatherAt(h.site.season, h.site.weather, now)
	for now < h.target+600 {
		room.run(&state, now, now+1, a, &lost)
		if now++; now%60 == 0 {
			a = weatherAt(h.site.season, h.site.weather, now)
		}
		if now > t && h.beyond(state, now) {
			return now
		}
	}
	return math.MaxInt64 / 2
}

// faulty returns the room and the mains with the fault beginning at t.
func (h *search) faulty(t int64) (room, mains) {
	r, lost := h.site.rooms[h.index], *h.site.mains
	begun := span{from: t, to: math.MaxInt64}
	if h.q.Fault.Kind == CompressorFailure {
		r.failed = append(slices.Clip(r.failed), begun)
		return r, lost
	}
	for i := range lost.lost {
		if len(h.q.Fault.Phases) == 0 || slices.Contains(h.q.Fault.Phases, i+1) {
			lost.lost[i] = append(slices.Clip(lost.lost[i]), begun)
		}
	}
	return r, lost
}

func (h *search) beyond(state roomState, t int64) bool {
	v := state.air
	if h.device.Probe == InProduct {
		v = state.product
	}
	v += temperatureNoise * wander(h.device.noise, t, noisePeriod)
	v = math.Round(v/h.q.Resolution) * h.q.Resolution
	// Half a step keeps the comparison clear of the product's rounding error.
	if h.q.Low {
		return v < h.q.Limit-h.q.Resolution/2
	}
	return v > h.q.Limit+h.q.Resolution/2
}
