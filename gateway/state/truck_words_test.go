package state

import (
	"slices"
	"testing"
	"time"

	"coldchain/alerting/trip"
	"coldchain/gateway/wire"
)

func truckSaid(seq uint64, at time.Time, w wire.TruckWord) JournalEntry {
	return JournalEntry{Site: "truck-1", Gateway: "truck-1-gw", Epoch: 1, Record: wire.Record{Seq: seq, Kind: wire.EventRecord, Boot: "b",
		Event: wire.Event{At: at, Name: wire.EventTruckSaid, Object: "truck-1/box", Detail: wire.TruckDetail(w)}}}
}

// What a driver said at the truck is kept once with the truck's time, however
// often and in which order it is delivered; what is no word is an event alone.
func TestWhatADriverSaidAtTheTruck(t *testing.T) {
	c := open(t)
	c.load(t)
	words := []JournalEntry{
		truckSaid(1, noon.Add(-3*time.Hour), wire.TruckWord{Empty: true, By: "site page, 192.168.1.7"}),
		truckSaid(2, noon.Add(-2*time.Hour), wire.TruckWord{Phase: "loading", Inferred: "idle", Unready: "−6 °C", Reason: "车要走了", By: "site page, 192.168.1.7"}),
		truckSaid(3, noon.Add(24*time.Hour), wire.TruckWord{Phase: "idle"}),
		truckSaid(4, noon.Add(-time.Hour), wire.TruckWord{Phase: "flying"}),
	}
	before := c.TruckWords()
	c.entries(t, words[1], words[3], words[2])
	if c.TruckWords() == before {
		t.Error("nobody is told that there is news")
	}
	c.entries(t, words[0], words[1])
	c.entries(t, words...)
	got, err := c.SaidOfTruck(t.Context(), "truck-1")
	must(t, err)
	want := []trip.Say{
		{At: noon.Add(-3 * time.Hour), By: "site/truck-1", Empty: true},
		{At: noon.Add(-2 * time.Hour), By: "site/truck-1", Phase: trip.Loading, Inferred: trip.Idle},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if rows := audited(t, c, "truck."); !slices.Equal(rows, []string{"truck.phase-said", "truck.said-empty"}) {
		t.Errorf("audit %v", rows)
	}
	must(t, c.VerifyAudit(t.Context()))
	none := c.TruckWords()
	c.entries(t, siteSaid(9, wire.EventAlarmRaised, noon, 0, ""))
	if c.TruckWords() != none {
		t.Error("an alarm is no word about a truck")
	}
}
