package exposure

import (
	"testing"

	"coldchain/alerting/exposure"
	"coldchain/alerting/profile"
)

// What is frozen is said in one place: a file's own limit and a profile's agree.
func TestFrozenIsSaidInOnePlace(t *testing.T) {
	set, err := profile.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range set {
		if l := LimitsOf(p); l.High != nil && Frozen(l) != p.Frozen() {
			t.Errorf("%s: by its limits %v, by its profile %v", name, Frozen(l), p.Frozen())
		}
	}
	for c, want := range map[float64]bool{-18: true, -12: true, -6: false, -2: false, 4: false} {
		if Frozen(exposure.Limits{High: &c}) != want {
			t.Errorf("%g °C", c)
		}
	}
}
