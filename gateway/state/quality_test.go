package state

import (
	"testing"
	"time"

	"coldchain/alerting/batch"
)

// TestWhatTheQualityOfficerRecorded: reports ask for a stretch of time, of all
// batches; what does not hold is no verdict.
func TestWhatTheQualityOfficerRecorded(t *testing.T) {
	c, key, ctx := open(t), keys(), t.Context()
	ago := func(minutes int) time.Time { return noon.Add(-time.Duration(minutes) * time.Minute) }
	c.book(t, batch.Batch{ID: "A", Quantity: "10 kg"}, room, ago(120))
	c.book(t, batch.Batch{ID: "B"}, room, ago(120))
	must(t, c.AddInspection(ctx, keeper, key(), "A", batch.Inspection{Item: "TVB-N", Value: "12", Pass: true, At: ago(60)}))
	must(t, c.AddInspection(ctx, keeper, key(), "B", batch.Inspection{Item: "气味", Value: "酸", At: ago(50)}))
	give := func(id string, d batch.Decision, severe bool) batch.Verdict {
		t.Helper()
		v, err := c.GiveVerdict(ctx, quality, key(), batch.Verdict{Batch: id, Decision: d, Reason: "看过", Severe: severe}, batch.Rule{}, batch.Evidence{})
		must(t, err)
		return v
	}
	give("A", batch.Released, false)
	waiting := give("B", batch.Rejected, true)
	all := func() int {
		t.Helper()
		found, err := c.VerdictsHolding(ctx, noon, noon.Add(time.Hour))
		must(t, err)
		return len(found)
	}
	if n := all(); n != 1 {
		t.Errorf("%d verdicts hold, want the release alone", n)
	}
	_, err := c.SignVerdict(ctx, manager, "B", waiting.Version)
	must(t, err)
	if n := all(); n != 2 {
		t.Errorf("%d verdicts hold once the second person has signed", n)
	}
	for _, span := range []struct {
		from, to    int
		inspections int
	}{{61, 40, 2}, {60, 50, 1}, {59, 40, 1}, {40, 0, 0}} {
		found, err := c.Inspections(ctx, ago(span.from), ago(span.to))
		must(t, err)
		if len(found) != span.inspections {
			t.Errorf("from %d to %d minutes ago: %d inspections, want %d", span.from, span.to, len(found), span.inspections)
		}
	}

	// A handover that moves the goods is of the room they go to.
	cold := 2.5
	must(t, c.HandOver(ctx, keeper, key(), HandoverRequest{
		Handover: batch.Handover{At: ago(30), Batch: "A", From: "其其格", To: "巴图", ProductC: &cold, Method: "core", Outcome: batch.Accepted}, Move: &MoveRequest{ToZone: "truck-1/box"}}))
	for zone, want := range map[string]int{room: 0, "truck-1/box": 1} {
		found, err := c.HandoversIn(ctx, zone, ago(120), noon)
		must(t, err)
		if len(found) != want || want == 1 && *found[0].ProductC != cold {
			t.Errorf("%s: %+v, want %d", zone, found, want)
		}
	}
	if found, err := c.HandoversIn(ctx, "truck-1/box", ago(29), noon); err != nil || len(found) != 0 {
		t.Errorf("before the stretch: %v %v", found, err)
	}
}
