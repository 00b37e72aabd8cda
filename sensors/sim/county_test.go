package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

// everyKind is one site with a room of each kind for buildings, and two trucks.
func everyKind(seed uint64, season Season) Plan {
	p := Plan{Seed: seed, Start: noon, Season: season}
	s := Site{ID: "store"}
	for i, k := range []Kind{Frozen, Chilled, Dairy, Vegetable, Potato, WarmCrop} {
		s.Rooms = append(s.Rooms, Room{ID: string(k), Kind: k})
		s.Devices = append(s.Devices, Device{Name: string(k), Unit: uint8(i + 1), Profile: "xy-md02", Room: string(k)})
	}
	s.Rooms = append(s.Rooms, Room{ID: "small", Kind: Frozen, Volume: 12, LoadKG: 400})
	s.Devices = append(s.Devices, Device{Name: "small", Unit: 9, Profile: "xy-md02", Room: "small"})
	p.Sites = append(p.Sites, s)
	for _, k := range []Kind{FrozenBox, ChilledBox} {
		p.Sites = append(p.Sites, Site{
			ID:      "truck-" + string(k),
			Rooms:   []Room{{ID: "box", Kind: k}},
			Devices: []Device{{Name: "box", Unit: 1, Profile: "xy-md02", Room: "box"}},
			Route: []Stop{
				{39.83, 108.73, 40 * time.Minute}, {40.0, 107.8, 30 * time.Minute}, {40.3, 107.0, 40 * time.Minute},
			},
		})
	}
	return p
}

func zonesOf(p Plan) (zones []string, kinds []Kind) {
	for _, s := range p.Sites {
		for _, r := range s.Rooms {
			zones, kinds = append(zones, s.ID+"/"+r.ID), append(kinds, r.Kind)
		}
	}
	return zones, kinds
}

