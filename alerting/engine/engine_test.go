package engine

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

const air = sensors.PointID("s/z/air")

// oneLine is a zone with a single limit, for arithmetic to the reading.
func oneLine(l alerting.Limit, hysteresis float64) Config {
	return Config{
		Sites:  []Site{{"s", time.Hour}},
		Zones:  []alerting.Zone{{ID: "s/z", Limits: map[sensors.Quantity][]alerting.Limit{sensors.Temperature: {l}}, Hysteresis: map[sensors.Quantity]float64{sensors.Temperature: hysteresis}}},
		Points: []Point{{ID: air, Quantity: sensors.Temperature, Zone: "s/z", Site: "s"}},
	}
}

// TestLimitArithmetic gives a value a minute and says with which reading the
// alarm is raised and returned; -1 is never.
func TestLimitArithmetic(t *testing.T) {
	high := func(delay time.Duration) alerting.Limit {
		return alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: 4, Delay: delay}
	}
	low := func(delay time.Duration) alerting.Limit {
		return alerting.Limit{Side: alerting.Low, Level: alerting.Warning, Value: 2, Delay: delay}
	}
	tests := []struct {
		name             string
		limit            alerting.Limit
		hysteresis       float64
		values           []float64
		raised, returned int
	}{
		{"a value on a high limit is inside", high(0), 0.5, []float64{4, 4, 4}, -1, -1},
		{"the next number above is outside", high(0), 0.5, []float64{4, math.Nextafter(4, 5)}, 1, -1},
		{"a value on a low limit is inside", low(0), 0.5, []float64{2, 2, 2}, -1, -1},
		{"the next number below is outside", low(0), 0.5, []float64{2, math.Nextafter(2, 1)}, 1, -1},
		{"no delay: at once, and back at once", high(0), 0.5, []float64{5, 3}, 0, 1},
		{"exactly the delay is enough", high(2 * time.Minute), 0.5, []float64{5, 5, 5, 5}, 2, -1},
		{"a reading less is not", high(3 * time.Minute), 0.5, []float64{5, 5, 5, 4, 5, 5, 5}, -1, -1},
		{"a millisecond less is not", high(2*time.Minute + time.Millisecond), 0.5, []float64{5, 5, 5}, -1, -1},
		{"exactly the hysteresis is inside", high(0), 0.5, []float64{5, 3.5}, 0, 1},
		{"less than the hysteresis is not", high(0), 0.5, []float64{5, math.Nextafter(3.5, 4), 4}, 0, -1},
		{"low: exactly the hysteresis is inside", low(0), 0.5, []float64{1, 2.5}, 0, 1},
		{"low: less is not", low(0), 0.5, []float64{1, math.Nextafter(2.5, 2)}, 0, -1},
		{"without hysteresis the limit itself is inside", high(0), 0, []float64{5, 4}, 0, 1},
		{"clearing lasts as long as raising", high(2 * time.Minute), 0.5, []float64{5, 5, 5, 3, 3, 3}, 2, 5},
		{"a reading in the hysteresis begins the clearing anew", high(2 * time.Minute), 0.5, []float64{5, 5, 5, 3, 3, 3.8, 3, 3, 3}, 2, 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := newEngine(t, oneLine(tt.limit, tt.hysteresis), day)
			raised, returned := -1, -1
			for i, v := range tt.values {
				at := day.Add(time.Duration(i+1) * time.Minute)
				for _, tr := range e.Observe(sensors.NewGood(air, at, v), at) {
					switch tr.Change {
					case alerting.Raised:
						raised = i
					case alerting.Returned:
						returned = i
					}
				}
			}
			if raised != tt.raised || returned != tt.returned {
				t.Errorf("%v: raised with reading %d, returned with %d; want %d, %d", tt.values, raised, returned, tt.raised, tt.returned)
			}
		})
	}
}

func TestHolesAreMeasuredByTheDelayAndTheSamplingPeriod(t *testing.T) {
	tests := []struct {
		name          string
		delay, period time.Duration
		apart         time.Duration
		raised        bool
	}{
		{"ten minutes apart show what lay between", 5 * time.Minute, 0, 10 * time.Minute, true},
		{"more than ten do not", 5 * time.Minute, 0, 10*time.Minute + time.Millisecond, false},
		{"a longer delay allows as much", 30 * time.Minute, 0, 30 * time.Minute, true},
		{"and no more", 30 * time.Minute, 0, 31 * time.Minute, false},
		{"three known periods allow as much", 5 * time.Minute, 20 * time.Minute, time.Hour, true},
		{"and no more", 5 * time.Minute, 20 * time.Minute, 61 * time.Minute, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := oneLine(alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: 4, Delay: tt.delay}, 0.5)
			cfg.Points[0].Period = tt.period
			e := newEngine(t, cfg, day)
			var got []alerting.Transition
			for i := range 4 {
				at := day.Add(time.Minute + time.Duration(i)*tt.apart)
				got = append(got, e.Observe(sensors.NewGood(air, at, 5), at)...)
			}
			if raised := len(got) > 0; raised != tt.raised {
				t.Errorf("readings %s apart with delay %s, period %s: raised %t", tt.apart, tt.delay, tt.period, raised)
			}
		})
	}
}

