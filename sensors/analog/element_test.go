package analog

import (
	"math"
	"testing"

	"coldchain/sensors"
)

// IEC 60751, table of the resistance of a Pt100, rounded there to 0.01 Ω.
var iec60751 = []struct{ t, ohms float64 }{
	{-200, 18.52}, {-150, 39.72}, {-100, 60.26}, {-50, 80.31}, {-40, 84.27}, {-30, 88.22}, {-20, 92.16}, {-10, 96.09},
	{0, 100}, {10, 103.90}, {20, 107.79}, {25, 109.73}, {30, 111.67}, {50, 119.40}, {100, 138.51}, {150, 157.33},
	{200, 175.86}, {300, 212.05}, {400, 247.09}, {500, 280.98}, {600, 313.71}, {700, 345.28}, {800, 375.70}, {850, 390.48},
}

func TestPlatinumFollowsTheTable(t *testing.T) {
	for _, r0 := range []float64{100, 1000} {
		pt := Platinum{r0}
		for _, tt := range iec60751 {
			ohms, why := pt.Ohms(tt.t)
			if why != "" || math.Abs(ohms-tt.ohms*r0/100) > 0.00501*r0/100 {
				t.Errorf("%v °C: %v Ω %s, want %v", tt.t, ohms, why, tt.ohms*r0/100)
			}
			// 0.005 Ω are 0.0125 K, at 850 °C 0.017 K.
			back, why := pt.Celsius(tt.ohms * r0 / 100)
			if inside := tt.t > -200 && tt.t < 850; inside && (why != "" || math.Abs(back-tt.t) > 0.018) {
				t.Errorf("%v Ω: %v °C %s, want %v", tt.ohms, back, why, tt.t)
			}
		}
	}
}

func TestPlatinumBrokenOrShortedIsAFault(t *testing.T) {
	for _, ohms := range []float64{0, -1, 5, 18.5, 390.5, 1e6, math.Inf(1), math.Inf(-1), math.NaN()} {
		if v, why := (Platinum{100}).Celsius(ohms); why != sensors.SensorFault || v != 0 {
			t.Errorf("%v Ω: %v %q", ohms, v, why)
		}
	}
	for _, celsius := range []float64{-200.01, 850.01, math.NaN()} {
		if v, why := (Platinum{100}).Ohms(celsius); why != sensors.OutOfRange || v != 0 {
			t.Errorf("%v °C: %v %q", celsius, v, why)
		}
	}
}

// A 10 kΩ thermistor's published coefficients and its published table (Therm-X
// and Campbell Scientific print the same ones for the type 10K3: 109SS manual,
// appendix C), in °C and Ω.
func TestSteinhartHartFollowsTheTable(t *testing.T) {
	e := SteinhartHart{A: 1.12924e-3, B: 2.34108e-4, C: 0.87755e-7}
	table := []struct{ t, ohms float64 }{
		{-40, 336103.2}, {-30, 176804.8}, {-25, 130307.6}, {-20, 97006.9}, {-18, 86439.2}, {-10, 55303.9}, {-5, 42316.7}, {0, 32650.9}, {1, 31030.8}, {25, 10000},
	}
	for _, tt := range table {
		if got, why := e.Celsius(tt.ohms); why != "" || math.Abs(got-tt.t) > 0.01 {
			t.Errorf("%v Ω: %v °C %s, want %v", tt.ohms, got, why, tt.t)
		}
		if got, why := e.Ohms(tt.t); why != "" || math.Abs(got/tt.ohms-1) > 0.0006 {
			t.Errorf("%v °C: %v Ω %s, want %v", tt.t, got, why, tt.ohms)
		}
	}
}

// Murata NCP18XH103: 10 kΩ at 25 °C, B(25/50) = 3380 K, and by its datasheet's
// table 4.161 kΩ at 50 °C, which defines B.
func TestBetaHoldsWhereItIsDefined(t *testing.T) {
	e := Beta{R0: 10000, T0: 25, B: 3380}
	for _, tt := range []struct{ t, ohms, tolerance float64 }{{25, 10000, 1e-9}, {50, 4161, 0.02}} {
		if got, why := e.Celsius(tt.ohms); why != "" || math.Abs(got-tt.t) > tt.tolerance {
			t.Errorf("%v Ω: %v °C %s, want %v", tt.ohms, got, why, tt.t)
		}
	}
	for _, ohms := range []float64{0, -1, math.Inf(1), math.NaN()} {
		if v, why := e.Celsius(ohms); why != sensors.SensorFault || v != 0 {
			t.Errorf("%v Ω: %v %q", ohms, v, why)
		}
	}
}

func TestElementsAreTheirOwnInverseAndMonotone(t *testing.T) {
	for name, tt := range map[string]struct {
		e         Element
		low, high float64
		sign      float64 // of the slope
	}{
		"pt100":          {Platinum{100}, -200, 850, 1},
		"pt1000":         {Platinum{1000}, -200, 850, 1},
		"beta":           {Beta{10000, 25, 3950}, -80, 150, -1},
		"steinhart":      {SteinhartHart{1.12924e-3, 2.34108e-4, 0.87755e-7}, -80, 150, -1},
		"two parameters": {SteinhartHart{8.2e-4, 2.6e-4, 0}, -80, 150, -1},
	} {
		before := math.NaN()
		for c := tt.low + 0.01; c < tt.high; c += 0.37 {
			ohms, why := tt.e.Ohms(c)
			if why != "" {
				t.Fatalf("%s: %v °C: %s", name, c, why)
			}
			if tt.sign*(ohms-before) <= 0 {
				t.Fatalf("%s: turns round at %v °C", name, c)
			}
			before = ohms
			if back, why := tt.e.Celsius(ohms); why != "" || math.Abs(back-c) > 1e-6 {
				t.Fatalf("%s: %v °C is %v Ω is %v °C %s", name, c, ohms, back, why)
			}
		}
	}
}

// TestTheVectorOfAnNTC: NTC-01, 10 kΩ and B = 3950 K, both ways to 0.01 %.
func TestTheVectorOfAnNTC(t *testing.T) {
	e := Beta{R0: 10000, T0: 25, B: 3950}
	for c, ohms := range map[float64]float64{-40: 401860, -18: 93252, 0: 33621, 4: 27288, 25: 10000, 40: 5301.5} {
		if got, why := e.Ohms(c); why != "" || math.Abs(got/ohms-1) > 1e-4 {
			t.Errorf("NTC-01: %v Ω at %g °C %s, want %g", got, c, why, ohms)
		}
		if got, why := e.Celsius(ohms); why != "" || math.Abs(got-c) > 0.003 { // 0.01 % of the ohms
			t.Errorf("NTC-01: %v °C at %g Ω %s, want %g", got, ohms, why, c)
		}
	}
}
