package sums

import (
	"math"
	"testing"
)

func TestTheSmallIsNotLostBesideTheLarge(t *testing.T) {
	var whole, a, b Sum
	for i := range 1000 {
		part := &a
		if i >= 400 {
			part = &b
		}
		for _, x := range []float64{1e16, 1, -1e16} {
			whole.Add(x)
			part.Add(x)
		}
	}
	if whole.Value() != 1000 {
		t.Errorf("%g, want 1000", whole.Value())
	}
	a.Join(b)
	if a.Value() != 1000 {
		t.Errorf("joined: %g, want 1000", a.Value())
	}
	a.Scale(0.5)
	if a.Value() != 500 {
		t.Errorf("halved: %g, want 500", a.Value())
	}
}

func TestLogMeanOfWhatUnderflows(t *testing.T) {
	for name, terms := range map[string][][2]float64{ // exponent, weight
		"rising":  {{-900, 1}, {-850, 3}, {-800, 2}},
		"falling": {{-800, 2}, {-850, 3}, {-900, 1}},
		"one":     {{-1000, 0.25}},
	} {
		var whole, a, b LogMean
		direct, weight := 0.0, 0.0
		for i, x := range terms {
			whole.Add(x[0], x[1])
			[]*LogMean{&a, &b}[i%2].Add(x[0], x[1])
			direct += x[1] * math.Exp(x[0]+800) // as it is, moved to where it can be computed
			weight += x[1]
		}
		want := math.Log(direct/weight) - 800
		a.Join(b)
		for how, l := range map[string]LogMean{"whole": whole, "joined": a} {
			if got, ok := l.Value(); !ok || math.Abs(got-want) > 1e-12*math.Abs(want) {
				t.Errorf("%s, %s: %v, want %v", name, how, got, want)
			}
		}
	}
	var empty LogMean
	empty.Add(-5, 0)
	empty.Join(LogMean{})
	if _, ok := empty.Value(); ok {
		t.Error("nothing has a mean")
	}
}