func mustNew(t testing.TB, p Plan) *County {
	t.Helper()
	c, err := New(p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func condition(t testing.TB, c *County, zone string, at time.Time) Condition {
	t.Helper()
	s, err := c.Condition(zone, at)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A healthy room stays within its kind's band, a tenth of a degree of probe
// noise and rounding included, in every season, for a day before and an hour
// after the start.
func TestHealthyRoomsKeepTheirBand(t *testing.T) {
	bands := map[Kind][2]float64{
		Frozen: {-90, -17.2}, Chilled: {-0.6, 3.8}, Dairy: {1.4, 5.8}, Vegetable: {0.3, 5.5},
		Potato: {2.3, 7.5}, WarmCrop: {7.4, 14}, FrozenBox: {-90, -15.3}, ChilledBox: {-0.6, 3.8},
	}
	seeds, every := uint64(3), 10*time.Second
	if underRace {
		seeds, every = 1, 10*time.Minute
	}
	for _, season := range []Season{Summer, Autumn, Winter} {
		for seed := range seeds {
			p := everyKind(seed, season)
			c := mustNew(t, p)
			zones, kinds := zonesOf(p)
			for i, zone := range zones {
				low, high, sum, run, n := math.Inf(1), math.Inf(-1), 0.0, 0, 0
				var rhMin, rhMax = 200.0, 0.0
				starts, defrosts, doors := 0, 0, 0
				var was Condition
				for at := p.Start.Add(-24 * time.Hour); at.Before(p.Start.Add(time.Hour)); at = at.Add(every) {
					s := condition(t, c, zone, at)
					low, high, sum, n = min(low, s.Air), max(high, s.Air), sum+s.Air, n+1
					rhMin, rhMax = min(rhMin, s.Humidity), max(rhMax, s.Humidity)
					if s.Compressor {
						run++
						if !was.Compressor {
							starts++
						}
					}
					if s.Defrost && !was.Defrost {
						defrosts++
					}
					if s.Door && !was.Door {
						doors++
					}
					was = s
				}
				line := fmt.Sprintf("%s seed %d %-20s %6.2f to %6.2f, mean %6.2f, product %6.2f, RH %3.0f-%3.0f, running %3.0f %%, starts %d, defrosts %d, doors %d",
					season, seed, zone, low, high, sum/float64(n), was.Product, rhMin, rhMax, 100*float64(run)/float64(n), starts, defrosts, doors)
				t.Log(line)
				if b := bands[kinds[i]]; low < b[0] || high > b[1] {
					t.Errorf("outside %g to %g: %s", b[0], b[1], line)
				}
			}
		}
	}
}

// However the county is asked, the answer at a time is the same.
func TestAnswersDoNotDependOnPolling(t *testing.T) {
	p := everyKind(7, Autumn)
	if underRace {
		p.History = 4 * time.Hour
	}
	p.Faults = []Fault{
		{Kind: CompressorFailure, Zone: "store/frozen", At: After(-2 * time.Hour)},
		{Kind: MainsCut, Site: "store", Phases: []int{2}, At: After(-3 * time.Hour), Until: After(-2*time.Hour - 30*time.Minute)},
	}
	zones, _ := zonesOf(p)
	// One county is asked every second in order, the other here and there.
	ordered, random := mustNew(t, p), mustNew(t, p)
	want := map[string]Condition{}
	key := func(zone string, at time.Time) string { return zone + at.String() }
	for at := ordered.Begin(); !at.After(p.Start); at = at.Add(time.Second) {
		for _, zone := range zones {
			if s := condition(t, ordered, zone, at); at.Unix()%97 == 0 {
				want[key(zone, at)] = s
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 600 {
		at := p.Start.Add(-time.Duration(r.IntN(int(p.Start.Sub(random.Begin())/time.Second))) * time.Second)
		at = at.Add(-time.Duration(at.Unix()%97) * time.Second)
		if at.Before(random.Begin()) {
			continue
		}
		zone := zones[r.IntN(len(zones))]
		got := condition(t, random, zone, at.Add(time.Duration(r.IntN(1000))*time.Millisecond))
		if got != want[key(zone, at)] {
			t.Fatalf("%s at %s: %+v, asked in order %+v", zone, at, got, want[key(zone, at)])
		}
	}
}

// What came in, went out and is stored must balance: nothing is heated by
// rounding.
func TestHeatIsConserved(t *testing.T) {
	for _, season := range []Season{Summer, Winter} {
		p := everyKind(3, season)
		c := mustNew(t, p)
		zones, _ := zonesOf(p)
		for _, zone := range zones {
			before, after := condition(t, c, zone, c.Begin()), condition(t, c, zone, p.Start)
			balance := (after.Gained - before.Gained) - (after.Lost - before.Lost)
			stored := after.Heat - before.Heat
			if diff := math.Abs(balance - stored); diff > 1e-6*(math.Abs(after.Gained)+math.Abs(after.Lost)) {
				t.Errorf("%s %s: in minus out is %.0f J, stored is %.0f J", season, zone, balance, stored)
			}
		}
	}
}

// A failed compressor warms the air first and the goods later, and a room
// without a fault is not touched by another's.
func TestCompressorFailureWarmsOneRoom(t *testing.T) {
	healthy := everyKind(5, Autumn)
	broken := everyKind(5, Autumn)
	broken.Faults = []Fault{{Kind: CompressorFailure, Zone: "store/frozen", At: After(-6 * time.Hour)}}
	a, b := mustNew(t, healthy), mustNew(t, broken)
	at := healthy.Start
	good, bad := condition(t, a, "store/frozen", at), condition(t, b, "store/frozen", at)
	if bad.Air < good.Air+1 || bad.Product > bad.Air || bad.Product < good.Product {
		t.Errorf("six hours after the failure: air %.2f (healthy %.2f), product %.2f (healthy %.2f)", bad.Air, good.Air, bad.Product, good.Product)
	}
	if bad.Compressor || !bad.Calling {
		t.Errorf("compressor running %v, thermostat calling %v; want false, true", bad.Compressor, bad.Calling)
	}
	if condition(t, a, "store/dairy", at) != condition(t, b, "store/dairy", at) {
		t.Error("the fault of one room changed another")
	}
}

// One missing phase stops the compressor; the heater on phase 1 goes on.
func TestLostPhase(t *testing.T) {
	p := everyKind(5, Winter)
	p.Faults = []Fault{{Kind: MainsCut, Site: "store", Phases: []int{3}, At: After(-3 * time.Hour)}}
	c := mustNew(t, p)
	m, err := c.Measure("store", 5, p.Start)
	if err != nil {
		t.Fatal(err)
	}
	if m.Mains || m.Phases != [3]bool{true, true, false} {
		t.Errorf("mains %v, phases %v", m.Mains, m.Phases)
	}
	if s := condition(t, c, "store/potato", p.Start); s.Air < 3 {
		t.Errorf("potato room at %.2f °C although its heater has power", s.Air)
	}
	p.Faults[0].Phases = nil
	if s := condition(t, mustNew(t, p), "store/potato", p.Start); s.Air > 2 {
		t.Errorf("potato room at %.2f °C three hours after a whole cut at -28 °C", s.Air)
	}
}

// The found failure makes the probe cross its limit when wanted, at any time
// of day and for any seed.
func TestFaultTime(t *testing.T) {
	seeds := uint64(5)
	if underRace {
		seeds = 1
	}
	for seed := range seeds {
		for _, hour := range []int{1, 9, 14, 20} {
			p := everyKind(seed, Autumn)
			p.Start = noon.Add(time.Duration(hour) * time.Hour)
			p.Faults = []Fault{{Kind: DoorShut, Zone: "store/small", At: After(-12 * time.Hour)}}
			want := p.Start.Add(30 * time.Second)
			failure := Fault{Kind: CompressorFailure, Zone: "store/small"}
			at, err := FaultTime(p, Crossing{Fault: failure, Zone: "store/small", Device: "small", Limit: -17, At: want})
			if err != nil {
				t.Errorf("seed %d, %02d:00 UTC: %v", seed, (hour+4)%24, err)
				continue
			}
			failure.At = On(at)
			p.Faults = append(p.Faults, failure)
			crossed := firstBeyond(t, mustNew(t, p), "store", 9, -17, at.Add(-time.Hour))
			if d := crossed.Sub(want).Abs(); d > 5*time.Second {
				t.Errorf("seed %d, %02d:00 UTC: crossed %s off", seed, (hour+4)%24, d)
			}
			t.Logf("seed %d, %02d:00 UTC: failed %s before the start", seed, (hour+4)%24, p.Start.Sub(at))
		}
	}
}

// firstBeyond asks every second, through the public face.
func firstBeyond(t *testing.T, c *County, site string, unit uint8, limit float64, from time.Time) time.Time {
	t.Helper()
	for at := from; at.Before(from.Add(25 * time.Hour)); at = at.Add(time.Second) {
		m, err := c.Measure(site, unit, at)
		if err != nil {
			t.Fatal(err)
		}
		if math.Round(m.Temperature*10) > math.Round(limit*10) {
			return at
		}
	}
	t.Fatal("the limit was never crossed")
	return time.Time{}
}

func TestTimesOutsideAreRefused(t *testing.T) {
	c := mustNew(t, everyKind(1, Autumn))
	for _, at := range []time.Time{c.Begin().Add(-time.Second), noon.AddDate(2, 0, 0), {}} {
		if _, err := c.Condition("store/frozen", at); err == nil {
			t.Errorf("a condition at %s, outside the simulation", at)
		}
	}
}

// The demo's 26 hours of about 60 rooms, at one second a step.
func BenchmarkDayOfSixtyRooms(b *testing.B) {
	p := Plan{Seed: 1, Start: noon}
	for i := range 9 {
		s := everyKind(1, Autumn).Sites[0]
		s.ID = fmt.Sprintf("store-%d", i)
		p.Sites = append(p.Sites, s)
	}
	for b.Loop() {
		c := mustNew(b, p)
		for _, s := range p.Sites {
			if _, err := c.Condition(s.ID+"/frozen", p.Start); err != nil {
				b.Fatal(err)
			}
		}
	}
}
