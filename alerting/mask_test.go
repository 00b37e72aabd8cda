package alerting

import (
	"slices"
	"testing"
	"time"

	"coldchain/sensors"
)

func TestMaskedTimes(t *testing.T) {
	start := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	m := Mask{For: 45 * time.Minute, After: 10 * time.Minute, Above: 3}
	type span struct{ from, to int }
	for _, c := range []struct {
		what string
		on   []span // minutes with a reading each that is on; else off
		want []span
	}{
		{"a defrost and its recovery", []span{{10, 30}}, []span{{10, 41}}},
		{"no longer than 45 minutes, however long it lasts", []span{{10, 200}}, []span{{10, 55}}},
		{"a door opened again and again is one mask", []span{{10, 12}, {20, 22}, {30, 32}, {40, 42}, {50, 52}, {60, 62}, {70, 72}}, []span{{10, 55}}},
		{"a new one only when the room had time to recover", []span{{10, 12}, {24, 26}}, []span{{10, 23}, {24, 37}}},
	} {
		var list []sensors.Reading
		for i := range 240 {
			v := 0.0
			if slices.ContainsFunc(c.on, func(s span) bool { return i >= s.from && i <= s.to }) {
				v = 1
			}
			list = append(list, sensors.NewGood("s/z/defrost", start.Add(time.Duration(i)*time.Minute), v))
		}
		var got []span
		for _, s := range MaskedTimes(m, list) {
			got = append(got, span{int(s.From.Sub(start).Minutes()), int(s.To.Sub(start).Minutes())})
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: masked %v, want %v", c.what, got, c.want)
		}
	}
	unread := []sensors.Reading{sensors.NewGood("s/z/door", start, 1), sensors.NewBad("s/z/door", start.Add(5*time.Minute), sensors.Timeout)}
	if got := MaskedTimes(m, unread); len(got) != 1 || got[0].To.Sub(start) != 15*time.Minute {
		t.Errorf("a switch nobody can read excuses more than its recovery: %v", got)
	}
	var many []sensors.Reading
	for i := range 100 {
		many = append(many, sensors.NewGood("s/z/door", start.Add(time.Duration(i)*time.Hour), 1), sensors.NewGood("s/z/door", start.Add(time.Duration(i)*time.Hour+time.Minute), 0))
	}
	if got := MaskedTimes(m, many); len(got) != 100 {
		t.Errorf("%d of 100 door openings are named", len(got))
	}
}

func TestCheckMask(t *testing.T) {
	for _, q := range []sensors.Quantity{sensors.Defrost, sensors.Door} {
		if m, ok := DefaultMask(q); !ok || CheckMask(q, m) != nil {
			t.Errorf("the default mask by %s: %v", q, CheckMask(q, m))
		}
	}
	for what, err := range map[string]error{
		"46 minutes": CheckMask(sensors.Door, Mask{For: 46 * time.Minute}),
		"4 °C":       CheckMask(sensors.Door, Mask{For: time.Minute, Above: 4}),
		"mains":      CheckMask(sensors.Mains, Mask{}),
	} {
		if err == nil {
			t.Errorf("a mask of %s is taken", what)
		}
	}
}
