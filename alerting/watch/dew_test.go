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
