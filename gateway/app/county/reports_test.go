package county

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/duty"
	"coldchain/gateway/config"
	"coldchain/gateway/report"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// TestReportsOfACounty: readings, alarms with who answered them, batches and
// rooms out of use come together in the papers of a running collector.
func TestReportsOfACounty(t *testing.T) {
	c := run(t, settings(t, config.Influx{}))
	now := time.Now().UTC().Truncate(time.Millisecond)
	keeper := state.Actor{Kind: state.Person, ID: "其其格"}
	lot := batch.Batch{ID: "B1", Product: "羊肉", Created: now.Add(-time.Minute)}
	if _, err := c.app.State().CreateBatch(t.Context(), keeper, "k", lot, &batch.Custody{Zone: "balagong/mutton", From: lot.Created}); err != nil {
		t.Fatal(err)
	}
	start := now.Add(-time.Second)
	a := alerting.Alarm{ID: alerting.AlarmID(alerting.HighLimit, "balagong/mutton/air", start), Rule: alerting.HighLimit, Object: "balagong/mutton/air", Zone: "balagong/mutton",
		Level: alerting.Excursion, Class: alerting.Live, State: alerting.Unacknowledged, Start: start, Raised: start, LastSeen: start, Limit: -15, Peak: -9, LastValue: -9, HasValue: true}
	if _, err := c.app.State().Apply(t.Context(), state.Actor{Kind: state.System, ID: "engine"}, []alerting.Transition{{Change: alerting.Raised, Alarm: a, At: start}}); err != nil {
		t.Fatal(err)
	}
	if err := c.app.State().TakeStep(t.Context(), keeper, a.ID, duty.Acknowledged, "去看", now); err != nil {
		t.Fatal(err)
	}
	if _, err := c.app.Store().Write(t.Context(), []store.Record{{Reading: sensors.NewGood("balagong/mutton/air", start, -9), Quantity: sensors.Temperature, Gateway: "balagong-gw", Epoch: 1, Seq: 1}}); err != nil {
		t.Fatal(err)
	}
	db := c.app.State()
	if err := db.AddManual(t.Context(), keeper, "m", batch.Manual{Batch: "B1", At: now.Add(-2 * time.Second), ValueC: -17.5, Method: "core"}); err != nil {
		t.Fatal(err)
	}
	cold := -18.0
	if err := db.HandOver(t.Context(), keeper, "h", state.HandoverRequest{Handover: batch.Handover{At: now.Add(-time.Second), Batch: "B1", From: "其其格", To: "巴图", ProductC: &cold, Method: "core", Outcome: batch.Accepted}}); err != nil {
		t.Fatal(err)
	}
	if err := db.AddInspection(t.Context(), keeper, "i", "B1", batch.Inspection{At: now.Add(-time.Second), Item: "气味", Value: "酸"}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.GiveVerdict(t.Context(), keeper, "v", batch.Verdict{Batch: "B1", Decision: batch.OnHold, Reason: "等检验"}, batch.Rule{}, batch.Evidence{}); err != nil {
		t.Fatal(err)
	}
	m, err := c.app.reports(newExposed(c.app.cfg, c.app.store, c.app.state, c.app.collector, c.app.goods.profiles, time.Now))
	if err != nil {
		t.Fatal(err)
	}
	d, err := m.Daily(t.Context(), "balagong", start, now)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Alarms) != 1 || d.Alarms[0].Answered == nil || d.Alarms[0].Answered.By != "其其格" || len(d.Alarms[0].Batches) != 1 {
		t.Errorf("alarms %+v", d.Alarms)
	}
	if len(d.Rooms) != 1 || len(d.Rooms[0].Batches) != 1 || d.Rooms[0].High == nil {
		t.Errorf("rooms %+v", d.Rooms)
	}
	if !d.HandsKept || len(d.Hands) != 2 || d.Hands[0].By != "其其格" || d.Hands[1].ValueC != -18 || d.Hands[1].By != "巴图" {
		t.Errorf("measured by hand: %+v", d.Hands)
	}
	week, err := m.Summary(t.Context(), report.Weekly, now, now.Add(time.Minute)) // up to a moment that is past
	if err != nil || week.Verdicts[batch.OnHold] != 1 || week.Inspections == nil || week.Inspections.Done != 1 || week.Inspections.Failed != 1 {
		t.Errorf("%v: verdicts %v, inspections %+v", err, week.Verdicts, week.Inspections)
	}
	if _, err := m.Daily(t.Context(), "nowhere", start, now); !errors.Is(err, report.ErrNoSite) {
		t.Errorf("%v", err)
	}
	for path, want := range map[string]int{"shipment?batch=B1": 200, "shipment?batch=B1&format=xlsx": 200, "shipment?batch=NOSUCH": 404} {
		res, err := ask(t, c.app, "/api/v1/reports/"+path)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != want || path == "shipment?batch=B1" && !strings.Contains(string(page), "暂扣（其其格") {
			t.Errorf("%s: %d %v\n%s", path, res.StatusCode, err, page)
		}
	}
	res, err := ask(t, c.app, "/api/v1/reports/monthly")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if page, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 200 || !strings.Contains(string(page), "冷链月通报") {
		t.Errorf("%d %v", res.StatusCode, err)
	}
}
