package modbus

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/sensors"
)

// A value stands beside the device's own opinion of it, read in the same poll.
func TestFaultFlags(t *testing.T) {
	discrete := func(address uint16) func(Span) error {
		return func(s Span) error {
			if s.Function == Discrete && s.Address == address {
				return &lineError{timeout: true}
			}
			return nil
		}
	}
	tests := []struct {
		name  string
		words map[uint16]uint16
		fail  func(Span) error
		want  string
		raw   float64
	}{
		{"both probes sound", map[uint16]uint16{403: 0xFF47, 412: 42}, nil, "air -18.5 good, evaporator 4.2 good", 0},
		{"probe 1 open", map[uint16]uint16{403: 0xFF47, 412: 42, 3: 1}, nil, "air bad(sensor-fault), evaporator 4.2 good", -18.5},
		{"probe 1 open and its register says nonsense", map[uint16]uint16{403: 0x8000, 412: 42, 3: 1}, nil,
			"air bad(sensor-fault), evaporator 4.2 good", -3276.8},
		{"probe 2 open", map[uint16]uint16{403: 0xFF47, 412: 42, 6: 1}, nil, "air -18.5 good, evaporator bad(sensor-fault)", 0},
		{"a flag that does not answer", map[uint16]uint16{403: 0xFF47, 412: 42}, discrete(3),
			"air -18.5 uncertain(status-unread), evaporator 4.2 good", 0},
		{"a value that does not answer", map[uint16]uint16{412: 42, 3: 1}, func(s Span) error {
			if s.Address == 403 {
				return &lineError{exception: 4}
			}
			return nil
		}, "air bad(device-fault), evaporator 4.2 good", 0},
		{"a value out of range whose flag is unread", map[uint16]uint16{403: 0x7FFF, 412: 42}, discrete(3),
			"air bad(out-of-range), evaporator 4.2 good", 3276.7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			line := &fakeLine{words: tt.words, fail: tt.fail}
			d := carel(t, line)
			var got []string
			for _, r := range d.Read(t.Context(), []sensors.PointID{pointAir, pointCoil}) {
				got = append(got, r.Point.Name()+text(r))
				if raw, ok := r.Raw(); r.Point == pointAir && (ok != (tt.raw != 0) || raw != tt.raw) {
					t.Errorf("raw %v %v, want %v", raw, ok, tt.raw)
				}
			}
			slices.Sort(got)
			if s := strings.Join(got, ", "); s != tt.want {
				t.Errorf("got %s, want %s", s, tt.want)
			}
		})
	}
}

// text is a reading without its point and time.
func text(r sensors.Reading) string {
	s := r.String()
	return s[strings.Index(s, "Z ")+1:]
}

// The mask of valid values lies beside the values: one question serves both.
func TestAMaskOfValidValuesCostsNoQuestion(t *testing.T) {
	p, err := LoadProfile("unipi-xg18")
	if err != nil {
		t.Fatal(err)
	}
	line := &fakeLine{words: map[uint16]uint16{1: 0xF8C6, 2: 400, 3: 0x8000, 9: 0b1111_1101}}
	points := map[sensors.PointID]string{}
	for i := range 3 {
		points[sensors.PointID(fmt.Sprint("s/z/t", i+1))] = fmt.Sprint("temperature-", i+1)
	}
	d, err := New(Config{Name: "xg18", Slave: 15, Profile: p, Points: points, Now: func() time.Time { return epoch }}, line)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range d.Read(t.Context(), all(d)) {
		got = append(got, r.Point.Name()+text(r))
	}
	slices.Sort(got)
	want := "t1 -18.5 good, t2 bad(sensor-fault), t3 bad(sensor-fault)"
	if s := strings.Join(got, ", "); s != want || len(line.asked) != 1 || line.asked[0] != (Span{Input, 1, 9}) {
		t.Errorf("got %s with questions %v, want %s with one", s, line.asked, want)
	}
}

// A channel that is a state may be another's flag, and both are answered.
func TestAStateMayBeAFlag(t *testing.T) {
	p, err := ParseProfile("x.yaml", strings.NewReader(`
name: x
source: test
confidence: generic
channels:
  t: {quantity: temperature, function: holding, address: 0, type: int16, scale: 0.1, bad_when: [present]}
  present: {quantity: mains, function: holding, address: 1, type: bool, bit: 2, invert: true}
`))
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[uint16]string{4: "p 0 good, t -18.5 good", 0: "p 1 good, t bad(sensor-fault)"} {
		line := &fakeLine{words: map[uint16]uint16{0: 0xFF47, 1: word}}
		d, err := New(Config{Name: "x", Slave: 1, Profile: p, Now: func() time.Time { return epoch },
			Points: map[sensors.PointID]string{"s/z/t": "t", "s/z/p": "present"}}, line)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range d.Read(t.Context(), all(d)) {
			got = append(got, r.Point.Name()+text(r))
		}
		slices.Sort(got)
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("got %s, want %s", s, want)
		}
	}
}
