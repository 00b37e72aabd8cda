package collector

import (
	"fmt"
	"testing"
	"time"

	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/wire"
)

// What follows a message that was sent back would be stored before it.
func TestWhatFollowsAMessageThatWasSentBackWaitsForIt(t *testing.T) {
	inBubble(t, func(r *rig) {
		began := time.Now()
		message := func(from uint64, n int) []wire.Record {
			var pack []wire.Record
			for i := range uint64(n) {
				pack = append(pack, reading(from+i, air, began.Add(time.Duration(from+i)*time.Millisecond), -18))
			}
			return pack
		}
		r.store.fail(fmt.Errorf("down: %w", store.ErrTemporary))
		seq := uint64(1)
		for ; seq <= maxUnstored; seq += 1000 {
			r.sendRecords(message(seq, 1000)...)
		}
		fate := func(what string, from uint64, want wire.Outcome) {
			t.Helper()
			r.wire.acks(t)
			r.sendRecords(message(from, 10)...)
			time.Sleep(time.Second)
			for _, a := range r.wire.acks(t) {
				if a.From == from {
					if a.Outcome != want {
						t.Errorf("%s: %+v; want %s", what, a, want)
					}
					return
				}
			}
			t.Errorf("%s: not acknowledged", what)
		}
		fate("no room", seq, wire.RetryAfter)
		r.store.fail(nil)
		time.Sleep(20 * time.Second)
		fate("room, but not its turn", seq+10, wire.RetryAfter)
		fate("its turn", seq, wire.Stored)
		fate("the next", seq+10, wire.Stored)
	})
}

func TestAPlaceIsNotHeldForEver(t *testing.T) {
	p := places{}
	id, now := state.Run{Gateway: "g", Epoch: 1}, time.Unix(0, 0)
	p.sentBack(id, 100, now)
	p.sentBack(id, 200, now.Add(time.Second)) // does not move the place
	for _, c := range []struct {
		first uint64
		after time.Duration
		want  bool
	}{{100, 0, true}, {99, 0, true}, {101, 0, false}, {200, holdPlace, false}, {200, holdPlace + 1, true}} {
		if got := p.mayGo(id, c.first, now.Add(c.after)); got != c.want {
			t.Errorf("record %d, %s after 100 was sent back: may go %v", c.first, c.after, got)
		}
	}
	p.taken(id)
	if !p.mayGo(id, 200, now) {
		t.Error("held though its place was taken")
	}
}

func TestTheStoresPaceTellsHowLongToWait(t *testing.T) {
	var p pace
	if got := p.wait(20_000); got != shortWait {
		t.Errorf("nothing is known: %s", got)
	}
	p.note(5000, 500*time.Millisecond)
	if got := p.wait(20_000); got != 2*time.Second {
		t.Errorf("20,000 at 10,000 a second: %s", got)
	}
	p.note(0, time.Hour) // says nothing
	p.note(1, time.Hour)
	if got := p.wait(20_000); got != slowDown {
		t.Errorf("a store that stands still: %s", got)
	}
}
