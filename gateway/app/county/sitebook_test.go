package county

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/gateway/mqtt"
	"coldchain/gateway/wire"
)

// listening is the gateway of a site as far as commands go: it says which book it
// has and takes what it is sent.
type listening struct {
	r       *useRig
	address wire.Address
	link    *mqtt.Link
	mu      sync.Mutex
	book    *wire.SiteBook
}

func (r *useRig) listening(site string) *listening {
	r.t.Helper()
	g := &listening{r: r, address: wire.Address{County: "hangjin", Site: site, Gateway: site + "-gw"}}
	connected := make(chan struct{}, 8)
	var err error
	g.link, err = mqtt.New(mqtt.Options{Server: r.app.BrokerURL(), ClientID: site + "-listens", Logger: slog.New(slog.DiscardHandler),
		OnConnect: func() { connected <- struct{}{} },
		Subscriptions: map[string]mqtt.Handler{g.address.Topic(wire.ChannelCommand): func(m mqtt.Message) {
			c, err := wire.DecodeCommand(m.Payload)
			if err != nil {
				r.t.Error(err)
			}
			g.mu.Lock()
			defer g.mu.Unlock()
			if c.Book != nil {
				g.book = c.Book
			}
		}}})
	if err != nil {
		r.t.Fatal(err)
	}
	done := make(chan struct{})
	ctx := r.t.Context()
	go func() { defer close(done); _ = g.link.Run(ctx) }()
	r.t.Cleanup(func() { <-done })
	<-connected
	return g
}

// has waits until the newest book is as it should be; the gateway asks by its
// status meanwhile.
func (g *listening) has(what string, right func(b wire.SiteBook) bool) {
	g.r.t.Helper()
	g.r.await(what, func() bool {
		g.mu.Lock()
		has, b := wire.NoBook, g.book
		g.mu.Unlock()
		if b != nil {
			if has = b.Version; right(*b) {
				return true
			}
		}
		payload, err := wire.EncodeStatus(wire.Status{Gateway: g.address.Gateway, Site: g.address.Site, Online: true, Greeted: true, Book: has})
		if err != nil {
			g.r.t.Fatal(err)
		}
		_ = g.link.Publish(g.r.t.Context(), mqtt.Message{Topic: g.address.Topic(wire.ChannelStatus), Payload: payload})
		return false
	})
}

// said has the truck's gateway deliver words of its driver, as often as wanted.
func (r *useRig) said(times int, events ...wire.Record) {
	r.t.Helper()
	for i := range events {
		r.seq["truck-1"]++
		events[i].Seq, events[i].Boot, events[i].Clock, events[i].Kind = r.seq["truck-1"], "b", wire.ClockNTP, wire.EventRecord
	}
	payload, err := wire.EncodePack(wire.Pack{Epoch: 1, Oldest: 1, Next: r.seq["truck-1"] + 1, Records: events}, wire.CBOR)
	if err != nil {
		r.t.Fatal(err)
	}
	for range times {
		if err := r.link.Publish(r.t.Context(), mqtt.Message{Topic: wire.Address{County: "hangjin", Site: "truck-1", Gateway: "truck-1-gw"}.Topic(wire.ChannelRecords), Payload: payload}); err != nil {
			r.t.Fatal(err)
		}
	}
}

func word(at time.Time, w wire.TruckWord) wire.Record {
	return wire.Record{Event: wire.Event{At: at, Name: wire.EventTruckSaid, Object: "truck-1/box", Detail: wire.TruckDetail(w)}}
}

