//go:build bench

package bench

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"coldchain/alerting/engine"
	"coldchain/alerting/watch"
	judging "coldchain/gateway/app/county"
	"coldchain/gateway/config"
	"coldchain/sensors"
)

// Sites, zones and the points of each: about 10,000.
const (
	judgeSites = 50
	judgeZones = 22
)

var judgePoints = map[string]string{
	"air": "temperature", "air-2": "temperature", "air-3": "temperature", "core": "temperature", "humidity": "humidity",
	"door": "door", "defrost": "defrost", "compressor": "compressor", "set": "set-point",
}

// TestJudging: what a reading takes that is judged by the limits alone, and by
// all rules, and what a point takes of memory. A round of all points is judged
// as one minute; the collector's commits, four a second at 10,000 readings a
// second, are the state of every reading once.
func TestJudging(t *testing.T) {
	cfg := &config.County{County: "bench", Data: t.TempDir()}
	kinds := []config.ZoneKind{config.Frozen, config.Chilled, config.Dairy, config.Vegetable, config.Chilling}
	for s := range judgeSites {
		site := config.Site{ID: fmt.Sprintf("site-%d", s), Kind: config.TownshipStore, Gateway: fmt.Sprintf("gw-%d", s)}
		for z := range judgeZones {
			site.Zones = append(site.Zones, config.Zone{ID: fmt.Sprintf("zone-%d", z), Kind: kinds[z%len(kinds)], Points: judgePoints})
		}
		cfg.Sites = append(cfg.Sites, site)
	}
	cfg.ApplyDefaults()
	points := cfg.Points()
	day := judgeDay
	const warm, rounds = 70, 120

	var cpu, state [3]time.Duration
	var heap [3]float64
	for i := range cpu { // the loop alone, the limits, and all rules
		before := heapMB()
		var e *engine.Engine
		var w *watch.Watch
		var err error
		if i > 0 {
			if e, err = engine.New(judging.EngineConfig(cfg), day); err != nil {
				t.Fatal(err)
			}
		}
		if i > 1 {
			if w, err = watch.New(watch.Config{Zones: cfg.WatchZones()}); err != nil {
				t.Fatal(err)
			}
			for _, s := range cfg.Sites { // warm goods in a chilling room of each site
				w.SetGoods(s.ID+"/zone-4", []watch.Stay{{Batch: "B", From: day}})
			}
		}
		at := day
		round := func() {
			at = at.Add(time.Minute)
			for n, p := range points {
				r := sensors.NewGood(p.ID, at, coldEnough(p, at))
				if e != nil {
					e.Observe(r, at)
				}
				if w != nil {
					w.Observe(r, at)
				}
				if n == 0 && e != nil {
					e.Advance(at)
				}
				if n == 0 && w != nil {
					w.Advance(at)
				}
			}
		}
		commit := func() {
			if e != nil {
				e.Dirty()
			}
			if w != nil {
				w.Dirty()
			}
		}
		for range warm {
			round()
		}
		commit()
		began := cpuOf(t, os.Getpid())
		for range rounds {
			round()
		}
		cpu[i] = cpuOf(t, os.Getpid()) - began
		began = cpuOf(t, os.Getpid())
		for range rounds {
			round()
			commit()
		}
		state[i] = cpuOf(t, os.Getpid()) - began - cpu[i]
		heap[i] = heapMB() - before
		runtime.KeepAlive(e)
		runtime.KeepAlive(w)
	}
	readings := float64(rounds * len(points))
	each := func(d time.Duration) float64 { return d.Seconds() / readings * 1e6 }
	row := func(what string, i int) {
		fmt.Printf("judging | %s, %d points | CPU %.2f µs a reading, and %.2f µs to write its state; %.0f B a point\n",
			what, len(points), each(cpu[i]-cpu[0]), each(state[i]-state[0]), heap[i]*1e6/float64(len(points)))
	}
	row("limits alone", 1)
	row("limits and all rules of the watch (aim: under 2 µs)", 2)
}

// coldEnough is a room in which nothing is wrong.
func coldEnough(p sensors.Point, at time.Time) float64 {
	switch p.Quantity {
	case sensors.Humidity:
		return 80
	case sensors.Compressor:
		return 1
	case sensors.Temperature:
		if p.ID.Name() == "core" {
			return max(2, 7-at.Sub(judgeDay).Hours())
		}
		return 1.5 + float64(at.Minute()%7)/10
	case sensors.SetPoint:
		return 1
	}
	return 0
}

var judgeDay = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)

// heapMB is what the garbage collector leaves.
func heapMB() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / 1e6
}
