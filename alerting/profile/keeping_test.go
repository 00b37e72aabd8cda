package profile

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/spoilage"
)

// TestEveryBuiltinProfileSaysHowLongItKeeps: with a source, a model that holds
// where its goods may lie, and a life that its model agrees to.
func TestEveryBuiltinProfileSaysHowLongItKeeps(t *testing.T) {
	set := builtinSet(t)
	for _, want := range []string{"mutton-vacuum", "beef-vacuum", "offal-frozen", "cabbage", "cucumber", "pepper", "onion", "radish"} {
		if _, ok := set[want]; !ok {
			t.Errorf("there is no profile %s", want)
		}
	}
	for _, name := range set.Names() {
		p := set[name]
		life, ok := p.LifeModel()
		if !ok || life.Source == "" || !strings.ContainsAny(life.Source, "[") {
			t.Errorf("%s does not say how long it keeps, or from where: %+v", name, life)
			continue
		}
		if got, err := life.DaysAt(life.ReferenceC()); err != nil || math.Abs(got-life.Days()) > 1e-9*life.Days() {
			t.Errorf("%s: %g d at its reference, %v", name, got, err)
		}
		for _, l := range p.Limits {
			if _, err := life.Rate(l.Value); l.Side == alerting.High && l.Level == alerting.Warning && err != nil {
				t.Errorf("%s: at its warning of %g °C its model tells nothing: %v", name, l.Value, err)
			}
		}
		if m := life.Model(); m.Kind == spoilage.LifeShare {
			if r, err := m.Rate(life.ReferenceC()); err != nil || math.Abs(1/(24*r)-life.Days()) > 0.01*life.Days() {
				t.Errorf("%s: its table says %g d, the profile %g", name, 1/(24*r), life.Days())
			}
		}
		if len(p.Documents) == 0 || p.Release == nil {
			t.Errorf("%s asks for no document, or lets every gap pass", name)
		}
		if p.Frozen() != strings.HasSuffix(name, "-frozen") {
			t.Errorf("%s: frozen is %v", name, p.Frozen())
		}
		if p.Frozen() == (p.Freezing != nil) {
			t.Errorf("%s: its freezing point is %+v", name, p.Freezing)
		}
	}
}

func TestGoodsThatCannotBearColdHaveTheirThresholds(t *testing.T) {
	set := builtinSet(t)
	for name, want := range map[string][]float64{"tomato": {7, -0.5}, "milk": {-0.5}, "egg": {-0.5}, "potato": {2, -0.6}, "mutton-frozen": {}} {
		models, err := set[name].ColdInjury()
		if err != nil {
			t.Fatal(err)
		}
		var got []float64
		for _, m := range models {
			o, err := m.Run([]spoilage.Segment{{Hours: 1, TempC: -3}})
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, o.Sum-3) // an hour at 3 below zero
		}
		if !slices.EqualFunc(got, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }) {
			t.Errorf("%s: thresholds %v, want %v", name, got, want)
		}
	}
}

func TestAProfileWithEveryBlock(t *testing.T) {
	p, err := Parse("x.yaml", strings.NewReader(`
name: x
label: {zh: 甲, en: X}
hygiene: plant
limits: [{side: high, level: warning, value: 15, delay: 15m, source: s}]
life:
  model: hb66-q10
  set: {min_c: 7, q_10_20: 2.2}
  reference: 10
  days: 8
  alarm_at: 0.6
  source: the grower
documents:
  - {kind: test-report, source: the buyer}
release: {coverage: 0.9, longest_gap: 90m, source: the contract}
chilling_injury: {below: 7, within: 24h, source: a}
freezing: {below: -0.5, source: b}
`))
	if err != nil {
		t.Fatal(err)
	}
	life, ok := p.LifeModel()
	if !ok || life.AlarmAt != 0.6 || life.Days() != 8 || life.ReferenceC() != 10 || life.Source != "the grower" {
		t.Errorf("life %+v", life)
	}
	if got, err := life.Relative(20); err != nil || math.Abs(got-2.2) > 1e-12 {
		t.Errorf("at 20 °C it ages %g times as fast, %v", got, err)
	}
	if _, err := life.Rate(6.9); err == nil {
		t.Error("below its threshold the model told something")
	}
	if !slices.Equal(p.Documents, []Document{{batch.DocTest, "the buyer"}}) || *p.Release != (Release{0.9, 90 * time.Minute, "the contract"}) {
		t.Errorf("%+v, %+v", p.Documents, p.Release)
	}
	if *p.Chilling != (Injury{7, 24 * time.Hour, "a"}) || *p.Freezing != (Injury{-0.5, 0, "b"}) {
		t.Errorf("%+v, %+v", p.Chilling, p.Freezing)
	}
}

// TestAProfileFromBeforeLoads: what people have written before there were these
// blocks.
func TestAProfileFromBeforeLoads(t *testing.T) {
	p, err := Parse("old.yaml", bytes.NewReader([]byte("name: old\nlabel: {zh: 旧, en: Old}\nhygiene: raw\nlimits: [{side: high, level: warning, value: 4, delay: 15m, source: s}]\n")))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := p.LifeModel(); ok || p.Release != nil || p.Documents != nil || p.Chilling != nil || p.Freezing != nil {
		t.Errorf("%+v", p)
	}
}
