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
	"coldchain/gateway/config"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
	"coldchain/sensors"
)

// heard notes the limits that are set.
type heard map[string][]alerting.Limit

func (h heard) SetLimits(zone string, _ sensors.Quantity, limits []alerting.Limit) error {
	h[zone] = limits
	return nil
}

func TestLimitsFollowTheGoods(t *testing.T) {
	cfg := &config.County{County: "hangjin", Sites: []config.Site{{ID: "balagong", Kind: config.TownshipStore, Gateway: "gw", Zones: []config.Zone{
		{ID: "meat", Kind: config.Chilled, Points: map[string]string{"air": "temperature"}},
	}}}}
	cfg.ApplyDefaults()
	g, err := newGoods(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "county.db"), func() time.Time { return noon }, state.WithReceiving(g.agrees))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	g.state = db
	set := heard{"balagong/meat": g.bands["balagong/meat"]}
	if err := g.all(t.Context(), set); err != nil {
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
