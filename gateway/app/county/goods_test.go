package county

import (
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/engine"
	"coldchain/alerting/watch"
	"coldchain/gateway/config"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
	"coldchain/sensors"
)

// heard notes the limits that are set.
type heard map[string][]alerting.Limit

func (h heard) SetTimeConstant(string, time.Duration) {}

func (h heard) SetLimits(zone string, _ sensors.Quantity, limits []alerting.Limit) error {
	h[zone] = limits
	return nil
}

func (h heard) SetGoods(string, []watch.Stay) {}

// told notes what the watch hears.
type told map[string][]watch.Stay

func (t told) SetGoods(zone string, stays []watch.Stay) { t[zone] = stays }

// TestTheWatchIsToldWhatLiesWhere: with the zone each batch came from, and
// while warm goods are cooled only the low limits count.
func TestTheWatchIsToldWhatLiesWhere(t *testing.T) {
	points := map[string]string{"air": "temperature"}
	cfg := &config.County{County: "hangjin", Sites: []config.Site{{ID: "balagong", Kind: config.TownshipStore, Gateway: "gw", Zones: []config.Zone{
		{ID: "hang", Kind: config.Chilling, Points: points}, {ID: "meat", Kind: config.Chilled, Points: points},
	}}}}
	cfg.ApplyDefaults()
	g, err := newGoods(cfg, newUsage(cfg, slog.New(slog.DiscardHandler)), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "county.db"), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	g.state, g.usage.state, g.usage.now = db, db, func() time.Time { return now }
	g.usage.judging = func(func(*engine.Engine) error) error { return nil }
	set, stays := heard{}, told{}
	if err := g.all(t.Context(), set, stays, nil); err != nil {
		t.Fatal(err)
	}
	keeper := state.Actor{Kind: state.Person, ID: "其其格"}
	if _, err := db.CreateBatch(t.Context(), keeper, "b", batch.Batch{ID: "B1", Profile: "mutton-chilled"}, &batch.Custody{Zone: "balagong/hang"}); err != nil {
		t.Fatal(err)
	}
	g.follow(t.Context())
	if got := stays["balagong/hang"]; len(got) != 1 || got[0] != (watch.Stay{Batch: "B1", From: now}) {
		t.Errorf("told of %+v", got)
	}
	sides := func() (high, low int) {
		for _, l := range g.limitsOf("balagong/hang") {
			if l.Side == alerting.High {
				high++
			} else {
				low++
			}
		}
		return high, low
	}
	g.pull([]string{"balagong/hang"})
	if high, low := sides(); high != 0 || low == 0 || len(set["balagong/hang"]) != low {
		t.Errorf("%d high and %d low limits while it cools warm goods; %d are set", high, low, len(set["balagong/hang"]))
	}
	came := now
	now = now.Add(10 * time.Hour)
	if _, err := db.MoveBatch(t.Context(), keeper, "m", state.MoveRequest{Batch: "B1", ToZone: "balagong/meat"}); err != nil {
		t.Fatal(err)
	}
	g.pull(nil)
	if high, _ := sides(); high == 0 {
		t.Error("no high limits after it")
	}
	// The next batch is cold enough for the room, and not yet for its profile.
	if _, err := db.CreateBatch(t.Context(), keeper, "b2", batch.Batch{ID: "B2", Profile: "mutton-chilled"}, &batch.Custody{Zone: "balagong/hang"}); err != nil {
		t.Fatal(err)
	}
	g.follow(t.Context())
	for _, l := range g.limitsOf("balagong/hang") {
		if l.Side == alerting.High && l.Value < 7 {
			t.Errorf("a room that chills is held to %+v of what is being chilled", l)
		}
	}
	if got := stays["balagong/meat"]; len(got) != 1 || got[0] != (watch.Stay{Batch: "B1", From: now, Out: "balagong/hang"}) || len(stays["balagong/hang"]) != 1 {
		t.Errorf("moved from where it lay since %s: told of %+v", came, stays)
	}
}

func TestLimitsFollowTheGoods(t *testing.T) {
	cfg := &config.County{County: "hangjin", Sites: []config.Site{{ID: "balagong", Kind: config.TownshipStore, Gateway: "gw", Zones: []config.Zone{
		{ID: "meat", Kind: config.Chilled, Points: map[string]string{"air": "temperature"}},
	}}}}
	cfg.ApplyDefaults()
	g, err := newGoods(cfg, newUsage(cfg, slog.New(slog.DiscardHandler)), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "county.db"), func() time.Time { return noon }, state.WithReceiving(g.agrees))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	g.state, g.usage.state, g.usage.now = db, db, func() time.Time { return noon }
	g.usage.judging = func(func(*engine.Engine) error) error { return nil }
	set := heard{"balagong/meat": g.bands["balagong/meat"]}
	if err := g.all(t.Context(), set, set, nil); err != nil {
		t.Fatal(err)
	}
	warnsAt := func() float64 {
		lowest := 100.0
		for _, l := range set["balagong/meat"] {
			if l.Side == alerting.High {
				lowest = min(lowest, l.Value)
			}
		}
		return lowest
	}
	if warnsAt() != 4 {
		t.Errorf("an empty meat room warns at %g °C, want its own 4", warnsAt())
	}
	keeper := state.Actor{Kind: state.Person, ID: "其其格"}
	book := func(id, profile string) error {
		_, err := db.CreateBatch(t.Context(), keeper, state.IdempotencyKey(id), batch.Batch{ID: id, Profile: profile}, &batch.Custody{Zone: "balagong/meat"})
		if err == nil {
			g.follow(t.Context())
		}
		return err
	}
	shown := judging{own: limitsOf(cfg.EngineZones()), goods: g}
	drawn := func() []alerting.Limit { return shown.Limits("balagong/meat")[sensors.Temperature] }
	if !slices.Equal(drawn(), g.bands["balagong/meat"]) {
		t.Errorf("the page draws %v for an empty room", drawn())
	}
	if err := book("OFF", "offal-chilled"); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(drawn(), set["balagong/meat"]) {
		t.Errorf("the page draws %v, judged is by %v", drawn(), set["balagong/meat"])
	}
	if warnsAt() != 3 {
		t.Errorf("with offal in it the room warns at %g °C, want 3", warnsAt())
	}
	if err := book("ODD", "no-such-profile"); err != nil || warnsAt() != 3 {
		t.Errorf("goods nobody knows changed the limits to %g: %v", warnsAt(), err)
	}
	for profile, want := range map[string]string{"tomato": "不能放这个库", "leafy": "生肉要和蔬菜分开"} {
		var d *web.Disagreement
		if err := translate(book("X-"+profile, profile)); !errors.As(err, &d) || !strings.Contains(d.ZH, want) || d.EN == "" {
			t.Errorf("%s in the meat room: %v, want %s", profile, err, want)
		}
	}
	_, err = db.MoveBatch(t.Context(), keeper, "m", state.MoveRequest{Batch: "OFF"})
	if err != nil {
		t.Fatal(err)
	}
	g.follow(t.Context())
	if warnsAt() != 4 {
		t.Errorf("without the offal the room warns at %g °C, want 4", warnsAt())
	}
}
