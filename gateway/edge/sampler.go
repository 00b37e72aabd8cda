package edge

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// pollLimit bounds one device's answer, however many blocks it takes, so that
// shutdown is never held up longer.
const pollLimit = 10 * time.Second

// line reads the devices of one bus one after the other, each on its own
// schedule.
type line struct {
	bus     string
	devices []*scheduled
	clock   Clock
	keeper  *Timekeeper
	faults  *faults
	board   *board
	log     *slog.Logger
}

type scheduled struct {
	Device
	points  []sensors.PointID
	units   map[sensors.PointID]sensors.Unit
	outside func(sensors.Reading) bool
	due     time.Time
}

func newLines(o Options, f *faults, b *board) ([]*line, error) {
	var lines []*line
	byBus := map[string]*line{}
	seen := map[sensors.PointID]string{}
	for _, d := range o.Devices {
		if d.Interval <= 0 {
			return nil, fmt.Errorf("device %s: interval %s; want more than 0", d.Name, d.Interval)
		}
		if d.OutsideInterval <= 0 || d.OutsideInterval > d.Interval {
			d.OutsideInterval = d.Interval
		}
		s := &scheduled{Device: d, units: map[sensors.PointID]sensors.Unit{}, outside: outsideOf(o.Limits, d.Sensor.Points())}
		for _, p := range d.Sensor.Points() {
			if other, taken := seen[p.ID]; taken {
				return nil, fmt.Errorf("point %s is measured by %s and by %s; want one of them", p.ID, other, d.Name)
			}
			seen[p.ID] = d.Name
			s.points = append(s.points, p.ID)
			s.units[p.ID] = p.Quantity.Unit()
		}
		l := byBus[d.Bus]
		if l == nil {
			l = &line{bus: d.Bus, clock: o.Clock, faults: f, board: b, log: o.Logger.With("bus", d.Bus)}
			byBus[d.Bus] = l
			lines = append(lines, l)
		}
		l.devices = append(l.devices, s)
	}
	return lines, nil
}

func outsideOf(limits Bounds, points []sensors.Point) func(sensors.Reading) bool {
	keys := map[sensors.PointID]LimitKey{}
	for _, p := range points {
		keys[p.ID] = LimitKey{Zone: p.ID.Zone(), Quantity: p.Quantity}
	}
	return func(r sensors.Reading) bool {
		v, ok := r.Value()
		if !ok {
			return false
		}
		l, _ := limits.Bounds(keys[r.Point]) // as they are now
		return l.outside(v)
	}
}

func (l Limits) outside(v float64) bool {
	return l.High != nil && v > *l.High || l.Low != nil && v < *l.Low
}

// run polls until stop is closed. A poll in flight is finished: its answer has
// been given and belongs into the journal.
func (l *line) run(stop <-chan struct{}, out chan<- []wire.Record) {
	for _, d := range l.devices {
		d.due = l.clock.Now()
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		d := l.earliest()
		timer.Reset(d.due.Sub(l.clock.Now()))
		select {
		case <-stop:
			return
		case <-timer.C:
		}
		select { // both may have been ready
		case <-stop:
			return
		default:
		}
		out <- l.poll(d)
	}
}

func (l *line) earliest() *scheduled {
	first := l.devices[0]
	for _, d := range l.devices[1:] {
		if d.due.Before(first.due) {
			first = d
		}
	}
	return first
}

// poll reads one device and sets when it is due again. A poll that took long
// lets the missed ones go, and the device half an interval of rest: two polls
// back to back would give a point two readings in one millisecond.
func (l *line) poll(d *scheduled) []wire.Record {
	ctx, cancel := context.WithTimeout(context.Background(), pollLimit)
	defer cancel()
	asked := l.clock.Now()
	readings := d.Sensor.Read(ctx, d.points)
	answered := l.clock.Now()
	l.board.polled(d.Name, asked, answered, readings)
	interval := d.Interval
	records := make([]wire.Record, 0, len(readings))
	var failed sensors.Reason
	for _, r := range readings {
		if d.outside(r) {
			interval = d.OutsideInterval
		}
		if r.Quality == sensors.Bad {
			failed = r.Reason
		}
		record := wire.Record{Kind: wire.ReadingRecord, Unit: d.units[r.Point], Reading: r}
		l.keeper.Stamp(&record, asked, answered)
		records = append(records, record)
	}
	l.faults.set(d.Name, failed)
	d.due = d.due.Add(interval)
	if soonest := l.clock.Now().Add(interval / 2); d.due.Before(soonest) {
		d.due = soonest
	}
	return records
}
