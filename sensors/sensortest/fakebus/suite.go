package fakebus

import (
	"testing"
	"testing/synctest"

	"coldchain/sensors"
	"coldchain/sensors/sensortest"
)

// Suite is the conformance suite for a chip's driver: made builds a healthy bus
// and the sensor on it, faults adds to the faults of every bus, and garbled are
// the reasons that the driver may give for a stuck data line. It runs in
// synctest bubbles, so that conversion times cost nothing.
func Suite(made func(t *testing.T) (*Bus, sensors.Sensor), garbled []sensors.Reason, faults func(b *Bus) []sensortest.Fault) sensortest.Suite {
	return sensortest.Suite{
		Around: func(t *testing.T, body func(t *testing.T)) { synctest.Test(t, body) },
		New: func(t *testing.T) sensortest.Rig {
			bus, sensor := made(t)
			all := bus.Faults(garbled...)
			if faults != nil {
				all = append(all, faults(bus)...)
			}
			return sensortest.Rig{
				Sensor: sensor,
				Faults: all,
				Asked:  bus.Asked,
				Heal: func() {
					bus.Heal()
					synctest.Wait() // until a transaction that hung has come back
				},
			}
		},
	}
}

// Poll reads all points once and returns them by the last part of their names.
func Poll(t *testing.T, s sensors.Sensor) map[string]sensors.Reading {
	t.Helper()
	var due []sensors.PointID
	for _, p := range s.Points() {
		due = append(due, p.ID)
	}
	got := map[string]sensors.Reading{}
	for _, r := range s.Read(t.Context(), due) {
		got[r.Point.Name()] = r
	}
	if len(got) != len(due) {
		t.Fatalf("readings %v of %v", got, due)
	}
	return got
}

// Want fails the test unless r is good and has the value; tolerance allows for
// a datasheet's own rounding.
func Want(t *testing.T, r sensors.Reading, value, tolerance float64) {
	t.Helper()
	if v, ok := r.Value(); !ok || r.Quality != sensors.Good || v < value-tolerance || v > value+tolerance {
		t.Errorf("%s, want %v", r, value)
	}
}

// WantBad fails the test unless r is bad for that reason.
func WantBad(t *testing.T, r sensors.Reading, why sensors.Reason) {
	t.Helper()
	if r.Quality != sensors.Bad || r.Reason != why {
		t.Errorf("%s, want bad(%s)", r, why)
	}
}

// Flips is the fault of a bit that the wire turns over, once for each byte of
// the chip's answers of n bytes.
func (b *Bus) Flips(n int, why ...sensors.Reason) (faults []sensortest.Fault) {
	for at := range n {
		faults = append(faults, sensortest.Fault{
			Name:    "bit flipped in byte " + string(rune('0'+at)),
			Break:   func() { b.Wire(Flip(n, at, 0x04)) },
			Reasons: why,
		})
	}
	return faults
}

// Glitch is the fault of a wire that spoils every second answer, so that two
// answers to the same question disagree.
func (b *Bus) Glitch(why ...sensors.Reason) sensortest.Fault {
	spoil := false
	return sensortest.Fault{Name: "bits turned over in every second answer", Reasons: why, Break: func() {
		b.Wire(func(_, r []byte) error {
			if len(r) > 0 {
				if spoil = !spoil; spoil {
					r[0] ^= 0x04
				}
			}
			return nil
		})
	}}
}
