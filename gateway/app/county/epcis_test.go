package county

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/gateway/config"
	"coldchain/gateway/epcis"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

// TestABatchIsTracedOverRoomAndTruck: what county.db knows becomes events, its
// temperature alarms become excursions, and a door is none.
func TestABatchIsTracedOverRoomAndTruck(t *testing.T) {
	cfg := &config.County{County: "hangjin", Sites: []config.Site{
		{ID: "balagong", Kind: config.TownshipStore, Gateway: "gw-1", Zones: []config.Zone{{ID: "mutton", Kind: config.Chilled, Points: map[string]string{"air": "temperature", "rh": "humidity"}}}},
		{ID: "truck-2", Kind: config.Truck, Gateway: "gw-2", Zones: []config.Zone{{ID: "box", Kind: config.ChilledBox, Points: map[string]string{"air": "temperature"}}}},
	}}
	cfg.ApplyDefaults()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "county.db"), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	keeper := state.Actor{Kind: state.Person, ID: "其其格"}
	lot := batch.Batch{ID: "B1", Product: "羊肉", Quantity: "20 kg", Created: now.Add(-6 * time.Hour)}
	if _, err := db.CreateBatch(t.Context(), keeper, "k1", lot, &batch.Custody{Zone: "balagong/mutton", From: lot.Created}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.MoveBatch(t.Context(), keeper, "k2", state.MoveRequest{Batch: "B1", ToZone: "truck-2/box", At: now.Add(-2 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	raise := func(rule alerting.RuleName, object string, value float64) alerting.Transition {
		start := now.Add(-5 * time.Hour)
		return alerting.Transition{Change: alerting.Raised, At: start, Alarm: alerting.Alarm{
			ID: alerting.AlarmID(rule, object, start), Rule: rule, Object: object, Zone: "balagong/mutton", Level: alerting.Excursion, Class: alerting.Live, State: alerting.Unacknowledged,
			Start: start, Raised: start, LastSeen: start, Limit: 4, Peak: value, LastValue: value, HasValue: true,
		}}
	}
	if _, err := db.Apply(t.Context(), state.Actor{Kind: state.System, ID: "engine"}, []alerting.Transition{
		raise(alerting.HighLimit, "balagong/mutton/air", 7.5), raise(alerting.HighLimit, "balagong/mutton/rh", 99), raise(alerting.DoorOpen, "balagong/mutton/door", 1),
	}); err != nil {
		t.Fatal(err)
	}
	tr := traces{cfg: cfg, state: db, now: func() time.Time { return now }}
	text, err := tr.EPCIS(t.Context(), "B1")
	if err != nil {
		t.Fatal(err)
	}
	if err := epcis.Check(text); err != nil {
		t.Error(err)
	}
	var doc epcis.Document
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	var steps []string
	for _, e := range doc.Body.Events {
		steps = append(steps, e.Step)
	}
	if got := strings.Join(steps, " "); got != "commissioning storing shipping loading transporting" {
		t.Errorf("steps: %s", got)
	}
	if n := bytes.Count(text, []byte("ALARM_CONDITION")); n != 1 || !bytes.Contains(text, []byte(`"maxValue": 7.5`)) {
		t.Errorf("%d excursions in\n%s", n, text)
	}
	for _, want := range []string{"https://hangjin.coldchain.invalid/id/batch/B1", `"eventTimeZoneOffset": "+08:00"`} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	cfg.Web.PublicURL = "https://cold.hangjin.example"
	if text, err = tr.EPCIS(t.Context(), "B1"); err != nil || !bytes.Contains(text, []byte("https://cold.hangjin.example/id/batch/B1")) {
		t.Errorf("%v\n%s", err, text)
	}
	if _, err := tr.EPCIS(t.Context(), "NOSUCH"); !errors.Is(err, web.ErrNotFound) {
		t.Errorf("%v, want not found", err)
	}
}
