package demo

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/config"
	"coldchain/sensors"
	"coldchain/sensors/sim"
)

var start = time.Date(2026, 11, 23, 4, 17, 23, 0, time.UTC)

func build(t testing.TB, o Options) *County {
	t.Helper()
	if o.Start.IsZero() {
		o.Start = start
	}
	o.Data = "data"
	c, err := Build(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSizeOfTheCounty(t *testing.T) {
	c := build(t, Options{})
	kinds, freezers := map[config.SiteKind]int{}, 0
	for _, s := range c.Config.Sites {
		kinds[s.Kind]++
		if s.Kind == config.VillageStation && len(s.Zones) == 2 {
			freezers++
		}
	}
	for kind, want := range map[config.SiteKind]int{config.Centre: 1, config.TownshipStore: 7, config.VillageStation: 38, config.Truck: 4} {
		if kinds[kind] != want {
			t.Errorf("%d sites of kind %s, want %d", kinds[kind], kind, want)
		}
	}
	if freezers < 11 || freezers > 14 {
		t.Errorf("%d village stations have a freezer, want about a third of 38", freezers)
	}
	if n := len(c.Config.Points()); n < 250 || n > 330 {
		t.Errorf("%d points, want 250 to 330", n)
	}
	if len(c.Edges) != 50 {
		t.Errorf("%d edges, want 50", len(c.Edges))
	}
	t.Logf("%d points, %d zones, %d batches, %d custody intervals", len(c.Config.Points()), len(c.Config.EngineZones()), len(c.Batches), len(c.Custody))
}

// The demonstration's files would pass `coldchain check`, and both sides know
// the same points.
func TestConfigurationsAreSound(t *testing.T) {
	c := build(t, Options{})
	addresses := map[string]string{}
	for i, s := range c.Config.Sites {
		addresses[s.ID] = "127.0.0.1:" + string(rune('1'+i%9)) + "502"
	}
	if err := c.UseAddresses(addresses); err != nil {
		t.Fatal(err)
	}
	for _, p := range c.Config.Validate() {
		t.Errorf("county: %v", p)
	}
	county := map[sensors.PointID]bool{}
	for _, p := range c.Config.Points() {
		if _, err := sensors.ParsePointID(string(p.ID)); err != nil {
			t.Error(err)
		}
		if county[p.ID] {
			t.Errorf("point %s is there twice", p.ID)
		}
		county[p.ID] = true
	}
	n := 0
	for i := range c.Edges {
		e := &c.Edges[i]
		for _, p := range e.Validate() {
			t.Errorf("edge %s: %v", e.Site, p)
		}
		for _, d := range e.Devices {
			for name := range d.Points {
				if n++; !county[pointID(e.Site, d.Zone, name)] {
					t.Errorf("edge %s measures %s/%s, which the county does not know", e.Site, d.Zone, name)
				}
			}
		}
	}
	if n != len(county) {
		t.Errorf("the edges measure %d points, the county knows %d", n, len(county))
	}
	if !strings.Contains(c.Config.Notice.ZH, "演示") || !strings.Contains(c.Config.Notice.EN, "20 s") {
		t.Errorf("notice %+v does not say what is different", c.Config.Notice)
	}
}

// The whole past is read through the drivers: one good reading of every point
// at every time, in the same order of time.
func TestPrefill(t *testing.T) {
	c := build(t, Options{})
	from := c.start.Add(-2 * time.Hour)
	for _, s := range c.Config.Sites {
		polls, readings := 0, 0
		err := c.Prefill(context.Background(), s.ID, from, c.start, PastInterval, func(at time.Time, rs []sensors.Reading) error {
			if want := from.Add(time.Duration(polls) * PastInterval); !at.Equal(want) {
				t.Fatalf("%s: poll at %s, want %s", s.ID, at, want)
			}
			polls++
			readings += len(rs)
			for _, r := range rs {
				if _, ok := r.Value(); !ok || !r.Time.Equal(at) {
					t.Fatalf("%s: %v, want a good reading at %s", s.ID, r, at)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		points := 0
		for _, z := range s.Zones {
			points += len(z.Points)
		}
		if polls != 120 || readings != 120*points {
			t.Errorf("%s: %d polls, %d readings; want 120 and %d", s.ID, polls, readings, 120*points)
		}
	}
}

// outside collects, for every temperature point, the first time it is beyond
// any of its zone's limits.
func outside(t *testing.T, c *County, from, to time.Time, every time.Duration) map[sensors.PointID]time.Time {
	t.Helper()
	zones := map[string]alerting.Zone{}
	for _, z := range c.Config.EngineZones() {
		zones[z.ID] = z
	}
	first := map[sensors.PointID]time.Time{}
	for _, s := range c.Config.Sites {
		err := c.Prefill(context.Background(), s.ID, from, to, every, func(at time.Time, rs []sensors.Reading) error {
			for _, r := range rs {
				v, ok := r.Value()
				if name := r.Point.Name(); !ok || name != "air" && name != "product" {
					continue
				}
				for _, l := range zones[r.Point.Zone()].Limits[sensors.Temperature] {
					if _, seen := first[r.Point]; l.Crossed(v) && !seen {
						first[r.Point] = at
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return first
}

// Nothing but the story's room is beyond a limit, not even for a moment that a
// shortened delay could catch, and that room is so about 30 s after the start.
func TestOnlyTheStoryAlarms(t *testing.T) {
	seeds, past := uint64(3), PastInterval
	if underRace {
		seeds, past = 1, 10*PastInterval
	}
	for _, season := range []sim.Season{sim.Autumn, sim.Summer, sim.Winter} {
		for seed := range seeds {
			at := start.Add(time.Duration(seed) * 7 * time.Hour)
			c := build(t, Options{Seed: seed, Season: season, Start: at})
			t.Logf("%s, seed %d: fault %s before the start", season, seed, c.start.Sub(c.Story.FaultAt))
			// Every poll the demonstration itself makes: a minute apart in the
			// past, seconds apart afterwards.
			first := outside(t, c, c.start.Add(-Past), c.start, past)
			for point, when := range outside(t, c, c.start, c.start.Add(15*time.Minute), OutsideInterval) {
				if _, before := first[point]; !before {
					first[point] = when
				}
			}
			crossed, ok := first[c.Story.Point]
			if d := crossed.Sub(c.Story.Crosses); !ok || d < -10*time.Second || d > 15*time.Second {
				t.Errorf("%s, seed %d: %s crossed %s from when it should", season, seed, c.Story.Point, d)
			}
			delete(first, c.Story.Point)
			// The idle truck is beyond its limits as well, once it holds nothing.
			warm, ok := first[pointID(idleTruck, "box", "air")]
			if season != sim.Winter && (!ok || warm.After(c.start)) {
				t.Errorf("%s, seed %d: the idle truck's box is not warm", season, seed)
			}
			if ok && warm.Before(c.start.Add(-emptyBefore)) {
				t.Errorf("%s, seed %d: the idle truck was warm with goods aboard", season, seed)
			}
			delete(first, pointID(idleTruck, "box", "air"))
			delete(first, pointID(idleTruck, "box", "product"))
			for point, when := range first {
				t.Errorf("%s, seed %d: %s is beyond a limit %s after the start", season, seed, point, when.Sub(c.start))
			}
		}
	}
}

// The story can be told at whatever second the demonstration is started.
func TestStoryAtAnyTime(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for i := range 12 {
		o := Options{
			Seed: r.Uint64(), Start: start.Add(time.Duration(r.IntN(200*86400)) * time.Second),
			Season: []sim.Season{sim.Autumn, sim.Summer, sim.Winter}[i%3],
		}
		c := build(t, o)
		if before := c.start.Sub(c.Story.FaultAt); before < 5*time.Minute || before > safeBefore {
			t.Errorf("seed %d, %s: fault %s before the start", o.Seed, o.Start, before)
		}
	}
}

// In winter the frozen goods beside the freezing potatoes are safe.
func TestWinterStory(t *testing.T) {
	c := build(t, Options{Season: sim.Winter})
	if out := c.Sim.Outdoors(c.start); out > -23 || out < -34 {
		t.Errorf("%.1f °C outside, want about -28", out)
	}
	later := c.start.Add(2 * time.Hour)
	potato, err := c.Sim.Condition("jirigalangtu/potato-1", later)
	if err != nil {
		t.Fatal(err)
	}
	frozen, err := c.Sim.Condition("jirigalangtu/mutton-1", later)
	if err != nil {
		t.Fatal(err)
	}
	if potato.Air > 1.5 || frozen.Air > -18 {
		t.Errorf("two hours later: potatoes' air %.2f °C, frozen room %.2f °C", potato.Air, frozen.Air)
	}
}

// Batches lie in zones that exist, one after the other, and in the story's
// room there are several, one of which had left before the fault.
func TestGoods(t *testing.T) {
	for hour := 0; hour < 24; hour += 2 {
		c := build(t, Options{Seed: 1, Start: start.Add(time.Duration(hour) * time.Hour)})
		zones := map[string]bool{}
		for _, z := range c.Config.EngineZones() {
			zones[z.ID] = true
		}
		batches := map[string]bool{}
		for _, b := range c.Batches {
			if batches[b.ID] || b.Owner == "" || b.Quantity == "" || !sensors.IsSlug(b.Profile) {
				t.Errorf("batch %+v: twice there, or not filled in", b)
			}
			batches[b.ID] = true
		}
		until := map[string]time.Time{}
		there, left, aboard := 0, 0, map[string]bool{}
		for _, k := range c.Custody {
			if !batches[k.Batch] || !zones[k.Zone] || k.From.After(c.start) || !k.To.IsZero() && !k.To.After(k.From) {
				t.Errorf("custody %+v", k)
			}
			if before, ok := until[k.Batch]; ok && !before.Equal(k.From) {
				t.Errorf("custody %+v does not follow the one that ended %s", k, before)
			}
			until[k.Batch] = k.To
			if k.Zone == c.Story.Zone {
				if k.Overlaps(c.Story.FaultAt, time.Time{}) {
					there++
				} else {
					left++
				}
			}
			if strings.HasSuffix(k.Zone, "/box") && k.To.IsZero() {
				aboard[k.Zone] = true
			}
		}
		if there < 2 || left < 1 || len(aboard) != 3 {
			t.Errorf("%s: %d batches in the story's room, %d had left, %d trucks loaded", c.start.Format("15:04"), there, left, len(aboard))
		}
	}
}

func BenchmarkPrefill(b *testing.B) {
	for b.Loop() {
		c := build(b, Options{})
		n := 0
		for _, s := range c.Config.Sites {
			err := c.Prefill(context.Background(), s.ID, c.start.Add(-Past), c.start, PastInterval, func(_ time.Time, rs []sensors.Reading) error {
				n += len(rs)
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(n), "readings")
	}
}
