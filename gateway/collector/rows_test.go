package collector

import (
	"context"
	"slices"
	"testing"
	"time"

	"coldchain/gateway/mqtt"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

func rowsOf(t *testing.T, inv wire.Inventory, records ...wire.Record) []byte {
	t.Helper()
	table, err := wire.TableOf(inv)
	if err != nil {
		t.Fatal(err)
	}
	payload, ok := new(wire.Encoder).EncodeRows(wire.Pack{Epoch: 1, Oldest: 1, Next: records[len(records)-1].Seq + 1, Records: records}, table, false)
	if !ok {
		t.Fatal("rows cannot say this")
	}
	return payload
}

func inventory(boot string, points ...sensors.PointID) wire.Inventory {
	d := wire.DeviceInfo{Name: "probe", Bus: "line", Profile: "xy-md02"}
	for _, p := range points {
		unit := sensors.Celsius
		if p == humidity {
			unit = sensors.PercentRH
		}
		d.Points = append(d.Points, wire.PointInfo{ID: string(p), Quantity: "temperature", Unit: string(unit)})
	}
	return wire.Inventory{Gateway: here.Gateway, Site: here.Site, Boot: boot, Devices: []wire.DeviceInfo{d}}
}

func (r *rig) sendInventory(inv wire.Inventory) {
	r.t.Helper()
	payload, err := wire.EncodeInventory(inv)
	if err != nil {
		r.t.Fatal(err)
	}
	r.send(here.Topic(wire.ChannelInventory), payload)
}

// TestRowsWaitForTheirInventory: rows of which the county does not know the
// names are neither stored, quarantined nor acknowledged; the county asks for
// the names, at most each ten seconds, and keeps them over a restart.
func TestRowsWaitForTheirInventory(t *testing.T) {
	inBubble(t, func(r *rig) {
		now := time.Now()
		inv := inventory("b1", air, humidity)
		rows := rowsOf(t, inv, reading(1, air, now, -18.5), reading(2, humidity, now, 81))
		other := inventory("b1", humidity, air) // the same names in another order
		r.sendInventory(other)
		for range 3 {
			r.send(here.Topic(wire.ChannelRecords), rows)
		}
		asked := 0
		for _, c := range r.wire.commands(t) {
			if c.Inventory {
				asked++
			}
		}
		if asked != 1 {
			t.Errorf("asked %d times for the inventory, want once in ten seconds", asked)
		}
		if got := r.wire.acks(t); len(got) != 0 {
			t.Errorf("acknowledged %+v of what cannot be read", got)
		}
		if n, err := r.db.QuarantineCounts(context.Background()); err != nil || len(n) != 0 {
			t.Errorf("quarantined %+v %v: nothing is wrong with it", n, err)
		}
		r.sendInventory(inv)
		r.send(here.Topic(wire.ChannelRecords), rows)
		if got := r.wire.acks(t); len(got) != 1 || got[0].From != 1 || got[0].To != 2 || got[0].Outcome != wire.Stored {
			t.Errorf("acknowledged %+v, want both stored", got)
		}
		if a, h := r.stored(air), r.stored(humidity); len(a) != 1 || a[0] != -18.5 || len(h) != 1 || h[0] != 81 {
			t.Errorf("stored %v and %v, each value under its own point", a, h)
		}
		r.stop()
		r.start()
		r.send(here.Topic(wire.ChannelRecords), rowsOf(t, inv, reading(3, air, now.Add(time.Minute), -18.4)))
		if got := r.wire.acks(t); len(got) != 1 || got[0].From != 3 {
			t.Errorf("after a restart acknowledged %+v", got)
		}
	})
}

// TestShortAcknowledgementsAreForThoseWhoReadThem: a gateway that does not say
// so gets JSON.
func TestShortAcknowledgementsAreForThoseWhoReadThem(t *testing.T) {
	inBubble(t, func(r *rig) {
		for seq, terse := range []bool{false, true} {
			status, err := wire.EncodeStatus(wire.Status{Gateway: here.Gateway, Site: here.Site, Online: true, Terse: terse})
			if err != nil {
				t.Fatal(err)
			}
			r.send(here.Topic(wire.ChannelStatus), status)
			r.sendRecords(reading(uint64(seq+1), air, time.Now(), -18))
			var newest []byte
			for _, m := range r.wire.sent() {
				if m.Topic == here.Topic(wire.ChannelAck) {
					newest = m.Payload
				}
			}
			if short := len(newest) > 0 && newest[0] != '{'; short != terse {
				t.Errorf("terse %v: acknowledged by %q", terse, newest)
			}
		}
	})
}

// TestOneAcknowledgementACommit: many messages of a gateway that become durable
// together are acknowledged in one.
func TestOneAcknowledgementACommit(t *testing.T) {
	inBubble(t, func(r *rig) {
		for seq := uint64(1); seq <= 20; seq++ {
			payload, err := wire.EncodePack(wire.Pack{Epoch: 1, Oldest: 1, Next: seq + 1, Records: []wire.Record{reading(seq, air, time.Now().Add(time.Duration(seq)*time.Millisecond), -18)}}, wire.CBOR)
			if err != nil {
				t.Fatal(err)
			}
			r.c.receive(mqtt.Message{Topic: here.Topic(wire.ChannelRecords), Payload: payload})
		}
		time.Sleep(3 * linger)
		got := r.wire.acks(t)
		if len(got) != 1 || got[0].From != 1 || got[0].To != 20 {
			t.Errorf("acknowledged %+v, want one range of all twenty", got)
		}
	})
}

// sent is all that was published since acks or commands were asked for.
func (p *recorder) sent() []mqtt.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.all)
}
