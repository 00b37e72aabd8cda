package webtest

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"coldchain/alerting/exposure"
	"coldchain/gateway/config"
	"coldchain/gateway/web"
	"coldchain/sensors"
)

// exposures works out what goods went through from what the fake has stored.
type exposures struct {
	fake   *Fake
	county web.County
}

// agesMadeUp halves the life for every ten degrees, and knows nothing above 30 °C.
type agesMadeUp struct{}

func (agesMadeUp) Rate(c float64) (float64, error) {
	if c > 30 {
		return 0, fmt.Errorf("made-up model: %.1f °C is above 30 °C", c)
	}
	return 0.0018 * math.Pow(2, c/10), nil
}

// Exposure implements web.Exposures.
func (e exposures) Exposure(ctx context.Context, id string) (exposure.Batch, error) {
	b, err := e.fake.Batch(ctx, id)
	if err != nil {
		return exposure.Batch{}, err
	}
	low, high := -1.0, 6.0
	o := exposure.Options{Limits: exposure.Limits{Low: &low, High: &high}, Interval: time.Minute, Model: &exposure.Model{Name: "made up", Ager: agesMadeUp{}, ReferenceC: 2}}
	var h exposure.History
	now := e.fake.now()
	for _, c := range b.Custody {
		to := c.To
		if to.IsZero() {
			to = now
		}
		where := exposure.Interval{Zone: c.Zone, Kind: e.kind(c.Zone), From: c.From, To: to, Basis: "air", Point: c.Zone + "/air"}
		if c.Zone == "" {
			where.Zone = c.Place
			h.Unmonitored(where)
			continue
		}
		course, err := exposure.NewCourse(o, c.From, to, nil)
		if err != nil {
			return exposure.Batch{}, err
		}
		e.fake.measured(course, where)
		h.Stay(where, course, nil)
	}
	return h.Batch(id, b.Profile, now, 1), nil
}

// measured adds the readings of a stay.
func (f *Fake) measured(c *exposure.Course, where exposure.Interval) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.Stored[sensors.PointID(where.Point)] {
		v, ok := r.Reading.Value()
		switch {
		case r.Reading.Time.After(where.To):
		case !ok:
			c.Miss(r.Reading.Time, string(r.Reading.Reason))
		default:
			_ = c.Add(exposure.Sample{At: r.Reading.Time, Value: v}) // one that repeats a time is none
		}
	}
}

func (e exposures) kind(zone string) exposure.Kind {
	for _, s := range e.county.Sites {
		if s.Kind == config.Truck && strings.HasPrefix(zone, s.ID+"/") {
			return exposure.Truck
		}
	}
	return exposure.Store
}
