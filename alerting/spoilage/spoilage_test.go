package spoilage

import (
	"errors"
	"math"
	"math/big"
	"math/rand"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryModelSaysWhatItIs(t *testing.T) {
	slug := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for _, m := range Models() {
		if !slug.MatchString(m.Name) || seen[m.Name] {
			t.Errorf("name %q", m.Name)
		}
		seen[m.Name] = true
		if m.Label.ZH == "" || m.Label.EN == "" || m.Formula == "" || m.Unit == "" || m.SumUnit == "" || m.Citation == "" || m.Fitted == "" {
			t.Errorf("%s does not say all that it is: %+v", m.Name, m)
		}
		if !slices.Contains([]Sureness{Seen, Computed, General}, m.Sureness) {
			t.Errorf("%s: how sure we are is %q", m.Name, m.Sureness)
		}
		for _, p := range m.Params {
			if p.Meaning == "" || p.Min >= p.Max || p.Value != nil && (*p.Value < p.Min || *p.Value > p.Max) {
				t.Errorf("%s: parameter %+v", m.Name, p)
			}
		}
	}
	for _, name := range []string{
		"mkt", "rrs-square-root", "rrs-exponential", "rrs-arrhenius", "ratkowsky-2", "ratkowsky-4", "pseudomonas-meat", "lab-meat",
		"brochothrix-meat", "enterobacteriaceae-meat", "gill-jones-1992", "neumeyer-1997-4", "fragi-milk", "baranyi-roberts", "hb66-q10",
		"yoghurt-arrhenius", "milk-life", "frozen-life", "refrigeration-index", "gill-ecoli-1991", "lab-cured-meat", "chilling-injury", "freezing-injury",
	} {
		if !seen[name] {
			t.Errorf("there is no model %s", name)
		}
	}
	if _, err := Find("nonsense"); err == nil || !strings.Contains(err.Error(), "fragi-milk") {
		t.Errorf("what there is not: %v", err)
	}
}

// TestNoModelSpeaksOutsideItsRange: at the ends it has a number, a hair beyond
// them an error that says the range, and its own temperatures are finite.
func TestNoModelSpeaksOutsideItsRange(t *testing.T) {
	const hair = 1e-9
	for _, m := range Models() {
		for i := range 101 {
			c := m.Range.MinC + (m.Range.MaxC-m.Range.MinC)*float64(i)/100
			got, err := m.Rate(min(c, m.Range.MaxC))
			if err != nil || !(got >= 0) || math.IsInf(got, 0) {
				t.Fatalf("%s at %g °C: %g, %v", m.Name, c, got, err)
			}
		}
		for _, c := range []float64{m.Range.MinC - hair, m.Range.MaxC + hair, -273, 1000} {
			var outside *OutsideError
			if got, err := m.Rate(c); !errors.Is(err, ErrOutside) || !errors.As(err, &outside) || outside.Range != m.Range || got != 0 {
				t.Errorf("%s at %g °C: %g, %v", m.Name, c, got, err)
			}
		}
		for _, c := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -273.15, -300} {
			if _, err := m.Rate(c); !errors.Is(err, ErrNotTemperature) {
				t.Errorf("%s at %g °C: %v", m.Name, c, err)
			}
			if _, err := m.Run([]Segment{{1, c}}); !errors.Is(err, ErrNotTemperature) {
				t.Errorf("%s over %g °C: %v", m.Name, c, err)
			}
		}
	}
}

// TestWarmerIsNeverSlower: up to 20 °C nothing that ages, ages slower when it is
// warmer. A sign that is wrong shows here.
func TestWarmerIsNeverSlower(t *testing.T) {
	for _, m := range Models() {
		if m.Kind == Injury {
			continue
		}
		before := -1.0
		for c := m.Range.MinC; c <= min(20, m.Range.MaxC); c += 0.05 {
			got, err := m.Rate(c)
			if err != nil || got < before*(1-1e-12) {
				t.Fatalf("%s at %g °C: %g after %g, %v", m.Name, c, got, before, err)
			}
			before = got
		}
	}
}

