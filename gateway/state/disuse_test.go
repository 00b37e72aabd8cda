package state

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/duty"
	"coldchain/alerting/trip"
)

func off(zone string, kind duty.DisuseKind, lasts time.Duration) duty.Disuse {
	return duty.Disuse{Zone: zone, Kind: kind, Until: noon.Add(lasts), Reason: "夏天不用"}
}

// TestARoomOutOfUseTakesNoGoods: who, since when, until when and why; receiving
// says so; it ends by itself.
func TestARoomOutOfUseTakesNoGoods(t *testing.T) {
	c := open(t)
	ctx := t.Context()
	d, err := c.TakeOutOfUse(ctx, keeper, off(room, duty.SwitchedOff, time.Hour))
	must(t, err)
	if d.ID == "" || d.By != keeper.ID || !d.From.Equal(noon) {
		t.Errorf("%+v", d)
	}
	_, err = c.CreateBatch(ctx, keeper, "k", batch.Batch{ID: "A"}, &batch.Custody{Zone: room, Override: "一定要放"})
	var says *OutOfUse
	if !errors.As(err, &says) || !errors.Is(err, ErrOutOfUse) || !strings.Contains(err.Error(), "bring it into use") || says.ID != d.ID {
		t.Fatalf("a room that is switched off took goods: %v", err)
	}
	c.mustCreate(t, "B", "hq/room-1", noon.Add(-time.Hour))
	if _, err := c.MoveBatch(ctx, keeper, "m", MoveRequest{Batch: "B", ToZone: room}); !errors.Is(err, ErrOutOfUse) {
		t.Errorf("and took moved ones: %v", err)
	}
	// What lay there before it was switched off is booked as it was.
	_, err = c.MoveBatch(ctx, keeper, "m2", MoveRequest{Batch: "B", ToZone: room, At: noon.Add(-time.Minute)})
	must(t, err)
	_, err = c.MoveBatch(ctx, keeper, "m3", MoveRequest{Batch: "B", ToZone: "hq/room-1", At: noon})
	must(t, err)

	if _, err := c.TakeOutOfUse(ctx, keeper, off(room, duty.StandsEmpty, time.Hour)); !errors.Is(err, ErrOutOfUse) {
		t.Errorf("out of use twice: %v", err)
	}
	again := reopen(t, c.path, c.clock) // another process sees it
	if list, err := again.Disuses(ctx, noon); err != nil || len(list) != 1 || list[0] != d {
		t.Errorf("after a restart: %+v %v, want %+v", list, err, d)
	}
	c.clock.set(noon.Add(time.Hour))
	c.mustCreate(t, "C", room, noon.Add(time.Hour)) // it has ended by itself
	if got := c.actions(t, room); !slices.Equal(got, []string{"zone.taken-out-of-use"}) {
		t.Errorf("audit has %v", got)
	}
	must(t, c.VerifyAudit(ctx))
}

func TestARoomIsBroughtIntoUseByHand(t *testing.T) {
	c := open(t)
	ctx := t.Context()
	d, err := c.TakeOutOfUse(ctx, keeper, off(room, duty.StandsEmpty, 30*24*time.Hour))
	must(t, err)
	c.clock.set(noon.Add(time.Minute))
	must(t, c.BringIntoUse(ctx, counter, d.ID))
	must(t, c.BringIntoUse(ctx, counter, d.ID)) // again: it has ended
	c.mustCreate(t, "A", room, noon.Add(time.Minute))
	if got := c.actions(t, d.ID); !slices.Equal(got, []string{"zone.brought-into-use"}) {
		t.Errorf("audit has %v", got)
	}
	if err := c.BringIntoUse(ctx, counter, "nothing"); !errors.Is(err, ErrNotFound) {
		t.Errorf("what is not there was ended: %v", err)
	}
}

// TestEmptyIsRefusedWhileTheBooksHoldGoods, and switching off is not: that is an
// alarm.
func TestEmptyIsRefusedWhileTheBooksHoldGoods(t *testing.T) {
	c := open(t)
	ctx := t.Context()
	c.mustCreate(t, "A", room, noon.Add(-time.Hour))
	if _, err := c.TakeOutOfUse(ctx, keeper, off(room, duty.StandsEmpty, time.Hour)); !errors.Is(err, ErrHoldsGoods) || !strings.Contains(err.Error(), "A") {
		t.Errorf("a room that holds A was taken for empty: %v", err)
	}
	_, err := c.TakeOutOfUse(ctx, keeper, off(room, duty.SwitchedOff, time.Hour))
	must(t, err)
	_, err = c.TakeOutOfUse(ctx, keeper, off("hq/room-1", duty.StandsEmpty, time.Hour))
	must(t, err)
	// Alarms of a room with goods are told, whatever was said of it.
	s, err := c.Situation(ctx, noon)
	must(t, err)
	if len(s.Disuses) != 1 || s.Disuses[0].Zone != "hq/room-1" {
		t.Errorf("held back: %+v, want hq/room-1 alone", s.Disuses)
	}
}

