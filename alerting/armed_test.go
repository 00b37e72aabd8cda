package alerting

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestATimelineHoldsFromItsSwitchesOn(t *testing.T) {
	at := func(m int) time.Time { return time.Date(2026, 11, 27, 8, m, 0, 0, time.UTC) }
	l := Timeline{{at(10), false}, {at(20), true}, {at(25), true}, {at(30), false}}
	for _, c := range []struct {
		t, since int
		on       bool
	}{{9, -1, true}, {10, 10, false}, {19, 10, false}, {20, 20, true}, {29, 20, true}, {30, 30, false}, {59, 30, false}} {
		on, since := l.At(at(c.t))
		if on != c.on || c.since < 0 && !since.IsZero() || c.since >= 0 && !since.Equal(at(c.since)) {
			t.Errorf("at :%02d it holds %v since %s, want %v since :%02d", c.t, on, since.Format("15:04"), c.on, c.since)
		}
	}
	if on, since := (Timeline)(nil).At(at(0)); !on || !since.IsZero() {
		t.Error("without a switch limits do not hold always")
	}
}

func TestEitherAndBoth(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	random := func() (l Timeline) {
		for m := rnd.IntN(5); m < 40; m += 1 + rnd.IntN(9) {
			l = append(l, Switch{time.Unix(int64(m), 0), rnd.IntN(2) == 0})
		}
		return l
	}
	for range 500 {
		x, y := random(), random()
		either, both := x.Either(y), x.Both(y)
		for m := range 50 {
			a, _ := x.At(time.Unix(int64(m), 0))
			b, _ := y.At(time.Unix(int64(m), 0))
			if got, _ := either.At(time.Unix(int64(m), 0)); got != (a || b) {
				t.Fatalf("%v or %v at %d: %v", x, y, m, got)
			}
			if got, _ := both.At(time.Unix(int64(m), 0)); got != (a && b) {
				t.Fatalf("%v and %v at %d: %v", x, y, m, got)
			}
		}
	}
}