func TestParametersAreChecked(t *testing.T) {
	for _, c := range []struct {
		model string
		set   map[string]float64
		want  string
	}{
		{"pseudomonas-meat", map[string]float64{"ph": 6.2}, "ph = 6.2 is outside 5.34 to 6.13"},
		{"pseudomonas-meat", map[string]float64{"ph": math.NaN()}, "outside"},
		{"pseudomonas-meat", map[string]float64{"pH": 5.5}, `no parameter "pH"; it has ph, y0, ymax, h0`},
		{"neumeyer-1997-2", map[string]float64{"b": 1}, "it has none"},
		{"rrs-square-root", map[string]float64{"tmin": 0}, "tmin must be below"},
		{"ratkowsky-2", map[string]float64{"tmin": 3}, "tmin must be below"},
		{"ratkowsky-4", map[string]float64{"max_c": 60}, "tmax above max_c"},
		{"hb66-q10", map[string]float64{"min_c": 40}, "min_c = 40 is not below max_c = 40"},
		{"milk-life", map[string]float64{"days_9": 40}, "warmer temperature cannot have the longer life"},
		{"refrigeration-index", map[string]float64{"hot_start": 0.5}, "hot_start is 0 or 1"},
		{"fragi-milk", map[string]float64{"y0": 7, "ymax": 5}, "y0 = 7 is not below ymax = 5"},
	} {
		m := find(t, c.model, nil)
		if _, err := m.With(c.set); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %v: %v, want %s", c.model, c.set, err, c.want)
		}
	}
	var outside *ParameterError
	if _, err := find(t, "pseudomonas-meat", nil).With(map[string]float64{"ph": 7}); !errors.Is(err, ErrOutside) || !errors.As(err, &outside) || outside.Parameter.Name != "ph" || outside.Value != 7 {
		t.Errorf("a pH of 7: %v", err)
	}
	a := find(t, "pseudomonas-meat", map[string]float64{"ph": 6})
	b := find(t, "pseudomonas-meat", nil)
	atA, _ := a.Rate(4)
	atB, _ := b.Rate(4)
	if atA == atB {
		t.Error("a parameter changed nothing, or changed the model it was taken from")
	}
}

// course is a random run of segments within a model's range.
func course(r *rand.Rand, m Model, n int) []Segment {
	out := make([]Segment, n)
	for i := range out {
		out[i] = Segment{r.Float64() * 5, m.Range.MinC + r.Float64()*(m.Range.MaxC-m.Range.MinC)}
	}
	return out
}

func run(t testing.TB, m Model, s []Segment) Outcome {
	t.Helper()
	o, err := m.Run(s)
	if err != nil {
		t.Fatalf("%s: %v", m.Name, err)
	}
	return o
}

func closeTo(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b)) }

// TestWhereAStretchIsCutChangesNothing: additivity, for every model and result.
func TestWhereAStretchIsCutChangesNothing(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for _, m := range Models() {
		for range 30 {
			whole := course(r, m, 1+r.Intn(20))
			var cut []Segment
			for _, s := range whole {
				at := r.Float64() * s.Hours
				cut = append(cut, Segment{at, s.TempC}, Segment{s.Hours - at, s.TempC})
			}
			a, b := run(t, m, whole), run(t, m, cut)
			slices.Reverse(whole)
			c := run(t, m, whole)
			for i := range a.Values {
				if !closeTo(a.Values[i].Value, b.Values[i].Value) {
					t.Errorf("%s: %s is %g, and %g when stretches are cut", m.Name, a.Values[i].Name, a.Values[i].Value, b.Values[i].Value)
				}
			}
			if !closeTo(a.Sum, c.Sum) {
				t.Errorf("%s: %g, and %g backwards", m.Name, a.Sum, c.Sum)
			}
		}
	}
}

func TestMKTIsNotBelowTheMeanAndKnowsNoUnitOfTime(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	m := find(t, "mkt", nil)
	for range 300 {
		s := course(r, m, 1+r.Intn(30))
		o := run(t, m, s)
		if o.MKTC < o.MeanC-1e-9 || o.MKTC > o.WarmestC+1e-9 {
			t.Fatalf("MKT %g, mean %g, warmest %g", o.MKTC, o.MeanC, o.WarmestC)
		}
		for i := range s {
			s[i].Hours *= 3600
		}
		if scaled := run(t, m, s); !closeTo(o.MKTC, scaled.MKTC) {
			t.Fatalf("MKT %.12g in hours, %.12g in seconds", o.MKTC, scaled.MKTC)
		}
	}
}

