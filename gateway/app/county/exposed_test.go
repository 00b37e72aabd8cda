package county

import (
	"net/http"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/gateway/config"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// TestTheAPISaysWhatABatchWentThrough: through the whole county, from the
// embedded store and county.db.
func TestTheAPISaysWhatABatchWentThrough(t *testing.T) {
	c := run(t, settings(t, config.Influx{}))
	const point = sensors.PointID("balagong/mutton/air")
	now := time.Now().UTC().Truncate(time.Minute)
	from := now.Add(-2 * time.Hour)
	keeper := state.Actor{Kind: state.Person, ID: "其其格"}
	if _, err := c.app.State().CreateBatch(t.Context(), keeper, "k", batch.Batch{ID: "HJQ261123-TLG-007", Profile: "mutton-frozen", Created: from}, &batch.Custody{Zone: "balagong/mutton"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.app.State().MoveBatch(t.Context(), keeper, "m", state.MoveRequest{Batch: "HJQ261123-TLG-007", At: now.Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	var records []store.Record
	for i := range 60 {
		v := -20.0
		if i >= 50 {
			v = -12
		}
		records = append(records, store.Record{Reading: sensors.NewGood(point, from.Add(time.Duration(i)*time.Minute), v), Quantity: sensors.Temperature, Gateway: "balagong-gw", Epoch: 1, Seq: uint64(i + 1)})
	}
	if _, err := c.app.Store().Write(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	status, got := c.get("/api/v1/batches/HJQ261123-TLG-007/exposure")
	if status != http.StatusOK || got["batch"] != "HJQ261123-TLG-007" || got["version"] != 1.0 || got["now"] == nil || got["as_of"] == nil {
		t.Fatal(status, got)
	}
	total := got["total"].(map[string]any)
	above := total["above"].(map[string]any)
	if total["points"] != 60.0 || total["coverage"] != 1.0 || total["mkt_c"] != nil || above["limit_c"] != -17.0 || above["seconds"] != 600.0 || above["degree_minutes"] != 50.0 {
		t.Errorf("%v", total)
	}
	stay := got["intervals"].([]any)[0].(map[string]any)
	if stay["zone"] != "balagong/mutton" || stay["kind"] != "store" || stay["basis"] != "air" || stay["point"] != string(point) {
		t.Errorf("%v", stay)
	}
	records[0].Reading = sensors.NewGood(point, from.Add(30*time.Second), -20)
	records[0].Seq = 1000
	if _, err := c.app.Store().Write(t.Context(), records[:1]); err != nil {
		t.Fatal(err)
	}
	if _, got := c.get("/api/v1/batches/HJQ261123-TLG-007/exposure"); got["version"] != 2.0 {
		t.Errorf("after a late reading: version %v", got["version"])
	}
	for path, want := range map[string]int{"nobody": http.StatusNotFound, "a%20b": http.StatusBadRequest, "HJQ261123-TLG-007/exposure?x=1": http.StatusBadRequest} {
		if path == "nobody" || path == "a%20b" {
			path += "/exposure"
		}
		if status, got := c.get("/api/v1/batches/" + path); status != want {
			t.Errorf("%s: %d, %v", path, status, got)
		}
	}
}

func TestHowZonesAreMeasured(t *testing.T) {
	cfg := &config.County{County: "hangjin", Data: t.TempDir(), Broker: config.Broker{Listen: "127.0.0.1:0"}, Sites: []config.Site{
		{ID: "balagong", Kind: config.TownshipStore, Gateway: "gw", Zones: []config.Zone{
			{ID: "mutton", Kind: config.Chilled, Points: map[string]string{"air": "temperature", "back": "temperature", "rh": "humidity", "door": "door"}},
			{ID: "beef", Kind: config.Frozen, Points: map[string]string{"air": "temperature", "core": "temperature"}},
			{ID: "veg", Kind: config.Chilled, Points: map[string]string{"a": "temperature", "b": "temperature"}, Product: config.Product{Estimate: "none"}},
			{ID: "power", Kind: config.Technical, Points: map[string]string{"mains": "mains"}},
		}},
		{ID: "truck-1", Kind: config.Truck, Gateway: "t", Zones: []config.Zone{{ID: "box", Kind: config.ChilledBox, Points: map[string]string{"air": "temperature"}}}},
	}}
	cfg.ApplyDefaults()
	if p := cfg.Validate(); len(p) > 0 {
		t.Fatal(p)
	}
	zones := measuredZones(cfg)
	mutton := zones["balagong/mutton"]
	if mutton.Kind != exposure.Store || mutton.Air != "balagong/mutton/air" || mutton.Probe != "" || mutton.Humidity != "balagong/mutton/rh" || len(mutton.Switches) != 1 || mutton.Switches[0].Point != "balagong/mutton/door" || mutton.Switches[0].Mask.For != 15*time.Minute {
		t.Errorf("%+v", mutton)
	}
	if z := zones["balagong/beef"]; z.Probe != "balagong/beef/core" || z.Air != "balagong/beef/air" {
		t.Errorf("%+v", z)
	}
	if z := zones["balagong/veg"]; z.Air != "balagong/veg/a" {
		t.Errorf("%+v", z)
	}
	if z := zones["truck-1/box"]; z.Kind != exposure.Truck || z.Air != "truck-1/box/air" {
		t.Errorf("%+v", z)
	}
	if z := zones["balagong/power"]; z.Air != "" || z.Probe != "" {
		t.Errorf("%+v", z)
	}
}
