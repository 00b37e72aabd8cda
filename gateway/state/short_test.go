package state

import (
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/trip"
)

// Six digits find the batch that is not closed; a batch that came a hundred
// thousand later under the same digits is found beside it while both are open.
func TestShortCodeFindsOpenBatches(t *testing.T) {
	c, ctx := open(t), t.Context()
	for _, id := range []string{"A", "B", "C"} {
		c.mustCreate(t, id, room, noon.Add(-time.Hour))
	}
	find := func(code string) (ids []string) {
		t.Helper()
		found, err := c.Batches(ctx, BatchFilter{Short: code})
		must(t, err)
		for _, b := range found {
			ids = append(ids, b.ID)
		}
		return ids
	}
	a, err := c.Batch(ctx, "A")
	must(t, err)
	if a.Short != batch.Short(1) {
		t.Errorf("the first batch has the code %q", a.Short)
	}
	if got := find(a.Short); len(got) != 1 || got[0] != "A" {
		t.Errorf("%s finds %v", a.Short, got)
	}
	run(t, other(t, c.path), "UPDATE batch_numbers SET number = 100001 WHERE batch = 'C'")
	if got := find(a.Short); len(got) != 2 {
		t.Errorf("of two open batches with one code %v are found", got)
	}
	must(t, c.CloseBatch(ctx, keeper, "close", "A", time.Time{}, "卖完"))
	if got := find(a.Short); len(got) != 1 || got[0] != "C" {
		t.Errorf("with the first closed, %v are found", got)
	}
	if got := find("123450"); len(got) != 0 {
		t.Errorf("what is no code finds %v", got)
	}
}

// A phone that lost the answer says the same again: it is written down once, at
// the time at which it was said.
func TestWordOfATruckSaidTwice(t *testing.T) {
	c, ctx := open(t), t.Context()
	word := trip.Say{At: noon.Add(-2 * time.Hour), Phase: trip.InTransit}
	for range 2 {
		must(t, c.SayOfTruck(ctx, keeper, "truck-1", "truck-1/box", word))
	}
	rows, err := c.Audit(ctx, AuditFilter{Object: "truck-1"})
	must(t, err)
	said, err := c.SaidOfTruck(ctx, "truck-1")
	must(t, err)
	if len(rows) != 1 || len(said) != 1 || !said[0].At.Equal(word.At) {
		t.Errorf("%d audit rows, %+v", len(rows), said)
	}
}
