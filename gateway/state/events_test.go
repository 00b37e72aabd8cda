package state

import (
	"testing"
	"time"

	"coldchain/gateway/wire"
)

func TestEventsAreNewestFirstWithWhatTheySay(t *testing.T) {
	c := open(t)
	event := func(site string, seq uint64, at time.Duration, name string, detail map[string]string) JournalEntry {
		return JournalEntry{Site: site, Gateway: "gw-" + site, Epoch: 1, Record: wire.Record{Seq: seq, Kind: wire.EventRecord, Boot: "b",
			Event: wire.Event{At: noon.Add(at), Name: name, Object: "gw-" + site, Detail: detail}}}
	}
	gap := JournalEntry{Site: "s1", Gateway: "gw-s1", Epoch: 1, Record: wire.Record{Seq: 3, Kind: wire.GapRecord,
		Gap: wire.Gap{From: noon, To: noon, Cause: "restart"}}}
	c.load(t)
	must(t, c.Commit(t.Context(), Commit{Generation: "store-1", Entries: []JournalEntry{
		event("s1", 1, -48*time.Hour, "clock-synced", nil), // before the window
		event("s1", 2, -time.Hour, "clock-step", map[string]string{"step_s": "-3600"}),
		event("s2", 1, 12*time.Hour, "clock-step", nil), // by a clock that is ahead
		gap,
	}}))
	got, err := c.Events(t.Context(), EntryFilter{From: noon.Add(-24 * time.Hour), Limit: 10})
	must(t, err)
	if len(got) != 2 || got[0].Site != "s2" || got[1].Event.Detail["step_s"] != "-3600" || !got[1].Event.At.Equal(noon.Add(-time.Hour)) || got[1].Boot != "b" {
		t.Errorf("%+v", got)
	}
	if got, err = c.Events(t.Context(), EntryFilter{Site: "s1", Limit: 1}); err != nil || len(got) != 1 || got[0].Seq != 2 {
		t.Errorf("the newest of one site: %+v %v", got, err)
	}
}
