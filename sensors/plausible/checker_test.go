package plausible

import (
	"bytes"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"coldchain/sensors"
	"coldchain/sensors/sim"
)

const (
	air      sensors.PointID = "store/room/air"
	humidity sensors.PointID = "store/room/humidity"
)

func room() Config {
	return Config{Points: []Point{
		{Point: sensors.Point{ID: air, Quantity: sensors.Temperature}, Device: "d1", Bus: "line"},
		{Point: sensors.Point{ID: humidity, Quantity: sensors.Humidity}, Device: "d1", Bus: "line"},
	}}
}

func checker(t testing.TB, cfg Config) *Checker {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRawIsWhatIsCompared(t *testing.T) {
	// Calibration noise must not hide a stuck register, and the number of the
	// device stays with the reading.
	cfg := room()
	cfg.Points[0].FlatAfter = 3
	c := checker(t, cfg)
	at := time.Unix(1_700_000_000, 0)
	var last sensors.Reading
	for i := range 5 {
		at = at.Add(time.Minute)
		c.Observe(sensors.NewGood(humidity, at, 60+float64(i%2)*6))
		last = c.Observe(sensors.NewGood(air, at, 4+float64(i)/100).WithRaw(41))
	}
	if raw, ok := last.Raw(); last.Reason != sensors.FlatLine || !ok || raw != 41 {
		t.Errorf("%s, raw %v %v", last, raw, ok)
	}
}

func TestOutOfOrderIsNotJudgedByWhatCameLater(t *testing.T) {
	c := checker(t, room())
	at := time.Unix(1_700_000_000, 0)
	for i, v := range []float64{4, 4.1, 4.2} {
		c.Observe(sensors.NewGood(air, at.Add(time.Duration(i)*time.Minute), v))
	}
	for _, late := range []struct {
		v    float64
		want sensors.Reason
	}{{30, sensors.NoReason}, {86, sensors.OutOfRange}} {
		if got := c.Observe(sensors.NewGood(air, at.Add(time.Second), late.v)); got.Reason != late.want {
			t.Errorf("%s", got)
		}
	}
	if got := c.Observe(sensors.NewGood(air, at.Add(3*time.Minute), 4.3)); got.Quality != sensors.Good {
		t.Errorf("a late reading changed what comes after it: %s", got)
	}
}

func TestAnUnknownPointPasses(t *testing.T) {
	in := sensors.NewGood("other/room/air", time.Unix(1, 0), 999)
	if out := checker(t, room()).Observe(in); out != in {
		t.Errorf("%s", out)
	}
}

func TestNewRefuses(t *testing.T) {
	number := func(v float64) *float64 { return &v }
	for name, change := range map[string]func(*Config){
		"a point twice":       func(c *Config) { c.Points = append(c.Points, c.Points[0]) },
		"an empty range":      func(c *Config) { c.Points[0].Low, c.Points[0].High = number(5), number(5) },
		"a range of NaN":      func(c *Config) { c.Points[0].Low = number(math.NaN()) },
		"a rate of NaN":       func(c *Config) { c.Points[0].Rate = math.NaN() },
		"a flat line of 2":    func(c *Config) { c.Points[0].FlatAfter = 2 },
		"a pair with nobody":  func(c *Config) { c.Pairs = []Pair{{A: air, B: "store/room/no", Within: 2}} },
		"a pair with itself":  func(c *Config) { c.Pairs = []Pair{{A: air, B: air, Within: 2}} },
		"a pair of unequals":  func(c *Config) { c.Pairs = []Pair{{A: air, B: humidity, Within: 2}} },
		"a pair without room": func(c *Config) { c.Pairs = []Pair{{A: air, B: "store/room/air2"}} },
	} {
		cfg := room()
		cfg.Points = append(cfg.Points, Point{Point: sensors.Point{ID: "store/room/air2", Quantity: sensors.Temperature}})
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// FuzzObserve: whatever comes, a value is never touched and a quality never
// rises; the same readings give the same verdicts.
func FuzzObserve(f *testing.F) {
	f.Add([]byte{1, 2, 3, 200, 100, 50, 0, 0, 0, 255, 255, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg := room()
		cfg.Points[0].FlatAfter = 3
		cfg.Points = append(cfg.Points, Point{Point: sensors.Point{ID: "store/room/air2", Quantity: sensors.Temperature}, Bus: "line"})
		cfg.Pairs = []Pair{{A: air, B: "store/room/air2", Within: 2, For: 2 * time.Minute}}
		a, b := checker(t, cfg), checker(t, cfg)
		at := time.Unix(1_700_000_000, 0)
		for ; len(data) >= 3; data = data[3:] {
			at = at.Add(time.Duration(int8(data[0])) * 10 * time.Second)
			id, v := cfg.Points[int(data[1])%3].ID, float64(int8(data[2]))
			r := sensors.NewGood(id, at, v)
			switch data[1] / 3 % 4 {
			case 1:
				r = sensors.NewUncertain(id, at, v, sensors.CalibrationExpired).WithRaw(v / 2)
			case 2:
				r = sensors.NewBad(id, at, sensors.CRCError)
			}
			out := a.Observe(r)
			unchanged(t, r, out)
			if again := b.Observe(r); again != out {
				t.Fatalf("%s or %s", out, again)
			}
		}
	})
}

func TestNothingIsAllocatedWhenNothingIsWrong(t *testing.T) {
	c := checker(t, room())
	at := time.Unix(1_700_000_000, 0)
	if n := testing.AllocsPerRun(1000, func() {
		at = at.Add(time.Minute)
		if c.Observe(sensors.NewGood(air, at, 4)).Quality != sensors.Good || c.Observe(sensors.NewGood(humidity, at, 60)).Quality != sensors.Good {
			t.Fatal("doubted")
		}
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkObserve(b *testing.B) {
	c := checker(b, room())
	at := time.Unix(1_700_000_000, 0)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		at = at.Add(time.Minute)
		c.Observe(sensors.NewGood(air, at, 4+float64(i%7)/10))
	}
}

// recorded finds recorded data; the tests pass without.
func recorded(t *testing.T, name string) []byte {
	t.Helper()
	folder := os.Getenv("COLDCHAIN_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "data")
	}
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Skipf("no recorded data: %v (COLDCHAIN_DATA names the folder)", err)
	}
	return data
}

func rows(t *testing.T, data []byte) [][]string {
	t.Helper()
	r, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return r[1:]
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// fridge is a day of a refrigerator in use, its door opened, its radio gone for
// hours, samples 5 s to 2 h apart: temperature and humidity in turn.
func fridge(t *testing.T) []sensors.Reading {
	var all []sensors.Reading
	for _, row := range rows(t, recorded(t, "ruuvi_fridge.csv")) {
		at, err := time.Parse("2006-01-02T15:04:05-0700", row[0])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, sensors.NewGood(air, at, number(t, row[1])), sensors.NewGood(humidity, at, number(t, row[2])))
	}
	return all
}

func TestARealFridgeRaisesNoDoubt(t *testing.T) {
	c := checker(t, room())
	all := fridge(t)
	for _, r := range all {
		if out := c.Observe(r); out.Quality != sensors.Good {
			t.Errorf("%s", out)
		}
	}
	t.Logf("%d readings", len(all))
}

// TestEverySwapInARealFridgeIsSeen exchanges the two answers of one poll after
// the other. Only where the samples before are half an hour old can it not be told.
func TestEverySwapInARealFridgeIsSeen(t *testing.T) {
	all := fridge(t)
	polls, seen := 0, 0
	for i := 2; i < len(all); i += 2 {
		if all[i].Time.Sub(all[i-2].Time) > rest {
			continue
		}
		polls++
		c := checker(t, room())
		for j := 0; j < i; j++ {
			c.Observe(all[j])
		}
		temperature, _ := all[i].Value()
		rh, _ := all[i+1].Value()
		a := c.Observe(sensors.NewGood(air, all[i].Time, rh))
		b := c.Observe(sensors.NewGood(humidity, all[i].Time, temperature))
		if a.Quality == sensors.Good || b.Quality == sensors.Good {
			t.Errorf("not seen: %s, %s", a, b)
			continue
		}
		seen++
	}
	t.Logf("%d of %d exchanged polls seen", seen, polls)
}

// TestRealTrips: 163 trips by car and bus. A trip is a truck of its
// own: their order in the file is not that of time.
func TestRealTrips(t *testing.T) {
	const latitude, longitude sensors.PointID = "truck/cab/latitude", "truck/cab/longitude"
	trucks := map[string]*Checker{}
	n := 0
	var doubted []string
	for _, row := range rows(t, recorded(t, "uci_go_track_trackspoints.csv")) {
		track, clock := row[len(row)-2], row[len(row)-1]
		at, err := time.Parse("2006-01-02 15:04:05", clock)
		if err != nil {
			t.Fatal(err)
		}
		c := trucks[track]
		if c == nil {
			c = checker(t, Config{Points: []Point{
				{Point: sensors.Point{ID: latitude, Quantity: sensors.Latitude}}, {Point: sensors.Point{ID: longitude, Quantity: sensors.Longitude}}}})
			trucks[track] = c
		}
		for _, r := range []sensors.Reading{sensors.NewGood(latitude, at, number(t, row[len(row)-4])), sensors.NewGood(longitude, at, number(t, row[len(row)-3]))} {
			n++
			if out := c.Observe(r); out.Quality != sensors.Good {
				doubted = append(doubted, "track "+track+": "+out.String())
			}
		}
	}
	t.Logf("%d positions, doubted: %v", n, doubted)
	// The one is no false alarm: a receiver that was 5 km away for one fix.
	if len(doubted) != 1 || doubted[0] != "track 58: truck/cab/latitude 2015-01-21T07:41:12.000Z -10.976466 uncertain(rate)" {
		t.Errorf("doubted %q", doubted)
	}
}

// TestASimulatedCountyRaisesNoDoubt: rooms of every kind in every season, doors and
// defrosts included, two probes a room on one line, rounded to 0.1.
func TestASimulatedCountyRaisesNoDoubt(t *testing.T) {
	n := 0
	for _, season := range []sim.Season{sim.Summer, sim.Autumn, sim.Winter} {
		plan := sim.Plan{Seed: 7, Start: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Season: season}
		site := sim.Site{ID: "store"}
		var cfg Config
		unit := uint8(0)
		for _, kind := range sim.Kinds() {
			room := string(kind)
			site.Rooms = append(site.Rooms, sim.Room{ID: room, Kind: kind})
			for _, probe := range []sim.Probe{sim.InAir, sim.InProduct} {
				unit++
				device := room + "-" + string(probe)
				site.Devices = append(site.Devices, sim.Device{Name: device, Unit: unit, Room: room, Probe: probe})
				for _, q := range []sensors.Quantity{sensors.Temperature, sensors.Humidity} {
					cfg.Points = append(cfg.Points, Point{
						Point:  sensors.Point{ID: sensors.PointID("store/" + room + "/" + string(probe) + "-" + string(q)), Quantity: q},
						Device: device, Bus: "line", Product: probe == sim.InProduct,
					})
				}
			}
		}
		plan.Sites = []sim.Site{site}
		county, err := sim.New(plan)
		if err != nil {
			t.Fatal(err)
		}
		c := checker(t, cfg)
		for at := county.Begin().Add(2 * time.Hour); at.Before(plan.Start.AddDate(0, 0, 3)); at = at.Add(time.Minute) {
			for i, d := range site.Devices {
				m, err := county.Measure("store", d.Unit, at)
				if err != nil {
					t.Fatal(err)
				}
				for j, v := range []float64{m.Temperature, m.Humidity} {
					n++
					if out := c.Observe(sensors.NewGood(cfg.Points[2*i+j].ID, at, math.Round(v*10)/10)); out.Quality != sensors.Good {
						t.Errorf("%s: %s", season, out)
					}
				}
			}
		}
	}
	t.Logf("%d readings", n)
}
