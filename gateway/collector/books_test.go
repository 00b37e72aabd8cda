package collector

import (
	"testing"
	"time"

	"coldchain/gateway/wire"
)

// A site is sent what the county knows of it: when it says that it has another
// version, and when that changes. An agent that takes none is left alone.
func TestASiteIsSentItsBook(t *testing.T) {
	inBubble(t, func(r *rig) {
		status := func(version string) {
			payload, err := wire.EncodeStatus(wire.Status{Gateway: here.Gateway, Site: here.Site, Online: true, Greeted: true, Book: version})
			if err != nil {
				t.Fatal(err)
			}
			r.send(here.Topic(wire.ChannelStatus), payload)
		}
		sent := func() (out *wire.SiteBook) {
			r.wire.mu.Lock()
			defer r.wire.mu.Unlock()
			for _, m := range r.wire.all {
				if m.Topic == here.Topic(wire.ChannelCommand) {
					c, err := wire.DecodeCommand(m.Payload)
					if err != nil {
						t.Fatal(err)
					}
					out = c.Book
				}
			}
			r.wire.all = nil
			return out
		}
		set := func(batch string) {
			if err := r.c.SetBook(here.Site, wire.SiteBook{Zones: []wire.ZoneBook{{Zone: air.Zone(), Stays: []wire.BookStay{{Batch: batch, FromMS: 1}}}}}); err != nil {
				t.Fatal(err)
			}
		}
		set("HJQ-1")
		status("")
		if b := sent(); b != nil {
			t.Errorf("an old agent was sent %+v", b)
		}
		status(wire.NoBook)
		first := sent()
		if first == nil || first.Zones[0].Stays[0].Batch != "HJQ-1" {
			t.Fatalf("sent %+v", first)
		}
		status(first.Version)
		set("HJQ-1")
		time.Sleep(2 * advanceEvery)
		if b := sent(); b != nil {
			t.Errorf("sent again: %+v", b)
		}
		set("HJQ-2")
		time.Sleep(2 * advanceEvery)
		second := sent()
		if second == nil || second.Version == first.Version || second.Zones[0].Stays[0].Batch != "HJQ-2" {
			t.Fatalf("after a booking: %+v", second)
		}
		status(first.Version) // it was lost on its way
		if b := sent(); b == nil || b.Version != second.Version {
			t.Errorf("asked again: %+v", b)
		}
	})
}
