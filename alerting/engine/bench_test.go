package engine

import (
	"fmt"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// county is 10,000 points in 250 zones with the default limits of a cold room.
func county(b *testing.B) (*Engine, []sensors.PointID) {
	var cfg Config
	var ids []sensors.PointID
	limits, hysteresis, _ := alerting.DefaultLimits("chilled")
	for s := range 50 {
		site := fmt.Sprintf("site-%d", s)
		cfg.Sites = append(cfg.Sites, Site{site, 10 * time.Minute})
		for z := range 5 {
			zone := fmt.Sprintf("%s/zone-%d", site, z)
			cfg.Zones = append(cfg.Zones, alerting.Zone{
				ID:         zone,
				Limits:     map[sensors.Quantity][]alerting.Limit{sensors.Temperature: limits},
				Hysteresis: map[sensors.Quantity]float64{sensors.Temperature: hysteresis},
			})
			for i := range 40 {
				id := sensors.PointID(fmt.Sprintf("%s/point-%d", zone, i))
				ids = append(ids, id)
				cfg.Points = append(cfg.Points, Point{ID: id, Quantity: sensors.Temperature, Zone: zone, Site: site})
			}
		}
	}
	return newEngine(b, cfg, day), ids
}

func benchmarkObserve(b *testing.B, value float64) {
	e, ids := county(b)
	t := day
	round := func() {
		t = t.Add(time.Minute)
		for _, id := range ids {
			e.Observe(sensors.NewGood(id, t, value), t)
		}
	}
	for range 70 {
		round()
	}
	e.Dirty()
	for _, p := range e.points {
		e.touch(p)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if i%len(ids) == 0 {
			t = t.Add(time.Minute)
		}
		e.Observe(sensors.NewGood(ids[i%len(ids)], t, value), t)
	}
}

func BenchmarkObserveInside(b *testing.B)  { benchmarkObserve(b, 2) }
func BenchmarkObserveOutside(b *testing.B) { benchmarkObserve(b, 8) } // an Updated a minute

func BenchmarkAdvance10000Points(b *testing.B) {
	e, ids := county(b)
	for _, id := range ids {
		e.Observe(sensors.NewGood(id, day, 2), day)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		e.Advance(day.Add(time.Second))
	}
}

func BenchmarkDirty250Points(b *testing.B) {
	e, ids := county(b)
	for i := range 70 {
		t := day.Add(time.Duration(i) * time.Minute)
		for _, id := range ids[:250] {
			e.Observe(sensors.NewGood(id, t, 4.5), t)
		}
	}
	e.Dirty()
	size := 0
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		for _, id := range ids[:250] {
			e.touch(e.byID[id])
		}
		size = 0
		for _, blob := range e.Dirty() {
			size += len(blob)
		}
	}
	b.ReportMetric(float64(size)/250, "B/point")
}

func TestObserveAllocatesNothingWhenNothingChanges(t *testing.T) {
	e := newEngine(t, oneLine(alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: 4}, 0.5), day)
	at := day
	if n := testing.AllocsPerRun(1000, func() {
		at = at.Add(time.Minute)
		e.Observe(sensors.NewGood(air, at, 2), at)
	}); n != 0 {
		t.Errorf("%g allocations for a reading that changes nothing", n)
	}
}