// TestMKTAgainstPlainArithmetic: the definition, unscaled, in 200 bits.
func TestMKTAgainstPlainArithmetic(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	const theta = USPActivation / USPGasConstant
	for _, around := range []float64{5, 25, -20, -70} {
		temps := make([]float64, 50)
		m, err := NewMKT(USPActivation, USPGasConstant)
		if err != nil {
			t.Fatal(err)
		}
		top, weight := new(big.Float).SetPrec(200), 0.0
		for i := range temps {
			temps[i] = around + r.NormFloat64()*4
			w := r.Float64()
			if err := m.Add(w, temps[i]); err != nil {
				t.Fatal(err)
			}
			top.Add(top, new(big.Float).Mul(bigExp(-theta/(temps[i]+273.15)), big.NewFloat(w)))
			weight += w
		}
		mean, _ := new(big.Float).Quo(top, big.NewFloat(weight)).Float64()
		want := theta/-math.Log(mean) - 273.15
		if got, err := m.Value(); err != nil || math.Abs(got-want) > 1e-8 {
			t.Errorf("around %g °C: %.10f, %v; by definition %.10f", around, got, err, want)
		}
	}
}

// bigExp is e to x by its series, x < 0: 1 over the sum of positive terms.
func bigExp(x float64) *big.Float {
	one := func() *big.Float { return new(big.Float).SetPrec(200).SetInt64(1) }
	sum, term := one(), one()
	for k := 1; k < 400; k++ {
		term.Mul(term, big.NewFloat(-x))
		term.Quo(term, big.NewFloat(float64(k)))
		sum.Add(sum, term)
	}
	return one().Quo(one(), sum)
}

// TestBaranyiAgainstRungeKutta: the closed form over a changing temperature is
// what the differential equations give, step by step.
func TestBaranyiAgainstRungeKutta(t *testing.T) {
	m := find(t, "baranyi-roberts", map[string]float64{"y0": 3, "ymax": 7.5, "h0": 1.6})
	segments := []Segment{{20, 4}, {6, 11}, {30, 2}, {3, 9.5}, {60, 6}, {40, 12}}
	const y0, ymax, h0, steps = 3.0, 7.5, 1.6, 4000
	lnQ, lnN := -math.Log(math.Expm1(h0)), y0*math.Ln10 // logarithms, so that steps are even
	for i, s := range segments {
		mu, err := m.Rate(s.TempC)
		if err != nil {
			t.Fatal(err)
		}
		slope := func(lnQ, lnN float64) (float64, float64) {
			return mu, mu / (1 + math.Exp(-lnQ)) * (1 - math.Exp(lnN-ymax*math.Ln10))
		}
		h := s.Hours / steps
		for range steps {
			q1, n1 := slope(lnQ, lnN)
			q2, n2 := slope(lnQ+h/2*q1, lnN+h/2*n1)
			q3, n3 := slope(lnQ+h/2*q2, lnN+h/2*n2)
			q4, n4 := slope(lnQ+h*q3, lnN+h*n3)
			lnQ += h / 6 * (q1 + 2*q2 + 2*q3 + q4)
			lnN += h / 6 * (n1 + 2*n2 + 2*n3 + n4)
		}
		o := run(t, m, segments[:i+1])
		if got := value(t, o, "count_log10"); math.Abs(got-lnN/math.Ln10) > 1e-7 {
			t.Errorf("after %d segments: %.9f, by Runge and Kutta %.9f", i+1, got, lnN/math.Ln10)
		}
	}
}

func TestWhatIsOutsideIsSaidAndNotSummed(t *testing.T) {
	m := find(t, "pseudomonas-meat", nil)
	o := run(t, m, []Segment{{10, 4}, {2, 25}, {3, -1}})
	inside := run(t, m, []Segment{{10, 4}})
	if o.OutsideHours != 5 || o.Hours != 15 || o.Sum != inside.Sum || len(o.Notes) != 1 || !strings.Contains(o.Notes[0], "from -1 to 25 °C") {
		t.Errorf("%+v", o)
	}
	if _, err := m.Run([]Segment{{1, 30}, {1, 25}}); !errors.Is(err, ErrOutside) || !strings.Contains(err.Error(), "from 25 to 30 °C") {
		t.Errorf("all of it outside: %v", err)
	}
	for _, nothing := range [][]Segment{nil, {{0, 4}}} {
		if _, err := m.Run(nothing); !errors.Is(err, ErrEmpty) {
			t.Errorf("%v: %v", nothing, err)
		}
	}
	for _, hours := range []float64{-1, math.NaN(), math.Inf(1)} {
		if _, err := m.Run([]Segment{{hours, 4}}); err == nil {
			t.Errorf("%g hours were taken", hours)
		}
	}
	// What is left would be too much, so it is not said.
	with := find(t, "hb66-q10", map[string]float64{"life_days": 10})
	if got := value(t, run(t, with, []Segment{{24, 0}}), "remaining_days_at_reference"); !closeTo(got, 9) {
		t.Errorf("%g days left", got)
	}
	for _, v := range run(t, with, []Segment{{24, 0}, {1, -1}}).Values {
		if v.Name == "remaining_days_at_reference" {
			t.Errorf("days left in spite of an hour outside: %+v", v)
		}
	}
}

