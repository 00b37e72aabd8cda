package state

import (
	"testing"
	"time"

	"coldchain/gateway/wire"
)

func TestGapsByCauseCountOnlyWhatLiesInTheWindow(t *testing.T) {
	c := open(t)
	gap := func(gateway, site string, seq uint64, cause string, from, to time.Duration, count uint64) JournalEntry {
		return JournalEntry{Site: site, Gateway: gateway, Epoch: 1, Record: wire.Record{Seq: seq, Kind: wire.GapRecord, Boot: "b",
			Gap: wire.Gap{Scope: gateway, From: noon.Add(from), To: noon.Add(to), Cause: cause, Count: count}}}
	}
	event := JournalEntry{Site: "s1", Gateway: "gw-1", Epoch: 1, Record: wire.Record{Seq: 9, Kind: wire.EventRecord,
		Event: wire.Event{At: noon, Name: "restart"}}}
	c.load(t)
	must(t, c.Commit(t.Context(), Commit{Generation: "store-1", Entries: []JournalEntry{
		gap("gw-1", "s1", 1, "restart", -2*time.Hour, -time.Hour, 0), // half of it in the window
		gap("gw-1", "s1", 2, "restart", -30*time.Minute, -20*time.Minute, 7),
		gap("gw-2", "s2", 1, "restart", -5*time.Minute, -4*time.Minute, 0),
		gap("gw-2", "s2", 2, "disk-limit", -50*time.Minute, -5*time.Minute, 1200),
		gap("gw-2", "s2", 3, "disk-limit", -9*time.Hour, -8*time.Hour, 5), // before it
		event,
	}}))
	window := GapFilter{From: noon.Add(-90 * time.Minute), To: noon}
	totals, err := c.GapTotals(t.Context(), window)
	must(t, err)
	want := []GapTotal{
		{"disk-limit", 1, 1, 1200, 45 * time.Minute},
		{"restart", 3, 2, 7, 41 * time.Minute},
	}
	if len(totals) != 2 || totals[0] != want[0] || totals[1] != want[1] {
		t.Errorf("got %+v, want %+v", totals, want)
	}
	window.Site = "s1"
	gaps, err := c.Gaps(t.Context(), window)
	must(t, err)
	if len(gaps) != 2 || gaps[0].Seq != 2 || gaps[0].Gap.Count != 7 || gaps[1].Seq != 1 || gaps[0].Boot != "b" {
		t.Errorf("%+v", gaps)
	}
	window.Limit = 1
	if gaps, err = c.Gaps(t.Context(), window); err != nil || len(gaps) != 1 || gaps[0].Seq != 2 {
		t.Errorf("the newest one: %+v %v", gaps, err)
	}
	if all, err := c.GapTotals(t.Context(), GapFilter{}); err != nil || len(all) != 2 || all[1].Gaps != 3 || all[1].Length != 71*time.Minute {
		t.Errorf("all of them: %+v %v", all, err)
	}
}

// A gateway whose journal was lost declares what it has declared before: by
// other numbers, and perhaps several gaps that touch as one.
func TestAGapThatIsDeclaredAgainIsOneGap(t *testing.T) {
	c := open(t)
	c.load(t)
	seq := uint64(0)
	declare := func(epoch uint64, gateway, cause string, from, to time.Duration, count uint64) {
		t.Helper()
		seq++
		must(t, c.Commit(t.Context(), Commit{Generation: "store-1",
			Delivered: []DeliveredRange{{Gateway: gateway, Epoch: epoch, From: seq, To: seq, Outcome: wire.Stored}},
			Entries: []JournalEntry{{Site: "s1", Gateway: gateway, Epoch: epoch, Record: wire.Record{Seq: seq, Kind: wire.GapRecord, Boot: "b",
				Gap: wire.Gap{Scope: gateway, From: noon.Add(from), To: noon.Add(to), Cause: cause, Count: count}}}}}))
	}
	known := func() (n int) {
		t.Helper()
		gaps, err := c.Gaps(t.Context(), GapFilter{})
		must(t, err)
		return len(gaps)
	}
	const m = time.Minute
	declare(1, "gw-1", "restart", 0, 5*m, 0)
	declare(1, "gw-1", "restart", 5*m, 9*m, 3)
	declare(1, "gw-1", "restart", 20*m, 21*m, 4)
	for _, again := range []func(){
		func() { declare(1, "gw-1", "restart", 0, 5*m, 0) },   // in the same epoch, by another number
		func() { declare(2, "gw-1", "restart", 0, 5*m, 0) },   // by the next journal
		func() { declare(2, "gw-1", "restart", 0, 9*m, 3) },   // two that touch, as one
		func() { declare(2, "gw-1", "restart", 5*m, 9*m, 0) }, // with less to tell
	} {
		if again(); known() != 3 {
			t.Fatalf("%d gaps are known after declaration %d; want the three of the beginning", known(), seq)
		}
	}
	for i, other := range []func(){
		func() { declare(2, "gw-2", "restart", 0, 5*m, 0) },    // another gateway
		func() { declare(2, "gw-1", "disk-limit", 0, 5*m, 9) }, // another cause
		func() { declare(2, "gw-1", "restart", m, 2*m, 1) },    // within one, and not the same
		func() { declare(2, "gw-1", "restart", 5*m, 21*m, 7) }, // what lies between was never declared
		func() { declare(2, "gw-1", "restart", 0, 5*m, 80) },   // more readings are gone than are known
		func() { declare(2, "gw-1", "restart", -m, 5*m, 0) },   // begins earlier
	} {
		if other(); known() != 4+i {
			t.Fatalf("%d gaps are known after declaration %d; want %d", known(), seq, 4+i)
		}
	}
	d, err := c.LoadDelivery(t.Context(), "store-1")
	must(t, err)
	p := d[Run{"gw-1", 2}]
	if gone := p.Stored.Missing(5, 8); len(gone) != 0 {
		t.Errorf("numbers %v of gaps that were known count as not delivered", gone)
	}
}
