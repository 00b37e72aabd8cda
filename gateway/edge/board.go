package edge

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"coldchain/gateway/edge/page"
	"coldchain/sensors"
)

// maxReasons bounds the counters of one device; what drivers make up beyond it
// is counted as "other".
const maxReasons = 40

// otherReason stands for the reasons that found no counter.
const otherReason sensors.Reason = "other"

// board holds the newest reading of every point and the counters of every
// device, for the site's page. Its size is that of the configuration.
type board struct {
	limits  Bounds
	mu      sync.Mutex
	points  []page.Point
	devices []page.Device
	reasons []map[sensors.Reason]uint64 // by device
	pointAt map[sensors.PointID]int
	devAt   map[string]int
}

func newBoard(devices []Device, limits Bounds) *board {
	b := &board{limits: limits, pointAt: map[sensors.PointID]int{}, devAt: map[string]int{}}
	for _, d := range devices {
		b.devAt[d.Name] = len(b.devices)
		b.devices = append(b.devices, page.Device{Name: d.Name, Bus: d.Bus, Profile: d.Profile, Interval: d.Interval})
		b.reasons = append(b.reasons, map[sensors.Reason]uint64{})
		for _, p := range d.Sensor.Points() {
			b.pointAt[p.ID] = len(b.points)
			b.points = append(b.points, page.Point{ID: p.ID, Quantity: p.Quantity, Device: d.Name, Interval: d.Interval})
		}
	}
	return b
}

// polled takes over what a device answered between asked and answered. The
// readings' times keep their monotonic part, if the driver left it.
func (b *board) polled(device string, asked, answered time.Time, readings []sensors.Reading) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i, ok := b.devAt[device]
	if !ok {
		return
	}
	d := &b.devices[i]
	d.Polls++
	d.LastPoll, d.Latency, d.Now = answered, answered.Sub(asked), sensors.NoReason
	if d.Polls == 1 {
		d.Usual = d.Latency
	}
	d.Usual += (d.Latency - d.Usual) / 8
	var counted []sensors.Reason // once in a poll
	for _, r := range readings {
		if r.Quality != sensors.Bad {
			d.LastGood = answered
		} else if d.Now = r.Reason; !slices.Contains(counted, r.Reason) {
			counted = append(counted, r.Reason)
			b.count(i, r.Reason)
		}
		b.read(r, answered)
	}
	if len(counted) > 0 {
		d.Failed++
	}
}

func (b *board) count(device int, why sensors.Reason) {
	m := b.reasons[device]
	if _, known := m[why]; !known && len(m) >= maxReasons {
		why = otherReason
	}
	m[why]++
}

func (b *board) read(r sensors.Reading, at time.Time) {
	i, ok := b.pointAt[r.Point]
	if !ok {
		return // a driver that answers for a point it did not declare
	}
	p := &b.points[i]
	if v, ok := r.Value(); ok {
		if was, had := p.Valued.Value(); !had || was != v {
			p.Since = at
		}
		p.Valued = r
	}
	p.Seen, p.Last, p.At = true, r, at
}

// show copies the board.
func (b *board) show() (points []page.Point, devices []page.Device) {
	b.mu.Lock()
	defer b.mu.Unlock()
	points, devices = slices.Clone(b.points), slices.Clone(b.devices)
	for i := range points {
		if p := &points[i]; !p.Quantity.IsState() { // half of a switch's way is no limit for people
			l, _ := b.limits.Bounds(LimitKey{Zone: p.ID.Zone(), Quantity: p.Quantity})
			p.High, p.Low = l.High, l.Low
		}
	}
	for i := range devices {
		for why, n := range b.reasons[i] {
			devices[i].Failures = append(devices[i].Failures, page.Failure{Reason: why, Count: n})
		}
		slices.SortFunc(devices[i].Failures, func(x, y page.Failure) int {
			return cmp.Or(-cmp.Compare(x.Count, y.Count), cmp.Compare(x.Reason, y.Reason))
		})
	}
	return points, devices
}