func TestEmptyAndWrongMKT(t *testing.T) {
	m, err := NewMKT(USPActivation, USPGasConstant)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Value(); !errors.Is(err, ErrEmpty) {
		t.Errorf("nothing: %v", err)
	}
	if m.Add(0, 5) != nil || m.Add(-1, 5) == nil || m.Add(math.NaN(), 5) == nil || m.Add(1, -274) == nil {
		t.Error("a weight is 0 or more, a temperature above absolute zero")
	}
	if _, err := m.Value(); !errors.Is(err, ErrEmpty) {
		t.Errorf("no time: %v", err)
	}
	for _, wrong := range [][2]float64{{0, 1}, {1, 0}, {-1, -1}, {math.NaN(), 1}} {
		if _, err := NewMKT(wrong[0], wrong[1]); err == nil {
			t.Errorf("%v was taken", wrong)
		}
	}
}

func TestALifeIsRelativeToItsReference(t *testing.T) {
	m := find(t, "gill-jones-1992", nil)
	l, err := NewLife(m, 0, 14.5)
	if err != nil {
		t.Fatal(err)
	}
	at0, _ := l.Rate(0)
	twice, _ := l.Relative(4)
	days, _ := l.DaysAt(4)
	if !closeTo(at0*24*14.5, 1) || !closeTo(twice, 0.402*0.402/0.0729) || !closeTo(days, 14.5*0.0729/(0.402*0.402)) {
		t.Errorf("%g an hour, %g times, %g days", at0, twice, days)
	}
	share, outside, err := l.Used([]Segment{{14.5 * 24 / 2, 0}, {5, 30}})
	if err != nil || !closeTo(share, 0.5) || outside != 5 || !closeTo(l.RemainingDays(share), 7.25) || l.RemainingDays(2) != 0 {
		t.Errorf("%g used, %g h outside, %v", share, outside, err)
	}
	if _, _, err := l.Used(nil); !errors.Is(err, ErrEmpty) {
		t.Errorf("nothing: %v", err)
	}
	if _, err := l.Rate(26); !errors.Is(err, ErrOutside) {
		t.Errorf("26 °C: %v", err)
	}
	for _, wrong := range []struct {
		model     string
		ref, days float64
	}{
		{"mkt", 5, 10}, {"refrigeration-index", 10, 10}, {"chilling-injury", 0, 10},
		{"gill-jones-1992", 30, 10}, {"gill-jones-1992", 0, 0}, {"gill-jones-1992", 0, math.NaN()}, {"gill-ecoli-1991", 4, 10},
	} {
		if _, err := NewLife(find(t, wrong.model, nil), wrong.ref, wrong.days); err == nil {
			t.Errorf("%+v was taken", wrong)
		}
	}
}

// TestVealInVacuum checks the vacuum profiles' model against an observation that
// it was not made from: veal at -1 °C kept 139 to 266 d, at 6.7 °C 41 to 63 d
// (UNE thesis).
func TestVealInVacuum(t *testing.T) {
	l, err := NewLife(find(t, "rrs-square-root", nil), -1, 139)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := l.DaysAt(6.7); err != nil || got < 39 || got > 63 {
		t.Errorf("%g d at 6.7 °C, %v", got, err)
	}
}

func TestNinetyDaysOfMinutesLoseNothing(t *testing.T) {
	m := find(t, "gill-jones-1992", nil)
	p := m.Progress()
	const minutes = 90 * 24 * 60
	for range minutes {
		if err := p.Add(1.0/60, 2.5); err != nil {
			t.Fatal(err)
		}
	}
	o, err := p.Outcome()
	if err != nil {
		t.Fatal(err)
	}
	rate, _ := m.Rate(2.5)
	if want := rate * 90 * 24; math.Abs(o.Sum-want) > 1e-10*want {
		t.Errorf("%.15g, want %.15g", o.Sum, want)
	}
}

func BenchmarkLifeRate(b *testing.B) {
	m, err := Find("gill-jones-1992")
	if err != nil {
		b.Fatal(err)
	}
	l, err := NewLife(m, 0, 14.5)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := range b.N {
		if _, err := l.Rate(float64(i%80) / 10); err != nil {
			b.Fatal(err)
		}
	}
}
