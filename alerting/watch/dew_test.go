package watch

import (
	"math"
	"testing"
)

// The values are those of a hygrometric table to 0.1 °C (WMO-No. 8's formula,
// which such tables are made with).
func TestDewPoint(t *testing.T) {
	for _, c := range []struct{ temperature, relative, want float64 }{
		{20, 50, 9.3}, {25, 60, 16.7}, {30, 80, 26.2}, {0, 100, 0}, {10, 100, 10}, {4, 85, 1.7}, {-10, 80, -12.8}, {12, 103, 12},
	} {
		got, ok := DewPoint(c.temperature, c.relative)
		if !ok || math.Abs(got-c.want) > 0.06 {
			t.Errorf("%g °C, %g %%RH: %.2f, want %.1f", c.temperature, c.relative, got, c.want)
		}
	}
	for _, c := range [][2]float64{{-60, 50}, {70, 50}, {20, 0}, {20, 120}, {math.NaN(), 50}, {20, math.NaN()}} {
		if got, ok := DewPoint(c[0], c[1]); ok {
			t.Errorf("%g °C, %g %%RH has a dew point of %g", c[0], c[1], got)
		}
	}
}

func TestDewPointIsNeverAboveTheAirAndRisesWithHumidity(t *testing.T) {
	for temperature := -45.0; temperature <= 60; temperature += 0.5 {
		before := math.Inf(-1)
		for relative := 1.0; relative <= 100; relative++ {
			d, ok := DewPoint(temperature, relative)
			if !ok || d > temperature+1e-9 || d <= before {
				t.Fatalf("%g °C, %g %%RH: %g after %g", temperature, relative, d, before)
			}
			before = d
		}
	}
}

// The vapour pressure over ice by Magnus, with WMO-No. 8's coefficients, Pa. The
// watch has no use for it: it judges water that settles. It is here because
// hygrometers for frost show the frost point and not the dew point.
func overIce(c float64) float64 { return 611.2 * math.Exp(22.46*c/(272.62+c)) }

// pressure is the vapour pressure over water that DewPoint implies, Pa: by how
// much damper air of 50 °C is that has its dew point at c than at 0 °C, where the
// pressure is 611.2 Pa.
func pressure(t *testing.T, c float64) float64 {
	t.Helper()
	humidity := func(c float64) float64 {
		low, high := 1.0, 100.0
		for range 60 {
			middle := (low + high) / 2
			d, ok := DewPoint(50, middle)
			if !ok {
				t.Fatalf("50 °C, %g %%RH", middle)
			}
			if d < c {
				low = middle
			} else {
				high = middle
			}
		}
		return low
	}
	return 611.2 * humidity(c) / humidity(0)
}

// TestVectorsOfDewAndFrost: DEW-01, DEW-02, DEW-03, DEW-06, DEW-07, DEW-08 and
// CON-01.
func TestVectorsOfDewAndFrost(t *testing.T) {
	for _, c := range []struct {
		id                                     string
		temperature, relative, want, tolerance float64
	}{{"DEW-01", 21, 60, 12.9354, 1e-3}, {"DEW-02", -4, 60, -10.6293, 1e-3}, {"DEW-08", 21, 100, 21, 1e-9}, {"DEW-08", -4, 100, -4, 1e-9}, {"DEW-08", 0, 100, 0, 1e-9}} {
		if got, ok := DewPoint(c.temperature, c.relative); !ok || math.Abs(got-c.want) > c.tolerance {
			t.Errorf("%s: %.6f, want %g", c.id, got, c.want)
		}
	}
	// DEW-06: the pressures over water that ASHRAE tabulates.
	for c, want := range map[float64]float64{5: 872.6, 25: 3169.7, 50: 12351.3} {
		if got := pressure(t, c); math.Abs(got/want-1) > 0.0035 {
			t.Errorf("DEW-06: %.1f Pa over water at %g °C, want %g", got, c, want)
		}
	}
	// DEW-07: over ice.
	for c, want := range map[float64]float64{-20: 103.24, -5: 401.74} {
		if got := overIce(c); math.Abs(got/want-1) > 0.0005 {
			t.Errorf("DEW-07: %.2f Pa over ice at %g °C, want %g", got, c, want)
		}
	}
	// DEW-03: air of -4 °C and 60 % over water freezes out at -9.44 °C: there the
	// pressure over ice is that over water at its dew point. The page that says
	// -3.78 °C has it wrong: no air is drier than its own temperature allows and
	// freezes out above it.
	d, _ := DewPoint(-4, 60)
	vapour := 611.2 * math.Exp(magnusB*d/(magnusC+d))
	low, high := -45.0, 0.0
	for range 60 {
		if middle := (low + high) / 2; overIce(middle) < vapour {
			low = middle
		} else {
			high = middle
		}
	}
	if math.Abs(low+9.4395) > 1e-3 {
		t.Errorf("DEW-03: it freezes out at %.4f °C, want -9.4395", low)
	}
	// CON-01: at 12 °C and 70 % water settles on what is 2 °C cold, not on 8 °C.
	if d, _ := DewPoint(12, 70); !(d > 2) || d > 8 {
		t.Errorf("CON-01: the dew point is %.2f °C", d)
	}
}
