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
		if where.Imported, err = e.fake.heard(id, o, c.From, to); err != nil {
			return exposure.Batch{}, err
		}
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

// heard is what loggers that travelled with a batch say of a stretch.
func (f *Fake) heard(id string, o exposure.Options, from, to time.Time) (out []exposure.LoggerFile, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, a := range f.Logs[id] {
		if l := f.record(id).Loggers[i]; !l.InForce() || !l.From.Before(to) || !l.To.After(from) {
			continue
		}
		o.Interval, o.HoleFactor = time.Duration(a.IntervalS*float64(time.Second)), 2
		c, err := exposure.NewCourse(o, later(from, a.From), earlier(to, a.To), nil)
		if err != nil {
			return nil, err
		}
		for _, v := range a.Values {
			if v.C != nil {
				_ = c.Add(exposure.Sample{At: v.At, Value: *v.C}) // one that repeats a time is none
			}
		}
		out = append(out, exposure.LoggerFile{Batch: id, Number: a.Number, File: a.File, Name: a.Name, Method: a.Method, By: a.By, Summary: c.Summary()})
	}
	return out, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
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
