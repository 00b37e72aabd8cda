package state

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/batch"
)

// keys gives a fresh idempotency key at each call.
func keys() func() IdempotencyKey {
	n := 0
	return func() IdempotencyKey { n++; return IdempotencyKey(fmt.Sprint("key-", n)) }
}

var quality, manager = Actor{Kind: Person, ID: "sarana"}, Actor{Kind: Person, ID: "wangzhuren"}

func (c county) dossier(t *testing.T, id string) batch.Dossier {
	t.Helper()
	d, err := c.Dossier(t.Context(), id)
	must(t, err)
	return d
}

func (c county) book(t *testing.T, b batch.Batch, zone string, from time.Time) {
	t.Helper()
	b.Created = from
	_, err := c.CreateBatch(t.Context(), keeper, IdempotencyKey("book "+b.ID), b, &batch.Custody{Zone: zone})
	must(t, err)
}

func refused(t *testing.T, what string, err error, kind Kind, text string) {
	t.Helper()
	if !errors.Is(err, kind) || !strings.Contains(fmt.Sprint(err), text) {
		t.Errorf("%s: got %v, want %s with %q", what, err, kind, text)
	}
}

func TestWhatIsWrittenDownOfABatch(t *testing.T) {
	c, key, ctx := open(t), keys(), t.Context()
	c.book(t, batch.Batch{ID: "A", Product: "羊肉", Quantity: "240 kg", Owner: "巴图"}, room, noon.Add(-time.Hour))
	if d := c.dossier(t, "A"); d.Details.Owner.Name != "巴图" || d.Balance.Left.String() != "240 kg" || d.Documents == nil {
		t.Errorf("%+v", d)
	}
	details := batch.Details{Owner: batch.Party{Name: "演示牧业", Code: "91350100M000100Y43"}, Born: noon.Add(-48 * time.Hour),
		Codes: []batch.Code{{Kind: batch.EarTag, Value: "315062500012345"}, {Kind: batch.TraceCode, Value: "追溯-1"}}}
	must(t, c.Describe(ctx, keeper, key(), "A", details))
	file := strings.Repeat("ab", 32)
	must(t, c.AddDocument(ctx, keeper, key(), "A", batch.Document{Kind: batch.DocQuarantine, Number: "15-0001", Date: noon.Add(-24 * time.Hour), File: file}))
	must(t, c.AddInspection(ctx, keeper, key(), "A", batch.Inspection{Item: "TVB-N", Value: "12 mg/100 g", Limit: "15", Pass: true}))
	must(t, c.AddManual(ctx, keeper, key(), batch.Manual{Batch: "A", ValueC: 3.5, Method: "core"}))
	must(t, c.AddManual(ctx, keeper, key(), batch.Manual{Zone: "truck-1/box", ValueC: -15, Method: "air"}))
	d := c.dossier(t, "A")
	if d.Owner != "演示牧业" || d.Details.Owner.Code == "" || len(d.Details.Codes) != 2 || !d.Details.Born.Equal(noon.Add(-48*time.Hour)) {
		t.Errorf("%+v", d.Details)
	}
	if len(d.Documents) != 1 || d.Documents[0].File != file || len(d.Inspections) != 1 || d.Inspections[0].By != keeper.ID || len(d.Manual) != 1 {
		t.Errorf("%+v", d)
	}
	if m := d.Manual[0]; m.Class != batch.ClassManual || m.Zone != room || !m.At.Equal(noon) {
		t.Errorf("%+v", m)
	}
	there, err := c.Manuals(ctx, "truck-1/box", noon.Add(-time.Hour), noon)
	must(t, err)
	if len(there) != 1 || there[0].ValueC != -15 {
		t.Errorf("%+v", there)
	}
	// A code finds the batch, an ear tag its lot.
	found, err := c.Batches(ctx, BatchFilter{Search: "315062500012345"})
	must(t, err)
	if len(found) != 1 || found[0].ID != "A" {
		t.Errorf("%+v", found)
	}
	if got := c.actions(t, "A"); !slices.Equal(got, []string{"batch.created", "batch.described", "batch.document", "batch.inspection", "batch.manual"}) {
		t.Error(got)
	}
	must(t, c.VerifyAudit(ctx))
}