func TestDisusesThatMakeNoSense(t *testing.T) {
	c := open(t, WithZones(func(z string) bool { return z == room }))
	for why, d := range map[string]duty.Disuse{
		"unknown zone": off("hq/room-9", duty.SwitchedOff, time.Hour), "a site": off("hq", duty.SwitchedOff, time.Hour),
		"no such kind": off(room, "broken", time.Hour), "a truck's word": off(room, duty.EmptyTruck, time.Hour),
		"over already": off(room, duty.SwitchedOff, -time.Minute), "too long": off(room, duty.SwitchedOff, 500*24*time.Hour),
		"no reason": {Zone: room, Kind: duty.SwitchedOff, Until: noon.Add(time.Hour)},
	} {
		if _, err := c.TakeOutOfUse(t.Context(), keeper, d); !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrUnknownZone) {
			t.Errorf("%s: %v", why, err)
		}
	}
}

func TestWhatPeopleSayOfATruck(t *testing.T) {
	c := open(t)
	ctx := t.Context()
	must(t, c.SayOfTruck(ctx, keeper, "truck-1", "truck-1/box", trip.Say{Empty: true}))
	c.clock.set(noon.Add(time.Minute))
	must(t, c.SayOfTruck(ctx, keeper, "truck-1", "truck-1/box", trip.Say{Phase: trip.Unloading, Inferred: trip.InTransit}))
	c.mustCreate(t, "A", "truck-1/box", noon)
	if err := c.SayOfTruck(ctx, keeper, "truck-1", "truck-1/box", trip.Say{Empty: true}); !errors.Is(err, ErrHoldsGoods) {
		t.Errorf("a box that holds A was said to be empty: %v", err)
	}
	for _, s := range []trip.Say{{}, {Phase: "flying"}, {Empty: true, At: noon.Add(time.Hour)}} {
		if err := c.SayOfTruck(ctx, keeper, "truck-2", "truck-2/box", s); err == nil {
			t.Errorf("%+v was taken", s)
		}
	}
	again := reopen(t, c.path, c.clock)
	list, err := again.SaidOfTruck(ctx, "truck-1")
	must(t, err)
	want := []trip.Say{{At: noon, By: keeper.ID, Empty: true}, {At: noon.Add(time.Minute), By: keeper.ID, Phase: trip.Unloading, Inferred: trip.InTransit}}
	if !slices.Equal(list, want) {
		t.Errorf("%+v, want %+v", list, want)
	}
	if got := c.actions(t, "truck-1"); !slices.Equal(got, []string{"truck.said-empty", "truck.phase-said"}) {
		t.Errorf("audit has %v", got)
	}
	c.mustMove(t, "A", "", noon.Add(time.Minute))
	stays, err := c.StaysIn(ctx, "truck-1/box")
	must(t, err)
	if !slices.Equal(stays, []trip.Stay{{From: noon, To: noon.Add(time.Minute)}}) {
		t.Errorf("%+v", stays)
	}
	must(t, c.VerifyAudit(ctx))
}

// TestAReasonLeavesAMark: goods that came in before the box was ready can be
// told apart afterwards, in the stay itself.
func TestAReasonLeavesAMark(t *testing.T) {
	ready := false
	c := open(t, WithReceiving(func(zone string, at time.Time, _ batch.Batch, _ []batch.Batch) *Disagreement {
		if ready || zone != "truck-1/box" || at.IsZero() {
			return nil
		}
		return &Disagreement{ZH: "车厢 5 °C", EN: "the box is at 5 °C", Mark: batch.MarkNotReady}
	}))
	ctx := t.Context()
	c.mustCreate(t, "A", room, noon.Add(-time.Hour))
	if _, err := c.MoveBatch(ctx, keeper, "m", MoveRequest{Batch: "A", ToZone: "truck-1/box"}); !errors.Is(err, ErrDisagrees) {
		t.Fatalf("a box that is not ready: %v", err)
	}
	_, err := c.MoveBatch(ctx, keeper, "m", MoveRequest{Batch: "A", ToZone: "truck-1/box", Override: "车要走了"})
	must(t, err)
	b, err := reopen(t, c.path, c.clock).Batch(ctx, "A")
	must(t, err)
	if last := b.Custody[len(b.Custody)-1]; last.Mark != batch.MarkNotReady || last.Override != "车要走了" {
		t.Errorf("%+v", last)
	}
	ready = true // a reason that nothing needs leaves no mark
	b, err = c.CreateBatch(ctx, keeper, "n", batch.Batch{ID: "B"}, &batch.Custody{Zone: "truck-1/box", Override: "以防万一"})
	must(t, err)
	if b.Custody[0].Mark != "" {
		t.Errorf("%+v", b.Custody)
	}
}
