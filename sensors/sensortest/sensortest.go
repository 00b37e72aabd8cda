// Package sensortest is the conformance suite of sensors.Sensor. A driver that
// passes answers every due point exactly once, and never with a value that was
// not measured.
package sensortest

import (
	"context"
	"slices"
	"testing"

	"coldchain/sensors"
)

// Rig is a sensor on a bus that the test can break.
type Rig struct {
	Sensor sensors.Sensor
	// Faults are the ways this bus can fail, at least one.
	Faults []Fault
	// Heal makes the bus work again after a fault.
	Heal func()
	// Asked reports how many transactions have reached the bus.
	Asked func() int
}

// Fault is one way for a bus to fail.
type Fault struct {
	Name  string
	Break func()
	// Reasons are those that readings may give under this fault.
	Reasons []sensors.Reason
}

// Suite runs the same tests on any driver.
type Suite struct {
	// New returns a healthy rig whose sensor has at least two points.
	New func(t *testing.T) Rig
	// Around, when not nil, runs each test's body, for instance in a synctest
	// bubble.
	Around func(t *testing.T, body func(t *testing.T))
}

// Run runs all tests as subtests of t.
func (s Suite) Run(t *testing.T) {
	for _, tt := range tests() {
		t.Run(tt.name, func(t *testing.T) {
			body := func(t *testing.T) { tt.run(t, s.New(t)) }
			if s.Around == nil {
				body(t)
				return
			}
			s.Around(t, body)
		})
	}
}

type test struct {
	name string
	run  func(t *testing.T, rig Rig)
}

func tests() []test {
	return []test{
		{"points are named and of a known quantity", pointsAreDeclared},
		{"a healthy device gives good readings", healthy},
		{"only due points are answered", subset},
		{"nothing due asks nothing", nothingDue},
		{"a point due twice is answered once", twice},
		{"an unknown point is not supported", unknown},
		{"a failing bus gives bad readings and recovers", failing},
		{"a cancelled poll gives no value and asks nothing", cancelled},
	}
}

// unknownPoint is a point that no rig has.
const unknownPoint sensors.PointID = "nowhere/nothing/none"

func pointsAreDeclared(t *testing.T, rig Rig) {
	seen := map[sensors.PointID]bool{}
	for _, p := range rig.Sensor.Points() {
		if _, err := sensors.ParsePointID(string(p.ID)); err != nil {
			t.Error(err)
		}
		if _, err := sensors.ParseQuantity(string(p.Quantity)); err != nil {
			t.Error(err)
		}
		if seen[p.ID] {
			t.Errorf("point %s is declared twice", p.ID)
		}
		seen[p.ID] = true
	}
	if len(seen) < 2 {
		t.Errorf("the rig has %d points, the suite wants at least 2", len(seen))
	}
}

func healthy(t *testing.T, rig Rig) {
	for range 3 {
		good(t, rig, due(rig))
	}
}

func subset(t *testing.T, rig Rig) {
	for _, id := range due(rig) {
		good(t, rig, []sensors.PointID{id})
	}
}

func nothingDue(t *testing.T, rig Rig) {
	before := rig.Asked()
	read(t, t.Context(), rig, nil)
	if n := rig.Asked() - before; n != 0 {
		t.Errorf("%d transactions for no point", n)
	}
}

func twice(t *testing.T, rig Rig) {
	ids := due(rig)
	out := rig.Sensor.Read(t.Context(), append(ids, ids...))
	exactlyOnce(t, out, ids)
}

func unknown(t *testing.T, rig Rig) {
	out := read(t, t.Context(), rig, append(due(rig), unknownPoint))
	for _, r := range out {
		if _, ok := r.Value(); ok == (r.Point == unknownPoint) {
			t.Errorf("%s", r)
		}
		if r.Point == unknownPoint && r.Reason != sensors.NotImplemented {
			t.Errorf("%s: want reason %s", r, sensors.NotImplemented)
		}
	}
	before := rig.Asked()
	read(t, t.Context(), rig, []sensors.PointID{unknownPoint})
	if n := rig.Asked() - before; n != 0 {
		t.Errorf("%d transactions for an unknown point", n)
	}
}

func failing(t *testing.T, rig Rig) {
	if len(rig.Faults) == 0 {
		t.Fatal("the rig has no faults")
	}
	for _, fault := range rig.Faults {
		good(t, rig, due(rig))
		fault.Break()
		for range 3 {
			for _, r := range read(t, t.Context(), rig, due(rig)) {
				noValue(t, fault.Name, r, fault.Reasons...)
			}
		}
		rig.Heal()
		// One poll may go to finding out that the device is back.
		read(t, t.Context(), rig, due(rig))
		good(t, rig, due(rig))
	}
}

func cancelled(t *testing.T, rig Rig) {
	before := rig.Asked()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, r := range read(t, ctx, rig, due(rig)) {
		noValue(t, "cancelled", r, sensors.Cancelled)
	}
	if n := rig.Asked() - before; n != 0 {
		t.Errorf("%d transactions after the poll was given up", n)
	}
	good(t, rig, due(rig))
}

func due(rig Rig) []sensors.PointID {
	var ids []sensors.PointID
	for _, p := range rig.Sensor.Points() {
		ids = append(ids, p.ID)
	}
	return ids
}

// read polls and checks what holds for every poll.
func read(t *testing.T, ctx context.Context, rig Rig, ids []sensors.PointID) []sensors.Reading {
	t.Helper()
	out := rig.Sensor.Read(ctx, ids)
	exactlyOnce(t, out, ids)
	for _, r := range out {
		if r.Time.IsZero() {
			t.Errorf("%s has no time", r)
		}
		if (r.Quality == sensors.Good) != (r.Reason == sensors.NoReason) {
			t.Errorf("%s: a reason belongs to what is not good", r)
		}
	}
	return out
}

func exactlyOnce(t *testing.T, out []sensors.Reading, ids []sensors.PointID) {
	t.Helper()
	var got []sensors.PointID
	for _, r := range out {
		got = append(got, r.Point)
	}
	want := slices.Clone(ids)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("readings of %v, want exactly one of each of %v", got, want)
	}
}

// good polls and wants a good reading in range for every point.
func good(t *testing.T, rig Rig, ids []sensors.PointID) {
	t.Helper()
	quantity := map[sensors.PointID]sensors.Quantity{}
	for _, p := range rig.Sensor.Points() {
		quantity[p.ID] = p.Quantity
	}
	for _, r := range read(t, t.Context(), rig, ids) {
		v, ok := r.Value()
		if low, high := quantity[r.Point].Range(); !ok || r.Quality != sensors.Good || v < low || v > high {
			t.Errorf("healthy device: %s", r)
		}
	}
}

func noValue(t *testing.T, fault string, r sensors.Reading, reasons ...sensors.Reason) {
	t.Helper()
	if v, ok := r.Value(); ok || v != 0 || r.Quality != sensors.Bad {
		t.Errorf("%s: %s carries a value", fault, r)
	}
	if !slices.Contains(reasons, r.Reason) {
		t.Errorf("%s: %s, want a reason of %v", fault, r, reasons)
	}
}
