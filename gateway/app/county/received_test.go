package county

import (
	"net/http"
	"strings"
	"testing"

	"coldchain/alerting/batch"
	"coldchain/gateway/intake"
	"coldchain/gateway/web"
	"coldchain/sensors"
)

// TestTheEstimateKnowsHowWarmGoodsCameIn: whichever way somebody measured it, by
// the API of a county that runs.
func TestTheEstimateKnowsHowWarmGoodsCameIn(t *testing.T) {
	estimate := func(r *useRig, zone string, want float64) {
		t.Helper()
		r.await("the estimate", func() bool {
			e, ok := r.app.collector.Estimate(sensors.PointID(zone + "/air"))
			return ok && e.Value > want-0.2 && e.Value < want+0.2
		})
	}
	const room = "centre/mutton"
	lot := map[string]any{"id": "L", "product": "羊肉", "profile": "mutton-frozen", "zone": room}
	with := func(more map[string]any) map[string]any {
		out := map[string]any{}
		for _, m := range []map[string]any{lot, more} {
			for k, v := range m {
				out[k] = v
			}
		}
		return out
	}
	ways := map[string]func(*useRig) string{
		"booked": func(r *useRig) string {
			r.must("/api/v1/batches", with(map[string]any{"product_c": -14.5, "method": "between-packs"}))
			return room
		},
		"moved": func(r *useRig) string {
			r.must("/api/v1/batches", lot)
			r.must("/api/v1/batches/L/moves", map[string]any{"zone": "truck-1/box", "override": "车厢还没凉", "product_c": -14.5, "method": "core"})
			return "truck-1/box"
		},
		"handed over and moved": func(r *useRig) string {
			r.must("/api/v1/batches", lot)
			r.must("/api/v1/batches/L/handovers", map[string]any{"from": "其其格", "to": "巴图", "product_c": -14.5, "method": "surface", "outcome": "accepted", "move": map[string]any{"zone": "truck-1/box", "override": "车厢还没凉"}})
			return "truck-1/box"
		},
		"handed over where it lies": func(r *useRig) string {
			r.must("/api/v1/batches", lot)
			r.must("/api/v1/batches/L/handovers", map[string]any{"from": "其其格", "to": "巴图", "product_c": -14.5, "method": "surface", "outcome": "accepted"})
			return room
		},
		"imported": func(r *useRig) string {
			c := -14.5
			rows := []intake.Row{{Line: 2, Batch: batch.Batch{ID: "L", Product: "羊肉", Profile: "mutton-frozen"}, Zone: room, ProductC: &c, Method: "core"}}
			v := view{state: r.app.state, goods: r.app.goods, office: r.app.office, collector: r.app.collector, hub: web.NewHub()}
			report, err := v.Import(t.Context(), web.Actor{Name: "萨仁"}, "k", rows, func(int) {})
			if err != nil || report.Created != 1 {
				t.Fatalf("%+v %v", report, err)
			}
			return room
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			r := newUseRig(t)
			r.tell("centre", map[string]float64{"mutton/air": -20})
			r.tell("truck-1", map[string]float64{"box/air": -20, "box/door": 0})
			estimate(r, way(r), -14.5)
			if name == "handed over and moved" || name == "handed over where it lies" {
				return // it stands in the handover
			}
			_, answer := r.get("/api/v1/batches/L/dossier")
			if m := answer["dossier"].(map[string]any)["manual"].([]any); len(m) != 1 || m[0].(map[string]any)["value_c"] != -14.5 {
				t.Errorf("it is not written down: %v", m)
			}
		})
	}
}

// TestReceivedTemperaturesThatAreRefused: nothing is booked then.
func TestReceivedTemperaturesThatAreRefused(t *testing.T) {
	r := newUseRig(t)
	r.tell("centre", map[string]float64{"mutton/air": -20})
	for what, more := range map[string]map[string]any{
		"between-packs": {"product_c": -14.5}, "product_c": {"method": "core"}, "−80": {"product_c": -140, "method": "core"}, "surface": {"product_c": -14, "method": "air"},
	} {
		body := map[string]any{"id": "L", "product": "羊肉", "profile": "mutton-frozen", "zone": "centre/mutton", "actor": "萨仁"}
		for k, v := range more {
			body[k] = v
		}
		if status, answer := r.send("POST", "/api/v1/batches", body); status != http.StatusBadRequest || !strings.Contains(message(answer, "zh"), what) {
			t.Errorf("%v: %d %v", more, status, answer)
		}
	}
	if _, answer := r.get("/api/v1/batches"); len(answer["batches"].([]any)) != 0 {
		t.Errorf("booked all the same: %v", answer)
	}
	r.must("/api/v1/batches", map[string]any{"id": "L", "product": "羊肉", "profile": "mutton-frozen", "zone": "centre/mutton"})
	if status, answer := r.send("POST", "/api/v1/batches/L/moves", map[string]any{"zone": "", "product_c": -14.5, "method": "core", "actor": "萨仁"}); status != http.StatusBadRequest {
		t.Errorf("of goods that leave: %d %v", status, answer)
	}
}
