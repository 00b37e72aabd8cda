package state

import (
	"slices"
	"testing"
	"time"

	"coldchain/gateway/wire"
)

func goodsSaid(seq uint64, at time.Time, w wire.GoodsWord) JournalEntry {
	e := truckSaid(seq, at, wire.TruckWord{})
	e.Event.Name, e.Event.Detail = wire.EventGoodsSaid, wire.GoodsDetail(w)
	return e
}

// What a driver loaded out of reach is booked with the time at which he did, once,
// by id or six digits; what cannot be booked is written down with its reason and
// holds up nothing.
func TestGoodsThatADriverLoadedAtTheTruck(t *testing.T) {
	c := open(t)
	c.load(t)
	for _, id := range []string{"A", "B", "C"} {
		c.mustCreate(t, id, room, noon.Add(-5*time.Hour))
	}
	must(t, c.CloseBatch(t.Context(), keeper, "close", "C", noon.Add(-4*time.Hour), "卖完"))
	b, err := c.Batch(t.Context(), "B")
	must(t, err)
	loaded := noon.Add(-2 * time.Hour)
	stranger := goodsSaid(6, loaded, wire.GoodsWord{Batch: "A"})
	stranger.Event.Object = "truck-2/box"
	words := []JournalEntry{
		goodsSaid(1, loaded, wire.GoodsWord{Batch: "A", By: "site page, 192.168.1.7"}),
		goodsSaid(2, loaded.Add(time.Minute), wire.GoodsWord{Code: b.Short}),
		goodsSaid(3, loaded, wire.GoodsWord{Batch: "NONE"}),
		goodsSaid(4, loaded, wire.GoodsWord{Batch: "C"}),
		goodsSaid(5, loaded, wire.GoodsWord{Code: "123450"}),
		stranger,
		goodsSaid(7, loaded, wire.GoodsWord{}),
	}
	before := c.TruckWords()
	c.entries(t, words...)
	c.entries(t, words...)
	if c.TruckWords() == before {
		t.Error("nobody is told that goods were loaded")
	}
	for id, at := range map[string]time.Time{"A": loaded, "B": loaded.Add(time.Minute)} {
		got, err := c.Batch(t.Context(), id)
		must(t, err)
		if last := got.Custody[len(got.Custody)-1]; last.Zone != "truck-1/box" || !last.From.Equal(at) || last.Override == "" || len(got.Custody) != 2 {
			t.Errorf("%s: %+v", id, got.Custody)
		}
	}
	rows := audited(t, c, "truck.")
	slices.Sort(rows)
	if want := []string{"truck.goods-said", "truck.goods-said", "truck.goods-unbooked", "truck.goods-unbooked", "truck.goods-unbooked", "truck.goods-unbooked"}; !slices.Equal(rows, want) {
		t.Errorf("audit %v", rows)
	}
	must(t, c.VerifyAudit(t.Context()))
	if r := verifiedRows(t, atRest(t, c.path)); len(r.Wrong) != 0 {
		t.Error(r.Wrong)
	}
}
