package epcis

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
)

var update = flag.Bool("update", false, "write the golden files anew")

// at is a time of the story's day in the county.
func at(clock string) time.Time {
	t, err := time.Parse("2006-01-02 15:04 -0700", "2026-11-23 "+clock+" +0800")
	if err != nil {
		panic(err)
	}
	return t
}

func num(v float64) *float64 { return &v }

// story is a lot of mutton: cut from two carcasses' lot, kept in a room, driven
// to the centre, half an hour too warm on the way, and released.
func story() Input {
	store := exposure.Interval{
		Zone: "balagong/mutton-1", Kind: exposure.Store, From: at("06:00"), To: at("10:00"), Basis: "air", Point: "balagong/mutton-1/air",
		Summary: exposure.Summary{Points: 240, Start: at("06:00"), End: at("10:00"), MinC: num(0.8), MaxC: num(3.456), MeanC: num(1.9049), SDC: num(0.61),
			Coverage: 0.99999, Gaps: []exposure.Gap{{From: at("07:00"), To: at("07:05"), Seconds: 300, Cause: "restart"}}, Method: exposure.Trapezoid},
		Humidity: &exposure.Humidity{Points: 240, Min: 80, Max: 91.25, Mean: 85, Coverage: 1},
	}
	truck := exposure.Interval{
		Zone: "truck-2/box", Kind: exposure.Truck, From: at("10:00"), To: at("13:30"), Basis: "air", Point: "truck-2/box/air",
		Summary: exposure.Summary{Points: 210, Start: at("10:00"), End: at("13:30"), MinC: num(-0.004), MaxC: num(6.2), MeanC: num(3.1), SDC: num(1.2), Coverage: 1, Method: exposure.Step,
			UncertainS: 120, Above: &exposure.Side{LimitC: 4, Seconds: 1800, Events: 1, LongestS: 1800, DegreeMinutes: 33.333, PeakC: num(6.2),
				Runs: []exposure.Run{{From: at("11:00"), To: at("11:30"), PeakC: 6.2, DegreeMinutes: 33.333}}}},
		Hand: []exposure.Hand{{At: at("12:00"), ValueC: 4.4, Class: exposure.Manual, Method: "surface"}},
	}
	shop := exposure.Interval{Zone: "演示村01 代销点", Kind: exposure.Unmonitored, From: at("13:30"), Basis: "air", Summary: exposure.Summary{Coverage: 0}}
	custody := func(i exposure.Interval) Stay {
		return Stay{batch.Custody{Batch: "HJQ261123-TLG-007", Zone: i.Zone, From: i.From, To: i.To}, i.Kind}
	}
	return Input{
		Base: "https://cold.hangjin.example", Created: at("18:00"), Zone: time.FixedZone("", 8*3600),
		Batch: batch.Batch{ID: "HJQ261123-TLG-007", Product: "塔拉沟山羊肉", Profile: "chilled-mutton", Quantity: "240 kg", Owner: "演示合作社", Created: at("06:00")},
		Links: []batch.Link{
			{Parent: "HJQ261122-TLG-001", Child: "HJQ261123-TLG-007", Relation: batch.Split, Quantity: "240公斤", At: at("06:00")},
			{Parent: "HJQ261123-TLG-007", Child: "PALLET-3", Relation: batch.Aggregated, Quantity: "12 箱", At: at("09:30")},
			{Parent: "HJQ261123-TLG-007", Child: "HJQ261123-TLG-007-A", Relation: batch.Split, Quantity: "40 kg", At: at("17:00")},
			{Parent: "HJQ261123-TLG-009", Child: "PALLET-3", Relation: batch.Aggregated, At: at("09:30")},
			{Parent: "ANOTHER", Child: "STRANGER", Relation: batch.Split, At: at("09:30")},
		},
		Stays: []Stay{custody(store), custody(truck), custody(shop)},
		Handovers: []batch.Handover{
			{At: at("13:30"), From: "司机甲", To: "店主乙", ProductC: num(3.9), Method: "between-packs", Outcome: batch.Reservation},
		},
		Exposure: &exposure.Batch{Batch: "HJQ261123-TLG-007", Profile: "chilled-mutton", AsOf: at("17:30"), Version: 2, Intervals: []exposure.Interval{store, truck, shop}},
		Verdicts: []batch.Verdict{
			{Version: 1, Decision: batch.OnHold, At: at("14:00"), Batch: "HJQ261123-TLG-007", By: "质检员"},
			{Version: 2, Decision: batch.PartiallyReleased, Quantity: "200 kg", At: at("15:00"), Batch: "HJQ261123-TLG-007", By: "质检员"},
			{Version: 3, Decision: batch.Rejected, At: at("16:00"), Severe: true, Batch: "HJQ261123-TLG-007", By: "质检员"},
			{Version: 4, Decision: batch.Released, At: at("16:30"), Severe: true, Second: "站长", SecondAt: at("16:40"), Batch: "HJQ261123-TLG-007", By: "质检员"},
		},
	}
}

