package exposure

import (
	"context"
	"time"

	"coldchain/alerting/thaw"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// defrosts tells the readings that were a defrost by what the engine had learned
// of the room by then.
type defrosts struct {
	learner thaw.Learner
}

// defrosts learns from the air before a stay; nil where nothing is learned: from
// a probe in the goods, as in the engine.
func (b *building) defrosts(ctx context.Context, z Zone, p sensors.PointID, from time.Time) (*defrosts, error) {
	if !z.Learns || p == z.Probe {
		return nil, nil
	}
	d, begin := &defrosts{}, from.Add(-store.CoverFor)
	q := store.Query{Point: p, Quantity: sensors.Temperature, From: begin.Add(-thaw.Lead), To: begin}
	err := store.ReadValues(ctx, b.r.Readings, q, func(v store.Value) bool {
		if v.Quality == sensors.Good {
			d.learner.Observe(v.At, v.Value)
		}
		return true
	})
	return d, err
}

// observe takes the next reading of the air and reports whether it was a defrost.
func (d *defrosts) observe(v store.Value) bool {
	if d == nil {
		return false
	}
	if v.Quality == sensors.Good {
		d.learner.Observe(v.At, v.Value)
	}
	return d.learner.Defrosts(v.At)
}
