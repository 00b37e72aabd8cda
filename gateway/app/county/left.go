package county

import (
	"context"
	"math"
	"sync"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/forecast"
	"coldchain/gateway/config"
	"coldchain/gateway/store"
	"coldchain/gateway/web"
	"coldchain/sensors"
)

const (
	leftFrom   = 40 * time.Minute   // of readings that tell the rate
	learnFrom  = 7 * 24 * time.Hour // of readings that tell a room's constant
	learnEvery = 12 * time.Hour
	learnMost  = 20_000 // readings of a week at one in 30 s
)

// foreteller says how long a room has until a more serious limit is reached.
type foreteller struct {
	readings store.Store
	outdoors map[string]sensors.PointID // by site
	now      func() time.Time

	mu      sync.Mutex
	learned map[sensors.PointID]learning
}

type learning struct {
	forecast.Constant
	at time.Time
}

func newForeteller(cfg *config.County, readings store.Store, now func() time.Time) *foreteller {
	f := &foreteller{readings: readings, now: now, outdoors: map[string]sensors.PointID{}, learned: map[sensors.PointID]learning{}}
	for _, s := range cfg.Sites {
		if s.Outdoor != "" {
			f.outdoors[s.ID] = sensors.PointID(s.ID + "/" + s.Outdoor)
		}
	}
	return f
}

// left returns the time until the nearest excursion limit beyond the alarm's
// newest value; nil when there is none, or none can be told. limits are those
// of the alarm's zone.
func (f *foreteller) left(ctx context.Context, a alerting.Alarm, limits []alerting.Limit) *web.Left {
	limit, ok := nextLimit(a, limits)
	if !ok || f.now().Sub(a.LastSeen) > leftFrom/2 {
		return nil
	}
	p := sensors.PointID(a.Object)
	recent, err := f.samples(ctx, p, f.now().Add(-leftFrom), 0)
	if err != nil {
		return nil // the page shows the alarm all the same, and why the store is away
	}
	outside := math.NaN()
	if o := f.outdoors[p.Site()]; o != "" {
		if s, err := f.samples(ctx, o, f.now().Add(-time.Hour), 0); err == nil && len(s) > 0 {
			outside = s[len(s)-1].Value
		}
	}
	e, err := forecast.TimeTo(limit, recent, outside, f.constant(ctx, p))
	if err != nil {
		return nil
	}
	return &web.Left{Limit: limit, Rate: e.Rate, Earliest: e.Earliest, Latest: e.Latest}
}

// nextLimit is the nearest excursion limit beyond what an alarm has reached.
func nextLimit(a alerting.Alarm, limits []alerting.Limit) (float64, bool) {
	side := alerting.High
	switch {
	case !a.HasValue || !a.State.Present() || a.Rule != alerting.HighLimit && a.Rule != alerting.LowLimit:
		return 0, false
	case a.Rule == alerting.LowLimit:
		side = alerting.Low
	}
	best, found := 0.0, false
	for _, l := range limits {
		if l.Side != side || l.Level != alerting.Excursion || l.Within != 0 || l.Crossed(a.LastValue) {
			continue
		}
		if !found || math.Abs(l.Value-a.LastValue) < math.Abs(best-a.LastValue) {
			best, found = l.Value, true
		}
	}
	return best, found
}

// constant is what the last week says about a room; it is worked out when it is
// first asked for, and twice a day.
func (f *foreteller) constant(ctx context.Context, p sensors.PointID) forecast.Constant {
	o := f.outdoors[p.Site()]
	if o == "" {
		return forecast.Constant{}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	known := f.learned[p]
	if !known.at.IsZero() && f.now().Sub(known.at) < learnEvery {
		return known.Constant
	}
	known.at = f.now()
	past, err := f.samples(ctx, p, f.now().Add(-learnFrom), learnMost)
	weather, errOutside := f.samples(ctx, o, f.now().Add(-learnFrom), learnMost)
	if err == nil && errOutside == nil {
		known.Constant = forecast.Learn(forecast.Constant{}, past, outsideAt(weather))
	}
	f.learned[p] = known
	return known.Constant
}

// outsideAt looks up the weather's newest reading at a time, at most half an
// hour old.
func outsideAt(weather []forecast.Sample) func(time.Time) (float64, bool) {
	i := 0
	return func(at time.Time) (float64, bool) {
		if i > 0 && weather[i-1].At.After(at) {
			i = 0
		}
		for i < len(weather) && !weather[i].At.After(at) {
			i++
		}
		if i == 0 || at.Sub(weather[i-1].At) > 30*time.Minute {
			return 0, false
		}
		return weather[i-1].Value, true
	}
}

func (f *foreteller) samples(ctx context.Context, p sensors.PointID, from time.Time, most int) ([]forecast.Sample, error) {
	var out []forecast.Sample
	err := f.readings.Read(ctx, store.Query{Point: p, Quantity: sensors.Temperature, From: from, To: f.now().Add(time.Minute), Limit: most}, func(r store.Record) bool {
		if v, ok := r.Value(); ok && r.Quality == sensors.Good {
			out = append(out, forecast.Sample{At: r.Time, Value: v})
		}
		return true
	})
	return out, err
}
