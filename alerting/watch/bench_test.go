package watch

import (
	"fmt"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/sensors"
)

// county is about 10,000 points in rooms as they are: three probes of the air
// and one in the goods, humidity, door, defrost, compressor and set point. All
// rules are on, and every tenth room is cooling warm goods.
func county(tb testing.TB) (*engine.Engine, *Watch, []sensors.Point) {
	var limits engine.Config
	var cfg Config
	var points []sensors.Point
	kinds := []string{"frozen", "chilled", "dairy", "vegetable", "chilling"}
	for s := range 50 {
		site := fmt.Sprintf("site-%d", s)
		limits.Sites = append(limits.Sites, engine.Site{ID: site, SilentAfter: 10 * time.Minute})
		for z := range 22 {
			zone, kind := fmt.Sprintf("%s/zone-%d", site, z), kinds[z%len(kinds)]
			lines, hysteresis, _ := alerting.DefaultLimits(kind)
			judged := alerting.Zone{ID: zone, Limits: map[sensors.Quantity][]alerting.Limit{sensors.Temperature: lines},
				Hysteresis: map[sensors.Quantity]float64{sensors.Temperature: hysteresis}}
			for _, q := range sensors.Quantities() {
				if l := alerting.SwitchLimits(q, false); l != nil {
					judged.Limits[q] = l
				}
			}
			limits.Zones = append(limits.Zones, judged)
			watched := Zone{ID: zone, Product: sensors.PointID(zone + "/core"), Rules: DefaultRules(kind)}
			for name, q := range map[string]sensors.Quantity{"air": sensors.Temperature, "air-2": sensors.Temperature, "air-3": sensors.Temperature,
				"core": sensors.Temperature, "humidity": sensors.Humidity, "door": sensors.Door, "defrost": sensors.Defrost,
				"compressor": sensors.Compressor, "set": sensors.SetPoint} {
				p := sensors.Point{ID: sensors.PointID(zone + "/" + name), Quantity: q}
				points = append(points, p)
				watched.Points = append(watched.Points, p)
				limits.Points = append(limits.Points, engine.Point{ID: p.ID, Quantity: q, Zone: zone, Site: site})
			}
			cfg.Zones = append(cfg.Zones, watched)
		}
	}
	e, err := engine.New(limits, day)
	if err != nil {
		tb.Fatal(err)
	}
	w := newWatch(tb, cfg)
	for i, z := range cfg.Zones {
		if i%10 == 4 && z.Rules.PullDown != nil {
			w.SetGoods(z.ID, []Stay{{Batch: "B", From: day}})
		}
	}
	return e, w, points
}

// healthy is a room in which nothing is wrong; core follows a pull-down.
func healthy(p sensors.Point, t time.Time) float64 {
	switch p.Quantity {
	case sensors.Humidity:
		return 80
	case sensors.Compressor:
		return 1
	case sensors.Door, sensors.Defrost:
		return 0
	case sensors.SetPoint:
		return 1
	}
	if p.ID.Name() == "core" {
		return max(2, 38-4*t.Sub(day).Hours())
	}
	return 1.5 + float64(t.Minute()%7)/10
}

// BenchmarkJudgeAllRules is a reading judged by the limits and by all rules, as
// the collector does it, with the state that is to be committed for it: one
// Advance a second and one commit in 250 ms at 10,000 readings a second.
func BenchmarkJudgeAllRules(b *testing.B) {
	for _, all := range []bool{false, true} {
		b.Run(map[bool]string{false: "limits", true: "limits+watch"}[all], func(b *testing.B) {
			e, w, points := county(b)
			t := day
			one := func(i int) {
				if i%len(points) == 0 {
					t = t.Add(time.Minute)
				}
				p := points[i%len(points)]
				r := sensors.NewGood(p.ID, t, healthy(p, t))
				e.Observe(r, t)
				if all {
					w.Observe(r, t)
				}
				if i%10_000 == 0 {
					e.Advance(t)
					if all {
						w.Advance(t)
					}
				}
			}
			for i := range 70 * len(points) {
				one(i)
			}
			e.Dirty()
			w.Dirty()
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				one(i)
			}
		})
	}
}

// BenchmarkDirtyAllRules is the state that is written for a reading of every
// point of 20 rooms.
func BenchmarkDirtyAllRules(b *testing.B) {
	_, w, points := county(b)
	points = points[:20*9]
	t := day
	round := func() {
		t = t.Add(time.Minute)
		for _, p := range points {
			w.Observe(sensors.NewGood(p.ID, t, healthy(p, t)), t)
		}
	}
	for range 70 {
		round()
	}
	w.Dirty()
	b.ReportAllocs()
	b.ResetTimer()
	size := 0
	for range b.N {
		b.StopTimer()
		round()
		b.StartTimer()
		size = 0
		for _, blob := range w.Dirty() {
			size += len(blob)
		}
	}
	b.ReportMetric(float64(size)/float64(len(points)), "B/point")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(points)), "ns/point")
}