// TestLinesThatMatureTogetherStartTogether has a hole that makes the impatient
// line begin anew and not the patient one.
func TestLinesThatMatureTogetherStartTogether(t *testing.T) {
	cfg := oneLine(alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: 4, Delay: 15 * time.Minute}, 0.5)
	z := cfg.Zones[0].Limits
	z[sensors.Temperature] = append(z[sensors.Temperature], alerting.Limit{Side: alerting.High, Level: alerting.Excursion, Value: 5, Delay: 30 * time.Minute})
	e := newEngine(t, cfg, day)
	var got []alerting.Transition
	first := day.Add(time.Minute)
	for _, m := range []int{0, 20, 35} {
		at := first.Add(time.Duration(m) * time.Minute)
		got = append(got, e.Observe(sensors.NewGood(air, at, 6), at)...)
	}
	if len(got) != 1 || got[0].Alarm.Level != alerting.Excursion || !got[0].Alarm.Start.Equal(first) {
		t.Errorf("%+v; want one excursion since %s", got, first)
	}
}

func TestNewRefusesWhatContradictsItself(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*Config)
		want  string
	}{
		{"a point twice", func(c *Config) { c.Points = append(c.Points, c.Points[0]) }, "point s/z/air is listed twice"},
		{"a point of no site", func(c *Config) { c.Points[0].Site = "x" }, `point s/z/air: site "x" is not listed`},
		{"a site twice", func(c *Config) { c.Sites = append(c.Sites, c.Sites[0]) }, "site s is listed twice"},
		{"a site never silent", func(c *Config) { c.Sites[0].SilentAfter = 0 }, "site s: silent after 0s: want more than 0"},
		{"a zone twice", func(c *Config) { c.Zones = append(c.Zones, c.Zones[0]) }, "zone s/z is listed twice"},
		{"a limit without a side", func(c *Config) { c.Zones[0].Limits[sensors.Temperature][0].Side = "" }, `zone s/z: temperature limit 4: side "" is not high or low`},
		{"a limit that is no number", func(c *Config) { c.Zones[0].Limits[sensors.Temperature][0].Value = math.NaN() }, "zone s/z: temperature: high limit NaN is outside"},
		{"a hysteresis that is no number", func(c *Config) { c.Zones[0].Hysteresis[sensors.Temperature] = math.NaN() }, "zone s/z: temperature hysteresis NaN: want 0 or more"},
		{"an unknown quantity", func(c *Config) { c.Zones[0].Limits["colour"] = nil }, `zone s/z: quantity "colour" is not known`},
		{"a negative period", func(c *Config) { c.Points[0].Period = -1 }, "point s/z/air: period -1ns: want 0s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := oneLine(alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: 4}, 0.5)
			tt.spoil(&cfg)
			_, err := New(cfg, day)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("error %v; want %q", err, tt.want)
			}
		})
	}
}

func TestLimitsAreFrozenIntoAnAlarm(t *testing.T) {
	before := oneLine(alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: 4}, 0.5)
	e, store := newEngine(t, before, day), map[string][]byte{}
	minute := func(i int) time.Time { return day.Add(time.Duration(i) * time.Minute) }
	e.Observe(sensors.NewGood(air, minute(1), 5), minute(1))
	save(e, store)

	// Somebody moves the limit to 8 °C. 5 °C is inside that, but the alarm was
	// raised at 4 °C and is over by that.
	after := newEngine(t, oneLine(alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: 8}, 0.5), day)
	if err := after.Restore(store); err != nil {
		t.Fatal(err)
	}
	if got := after.Observe(sensors.NewGood(air, minute(2), 5), minute(2)); len(got) != 1 || got[0].Change != alerting.Updated || got[0].Alarm.Limit != 4 {
		t.Fatalf("at 5 °C: %+v", got)
	}
	if got := after.Observe(sensors.NewGood(air, minute(3), 3.5), minute(3)); len(got) != 1 || got[0].Change != alerting.Returned {
		t.Fatalf("at 3.5 °C: %+v", got)
	}
	if got := after.Observe(sensors.NewGood(air, minute(4), 5), minute(4)); got != nil {
		t.Fatalf("the new limit does not hold afterwards: %+v", got)
	}
}

// TestAMessageRepeatedAfterLongMakesNoSecondAlarm repeats readings that are
// older than the remembered times: the live alarm they made is recognised by
// its start.
func TestAMessageRepeatedAfterLongMakesNoSecondAlarm(t *testing.T) {
	e := newEngine(t, oneLine(alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: 4, Delay: 5 * time.Minute}, 0.5), day)
	raised := 0
	observe := func(i int, received time.Time) {
		for _, tr := range e.Observe(sensors.NewGood(air, day.Add(time.Duration(i)*time.Minute), 5), received) {
			if tr.Change == alerting.Raised {
				raised++
			}
		}
	}
	for i := 1; i <= 200; i++ {
		observe(i, day.Add(time.Duration(i)*time.Minute))
	}
	for i := 1; i <= 30; i++ {
		observe(i, day.Add(200*time.Minute))
	}
	if raised != 1 {
		t.Errorf("%d alarms raised; want 1", raised)
	}
}

