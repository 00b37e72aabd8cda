package demo

import (
	"slices"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/watch"
	"coldchain/sensors"
	"coldchain/sensors/sim"
)

// rings plays a day of the simulated county, with its doors, defrosts, noise and
// loads, through the default rules, and lists what was raised.
func rings(t *testing.T, o Options, sites ...string) (out []alerting.Alarm, readings int) {
	t.Helper()
	c := build(t, o)
	w, err := watch.New(watch.Config{Zones: c.Config.WatchZones()})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Config.Sites {
		if len(sites) > 0 && !slices.Contains(sites, s.ID) {
			continue
		}
		err := c.Prefill(t.Context(), s.ID, start.Add(-Past), start, PastInterval, func(at time.Time, list []sensors.Reading) error {
			for _, r := range list {
				readings++
				for _, tr := range w.Observe(r, at) {
					if tr.Change == alerting.Raised {
						out = append(out, tr.Alarm)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out, readings
}

func TestTheWatchIsQuietWhereNothingIsWrong(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates four days of a county; run without -short")
	}
	var sites []string // all
	least := 300_000
	if underRace {
		sites, least = []string{"balagong", "truck-1"}, 20_000
	}
	for _, season := range []sim.Season{sim.Autumn, sim.Winter} {
		for seed := range uint64(2) {
			list, readings := rings(t, Options{Season: season, Seed: seed}, sites...)
			if len(list) > 0 || readings < least {
				t.Errorf("%s, seed %d: of %d readings %d alarms: %+v", season, seed, readings, len(list), list)
			}
		}
	}
}

// TestTheWatchFindsAMachineThatFails in the same county.
func TestTheWatchFindsAMachineThatFails(t *testing.T) {
	fault := sim.Fault{Kind: sim.CompressorFailure, Zone: "balagong/mutton-1", At: sim.After(-10 * time.Hour)}
	list, _ := rings(t, Options{Faults: []sim.Fault{fault}}, "balagong")
	failed := start.Add(-10 * time.Hour)
	if len(list) == 0 || list[0].Rule != alerting.CompressorSilent || list[0].Zone != fault.Zone || list[0].Start.Sub(failed).Abs() > time.Hour {
		t.Errorf("a machine that fails at %s is told as %+v", failed, list)
	}
}