func TestWhatIsWrongIsNotWrittenDown(t *testing.T) {
	c, key, ctx := open(t), keys(), t.Context()
	c.book(t, batch.Batch{ID: "A", Quantity: "240 kg"}, room, noon.Add(-time.Hour))
	before := c.rows(t, "audit")
	warm := 400.0
	refused(t, "code", c.Describe(ctx, keeper, key(), "A", batch.Details{Keeper: batch.Party{Name: "x", Code: "91350100M000100Y44"}}), ErrInvalid, "check character")
	var r *Refusal
	if err := c.Describe(ctx, keeper, key(), "A", batch.Details{Codes: []batch.Code{{Kind: batch.EarTag, Value: "9"}}}); !errors.As(err, &r) || !strings.Contains(r.ZH, "耳标") {
		t.Errorf("no Chinese: %v", err)
	}
	refused(t, "unknown", c.Describe(ctx, keeper, key(), "B", batch.Details{}), ErrUnknownBatch, "create it first")
	refused(t, "kind", c.AddDocument(ctx, keeper, key(), "A", batch.Document{Kind: "paper", Number: "1", Date: noon}), ErrInvalid, "want one of")
	refused(t, "number", c.AddDocument(ctx, keeper, key(), "A", batch.Document{Kind: batch.DocTest, Date: noon}), ErrInvalid, "number is missing")
	refused(t, "file", c.AddDocument(ctx, keeper, key(), "A", batch.Document{Kind: batch.DocTest, Number: "1", Date: noon, File: "../x"}), ErrInvalid, "SHA-256")
	refused(t, "future", c.AddDocument(ctx, keeper, key(), "A", batch.Document{Kind: batch.DocTest, Number: "1", Date: noon.Add(time.Hour)}), ErrInFuture, "not come yet")
	refused(t, "no unit", c.AddManual(ctx, keeper, key(), batch.Manual{Batch: "A", ValueC: warm, Method: "core"}), ErrInvalid, "cannot be")
	refused(t, "method", c.AddManual(ctx, keeper, key(), batch.Manual{Batch: "A", Method: "finger"}), ErrInvalid, "want one of")
	refused(t, "of what", c.AddManual(ctx, keeper, key(), batch.Manual{Method: "core"}), ErrInvalid, "which batch or zone")
	refused(t, "handover", c.HandOver(ctx, keeper, key(), HandoverRequest{Handover: batch.Handover{Batch: "A", From: "a", To: "b", Outcome: batch.Refused}}), ErrInvalid, "what was wrong")
	refused(t, "handover", c.HandOver(ctx, keeper, key(), HandoverRequest{Handover: batch.Handover{Batch: "A", From: "a", To: "b", Outcome: batch.Accepted, ProductC: &warm, Method: "core"}}), ErrInvalid, "cannot be")
	if after := c.rows(t, "audit"); after != before {
		t.Errorf("%d rows of audit for what was refused", after-before)
	}
}

func TestARepeatedRequestIsCarriedOutOnce(t *testing.T) {
	c, ctx := open(t), t.Context()
	c.book(t, batch.Batch{ID: "A"}, room, noon.Add(-time.Hour))
	doc := batch.Document{Kind: batch.DocTest, Number: "1", Date: noon}
	for range 3 {
		must(t, c.AddDocument(ctx, keeper, "k", "A", doc))
	}
	if d := c.dossier(t, "A"); len(d.Documents) != 1 {
		t.Errorf("%d documents", len(d.Documents))
	}
	doc.Number = "2"
	refused(t, "another request", c.AddDocument(ctx, keeper, "k", "A", doc), ErrKeyReused, "another request")
}

