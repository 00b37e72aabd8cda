package county

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/gateway/epcis"
	"coldchain/gateway/epcis/epcistest"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// partOfALot books what a part of a lot went through: kept too warm for ten
// minutes with its lot, split off, handed to a truck, refused at the door, left
// in a shop, and rejected by two.
func (r *useRig) partOfALot(now time.Time) {
	r.t.Helper()
	ctx, db := r.t.Context(), r.app.State()
	must := func(err error) {
		r.t.Helper()
		if err != nil {
			r.t.Fatal(err)
		}
	}
	ago := func(minutes int) time.Time { return now.Add(-time.Duration(minutes) * time.Minute) }
	keeper, second := state.Actor{Kind: state.Person, ID: "其其格"}, state.Actor{Kind: state.Person, ID: "巴图"}
	_, err := db.CreateBatch(ctx, keeper, "1", batch.Batch{ID: "LOT", Product: "羊肉", Profile: "mutton-frozen", Quantity: "240 kg", Created: ago(180)}, &batch.Custody{Zone: "centre/mutton", Override: "试验"})
	must(err)
	must(db.Describe(ctx, keeper, "2", "LOT", batch.Details{Codes: []batch.Code{{Kind: batch.GTINLot, Value: "9521234543213", Lot: "L-7"}}}))
	must(db.Derive(ctx, keeper, "3", state.DeriveRequest{Relation: batch.Split, At: ago(90), Inputs: []batch.Share{{ID: "LOT"}}, Outputs: []state.Output{{Batch: batch.Batch{ID: "LOT-A", Quantity: "100 kg"}, Override: "试验"}}}))
	warm := -16.5
	must(db.HandOver(ctx, keeper, "4", state.HandoverRequest{
		Handover: batch.Handover{At: ago(60), Batch: "LOT-A", From: "其其格", To: "巴图", ProductC: &warm, Method: "between-packs", Outcome: batch.Accepted},
		Move:     &state.MoveRequest{ToZone: "truck-1/box", Override: "车厢还没凉"},
	}))
	must(db.HandOver(ctx, second, "5", state.HandoverRequest{Handover: batch.Handover{At: ago(30), Batch: "LOT-A", From: "巴图", To: "演示小卖部", Outcome: batch.Refused, Note: "化了"}}))
	_, err = db.MoveBatch(ctx, second, "6", state.MoveRequest{Batch: "LOT-A", Place: "演示村 代销点", At: ago(20)})
	must(err)
	must(db.AddManual(ctx, second, "7", batch.Manual{Batch: "LOT-A", At: ago(10), ValueC: -9.5, Method: "core"}))
	v, err := db.GiveVerdict(ctx, keeper, "8", batch.Verdict{Batch: "LOT-A", Decision: batch.Rejected, Reason: "化了", Severe: true}, batch.Rule{}, batch.Evidence{})
	must(err)
	_, err = db.SignVerdict(ctx, second, "LOT-A", v.Version)
	must(err)

	var records []store.Record
	seq := uint64(10_000)
	add := func(point sensors.PointID, gateway string, from, to int, value func(minute int) float64) {
		for m := from; m > to; m-- {
			seq++
			records = append(records, store.Record{Reading: sensors.NewGood(point, ago(m), value(m)), Quantity: sensors.Temperature, Gateway: gateway, Epoch: 1, Seq: seq})
		}
	}
	add("centre/mutton/air", "centre-gw", 180, 60, func(m int) float64 {
		if m <= 80 && m > 70 {
			return -11
		}
		return -20
	})
	add("truck-1/box/air", "truck-1-gw", 60, 20, func(int) float64 { return -18 })
	_, err = r.app.Store().Write(ctx, records)
	must(err)
}

// document asks the API for a batch's EPCIS document.
func (r *useRig) document(id string) (text []byte, doc epcis.Document) {
	r.t.Helper()
	res, err := ask(r.t, r.app, "/api/v1/batches/"+id+"/epcis")
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	if text, err = io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK || json.Unmarshal(text, &doc) != nil {
		r.t.Fatalf("%s: %s %v %s", id, res.Status, err, text)
	}
	return text, doc
}

