package modbus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/sensors"
	"coldchain/sensors/sensortest"
)

// fakeLine answers from a table of registers and fails as told. Its errors
// classify themselves by methods, as a real line's do.
type fakeLine struct {
	words map[uint16]uint16 // of every table
	fail  func(s Span) error
	data  func(s Span) []byte // instead of the right answer
	asked []Span
}

type lineError struct {
	timeout, unreachable, badAnswer, canceled bool
	exception                                 uint8
}

func (e *lineError) Error() string     { return fmt.Sprintf("line: %+v", *e) }
func (e *lineError) Timeout() bool     { return e.timeout }
func (e *lineError) Unreachable() bool { return e.unreachable }
func (e *lineError) BadAnswer() bool   { return e.badAnswer }
func (e *lineError) Canceled() bool    { return e.canceled }
func (e *lineError) Exception() uint8  { return e.exception }

func (l *fakeLine) Read(_ context.Context, slave, function uint8, address, quantity uint16) ([]byte, error) {
	s := Span{Function(function), address, quantity}
	l.asked = append(l.asked, s)
	if l.fail != nil {
		if err := l.fail(s); err != nil {
			return nil, err
		}
	}
	if l.data != nil {
		return l.data(s), nil
	}
	out := make([]byte, s.bytes())
	for i := range quantity {
		w := l.words[address+i]
		if s.Function.Bits() {
			out[i/8] |= byte(w&1) << (i % 8)
		} else {
			out[2*i], out[2*i+1] = byte(w>>8), byte(w)
		}
	}
	return out, nil
}

const (
	pointAir        sensors.PointID = "balagong/mutton-1/air"
	pointCoil       sensors.PointID = "balagong/mutton-1/evaporator"
	pointCompressor sensors.PointID = "balagong/mutton-1/compressor"
	pointDoor       sensors.PointID = "balagong/mutton-1/door"
)

// carel is a device of four points in four blocks, two registers that may not
// be read together and two bits, and of two more blocks for the fault flags.
func carel(t *testing.T, line Line) *Device {
	t.Helper()
	p, err := LoadProfile("carel-ir33")
	if err != nil {
		t.Fatal(err)
	}
	tick := epoch
	d, err := New(Config{Name: "ir33", Slave: 5, Profile: p,
		Now: func() time.Time { tick = tick.Add(time.Second); return tick },
		Points: map[sensors.PointID]string{pointAir: "temperature", pointCoil: "temperature-2",
			pointCompressor: "compressor", pointDoor: "door"}}, line)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func carelLine() *fakeLine {
	cold := int16(-185)
	return &fakeLine{words: map[uint16]uint16{403: uint16(cold), 412: 42, 7: 1, 43: 0}}
}

func all(d *Device) (ids []sensors.PointID) {
	for _, p := range d.Points() {
		ids = append(ids, p.ID)
	}
	return ids
}

func TestConformance(t *testing.T) {
	suite := sensortest.Suite{New: func(t *testing.T) sensortest.Rig {
		line := carelLine()
		breaking := func(e lineError) func() { return func() { line.fail = func(Span) error { return &e } } }
		fault := func(name string, e lineError, why sensors.Reason) sensortest.Fault {
			return sensortest.Fault{Name: name, Break: breaking(e), Reasons: []sensors.Reason{why}}
		}
		return sensortest.Rig{
			Sensor: carel(t, line),
			Asked:  func() int { return len(line.asked) },
			Heal:   func() { line.fail, line.data = nil, nil },
			Faults: []sensortest.Fault{
				fault("silence", lineError{timeout: true}, sensors.Timeout),
				fault("no connection", lineError{unreachable: true}, sensors.Unreachable),
				fault("garbage", lineError{badAnswer: true}, sensors.BadAnswer),
				fault("cancelled", lineError{canceled: true}, sensors.Cancelled),
				fault("illegal address", lineError{exception: 2}, sensors.ConfigFault),
				fault("busy", lineError{exception: 6}, sensors.DeviceBusy),
				fault("device failure", lineError{exception: 4}, sensors.DeviceFault),
				{Name: "answer too short", Break: func() { line.data = func(Span) []byte { return nil } }, Reasons: []sensors.Reason{sensors.BadAnswer}},
				{Name: "answer too long", Break: func() { line.data = func(Span) []byte { return make([]byte, 99) } }, Reasons: []sensors.Reason{sensors.BadAnswer}},
				{Name: "an error that says nothing", Break: func() { line.fail = func(Span) error { return errors.New("no") } }, Reasons: []sensors.Reason{sensors.Unreachable}},
			},
		}
	}}
	suite.Run(t)
}

func TestReasonOfEveryError(t *testing.T) {
	tests := []struct {
		err  error
		want sensors.Reason
	}{
		{&lineError{timeout: true}, sensors.Timeout},
		{fmt.Errorf("wrapped: %w", &lineError{timeout: true}), sensors.Timeout},
		{&lineError{unreachable: true}, sensors.Unreachable},
		{&lineError{badAnswer: true}, sensors.BadAnswer},
		{&lineError{canceled: true}, sensors.Cancelled},
		{context.Canceled, sensors.Cancelled},
		{context.DeadlineExceeded, sensors.Timeout},
		{os.ErrDeadlineExceeded, sensors.Timeout},
		{&lineError{exception: 1}, sensors.ConfigFault},
		{&lineError{exception: 2}, sensors.ConfigFault},
		{&lineError{exception: 3}, sensors.ConfigFault},
		{&lineError{exception: 4}, sensors.DeviceFault},
		{&lineError{exception: 5}, sensors.DeviceBusy},
		{&lineError{exception: 6}, sensors.DeviceBusy},
		{&lineError{exception: 8}, sensors.DeviceFault},
		{&lineError{exception: 10}, sensors.Unreachable},
		{&lineError{exception: 11}, sensors.Timeout},
		{&lineError{exception: 99}, sensors.DeviceFault},
	}
	for _, tt := range tests {
		if got := reasonOf(tt.err); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.err, got, tt.want)
		}
	}
}

