package county

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/engine"
	"coldchain/gateway/config"
)

// TestABoxIsReadyForItsGoods: it is the goods that say what ready is, in winter
// as in summer, and nobody is asked about what cannot be measured any more.
func TestABoxIsReadyForItsGoods(t *testing.T) {
	cfg := &config.County{County: "hangjin", Sites: []config.Site{
		{ID: "truck-1", Kind: config.Truck, Gateway: "gw", Zones: []config.Zone{{ID: "box", Kind: config.ChilledBox, Points: map[string]string{"air": "temperature", "door": "door"}}}},
		{ID: "xini", Kind: config.TownshipStore, Gateway: "gw2", Zones: []config.Zone{{ID: "meat", Kind: config.Chilled, Points: map[string]string{"air": "temperature"}}}},
	}}
	cfg.ApplyDefaults()
	noon := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	use := newUsage(cfg, slog.New(slog.DiscardHandler))
	use.now = func() time.Time { return noon }
	use.judging = func(do func(*engine.Engine) error) error { return do(nil) }
	g, err := newGoods(cfg, use, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	truck := use.trucks["truck-1"]
	truck.Air(noon.Add(-3*time.Hour), -22)
	truck.Air(noon.Add(-2*time.Hour), 9)
	truck.Air(noon.Add(-time.Hour), 2)
	for _, c := range []struct {
		what, zone, profile string
		at                  time.Time
		says                string // in Chinese; empty: ready
	}{
		{"potatoes into a box of 2 °C", "truck-1/box", "potato", noon.Add(-time.Hour), ""},
		{"fresh mutton into a box of 9 °C", "truck-1/box", "mutton-chilled", noon.Add(-2 * time.Hour), "先预冷"},
		{"a limit itself is inside", "truck-1/box", "tomato", noon.Add(-2 * time.Hour), ""},
		{"tomatoes into a box of 2 °C: too cold", "truck-1/box", "tomato", noon.Add(-time.Hour), "先预热"},
		{"vegetables in winter, the box at −22 °C", "truck-1/box", "carrot", noon.Add(-3 * time.Hour), "−22 °C"},
		{"frozen goods in that box", "truck-1/box", "mutton-frozen", noon.Add(-3 * time.Hour), ""},
		{"nobody knows what it is: what the box is for counts", "truck-1/box", "", noon.Add(-2 * time.Hour), "先预冷"},
		{"nothing measured lately", "truck-1/box", "potato", noon, "先量一下"},
		{"booked in the evening for the morning", "truck-1/box", "potato", noon.Add(-8 * time.Hour), ""},
		{"a room is no truck", "xini/meat", "mutton-frozen", noon, ""},
	} {
		got := g.unready(c.zone, c.at, batch.Batch{Profile: c.profile})
		switch {
		case c.says == "" && got != nil:
			t.Errorf("%s: %s", c.what, got.ZH)
		case c.says != "" && (got == nil || !strings.Contains(got.ZH, c.says) || got.EN == ""):
			t.Errorf("%s: %+v, want %q", c.what, got, c.says)
		}
	}
	both := g.agrees("truck-1/box", noon.Add(-2*time.Hour), batch.Batch{ID: "A", Profile: "mutton-chilled"}, []batch.Batch{{ID: "B", Profile: "leafy"}})
	if both == nil || both.Mark != batch.MarkMixed+","+batch.MarkNotReady || !strings.Contains(both.ZH, "；") {
		t.Errorf("raw meat beside leaves into a warm box: %+v", both)
	}
}
