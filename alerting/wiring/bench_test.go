package wiring

import (
	"fmt"
	"testing"
	"time"

	"coldchain/alerting/engine"
	"coldchain/sensors"
)

// BenchmarkTurn is one look, each second, at a county of 10,000 points where
// all is well and where every line is dead.
func BenchmarkTurn(b *testing.B) {
	start := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	for _, dead := range []bool{false, true} {
		b.Run(fmt.Sprintf("dead=%v", dead), func(b *testing.B) {
			cfg, t := engine.Config{}, New()
			for s := range 50 {
				site := fmt.Sprintf("site-%d", s)
				cfg.Sites = append(cfg.Sites, engine.Site{ID: site, SilentAfter: silent})
				var places []Place
				for p := range 200 {
					id := sensors.PointID(fmt.Sprintf("%s/room/p-%d", site, p))
					cfg.Points = append(cfg.Points, engine.Point{ID: id, Quantity: sensors.Temperature, Zone: site + "/room", Site: site})
					places = append(places, Place{id, fmt.Sprintf("bus-%d", p/50), fmt.Sprintf("probe-%d", p/5)})
				}
				t.Wire(site, places)
			}
			e, err := engine.New(cfg, start)
			if err != nil {
				b.Fatal(err)
			}
			now := start.Add(time.Minute)
			for _, p := range cfg.Points {
				e.Observe(sensors.NewGood(p.ID, now, 2), now)
			}
			if dead {
				now = now.Add(silent + time.Minute)
				for _, p := range cfg.Points {
					e.Observe(sensors.NewBad(p.ID, now, sensors.Timeout), now)
				}
				e.Advance(now)
			}
			for b.Loop() {
				t.Turn(e, now)
			}
		})
	}
}
