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
