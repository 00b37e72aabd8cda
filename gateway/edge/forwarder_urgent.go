package edge

import (
	"context"
	"slices"
	"time"

	"coldchain/gateway/journal"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// run is what is known of one watched point while the journal is read
// backwards.
type run struct {
	outside     func(sensors.Reading) bool
	last        time.Time // the newest record that was looked at
	insideUntil time.Time
	begun       bool // the excursion's beginning lies behind what was read
}

// watch lists the points whose run must reach the county in order: those that
// are outside, and temperatures and humidities of which no limits are known.
func (f *forwarder) watch(value map[sensors.PointID]sensors.Reading) map[sensors.PointID]*run {
	out := map[sensors.PointID]*run{}
	for _, d := range f.devices {
		points := d.Sensor.Points()
		outside := outsideOf(f.limits, points)
		for _, p := range points {
			r, known := value[p.ID]
			if !known {
				continue
			}
			_, limited := f.limits.Bounds(LimitKey{Zone: p.ID.Zone(), Quantity: p.Quantity})
			switch {
			case limited && outside(r):
				out[p.ID] = &run{outside: outside, last: r.Time}
			case !limited && (p.Quantity == sensors.Temperature || p.Quantity == sensors.Humidity):
				out[p.ID] = &run{last: r.Time}
			}
		}
	}
	return out
}

// findUrgent reads the journal backwards, a page at a time, to where every
// watched point's run has begun.
func (f *forwarder) findUrgent(ctx context.Context, watch map[sensors.PointID]*run) error {
	l := &f.lanes
	if len(watch) == 0 {
		return nil
	}
	lowest := f.journal.Oldest()
	if l.mark > urgentMost {
		lowest = max(lowest, l.mark-urgentMost)
	}
	for end := l.mark; end > lowest; {
		from := max(lowest, max(end, packRecords)-packRecords)
		var page []journal.Entry
		if err := f.journal.Records(ctx, from, end-1, func(e journal.Entry) bool {
			page = append(page, e)
			return true
		}); err != nil {
			return err
		}
		for _, e := range slices.Backward(page) {
			if r := watch[e.Reading.Point]; e.Kind == wire.ReadingRecord && r != nil {
				r.look(e.Reading)
			}
		}
		l.urgent, end = from, from
		if begun(watch) {
			return nil
		}
	}
	return nil
}

func begun(watch map[sensors.PointID]*run) bool {
	for _, r := range watch {
		if !r.begun {
			return false
		}
	}
	return true
}

// look takes one reading, older than the one before.
func (r *run) look(x sensors.Reading) {
	switch {
	case r.begun:
	case r.outside == nil:
		r.begun = r.last.Sub(x.Time) >= unlimitedReach
	case x.Quality == sensors.Bad:
	case r.outside(x):
		r.insideUntil = time.Time{}
	default:
		if r.insideUntil.IsZero() {
			r.insideUntil = x.Time
		}
		r.begun = r.insideUntil.Sub(x.Time) >= calm
	}
}

// inOrder sorts records by their sequence.
func inOrder(records []wire.Record) {
	slices.SortFunc(records, func(a, b wire.Record) int {
		if a.Seq < b.Seq {
			return -1
		}
		return 1
	})
}
