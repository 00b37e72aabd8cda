package spoilage

import (
	"math"
	"testing"
)

// TestRangesAreThoseOfTheSources: a range that is wider than what was measured
// is an extrapolation in disguise.
func TestRangesAreThoseOfTheSources(t *testing.T) {
	for name, want := range map[string]Range{
		"pseudomonas-meat": {0, 20}, "brochothrix-meat": {0, 20}, "lab-meat": {0, 20}, "enterobacteriaceae-meat": {0, 20},
		"gill-jones-1992": {-2, 25}, "neumeyer-1997-2": {0, 28}, "neumeyer-1997-4": {0, 39}, "fragi-milk": {0, 12}, "lab-cured-meat": {0, 20},
		"milk-life": {2, 16}, "frozen-life-iir-1972": {-30, -18}, "frozen-life": {-30, -12}, "hb66-q10": {0, 40}, "rrs-exponential": {0, 25},
		"mkt": {-2, 60}, // not for frozen goods
	} {
		if got := find(t, name, nil).Range; got != want {
			t.Errorf("%s holds from %g to %g °C, want %g to %g", name, got.MinC, got.MaxC, want.MinC, want.MaxC)
		}
	}
	for _, name := range []string{"pseudomonas-meat", "brochothrix-meat", "lab-meat", "enterobacteriaceae-meat"} {
		m := find(t, name, nil)
		for _, ph := range []float64{5.33, 6.14} {
			if _, err := m.With(map[string]float64{"ph": ph}); err == nil {
				t.Errorf("%s took a pH of %g", name, ph)
			}
		}
	}
}

// TestThePHOfMeat: by how much 0.3 less slows each flora, from the published
// coefficients.
func TestThePHOfMeat(t *testing.T) {
	for name, perPH := range map[string]float64{"pseudomonas-meat": 0.451, "brochothrix-meat": 0.583, "enterobacteriaceae-meat": 0.535, "lab-meat": 0} {
		normal, err := find(t, name, nil).Rate(4)
		if err != nil {
			t.Fatal(err)
		}
		sour, err := find(t, name, map[string]float64{"ph": 5.4}).Rate(4)
		if err != nil || !near(math.Log(normal/sour), 0.3*perPH, 1e-9) {
			t.Errorf("%s: %g at pH 5.7, %g at 5.4, %v", name, normal, sour, err)
		}
	}
}

// TestGrowthIsInTheUnitOfItsRate: ln, log10 and generations are not mixed up.
// A count that doubles has grown by ln 2, by 0.30103 decades, by one generation.
func TestGrowthIsInTheUnitOfItsRate(t *testing.T) {
	for _, m := range Models() {
		if m.Kind != Growth {
			continue
		}
		doubling, told := 0.0, true
		switch m.Name {
		case "neumeyer-1997-2", "neumeyer-1997-4", "ratkowsky-4":
			told = false
		case "gill-jones-1992", "gill-ecoli-1991":
			doubling = 1
			if m.Unit != "generations/h" {
				t.Errorf("%s has its rate in %s", m.Name, m.Unit)
			}
		default:
			doubling = math.Ln2
			if m.Unit != "1/h" {
				t.Errorf("%s has its rate in %s", m.Name, m.Unit)
			}
		}
		rate, err := m.Rate(10)
		if err != nil {
			t.Fatal(err)
		}
		o := run(t, m, []Segment{{doubling / rate, 10}, {1, 10}})
		if !told {
			if len(o.Values) != 1 || !closeTo(o.Values[0].Value, rate) {
				t.Errorf("%s has no unit that is known, and tells %v", m.Name, o.Values)
			}
			continue
		}
		hour := rate / doubling // generations
		if !closeTo(value(t, o, "generations"), 1+hour) || !closeTo(value(t, o, "growth_log10"), (1+hour)*0.30102999566398120) {
			t.Errorf("%s: one doubling and an hour are %v", m.Name, o.Values)
		}
	}
}

// TestTheIndexCountsAtSevenDegrees and not a hair below.
func TestTheIndexCountsAtSevenDegrees(t *testing.T) {
	m := find(t, "refrigeration-index", nil)
	if o := run(t, m, []Segment{{100, 7}}); !near(o.Sum, 1.7670469, 1e-6) {
		t.Errorf("100 h at 7 °C: %g generations", o.Sum)
	}
	if o := run(t, m, []Segment{{100, 6.999}}); o.Sum != 0 {
		t.Errorf("100 h at 6.999 °C: %g generations", o.Sum)
	}
}

// TestBaranyiNearItsCeiling, where little growth meets little room, against the
// formula as it is printed.
func TestBaranyiNearItsCeiling(t *testing.T) {
	for _, b := range []Baranyi{{8.999, 9, 0}, {8.999, 9, 2}, {8.9, 9, 0.1}, {3, 9, 4}} {
		for _, s := range []float64{0, 1e-6, 0.001, 0.1, 1, 3, 10, 20} {
			a := s + math.Log(math.Exp(-s)+math.Exp(-b.H0)-math.Exp(-s-b.H0))
			ln := a - math.Log(1+(math.Exp(a)-1)/math.Exp((b.YMax-b.Y0)*math.Ln10))
			if got, want := b.Count(s), b.Y0+ln/math.Ln10; !near(got, want, 1e-12) {
				t.Errorf("%+v after growth of %g: %.15g, want %.15g", b, s, got, want)
			}
		}
	}
}