func TestHandovers(t *testing.T) {
	c, key, ctx := open(t), keys(), t.Context()
	three, two, one := noon.Add(-3*time.Hour), noon.Add(-2*time.Hour), noon.Add(-time.Hour)
	c.book(t, batch.Batch{ID: "A"}, room, three)
	cold := 2.5
	h := batch.Handover{Batch: "A", At: two, From: "其其格", To: "巴图", ProductC: &cold, Method: "between-packs", Outcome: batch.Accepted}
	must(t, c.HandOver(ctx, keeper, key(), HandoverRequest{h, &MoveRequest{ToZone: "truck-1/box"}}))
	d := c.dossier(t, "A")
	if len(d.Handovers) != 1 || *d.Handovers[0].ProductC != cold || len(d.Stays) != 2 || d.Stays[1].Zone != "truck-1/box" || !d.Stays[1].From.Equal(two) {
		t.Errorf("%+v", d)
	}
	// The shop refuses it: it stays in the truck, on hold.
	h = batch.Handover{Batch: "A", At: one, From: "巴图", To: "小卖部", Outcome: batch.Refused, Note: "箱子破了"}
	refused(t, "refused and moved", c.HandOver(ctx, keeper, key(), HandoverRequest{h, &MoveRequest{Place: "小卖部"}}), ErrInvalid, "stays with who brought it")
	must(t, c.HandOver(ctx, keeper, key(), HandoverRequest{h, nil}))
	d = c.dossier(t, "A")
	if v := batch.InForce(d.Verdicts); v.Decision != batch.OnHold || !strings.Contains(v.Reason, "箱子破了") || v.Version != 1 || len(d.Stays) != 2 {
		t.Errorf("%+v", d)
	}
	// A handover whose move is refused is not written down either.
	bad := HandoverRequest{batch.Handover{Batch: "A", At: three.Add(-time.Hour), From: "a", To: "b", Outcome: batch.Accepted}, &MoveRequest{ToZone: room}}
	refused(t, "too early", c.HandOver(ctx, keeper, key(), bad), ErrMoveTooEarly, "cannot have left before")
	if d := c.dossier(t, "A"); len(d.Handovers) != 2 {
		t.Errorf("%+v", d.Handovers)
	}
	must(t, c.VerifyAudit(ctx))
}

func TestPlacesThatNothingWatches(t *testing.T) {
	c, key, ctx := open(t), keys(), t.Context()
	three, two, one := noon.Add(-3*time.Hour), noon.Add(-2*time.Hour), noon.Add(-time.Hour)
	c.book(t, batch.Batch{ID: "A"}, room, three)
	move := func(r MoveRequest) error {
		r.Batch = "A"
		_, err := c.MoveBatch(ctx, keeper, key(), r)
		return err
	}
	must(t, move(MoveRequest{Place: "演示村01小卖部", At: two}))
	if d := c.dossier(t, "A"); d.Stays[1].Place != "演示村01小卖部" || d.Stays[1].Zone != "" || d.Stays[1].Monitored() {
		t.Errorf("%+v", d.Stays)
	}
	if held, _ := c.Batches(ctx, BatchFilter{Held: true}); len(held) != 0 {
		t.Errorf("a shop counts as a zone: %+v", held)
	}
	refused(t, "same place", move(MoveRequest{Place: "演示村01小卖部", At: one}), ErrAlreadyThere, "lies in 演示村01小卖部 already")
	packed := 1.5
	ice := &batch.Courier{Firm: "演示快递", PackingC: &packed, Ice: 6, Waybill: "SF123"}
	refused(t, "courier to a zone", move(MoveRequest{ToZone: room, Courier: ice, At: one}), ErrInvalid, "leave the zones")
	refused(t, "both", move(MoveRequest{ToZone: room, Place: "x", At: one}), ErrInvalid, "not both")
	must(t, move(MoveRequest{Courier: ice, At: one}))
	d := c.dossier(t, "A")
	if s := d.Stays[1]; len(d.Stays) != 2 || !s.To.Equal(one) || s.Courier == nil || *s.Courier.PackingC != packed || s.Courier.Waybill != "SF123" {
		t.Errorf("%+v", d.Stays)
	}
	refused(t, "gone", move(MoveRequest{At: noon}), ErrAlreadyLeft, "cannot leave")
}