func TestStateOfWhatIsNoLongerConfigured(t *testing.T) {
	cfg := oneLine(alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: 4}, 0.5)
	cfg.Points = append(cfg.Points, Point{ID: "s/z/b", Quantity: sensors.Temperature, Zone: "s/z", Site: "s"})
	e, store := newEngine(t, cfg, day), map[string][]byte{}
	at := day.Add(time.Minute)
	e.Observe(sensors.NewGood(air, at, 5), at) // an open alarm
	e.Observe(sensors.NewGood("s/z/b", at, 2), at)
	save(e, store)
	cfg.Points = nil
	after := newEngine(t, cfg, day)
	if err := after.Restore(store); err != nil {
		t.Fatal(err)
	}
	if got, want := after.Dirty(), map[string][]byte{"point/s/z/b": nil}; !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("gone: %q; want only the point without an alarm", got)
	}
	if got := after.Dirty(); len(got) != 0 {
		t.Errorf("told twice: %q", got)
	}
}

func TestWhatIsNothingToTheEngine(t *testing.T) {
	e := newEngine(t, oneLine(alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: 4}, 0.5), day)
	e.Dirty()
	for _, r := range []sensors.Reading{
		sensors.NewGood("s/z/unknown", day, 9),
		sensors.NewGood(air, time.Time{}, 9),
		sensors.NewGood(air, time.Unix(0, 0), 9),
		sensors.NewGood(air, time.Unix(1<<62, 0), 9),
		{},
	} {
		if got := e.Observe(r, day); got != nil || len(e.Dirty()) != 0 {
			t.Errorf("%s: %+v", r, got)
		}
	}
	if got := e.Advance(time.Time{}); got != nil {
		t.Errorf("Advance to the year 1: %+v", got)
	}
}

func TestRestoreRefusesWhatItCannotRead(t *testing.T) {
	tests := []struct{ name, key, blob, want string }{
		{"another version", "point/s/z/air", `{"v":2}`, `engine state "point/s/z/air": version 2; this program reads version 1`},
		{"no object", "engine", `[]`, `engine state "engine": decode: `},
		{"nothing", "engine", ``, `engine state "engine": decode: EOF`},
		{"an unknown field", "site/s", `{"v":1,"colour":3}`, `engine state "site/s": decode: json: unknown field`},
		{"an unknown key", "zone/s", `{"v":1}`, `engine state "zone/s": key is not`},
		{"a time before 1970", "site/s", `{"v":1,"heard":-1}`, `engine state "site/s": decode: time -1`},
		{"two objects", "site/s", `{"v":1} {}`, `engine state "site/s": decode: something follows`},
		{"times that are none", "point/s/z/air", `{"v":1,"recent":"AA"}`, `engine state "point/s/z/air": remembered times: entry 0`},
		{"a side without an alarm", "point/s/z/air", `{"v":1,"late":{"sides":[0]}}`, `engine state "point/s/z/air": 0 awaiting alarms`},
		{"a class that is none", "point/s/z/air", `{"v":1,"high":{"alarm":{"class":"x"}}}`, `engine state "point/s/z/air": decode: class "x"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := newEngine(t, oneLine(alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: 4}, 0.5), day)
			err := e.Restore(map[string][]byte{tt.key: []byte(tt.blob)})
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("error %v; want %q", err, tt.want)
			}
		})
	}
}

// FuzzRestore feeds any bytes as a point's state: no panic, then or afterwards,
// and what was accepted is written back as the same state.
func FuzzRestore(f *testing.F) {
	e, store := newEngine(f, testConfig(), day), map[string][]byte{}
	for _, ev := range randomStream(3, 400) {
		ev.apply(e)
		save(e, store)
		if blob := store["point/a/room/air"]; len(blob) > 0 && ev.r.Point == "a/room/air" {
			f.Add(blob)
		}
	}
	f.Add([]byte(`{"v":1,"born":1,"late":{"await":[{"alarm":{"start":1}}],"sides":[1]},"silence":{"start":5}}`))
	f.Fuzz(func(t *testing.T, blob []byte) {
		e := newEngine(t, testConfig(), day)
		if err := e.Restore(map[string][]byte{"point/a/room/air": blob}); err != nil {
			return
		}
		p := e.byID["a/room/air"]
		first := p.appendState(nil)
		again := newEngine(t, testConfig(), day)
		if err := again.Restore(map[string][]byte{"point/a/room/air": first}); err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, first)
		}
		if second := again.byID["a/room/air"].appendState(nil); string(first) != string(second) {
			t.Fatalf("written and read:\n%s\n%s", first, second)
		}
		for _, ev := range randomStream(5, 40) {
			ev.apply(e)
		}
		e.Advance(day.Add(48 * time.Hour))
		e.Status("a/room/air")
	})
}
