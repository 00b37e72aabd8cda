package county

import (
	"testing"
	"time"

	"coldchain/gateway/collector"
	"coldchain/gateway/config"
)

// TestNothingIsRemovedThatCouldStillBeDelivered holds the shortest retention a
// file may name against the oldest reading that is admitted.
func TestNothingIsRemovedThatCouldStillBeDelivered(t *testing.T) {
	shortest, _ := config.ShortestRaw.Duration()
	if shortest < collector.Oldest+24*time.Hour {
		t.Errorf("readings of %s are admitted, and a file may have them removed after %s", collector.Oldest, shortest)
	}
}

func TestEachPointHasTheRuleOfItsZone(t *testing.T) {
	cfg := settings(t, config.Influx{})
	cfg.Sites[0].Zones = append(cfg.Sites[0].Zones,
		config.Zone{ID: "milk", Kind: config.Dairy, Points: map[string]string{"air": "temperature"}},
		config.Zone{ID: "cave", Kind: config.Dairy, Points: map[string]string{"air": "temperature"}})
	cfg.Retention = config.Retention{
		Profiles:  map[string]config.RetentionProfile{"milk": {Raw: 800}, "cave": {Raw: config.Forever}},
		ZoneKinds: map[string]string{"dairy": "milk"}, Zones: map[string]string{"balagong/cave": "cave"},
	}
	cfg.ApplyDefaults()
	if p := cfg.Validate(); len(p) > 0 {
		t.Fatal(p)
	}
	rules := rulesOf(cfg)
	const days = 24 * time.Hour
	for p, want := range map[string][2]time.Duration{
		"balagong/mutton/air": {3 * 366 * days, 10 * 366 * days},
		"balagong/milk/air":   {800 * days, 10 * 366 * days},
		"balagong/cave/air":   {0, 0},
	} {
		got := false
		for id, r := range rules {
			if string(id) == p {
				got = true
				if r.Raw != want[0] || r.Rollups != want[1] {
					t.Errorf("%s: %s and %s, want %v", p, r.Raw, r.Rollups, want)
				}
			}
		}
		if !got {
			t.Errorf("%s has no rule", p)
		}
	}
}