func TestCorrectedStaysKeepTheOldOnes(t *testing.T) {
	c, key, ctx := open(t), keys(), t.Context()
	three, two, one := noon.Add(-3*time.Hour), noon.Add(-2*time.Hour), noon.Add(-time.Hour)
	c.book(t, batch.Batch{ID: "A"}, room, three)
	c.mustMove(t, "A", "hq/room-1", two)
	fresh := []batch.Custody{{Zone: room, From: three, To: one}, {Zone: "truck-1/box", From: one}}
	refused(t, "no reason", c.CorrectStays(ctx, keeper, key(), "A", fresh, ""), ErrInvalid, "reason")
	refused(t, "overlap", c.CorrectStays(ctx, keeper, key(), "A", []batch.Custody{{Zone: room, From: three, To: one}, {Zone: room, From: two}}, "x"), ErrInvalid, "begins before")
	refused(t, "future", c.CorrectStays(ctx, keeper, key(), "A", []batch.Custody{{Zone: room, From: noon.Add(time.Hour)}}, "x"), ErrInFuture, "not come yet")
	must(t, c.CorrectStays(ctx, quality, key(), "A", fresh, "登记晚了一小时"))
	must(t, c.CorrectStays(ctx, quality, key(), "A", fresh[:1], "车没装它"))
	d := c.dossier(t, "A")
	if len(d.Stays) != 1 || !d.Stays[0].To.Equal(one) || len(d.Corrections) != 2 {
		t.Fatalf("%+v", d)
	}
	first := d.Corrections[0]
	if first.Version != 1 || first.By != quality.ID || first.Reason != "登记晚了一小时" || len(first.Stays) != 2 || first.Stays[1].Zone != "hq/room-1" {
		t.Errorf("%+v", first)
	}
	if last := d.Corrections[1]; last.Version != 2 || last.Stays[1].Zone != "truck-1/box" {
		t.Errorf("%+v", last)
	}
	if in, _ := c.BatchesIn(ctx, "hq/room-1", three, noon); len(in) != 0 {
		t.Errorf("it never lay there: %v", in)
	}
	must(t, c.VerifyAudit(ctx))
}

func TestSplitMergeAndPack(t *testing.T) {
	c, key, ctx := open(t), keys(), t.Context()
	three, two, one := noon.Add(-3*time.Hour), noon.Add(-2*time.Hour), noon.Add(-time.Hour)
	c.book(t, batch.Batch{ID: "A", Product: "羊肉", Profile: "mutton-chilled", Quantity: "240 kg", Owner: "巴图"}, room, three)
	c.book(t, batch.Batch{ID: "B", Quantity: "10 kg"}, room, three)
	part := func(id, q string) Output { return Output{Batch: batch.Batch{ID: id, Quantity: q}} }
	derive := func(r batch.Relation, at time.Time, in []batch.Share, out ...Output) error {
		return c.Derive(ctx, keeper, key(), DeriveRequest{r, at, in, out})
	}
	a := []batch.Share{{ID: "A"}}
	refused(t, "more than there is", derive(batch.Split, two, a, part("A1", "200 kg"), part("A2", "41 kg")), ErrInvalid, "240 kg left")
	refused(t, "before it came", derive(batch.Split, three.Add(-time.Minute), a, part("A1", "1 kg")), ErrMoveTooEarly, "before")
	refused(t, "taken", derive(batch.Split, two, a, part("B", "1 kg")), ErrDuplicateBatch, "already")
	must(t, derive(batch.Split, two, a, part("A1", "100 kg"), part("A2", "40 kg")))
	d := c.dossier(t, "A1")
	if d.Product != "羊肉" || d.Profile != "mutton-chilled" || d.Owner != "巴图" || d.Stays[0].Zone != room || !d.Stays[0].From.Equal(two) {
		t.Errorf("a part is not as the whole: %+v", d)
	}
	if d := c.dossier(t, "A"); d.Balance.Left.String() != "100 kg" || !d.Closed.IsZero() || len(d.Links) != 2 {
		t.Errorf("%+v", d)
	}
	must(t, derive(batch.Split, one, a, part("A3", "0.1 t")))
	if d := c.dossier(t, "A"); !d.Closed.Equal(one) || !d.Stays[0].To.Equal(one) {
		t.Errorf("a batch of which nothing is left goes on: %+v", d)
	}
	refused(t, "closed", derive(batch.Split, one, a, part("A4", "1 kg")), ErrClosed, "closed")
	_, err := c.MoveBatch(ctx, keeper, key(), MoveRequest{Batch: "A", ToZone: room})
	refused(t, "closed", err, ErrClosed, "closed")

	// Two parts on a pallet that rides with the truck, one taken out there.
	must(t, derive(batch.Aggregated, one, []batch.Share{{ID: "A1"}, {ID: "A2"}}, part("P", "")))
	must(t, derive(batch.Aggregated, one, []batch.Share{{ID: "B"}}, part("P", ""))) // the pallet is there
	refused(t, "twice", derive(batch.Aggregated, one, []batch.Share{{ID: "B"}}, part("Q", "")), ErrInvalid, "take it out first")
	refused(t, "circle", derive(batch.Aggregated, one, []batch.Share{{ID: "P"}}, part("A1", "")), ErrInvalid, "came out of")
	c.mustMove(t, "P", "truck-1/box", one.Add(time.Minute))
	for _, id := range []string{"A1", "A2", "B", "P"} {
		if d := c.dossier(t, id); d.Stays[len(d.Stays)-1].Zone != "truck-1/box" {
			t.Errorf("%s did not move along: %+v", id, d.Stays)
		}
	}
	c.mustMove(t, "B", "hq/room-1", one.Add(2*time.Minute)) // by itself: it is taken out
	must(t, c.TakeOut(ctx, keeper, key(), "A2", one.Add(3*time.Minute)))
	refused(t, "in nothing", c.TakeOut(ctx, keeper, key(), "A2", time.Time{}), ErrNotFound, "no container")
	c.mustMove(t, "P", "", one.Add(4*time.Minute))
	for id, zone := range map[string]string{"A1": "", "A2": "truck-1/box", "B": "hq/room-1"} {
		b, err := c.Batch(ctx, id)
		must(t, err)
		if b.Where() != zone {
			t.Errorf("%s is in %q, want %q", id, b.Where(), zone)
		}
	}
	must(t, derive(batch.Merge, noon, []batch.Share{{ID: "A2", Quantity: "30 kg"}, {ID: "B"}}, part("M", "40 kg")))
	if d := c.dossier(t, "B"); d.Closed.IsZero() || d.Links[len(d.Links)-1].Quantity != "10 kg" {
		t.Errorf("all of B went in: %+v", d)
	}
	if d := c.dossier(t, "A2"); !d.Closed.IsZero() || d.Balance.Left.String() != "10 kg" {
		t.Errorf("%+v", d)
	}
	parts, err := c.Recall(ctx, "A")
	must(t, err)
	var ids []string
	for _, p := range parts {
		ids = append(ids, p.Batch)
	}
	if want := []string{"A", "A1", "A2", "A3", "P", "M"}; !slices.Equal(ids, want) {
		t.Errorf("%v, want %v", ids, want)
	}
	must(t, c.CloseBatch(ctx, keeper, key(), "M", time.Time{}, "卖完"))
	must(t, c.VerifyAudit(ctx))
}