// What a driver says at the truck counts at the county by the truck's time, and
// what the county books reaches the truck: over a real broker, both ways.
func TestTheTruckAndTheCountyTellEachOther(t *testing.T) {
	r := newUseRig(t)
	const box = "truck-1/box"
	truck := func() map[string]any { return r.zone(box)["truck"].(map[string]any) }
	g := r.listening("truck-1")
	g.has("a truck nobody has said anything of", func(b wire.SiteBook) bool {
		return b.Truck != nil && b.Truck.Box == box && len(b.Truck.Stays) == 0 && len(b.Truck.EmptyMS) == 0 && b.Truck.Phase == nil
	})
	r.tell("truck-1", map[string]float64{"box/air": 4, "box/door": 0})
	r.expect(box, "high-limit")

	looked := time.Now().UTC().Truncate(time.Millisecond)
	r.said(3, word(looked, wire.TruckWord{Empty: true, By: "site page, 192.168.1.7"}), word(looked.Add(time.Millisecond), wire.TruckWord{Phase: "returning", Inferred: "idle", By: "site page, 192.168.1.7"}))
	r.expect(box, "")
	r.await("the driver's words count", func() bool {
		st := truck()
		return st["load"] == "empty" && st["phase"] == "returning" && st["by"] == "truck-1现场"
	})
	g.has("the truck hears that the county has heard", func(b wire.SiteBook) bool {
		return len(b.Truck.EmptyMS) == 1 && b.Truck.EmptyMS[0] == looked.UnixMilli() && b.Truck.Phase.Phase == "returning"
	})

	// Booked in at the county: the truck is told, with the time of the booking.
	batch := map[string]any{"id": "HJQ-1", "product": "羊肉", "profile": "mutton-frozen", "zone": box, "actor": "巴图", "override": "车要走了"}
	if status, answer := r.send("POST", "/api/v1/batches", batch); status != http.StatusCreated {
		t.Fatalf("%d %v", status, answer)
	}
	g.has("a batch lies in it", func(b wire.SiteBook) bool {
		return len(b.Truck.Stays) == 1 && b.Truck.Stays[0].ToMS == 0 && b.Truck.Stays[0].FromMS >= looked.UnixMilli()
	})
	if status, answer := r.send("POST", "/api/v1/batches/HJQ-1/moves", map[string]any{"zone": "", "actor": "巴图"}); status != http.StatusCreated {
		t.Fatalf("%d %v", status, answer)
	}
	_, past := r.get("/api/v1/usage?from=2026-01-01T00:00:00Z&to=2100-01-01T00:00:00Z")
	stay := past["stays"].([]any)[0].(map[string]any)
	words := past["trucks"].([]any)[0].(map[string]any)
	if stay["batch"] != "HJQ-1" || stay["profile"] != "mutton-frozen" || stay["zone"] != box || stay["to"] == nil || words["truck"] != "truck-1" || len(words["words"].([]any)) != 2 {
		t.Errorf("for a rehearsal: %v", past)
	}
	g.has("it was booked out", func(b wire.SiteBook) bool { return len(b.Truck.Stays) == 1 && b.Truck.Stays[0].ToMS != 0 })
}

// A room that is taken out of use, and what lies in one, is told to its gateway
// with the rules it is watched by.
func TestAStoreIsToldHowItsRoomsAreUsed(t *testing.T) {
	r := newUseRig(t)
	g := r.listening("centre")
	g.has("the room's rules and product", func(b wire.SiteBook) bool {
		z := b.Zones[0]
		return b.Truck == nil && z.Zone == "centre/mutton" && z.Watch.Rise != nil && z.Product.Air == "centre/mutton/air" && len(z.Switches) == 0
	})
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	if status, answer := r.send("POST", "/api/v1/disuses", map[string]any{"zone": "centre/mutton", "kind": "switched-off", "until": until.Format(time.RFC3339), "reason": "x", "actor": "巴图"}); status != http.StatusCreated {
		t.Fatalf("%d %v", status, answer)
	}
	g.has("off and on again", func(b wire.SiteBook) bool {
		s := b.Zones[0].Switches
		return len(s) == 2 && !s[0].On && s[1].On && s[1].AtMS == until.UnixMilli()
	})
}

// An alarm that somebody answers at the county is silent at the site while it is
// in his hands, and the site is told whose hands these are.
func TestAnAnswerReachesTheSite(t *testing.T) {
	r := newUseRig(t)
	g := r.listening("centre")
	r.tell("centre", map[string]float64{"mutton/air": 4})
	r.expect("centre/mutton", "high-limit")
	g.has("nobody has answered", func(b wire.SiteBook) bool { return len(b.Answers) == 0 })
	_, answer := r.get("/api/v1/alarms?state=open&zone=centre/mutton")
	alarm := answer["alarms"].([]any)[0].(map[string]any)
	if status, got := r.send("POST", "/api/v1/alarms/"+alarm["id"].(string)+"/acknowledge", map[string]any{"actor": "其其格", "note": "知道了"}); status != http.StatusOK {
		t.Fatalf("%d %v", status, got)
	}
	g.has("who has answered", func(b wire.SiteBook) bool {
		if len(b.Answers) != 1 {
			return false
		}
		a := b.Answers[0]
		return a.Rule == "high-limit" && a.Object == "centre/mutton/air" && a.Level == "excursion" && strings.HasPrefix(a.By, "其其格") && a.UntilMS-a.AtMS == 15*60_000
	})
}
