package storetest

import (
	"slices"
	"testing"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

func identityCases() []testCase {
	return []testCase{
		{name: "the same identity twice is one record", run: sameTwice},
		{name: "the same identity twice in one write is one record", run: sameTwiceAtOnce},
		{name: "a millisecond taken by another identity is a collision", run: collision},
		{name: "a collision inside one write", run: collisionInside},
		{name: "a collision found after reopening", run: collisionReopened},
		{name: "a collision in the middle of what is stored", run: collisionOlder},
		{name: "gateway, epoch and sequence each make an identity", run: identityParts},
		{name: "a new epoch goes on", run: newEpoch},
		{name: "a third-party sender is a class of its own", run: thirdParty},
		{name: "older records written later take their place", run: lateRecords},
		{name: "a backfill behind live readings", run: backfill},
	}
}

func sameTwice(t *testing.T, open Opener) {
	want := []store.Record{rec(1, 0, -18.5), rec(2, 60_000, -18.25), record(3, sensors.NewBad(air, at(120_000), sensors.Timeout))}
	s := opened(t, open)
	write(t, s, want...)
	write(t, s, want...)
	write(t, s, want[1])
	same(t, read(t, s, everything(air, sensors.Temperature)), want)
}

func sameTwiceAtOnce(t *testing.T, open Opener) {
	a, b := rec(1, 0, 1), rec(2, 1000, 2)
	s := opened(t, open)
	write(t, s, a, b, a, b, b)
	same(t, read(t, s, everything(air, sensors.Temperature)), []store.Record{a, b})
}

// collide writes records and wants exactly these indexes to be collisions.
func collide(t *testing.T, s store.Store, records []store.Record, want ...int) {
	t.Helper()
	res, err := s.Write(t.Context(), records)
	if err != nil {
		t.Fatalf("write: %v", err)
	}
	if got := indexes(res); !slices.Equal(got, want) || len(res.Rejections) > 0 {
		t.Fatalf("collisions %v, want %v (%+v)", got, want, res)
	}
}

func collision(t *testing.T, open Opener) {
	first, next := rec(1, 0, -18.5), rec(3, 60_000, -18)
	s := opened(t, open)
	write(t, s, first)
	collide(t, s, []store.Record{rec(2, 0, 99), next}, 0)
	collide(t, s, []store.Record{record(4, sensors.NewBad(air, at(0), sensors.CRCError))}, 0)
	same(t, read(t, s, everything(air, sensors.Temperature)), []store.Record{first, next})
}

func collisionInside(t *testing.T, open Opener) {
	a, b := rec(1, 0, 1), rec(3, 1000, 3)
	s := opened(t, open)
	collide(t, s, []store.Record{a, rec(2, 0, 2), b, rec(2, 0, 2), a}, 1, 3)
	same(t, read(t, s, everything(air, sensors.Temperature)), []store.Record{a, b})
}

func collisionReopened(t *testing.T, open Opener) {
	first := []store.Record{rec(1, 0, 1), rec(2, 1000, 2)}
	s := opened(t, open)
	write(t, s, first...)
	if err := s.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	s = opened(t, open)
	next := rec(5, 2000, 5)
	collide(t, s, []store.Record{rec(3, 0, 9), first[1], rec(4, 1000, 9), next}, 0, 2)
	same(t, read(t, s, everything(air, sensors.Temperature)), append(first, next))
}

func collisionOlder(t *testing.T, open Opener) {
	var want []store.Record
	for i := range 100 {
		want = append(want, rec(uint64(i+1), int64(i)*1000, float64(i)))
	}
	s := opened(t, open)
	write(t, s, want...)
	collide(t, s, []store.Record{rec(500, 40_000, 0), rec(501, 40_001, 0), rec(502, 99_000, 0)}, 0, 2)
	want = slices.Insert(want, 41, rec(501, 40_001, 0))
	same(t, read(t, s, everything(air, sensors.Temperature)), want)
}

func identityParts(t *testing.T, open Opener) {
	first := rec(7, 0, 1)
	gateway, epoch, seq := first, first, first
	gateway.Gateway = "gw-spare"
	epoch.Epoch = 2
	seq.Seq = 8
	s := opened(t, open)
	write(t, s, first)
	collide(t, s, []store.Record{gateway, epoch, first, seq}, 0, 1, 3)
	same(t, read(t, s, everything(air, sensors.Temperature)), []store.Record{first})
}

func thirdParty(t *testing.T, open Opener) {
	sent := rec(1, 0, -18.5)
	sent.Gateway, sent.Seq = store.SourceIdentity("logger"), 1<<63-1
	contradiction, impostor := sent, sent
	contradiction.Seq--
	impostor.Gateway = "logger" // a gateway may have the name of a source
	s := opened(t, open)
	write(t, s, sent)
	collide(t, s, []store.Record{contradiction, sent, impostor}, 0, 2)
	got := read(t, s, everything(air, sensors.Temperature))
	same(t, got, []store.Record{sent})
	if name, ok := got[0].Source(); name != "logger" || !ok {
		t.Errorf("the sender is %q, %v", name, ok)
	}
	if _, ok := impostor.Source(); ok {
		t.Error("a gateway is taken for a third party")
	}
	odd := rec(2, 1000, 1)
	odd.Gateway = store.SourceIdentity("")
	if odd.Check() == nil {
		t.Error("a sender without a name is taken")
	}
}

func newEpoch(t *testing.T, open Opener) {
	a, b := rec(100, 0, 1), rec(1, 1000, 2)
	b.Epoch = 2
	big := rec(1<<63-1, 2000, 3)
	big.Epoch = 1<<63 - 1
	s := opened(t, open)
	write(t, s, a)
	write(t, s, b, big)
	write(t, s, a, b, big)
	same(t, read(t, s, everything(air, sensors.Temperature)), []store.Record{a, b, big})
}

func lateRecords(t *testing.T, open Opener) {
	want := []store.Record{rec(1, -86_400_000, 1), rec(2, -1, 2), rec(3, 0, 3), rec(4, 1, 4), rec(5, 86_400_000, 5)}
	s := opened(t, open)
	for _, i := range []int{3, 0, 4, 2, 1} {
		write(t, s, want[i])
	}
	same(t, read(t, s, everything(air, sensors.Temperature)), want)
}

func backfill(t *testing.T, open Opener) {
	other := sensors.PointID("balagong/mutton-1/product")
	var old, live, oldOther []store.Record
	for i := range 1440 {
		ms := int64(i-1440) * 60_000
		old = append(old, rec(uint64(2*i+1), ms, float64(i)))
		oldOther = append(oldOther, record(uint64(2*i+2), sensors.NewGood(other, at(ms), float64(-i))))
	}
	for i := range 10 {
		live = append(live, rec(uint64(5000+i), int64(i)*60_000, -18))
	}
	s := opened(t, open)
	write(t, s, live[:5]...)
	write(t, s, slices.Concat(old, oldOther)...) // sorted by point, as a backlog is
	write(t, s, live[5:]...)
	write(t, s, slices.Concat(oldOther, old)...) // the ack was lost
	same(t, read(t, s, everything(air, sensors.Temperature)), append(old, live...))
	same(t, read(t, s, everything(other, sensors.Temperature)), oldOther)
}