func TestVerdicts(t *testing.T) {
	c, key, ctx := open(t, WithPlatform()), keys(), t.Context()
	c.book(t, batch.Batch{ID: "A", Product: "羊肉", Quantity: "240 kg"}, room, noon.Add(-time.Hour))
	rule := batch.Rule{Documents: []string{batch.DocQuarantine}, Coverage: 0.9}
	full, poor := 1.0, 0.5
	give := func(a Actor, d batch.Decision, coverage *float64) (batch.Verdict, error) {
		return c.GiveVerdict(ctx, a, key(), batch.Verdict{Batch: "A", Decision: d, Reason: "看过"}, rule, batch.Evidence{Coverage: coverage, Exposure: 7})
	}
	_, err := give(quality, batch.Released, &full)
	refused(t, "a paper is missing", err, ErrInvalid, "quarantine certificate is missing")
	_, err = give(counter, batch.OnHold, &full)
	refused(t, "a token", err, ErrSecondPerson, "a person has to")
	must(t, c.AddDocument(ctx, keeper, key(), "A", batch.Document{Kind: batch.DocQuarantine, Number: "1", Date: noon}))
	v, err := give(quality, batch.OnHold, &poor)
	must(t, err)
	if v.Version != 1 || v.Severe || v.By != quality.ID || v.Exposure != 7 {
		t.Errorf("%+v", v)
	}
	v, err = give(quality, batch.Released, &poor) // against its coverage: two persons
	must(t, err)
	if !v.Severe || v.Version != 2 || batch.InForce(c.dossier(t, "A").Verdicts).Decision != batch.OnHold {
		t.Errorf("one person released it: %+v", v)
	}
	if due, _, _ := c.DuePlatform(ctx, noon, 10); len(due) != 1 || due[0].Key != "A/1" {
		t.Errorf("the platform is told of a verdict that does not hold: %+v", due)
	}
	sign := func(a Actor, version int) error { _, err := c.SignVerdict(ctx, a, "A", version); return err }
	refused(t, "himself", sign(quality, 2), ErrSecondPerson, "somebody else")
	refused(t, "a token", sign(counter, 2), ErrSecondPerson, "a person has to")
	refused(t, "an old one", sign(manager, 1), ErrStale, "given since")
	refused(t, "none", sign(manager, 3), ErrNotFound, "no verdict 3")
	must(t, sign(manager, 2))
	must(t, sign(manager, 2)) // again: nothing
	if in := batch.InForce(c.dossier(t, "A").Verdicts); in.Decision != batch.Released || in.Second != manager.ID || !in.SecondAt.Equal(noon) {
		t.Errorf("%+v", in)
	}
	v, err = give(quality, batch.Rejected, nil)
	must(t, err)
	if v.Severe || v.Version != 3 || len(c.dossier(t, "A").Verdicts) != 3 {
		t.Errorf("%+v", v)
	}
	refused(t, "needs none", sign(manager, 3), ErrInvalid, "no second person")
	if got := c.actions(t, "A"); strings.Count(strings.Join(got, " "), "batch.verdict-signed") != 1 {
		t.Error(got)
	}
	must(t, c.VerifyAudit(ctx))
}