// TestTheEPCISOfAPartThatWasRefused: everything that county.db and the readings
// know of a batch is in its document, and the document is right by our check and
// by the official schema.
func TestTheEPCISOfAPartThatWasRefused(t *testing.T) {
	r := newUseRig(t)
	r.partOfALot(time.Now().UTC().Truncate(time.Minute))
	text, doc := r.document("LOT-A")
	if err := epcis.Check(text); err != nil {
		t.Error(err)
	}
	var steps []string
	for _, e := range doc.Body.Events {
		steps = append(steps, e.Step+":"+e.Disposition)
	}
	want := "commissioning:active storing:in_progress shipping:in_transit loading:in_transit accepting:in_progress inspecting:returned " +
		"transporting:in_transit unloading:in_progress receiving:in_progress holding:non_sellable_other inspecting:non_conformant storing:in_progress"
	if got := strings.Join(steps, " "); got != want {
		t.Errorf("steps\n%s, want\n%s", got, want)
	}
	for what, want := range map[string]string{
		"the lot by its GS1 link": `"epcClass": "https://id.gs1.org/01/09521234543213/10/L-7"`,
		"how much of it":          `"quantity": 100`,
		"the excursion":           `"exception": "ALARM_CONDITION"`,
		"its peak":                `"maxValue": -11`,
		"coverage":                `"coldchain:coverage": 1`,
		"the shop":                "/id/place/" + "%E6%BC%94%E7%A4%BA%E6%9D%91%20%E4%BB%A3%E9%94%80%E7%82%B9",
		"the temperature by hand": `"value": -9.5`,
		"how it was taken":        "/id/method/core",
		"the decision":            `"coldchain:decision": "rejected"`,
		"how the handover ended":  `"coldchain:outcome": "refused"`,
	} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("%s: no %s in\n%s", what, want, text)
		}
	}
	if n := bytes.Count(text, []byte(`"value": -16.5`)); n != 1 {
		t.Errorf("the temperature of the handover stands there %d times, want once", n)
	}
	for _, name := range []string{"其其格", "巴图", "演示小卖部", "化了"} {
		if bytes.Contains(text, []byte(name)) {
			t.Errorf("%s stands in a document for strangers", name)
		}
	}

	whole, doc := r.document("LOT")
	split := 0
	for _, e := range doc.Body.Events {
		if e.Type == "TransformationEvent" && e.Relation == "split" {
			split++
		}
	}
	if split != 1 || !bytes.Contains(whole, []byte("ALARM_CONDITION")) {
		t.Errorf("the lot: %d splits in\n%s", split, whole)
	}
	for _, name := range epcistest.Schemas() {
		t.Run(name, func(t *testing.T) {
			schema := epcistest.Official(t, name)
			for id, text := range map[string][]byte{"LOT-A": text, "LOT": whole} {
				if err := schema.Validate(text); err != nil {
					t.Errorf("%s: %v", id, err)
				}
			}
		})
	}
}

// TestWhatElseWentIntoAPallet: a birth has all its parents, also those that the
// batch itself has nothing to do with.
func TestWhatElseWentIntoAPallet(t *testing.T) {
	r := newUseRig(t)
	ctx, db := t.Context(), r.app.State()
	now := time.Now().UTC().Truncate(time.Minute)
	keeper := state.Actor{Kind: state.Person, ID: "其其格"}
	for _, id := range []string{"A", "B"} {
		if _, err := db.CreateBatch(ctx, keeper, state.IdempotencyKey(id), batch.Batch{ID: id, Quantity: "10 kg", Profile: "mutton-frozen", Created: now.Add(-time.Hour)}, &batch.Custody{Zone: "centre/mutton", Override: "试验"}); err != nil {
			t.Fatal(err)
		}
	}
	err := db.Derive(ctx, keeper, "m", state.DeriveRequest{Relation: batch.Merge, At: now.Add(-time.Minute), Inputs: []batch.Share{{ID: "A"}, {ID: "B"}}, Outputs: []state.Output{{Batch: batch.Batch{ID: "C", Quantity: "20 kg"}, Override: "试验"}}})
	if err != nil {
		t.Fatal(err)
	}
	links, _, err := traces{state: db}.kin(context.Background(), dossierOf(t, db, "A"))
	if err != nil {
		t.Fatal(err)
	}
	var parents []string
	for _, l := range links {
		parents = append(parents, l.Parent+">"+l.Child)
	}
	if got := strings.Join(parents, " "); got != "A>C B>C" {
		t.Errorf("links: %s", got)
	}
}

func dossierOf(t *testing.T, db *state.DB, id string) batch.Dossier {
	t.Helper()
	d, err := db.Dossier(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
