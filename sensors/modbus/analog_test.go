package modbus

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/sensors"
	"coldchain/sensors/analog"
)

// The electrical quantity stays beside the value, and alone where there is none.
func TestAnalogChannels(t *testing.T) {
	ma := "type: uint16, scale: 0.001, analog: {signal: mA, kind: ma420, from: -50, to: 50}"
	ohm := "type: uint16, scale: 0.01, analog: {signal: ohm, kind: pt100}"
	tests := []struct {
		name, yaml, data string
		want             Decoded
	}{
		{"12 mA", ma, "2EE0", Decoded{Value: 0, Raw: 12, HasRaw: true}},
		{"9.04 mA", ma, "2350", Decoded{Value: -18.5, Raw: 9.04, HasRaw: true}},
		{"a broken wire", ma, "0000", refused(sensors.SensorFault, 0)},
		{"NAMUR failure", ma, "0E10", refused(sensors.SensorFault, 3.6)},
		{"a short", ma, "5208", refused(sensors.SensorFault, 21)},
		{"beyond the transmitter's range", ma, "0E74", Decoded{Value: -51.88, Doubt: sensors.OutOfRange, Raw: 3.7, HasRaw: true}},
		{"beyond the channel's", ma + ", valid: [-40, 40]", "0FA0", refused(sensors.OutOfRange, 4)},
		{"a sentinel of the module", ma + ", sentinels: [0x7FFF]", "7FFF", refused(sensors.SensorFault, 32767)},
		{"PT100 at 100 ohm", ohm, "2710", Decoded{Value: 0, Raw: 100, HasRaw: true}},
		{"PT100 open", ohm, "FFFF", refused(sensors.SensorFault, 655.35)},
	}
	for _, tt := range tests {
		c := channel(t, "quantity: temperature, function: input, address: 0, "+tt.yaml)
		got := c.Decode(c.Span(), unhex(t, tt.data))
		if got != tt.want {
			t.Errorf("%s: %s decodes to %+v, want %+v", tt.name, tt.data, got, tt.want)
		}
		r := got.Reading("a/b/c", epoch)
		if raw, ok := r.Raw(); !ok || raw != tt.want.Raw {
			t.Errorf("%s: raw %v %v", tt.name, raw, ok)
		}
		if want := tt.want.Doubt; want != "" && (r.Quality != sensors.Uncertain || r.Reason != want) {
			t.Errorf("%s: %s", tt.name, r)
		}
	}
}

// An installer gives a module's input the transmitter that hangs on it.
func TestAPointsOwnConversion(t *testing.T) {
	p, err := LoadProfile("ai-8-ma")
	if err != nil {
		t.Fatal(err)
	}
	from, to := 0.0, 100.0
	line := &fakeLine{words: map[uint16]uint16{0: 12000, 1: 12000}}
	cfg := Config{Name: "ai", Slave: 1, Profile: p, Now: func() time.Time { return epoch },
		Points: map[sensors.PointID]string{"s/z/t": "input-1", "s/z/rh": "input-2"},
		Analog: map[sensors.PointID]analog.Params{"s/z/rh": {Kind: analog.MA420, Quantity: "humidity", From: &from, To: &to}}}
	d, err := New(cfg, line)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range d.Read(t.Context(), all(d)) {
		got = append(got, r.Point.Name()+text(r))
	}
	slices.Sort(got)
	if s := strings.Join(got, ", "); s != "rh 50 good, t 0 good" || len(line.asked) != 1 {
		t.Errorf("got %s with %d questions", s, len(line.asked))
	}
	if points := d.Points(); points[0].Quantity != sensors.Humidity || points[1].Quantity != sensors.Temperature {
		t.Errorf("points %v", points)
	}
	if c, _ := p.Channel("input-2"); c.Quantity != sensors.Temperature {
		t.Error("the profile itself was changed")
	}

	cfg.Analog = map[sensors.PointID]analog.Params{"s/z/rh": {Kind: analog.V010}, "s/z/none": {Kind: analog.MA420}}
	if _, err := New(cfg, line); err == nil || !strings.Contains(err.Error(), "s/z/rh") || !strings.Contains(err.Error(), "s/z/none") {
		t.Errorf("mistakes: %v", err)
	}
	door, err := LoadProfile("dio-8")
	if err != nil {
		t.Fatal(err)
	}
	cfg = Config{Name: "dio", Slave: 1, Profile: door, Now: time.Now, Points: map[sensors.PointID]string{"s/z/d": "door"},
		Analog: map[sensors.PointID]analog.Params{"s/z/d": {Kind: analog.MA420, From: &from, To: &to}}}
	if _, err := New(cfg, line); err == nil || !strings.Contains(err.Error(), "no analogue input") {
		t.Errorf("a door with a conversion: %v", err)
	}
}

// The keys a profile may write are those that package analog reads.
func TestAnalogKeysAreThoseOfThePackage(t *testing.T) {
	want := []string{"signal"}
	for f := range reflect.TypeFor[analog.Params]().Fields() {
		want = append(want, f.Tag.Get("yaml"))
	}
	got := analogKeys()
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