func built(t *testing.T, in Input) (Document, []byte) {
	t.Helper()
	doc, err := Build(in)
	if err != nil {
		t.Fatal(err)
	}
	text, err := doc.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return doc, text
}

func TestDocumentOfABatch(t *testing.T) {
	_, got := built(t, story())
	const golden = "testdata/batch.jsonld"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the document is not that of %s; look at the difference and run with -update:\n%s", golden, got)
	}
}

// steps tells the events in one line each.
func steps(doc Document) (out []string) {
	for _, e := range doc.Body.Events {
		out = append(out, strings.Join([]string{e.Time[11:16], strings.TrimSuffix(e.Type, "Event"), e.Action, e.Step, e.Disposition}, " "))
	}
	return out
}

func TestTheStoryInSteps(t *testing.T) {
	doc, _ := built(t, story())
	want := []string{
		"06:00 Transformation  commissioning active",
		"09:30 Aggregation ADD packing in_progress",
		"10:00 Object OBSERVE storing in_progress",
		"10:00 Object OBSERVE shipping in_transit",
		"10:00 Aggregation ADD loading in_transit",
		"13:30 Aggregation OBSERVE transporting in_transit",
		"13:30 Aggregation DELETE unloading in_progress",
		"13:30 Object OBSERVE receiving in_progress",
		"13:30 Object OBSERVE accepting in_progress",
		"14:00 Object OBSERVE holding non_sellable_other",
		"15:00 Object OBSERVE inspecting conformant",
		"16:40 Object OBSERVE inspecting conformant",
		"17:00 Transformation  commissioning active",
		"17:30 Object OBSERVE storing in_progress",
	}
	if got := steps(doc); !slices.Equal(got, want) {
		t.Errorf("steps\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestNobodyIsNamedInADocument(t *testing.T) {
	_, text := built(t, story())
	for _, name := range []string{"司机甲", "店主乙", "质检员", "站长", "演示合作社", "STRANGER"} {
		if bytes.Contains(text, []byte(name)) {
			t.Errorf("%s is in the document", name)
		}
	}
}

func TestAGTINIsNeverInvented(t *testing.T) {
	_, text := built(t, story())
	if bytes.Contains(text, []byte("id.gs1.org")) {
		t.Error("a GS1 key in the document of a batch that has none")
	}
	in := story()
	in.Codes = map[string]Code{in.Batch.ID: {GTIN: "09521234543213", Lot: "L-7"}}
	doc, _ := built(t, in)
	if got := doc.Body.Events[2].Quantities[0].Class; got != "https://id.gs1.org/01/09521234543213/10/L-7" {
		t.Errorf("class %s", got)
	}
	if lot := doc.Body.Events[0].ILMD.Lot; lot != "L-7" {
		t.Errorf("lot number %q", lot)
	}
	in.Codes[in.Batch.ID] = Code{GTIN: "09521234543214", Lot: "L-7"}
	if _, err := Build(in); err == nil || !strings.Contains(err.Error(), "check digit") {
		t.Errorf("a misread GTIN: %v", err)
	}
}

func TestAlarmsStandForExcursionsWithoutExposure(t *testing.T) {
	in := story()
	in.Exposure = nil
	in.Alarms = []Alarm{
		{Zone: "truck-2/box", Point: "truck-2/box/air", From: at("09:30"), To: at("10:20"), PeakC: 7, LimitC: 4},
		{Zone: "truck-2/box", Point: "truck-2/box/air", From: at("13:00"), PeakC: -2, LimitC: -1, Low: true},
		{Zone: "truck-2/box", Point: "truck-2/box/air", From: at("15:00"), PeakC: 9, LimitC: 4},
		{Zone: "elsewhere/room", From: at("11:00"), PeakC: 9, LimitC: 4},
	}
	doc, _ := built(t, in)
	i := slices.IndexFunc(doc.Body.Events, func(e Event) bool { return e.Step == "transporting" })
	sensors := doc.Body.Events[i].Sensors
	if len(sensors) != 2 {
		t.Fatalf("%d excursions, want the two aboard: %+v", len(sensors), sensors)
	}
	if m := sensors[0].Metadata; m.Start[11:16] != "10:00" || m.End[11:16] != "10:20" || *sensors[0].Reports[0].Max != 7 {
		t.Errorf("first excursion %+v %+v", *m, sensors[0].Reports)
	}
	if m := sensors[1].Metadata; m.Start[11:16] != "13:00" || m.End[11:16] != "13:30" || *sensors[1].Reports[0].Min != -2 || sensors[1].Reports[0].Max != nil {
		t.Errorf("second excursion %+v %+v", *m, sensors[1].Reports)
	}
}

func TestABatchThatIsOnlyJustThere(t *testing.T) {
	in := Input{Base: "http://10.0.0.5:8080/", Created: at("08:00"), Batch: batch.Batch{ID: "A", Created: at("08:00"), Quantity: "12 箱"}}
	doc, text := built(t, in)
	if got := steps(doc); !slices.Equal(got, []string{"00:00 Object ADD commissioning active"}) {
		t.Errorf("steps %q", got)
	}
	if !bytes.Contains(text, []byte("https://10.0.0.5:8080/id/batch/A")) || !bytes.Contains(text, []byte(`"coldchain:amount": "12 箱"`)) {
		t.Errorf("document\n%s", text)
	}
}

func TestBuildRefuses(t *testing.T) {
	for name, change := range map[string]func(*Input){
		"no base": func(in *Input) { in.Base = "" }, "no host": func(in *Input) { in.Base = "https:///x" }, "a scheme": func(in *Input) { in.Base = "ftp://x" },
		"a query": func(in *Input) { in.Base = "https://x/?y" }, "no batch": func(in *Input) { in.Batch.ID = "" }, "no time": func(in *Input) { in.Created = time.Time{} },
	} {
		in := story()
		change(&in)
		if _, err := Build(in); err == nil {
			t.Errorf("%s: built", name)
		}
	}
}

func TestQuantitiesOfSlips(t *testing.T) {
	n := names{base: "https://x"}
	for text, want := range map[string]string{"240 kg": "240 KGM", "240公斤": "240 KGM", "1.5 吨": "1500 KGM", "500 g": "0.5 KGM", "250 ml": "0.25 LTR", "20 L": "20 LTR", "12 箱": "", "480 斤": "240 KGM", "": "", "kg": "", "-3 kg": "", "1e3 kg": ""} {
		q, rest := n.quantity("A", text)
		got := ""
		if q.Amount != nil {
			got = strconv.FormatFloat(*q.Amount, 'f', -1, 64) + " " + q.Unit
		}
		if got != want || (want == "") != (rest == text) {
			t.Errorf("%q: %q and %q, want %q", text, got, rest, want)
		}
	}
}