func TestThePlatformIsToldInOrder(t *testing.T) {
	c, key, ctx := open(t, WithPlatform()), keys(), t.Context()
	c.book(t, batch.Batch{ID: "A"}, room, noon.Add(-time.Hour))
	c.book(t, batch.Batch{ID: "B"}, room, noon.Add(-time.Hour))
	for i, id := range []string{"A", "A", "B"} {
		c.set(noon.Add(time.Duration(i) * time.Second))
		_, err := c.GiveVerdict(ctx, quality, key(), batch.Verdict{Batch: id, Decision: batch.OnHold, Reason: "x"}, batch.Rule{}, batch.Evidence{})
		must(t, err)
	}
	sender := Actor{Kind: System, ID: "platform"}
	due := func(now time.Time) string {
		list, next, err := c.DuePlatform(ctx, now, 10)
		must(t, err)
		var out []string
		for _, x := range list {
			out = append(out, x.Key)
			if !strings.Contains(string(x.Body), `"decision":"on-hold"`) {
				t.Errorf("%s", x.Body)
			}
		}
		if !next.IsZero() {
			out = append(out, "next "+next.Sub(noon).String())
		}
		return strings.Join(out, " ")
	}
	later := noon.Add(time.Minute)
	if got := due(later); got != "A/1 B/1" {
		t.Errorf("A/2 waits for A/1: %s", got)
	}
	must(t, c.PlatformFailed(ctx, sender, "A/1", "answered 503", noon.Add(2*time.Minute)))
	must(t, c.PlatformTold(ctx, sender, "B/1"))
	if got := due(later); got != "next 2m0s" {
		t.Errorf("%s", got)
	}
	if got := due(noon.Add(3 * time.Minute)); got != "A/1" {
		t.Errorf("%s", got)
	}
	must(t, c.PlatformTold(ctx, sender, "A/1"))
	must(t, c.PlatformTold(ctx, sender, "A/1"))
	if got := due(noon.Add(3 * time.Minute)); got != "A/2" {
		t.Errorf("%s", got)
	}
	if got := c.actions(t, "A/1"); !slices.Equal(got, []string{"platform.told"}) {
		t.Error(got)
	}
}

func TestWithoutAPlatformNothingIsQueued(t *testing.T) {
	c := open(t)
	c.book(t, batch.Batch{ID: "A"}, room, noon.Add(-time.Hour))
	_, err := c.GiveVerdict(context.Background(), quality, "k", batch.Verdict{Batch: "A", Decision: batch.Rejected, Reason: "x"}, batch.Rule{}, batch.Evidence{})
	must(t, err)
	if n := c.rows(t, "platform"); n != 0 {
		t.Errorf("%d rows wait for nobody", n)
	}
}
