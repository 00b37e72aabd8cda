package alerting

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"coldchain/sensors"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestDefaultLimitsAreTheTable(t *testing.T) {
	var b strings.Builder
	for _, kind := range []string{"frozen", "frozen-box", "chilled", "chilled-box", "dairy", "vegetable", "potato", "warm-crop", "chilling", "blast"} {
		limits, hysteresis, ok := DefaultLimits(kind)
		if !ok {
			t.Fatalf("no default limits for %s", kind)
		}
		if err := CheckLimits(sensors.Temperature, limits); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		fmt.Fprintf(&b, "%s, hysteresis %g °C\n", kind, hysteresis)
		for _, l := range limits {
			within := ""
			if l.Within != 0 {
				within = fmt.Sprintf(" in %.0f h", l.Within.Hours())
			}
			fmt.Fprintf(&b, "  %-4s %-9s %5g °C for more than %3.0f min%s\n", l.Side, l.Level, l.Value, l.Delay.Minutes(), within)
		}
	}
	for _, kind := range []string{"frozen", "frozen-box", "chilled", "chilled-box", "dairy", "vegetable", "potato", "warm-crop"} {
		tau, limits, ok := DefaultProduct(kind)
		if err := CheckProduct(Product{Air: "s/z/air", TimeConstant: tau, Limits: limits}); err != nil || !ok {
			t.Errorf("product of %s: %v", kind, err)
		}
		fmt.Fprintf(&b, "product of %s, time constant %.0f min\n", kind, tau.Minutes())
		for _, l := range limits {
			fmt.Fprintf(&b, "  %-4s %-9s %5g °C for more than %3.0f min\n", l.Side, l.Level, l.Value, l.Delay.Minutes())
		}
	}
	for _, moves := range []bool{false, true} {
		for _, q := range sensors.Quantities() {
			for _, l := range SwitchLimits(q, moves) {
				fmt.Fprintf(&b, "%s, moving %v: %s for more than %3.0f min\n", q, moves, l.Level, l.Delay.Minutes())
			}
		}
	}
	const golden = "testdata/default-limits.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("default limits differ from %s (run with -update if that is meant):\n%s", golden, b.String())
	}
}

func TestNoDefaultLimitsWithoutGoods(t *testing.T) {
	for _, kind := range []string{"technical", "", "Frozen"} {
		if _, _, ok := DefaultLimits(kind); ok {
			t.Errorf("kind %q has default limits", kind)
		}
	}
}
