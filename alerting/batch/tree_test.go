package batch

import (
	"slices"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

func TestQuantities(t *testing.T) {
	for text, want := range map[string]string{
		"240 kg": "240 kg", "240kg": "240 kg", " 240 公斤 ": "240 kg", "500斤": "250 kg", "1.5 t": "1500 kg", "250 g": "0.25 kg",
		"1,240 kg": "1240 kg", "12 箱": "12 box", "12 Boxes": "12 box", "20 只": "20 head", "0.001 kg": "0.001 kg",
		"1,5 kg": "", "12": "", "kg": "", "": "", "-3 kg": "", "0 kg": "", "12 箱 (240 kg)": "", "many": "", "1e9 kg": "", "99999999999999999 kg": "", ",123 kg": "",
	} {
		a, ok := ParseQuantity(text)
		if ok != (want != "") || ok && a.String() != want {
			t.Errorf("%q: %v %v, want %q", text, a, ok, want)
		}
	}
}

func TestShapesOfDerivations(t *testing.T) {
	s := func(ids ...string) (out []Share) {
		for _, id := range ids {
			out = append(out, Share{ID: id})
		}
		return out
	}
	for _, c := range []struct {
		d    Derivation
		want string
	}{
		{Derivation{Split, noon, s("A"), s("B", "C")}, ""},
		{Derivation{Split, noon, s("A"), s("B")}, ""}, // a partial shipment
		{Derivation{Merge, noon, s("A", "B"), s("C")}, ""},
		{Derivation{Transform, noon, s("A", "B"), s("C")}, ""},
		{Derivation{Transform, noon, s("A"), s("B", "C")}, ""},
		{Derivation{Aggregated, noon, s("A", "B"), s("P")}, ""},
		{Derivation{Split, noon, s("A", "B"), s("C")}, "a split has one input"},
		{Derivation{Merge, noon, s("A"), s("C")}, "a merge one output"},
		{Derivation{Transform, noon, s("A", "B"), s("C", "D")}, "on either side"},
		{Derivation{Aggregated, noon, s("A"), s("P", "Q")}, "one container"},
		{Derivation{Split, noon, s("A"), nil}, "cannot make"},
		{Derivation{Split, noon, s("A"), s("A")}, "twice"},
		{Derivation{"melt", noon, s("A"), s("B")}, "relation"},
	} {
		holds(t, string(c.d.Relation), c.d.Check(), c.want)
	}
}

func TestNobodySplitsMoreThanThereIs(t *testing.T) {
	have := map[string]string{"A": "240 kg", "B": "12 箱", "C": "ein paar"}
	split := func(id string, parts ...string) Derivation {
		d := Derivation{Split, noon, []Share{{ID: id}}, nil}
		for i, q := range parts {
			d.Outputs = append(d.Outputs, Share{ID: string(rune('m' + i)), Quantity: q})
		}
		return d
	}
	before := []Link{{Parent: "A", Child: "x", Relation: Split, Quantity: "200 斤"}, {Parent: "A", Child: "P", Relation: Aggregated, Quantity: "240 kg"}}
	for _, c := range []struct {
		d    Derivation
		want string
	}{
		{split("A", "100 kg", "40 kg"), ""}, // the pallet takes nothing away
		{split("A", "100 kg", "40.001 kg"), "140 kg left"},
		{split("A", "300 box"), ""}, // units that do not agree
		{split("B", "13 箱"), "12 box left"},
		{split("C", "1000 t"), ""}, // nobody can reckon with it
		{Derivation{Merge, noon, []Share{{"A", "150 kg"}, {"B", ""}}, []Share{{ID: "z"}}}, "140 kg left"},
	} {
		holds(t, c.d.Inputs[0].ID, c.d.Enough(have, before), c.want)
	}
	if b := BalanceOf("A", "240 kg", before); !b.Known || b.Left.String() != "140 kg" || b.Used.String() != "100 kg" {
		t.Errorf("%+v", b)
	}
	if b := BalanceOf("A", "240 kg", []Link{{Parent: "A", Child: "x", Relation: Transform, Quantity: "3 box"}}); b.Known {
		t.Errorf("boxes were taken from kilograms: %+v", b)
	}
}

// A split's parts are no more than the whole, however it is cut.
func TestPartsAddUp(t *testing.T) {
	links := Derivation{Split, noon, []Share{{ID: "A"}}, []Share{{"B", "0.1 kg"}, {"C", "0.2 kg"}}}.Links()
	if b := BalanceOf("A", "0.3 kg", links); !b.Known || b.Left.Milli != 0 {
		t.Errorf("0.1 and 0.2 of 0.3 leave %v", b.Left)
	}
}

func TestNothingComesOutOfItself(t *testing.T) {
	l := func(p, c string) Link { return Link{Parent: p, Child: c, Relation: Split} }
	before := []Link{l("A", "B"), l("B", "C"), l("A", "D")}
	for _, c := range []struct {
		add  Link
		want string
	}{{l("C", "E"), ""}, {l("D", "C"), ""}, {l("C", "A"), "came out of A"}, {l("B", "A"), "came out of A"}, {l("A", "A"), "came out of A"}} {
		holds(t, c.add.Parent+c.add.Child, Cycle(before, []Link{c.add}), c.want)
	}
	holds(t, "both at once", Cycle(nil, []Link{l("X", "Y"), l("Y", "X")}), "came out of")
}

// TestRecall: 30 animals become two carcass lots; one is split, a part of it
// stands on a pallet with other goods and left with a courier, the rest was made
// into sausages together with another batch.
func TestRecall(t *testing.T) {
	links := []Link{
		{Parent: "LOT", Child: "C1", Relation: Transform, Quantity: "15 head"}, {Parent: "LOT", Child: "C2", Relation: Transform, Quantity: "15 head"},
		{Parent: "C1", Child: "P1", Relation: Split, Quantity: "40 kg"}, {Parent: "P1", Child: "PALLET", Relation: Aggregated}, {Parent: "OTHER", Child: "PALLET", Relation: Aggregated},
		{Parent: "C2", Child: "S", Relation: Transform, Quantity: "100 kg"}, {Parent: "PORK", Child: "S", Relation: Transform, Quantity: "20 kg"},
		{Parent: "P1", Child: "S", Relation: Merge, Quantity: "1 kg"}, // a second way to the same part
	}
	ice := &Courier{Waybill: "SF1", Ice: 4}
	files := map[string]Dossier{
		"LOT": {Batch: Batch{ID: "LOT", Product: "羊", Quantity: "30 head"}, Closed: noon, Verdicts: []Verdict{{Decision: Rejected, Version: 1}}},
		"P1":  {Batch: Batch{ID: "P1"}, Stays: []Custody{{Zone: "a/b", From: noon, To: noon.Add(time.Hour)}, {Place: "courier", From: noon.Add(time.Hour), Courier: ice}}},
		"S":   {Batch: Batch{ID: "S"}, Stays: []Custody{{Zone: "a/b", From: noon, To: noon.Add(time.Hour)}}},
		"C2":  {Batch: Batch{ID: "C2"}, Stays: []Custody{{Zone: "a/b", From: noon}}},
	}
	got := Recall("LOT", links, func(id string) (Dossier, bool) { d, ok := files[id]; return d, ok })
	var ids []string
	by := map[string]Part{}
	for _, p := range got {
		ids, by[p.Batch] = append(ids, p.Batch), p
	}
	if want := []string{"LOT", "C1", "C2", "P1", "S", "PALLET"}; !slices.Equal(ids, want) {
		t.Fatalf("got %v, want %v", ids, want)
	}
	if p := by["LOT"]; p.Depth != 0 || p.Decision != Rejected || p.Closed.IsZero() || p.Mixed {
		t.Errorf("%+v", p)
	}
	if p := by["P1"]; p.Depth != 2 || p.From != "C1" || p.Took != "40 kg" || p.Where != "courier" || p.Courier != ice || p.Mixed {
		t.Errorf("%+v", p)
	}
	if p := by["S"]; p.Depth != 2 || p.From != "C2" || !p.Mixed || p.Where != "" || !p.Left.Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v", p)
	}
	if p := by["PALLET"]; p.Depth != 3 || p.Relation != Aggregated || !p.Mixed {
		t.Errorf("%+v", p)
	}
	if p := by["C2"]; p.Where != "a/b" || !p.Left.IsZero() {
		t.Errorf("%+v", p)
	}
}