func TestAFailedBlockSpoilsItsOwnPointsOnly(t *testing.T) {
	line := carelLine()
	line.fail = func(s Span) error {
		if s.Address == 412 {
			return &lineError{exception: 2}
		}
		return nil
	}
	d := carel(t, line)
	for _, r := range d.Read(t.Context(), all(d)) {
		v, ok := r.Value()
		switch {
		case r.Point == pointCoil && (ok || r.Reason != sensors.ConfigFault):
			t.Errorf("%s", r)
		case r.Point == pointAir && v != -18.5, r.Point == pointCompressor && v != 1, r.Point == pointDoor && (v != 0 || !ok):
			t.Errorf("%s", r)
		}
	}
}

func TestABlocksReadingsCarryTheTimeItsAnswerCame(t *testing.T) {
	d := carel(t, carelLine())
	out := d.Read(t.Context(), all(d))
	slices.SortFunc(out, func(a, b sensors.Reading) int { return a.Time.Compare(b.Time) })
	for i, r := range out { // the clock ticks once a block
		if want := epoch.Add(time.Duration(i+1) * time.Second); !r.Time.Equal(want) {
			t.Errorf("%s, want %v", r, want)
		}
	}
}

// A dead slave costs its line one time-out a poll, not one a block, and a
// device that answers some questions only is still found out by the probe.
func TestADeadSlaveIsProbedWithOneQuestion(t *testing.T) {
	line := carelLine()
	line.fail = func(Span) error { return &lineError{timeout: true} }
	d := carel(t, line)
	asked := func() int {
		line.asked = nil
		for _, r := range d.Read(t.Context(), all(d)) {
			if r.Reason == sensors.NoReason && line.fail != nil && len(line.asked) == 1 {
				t.Errorf("%s", r)
			}
		}
		return len(line.asked)
	}
	if n := asked(); n != 4 {
		t.Errorf("first silent poll: %d questions, want all 4", n)
	}
	probes := map[uint16]bool{}
	for range 4 {
		if n := asked(); n != 1 {
			t.Errorf("later silent poll: %d questions, want 1", n)
		}
		probes[line.asked[0].Address] = true
	}
	if len(probes) != 4 {
		t.Errorf("probed %v, want each block in turn", probes)
	}
	line.fail = func(s Span) error {
		if s.Address == 403 {
			return nil
		}
		return &lineError{timeout: true}
	}
	for range 5 {
		asked()
	}
	good := 0
	for range 4 {
		for _, r := range d.Read(t.Context(), all(d)) {
			// The flags of the probe are among what does not answer.
			if r.Point == pointAir && r.Quality == sensors.Uncertain {
				good++
			}
		}
	}
	if good != 4 {
		t.Errorf("the one block that answers was read %d times of 4", good)
	}
}

func TestNoConnectionIsNotAskedForEachBlock(t *testing.T) {
	line := carelLine()
	line.fail = func(Span) error { return &lineError{unreachable: true} }
	d := carel(t, line)
	d.Read(t.Context(), all(d))
	if len(line.asked) != 1 {
		t.Errorf("%d questions on a line that is away, want 1", len(line.asked))
	}
}

func TestAPollThatRunsOutOfTimeEnds(t *testing.T) {
	line := carelLine()
	d := carel(t, line)
	ctx, cancel := context.WithCancel(t.Context())
	line.fail = func(Span) error { cancel(); return &lineError{canceled: true} }
	for _, r := range d.Read(ctx, all(d)) {
		if r.Reason != sensors.Cancelled {
			t.Errorf("%s", r)
		}
	}
	if len(line.asked) != 1 {
		t.Errorf("%d questions, want 1", len(line.asked))
	}
	if d.silent != 0 {
		t.Error("a poll given up counts as a silent device")
	}
}

func TestNewNamesEveryMistake(t *testing.T) {
	p, err := LoadProfile("xy-md02")
	if err != nil {
		t.Fatal(err)
	}
	_, err = New(Config{Name: "th-1", Slave: 248, Profile: p, Now: time.Now,
		Points: map[sensors.PointID]string{"a/b/x": "temprature", "a/b/y": "dew-point", "a/b/z": "humidity"}}, carelLine())
	want := `modbus device th-1: slave 248 is not between 1 and 247
modbus device th-1: point a/b/x: profile xy-md02 has no channel "temprature" (it has humidity, temperature)
modbus device th-1: point a/b/y: profile xy-md02 has no channel "dew-point" (it has humidity, temperature)`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if _, err := New(Config{Name: "th-1", Slave: 1, Profile: p, Now: time.Now}, carelLine()); err == nil || !strings.Contains(err.Error(), "no points") {
		t.Errorf("no points: %v", err)
	}
	if _, err := New(Config{Name: "th-1", Slave: 1, Now: time.Now}, nil); err == nil {
		t.Error("a device without profile and line")
	}
}
