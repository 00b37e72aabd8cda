package profile

import (
	"strings"
	"testing"
	"time"
)

const withThermal = `name: half-carcass
label: {zh: 白条羊, en: half carcass}
hygiene: raw
limits:
  - {side: high, level: warning, value: 4, delay: 15m, source: x}
`

func TestThermal(t *testing.T) {
	p, err := Parse("x.yaml", strings.NewReader(withThermal+"thermal: {time_constant: 6h, source: \"[E]\"}\n"))
	if err != nil || p.Thermal != (Thermal{6 * time.Hour, "[E]"}) {
		t.Errorf("%+v %v", p.Thermal, err)
	}
	if p, err = Parse("x.yaml", strings.NewReader(withThermal)); err != nil || p.Thermal != (Thermal{}) {
		t.Errorf("without one: %+v %v", p.Thermal, err)
	}
	for bad, want := range map[string]string{
		"{time_constant: 6h}":                  "thermal.source",
		"{time_constant: 2s, source: x}":       "want 1m0s to 72h0m0s",
		"{time_constant: 400h, source: x}":     "want 1m0s to 72h0m0s",
		"{time_constant: 6h, source: x, k: 1}": "field k not found",
	} {
		if _, err := Parse("x.yaml", strings.NewReader(withThermal+"thermal: "+bad+"\n")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", bad, err, want)
		}
	}
	list := []Profile{{}, {Thermal: Thermal{TimeConstant: 6 * time.Hour}}, {Thermal: Thermal{TimeConstant: 2 * time.Hour}}}
	if got := Quickest(list); got != 2*time.Hour {
		t.Errorf("quickest %s", got)
	}
	if got := Quickest(list[:1]); got != 0 {
		t.Errorf("of goods that say nothing %s", got)
	}
}
