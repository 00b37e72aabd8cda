package state

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/alerting/batch"
)

func TestMoveClosesTheStayAndOpensTheNext(t *testing.T) {
	c := open(t)
	three, two, one := noon.Add(-3*time.Hour), noon.Add(-2*time.Hour), noon.Add(-time.Hour)
	c.mustCreate(t, "A", room, three)
	c.mustMove(t, "A", "truck-1/box", two)
	c.mustMove(t, "A", "", one)
	c.mustMove(t, "A", "hq/room-1", one) // came back the moment it left
	b, err := c.Batch(t.Context(), "A")
	must(t, err)
	want := []batch.Custody{
		{Batch: "A", Zone: room, From: three, To: two},
		{Batch: "A", Zone: "truck-1/box", From: two, To: one},
		{Batch: "A", Zone: "hq/room-1", From: one},
	}
	if !slices.Equal(b.Custody, want) || b.Where() != "hq/room-1" {
		t.Errorf("%+v", b.Custody)
	}
	if got := c.actions(t, "A"); !slices.Equal(got, []string{"batch.created", "batch.moved", "batch.moved", "batch.moved"}) {
		t.Error(got)
	}
	must(t, c.VerifyAudit(t.Context()))
}

func TestMoveAtTheVeryStartCorrectsTheZone(t *testing.T) {
	c := open(t)
	from := noon.Add(-time.Hour)
	c.mustCreate(t, "A", room, from)
	c.mustMove(t, "A", "hq/room-1", from)
	b, err := c.Batch(t.Context(), "A")
	must(t, err)
	if want := []batch.Custody{{Batch: "A", Zone: "hq/room-1", From: from}}; !slices.Equal(b.Custody, want) {
		t.Errorf("%+v", b.Custody)
	}
	if in, _ := c.BatchesIn(t.Context(), room, time.Unix(0, 0), time.Time{}); len(in) != 0 {
		t.Error("it never lay there:", in)
	}
}

func TestBatchTimesDefaultToNow(t *testing.T) {
	c := open(t)
	b, err := c.CreateBatch(t.Context(), keeper, "k", batch.Batch{ID: "A"}, &batch.Custody{Zone: room})
	must(t, err)
	if !b.Created.Equal(noon) || !b.Custody[0].From.Equal(noon) {
		t.Errorf("%+v", b)
	}
	c.clock.set(noon.Add(time.Hour))
	b, err = c.MoveBatch(t.Context(), keeper, "k2", MoveRequest{Batch: "A"})
	must(t, err)
	if !b.Custody[0].To.Equal(noon.Add(time.Hour)) || b.Where() != "" {
		t.Errorf("%+v", b)
	}
}

func TestBatchWithoutCustodyIsNowhereUntilMoved(t *testing.T) {
	c := open(t)
	b, err := c.CreateBatch(t.Context(), keeper, "k", batch.Batch{ID: "A"}, nil)
	must(t, err)
	if b.Where() != "" || len(b.Custody) != 0 {
		t.Errorf("%+v", b)
	}
	c.mustMove(t, "A", room, noon)
	if b, _ = c.Batch(t.Context(), "A"); b.Where() != room {
		t.Errorf("%+v", b)
	}
}

func TestRefusedBatchesAndMoves(t *testing.T) {
	c := open(t, WithZones(func(zone string) bool { return zone == room || zone == "hq/room-1" }))
	at := noon.Add(-time.Hour)
	c.mustCreate(t, "A", room, at)
	c.mustCreate(t, "GONE", room, at)
	c.mustMove(t, "GONE", "", noon.Add(-30*time.Minute))
	create := func(b batch.Batch, cu *batch.Custody) error {
		_, err := c.CreateBatch(t.Context(), keeper, "new", b, cu)
		return err
	}
	move := func(m MoveRequest) error {
		_, err := c.MoveBatch(t.Context(), keeper, "new", m)
		return err
	}
	head, err := c.AuditHead(t.Context())
	must(t, err)
	for name, x := range map[string]struct {
		err  error
		kind Kind
	}{
		"code taken":         {create(batch.Batch{ID: "A"}, nil), ErrDuplicateBatch},
		"no code":            {create(batch.Batch{}, nil), ErrInvalid},
		"code with a space":  {create(batch.Batch{ID: "A B"}, nil), ErrInvalid},
		"code in Chinese":    {create(batch.Batch{ID: "羊肉"}, nil), ErrInvalid},
		"long product":       {create(batch.Batch{ID: "N", Product: strings.Repeat("肉", 201)}, nil), ErrInvalid},
		"control character":  {create(batch.Batch{ID: "N", Owner: "a\x1bb"}, nil), ErrInvalid},
		"no UTF-8":           {create(batch.Batch{ID: "N", Owner: "a\xff"}, nil), ErrInvalid},
		"profile no slug":    {create(batch.Batch{ID: "N", Profile: "Frozen Meat"}, nil), ErrInvalid},
		"created in 1970":    {create(batch.Batch{ID: "N", Created: time.Unix(60, 0)}, nil), ErrInvalid},
		"created tomorrow":   {create(batch.Batch{ID: "N", Created: noon.Add(24 * time.Hour)}, nil), ErrInFuture},
		"unknown zone":       {create(batch.Batch{ID: "N"}, &batch.Custody{Zone: "hq/room-9"}), ErrUnknownZone},
		"zone no name":       {create(batch.Batch{ID: "N"}, &batch.Custody{Zone: "room"}), ErrInvalid},
		"custody of another": {create(batch.Batch{ID: "N"}, &batch.Custody{Batch: "M", Zone: room}), ErrInvalid},
		"ended custody":      {create(batch.Batch{ID: "N"}, &batch.Custody{Zone: room, To: noon}), ErrInvalid},

		"move of nothing known":  {move(MoveRequest{Batch: "B", ToZone: room, At: noon}), ErrUnknownBatch},
		"move to no zone":        {move(MoveRequest{Batch: "A", ToZone: "hq/room-9", At: noon}), ErrUnknownZone},
		"move before it came":    {move(MoveRequest{Batch: "A", ToZone: "hq/room-1", At: at.Add(-time.Millisecond)}), ErrMoveTooEarly},
		"return before it left":  {move(MoveRequest{Batch: "GONE", ToZone: room, At: noon.Add(-31 * time.Minute)}), ErrMoveTooEarly},
		"move to where it lies":  {move(MoveRequest{Batch: "A", ToZone: room, At: noon}), ErrAlreadyThere},
		"departure of what left": {move(MoveRequest{Batch: "GONE", ToZone: "", At: noon}), ErrAlreadyLeft},
		"move next year":         {move(MoveRequest{Batch: "A", ToZone: "hq/room-1", At: noon.AddDate(1, 0, 0)}), ErrInFuture},
	} {
		t.Run(name, func(t *testing.T) { wantKind(t, x.err, x.kind) })
	}
	after, err := c.AuditHead(t.Context())
	must(t, err)
	if after.Seq != head.Seq {
		t.Error("a refusal left an audit row")
	}
	// A refusal does not use the key up.
	must(t, create(batch.Batch{ID: "N"}, nil))
}

func TestSameKeySameRequestGivesTheFirstAnswer(t *testing.T) {
	c := open(t)
	request := batch.Batch{ID: "A", Product: "羊肉"}
	first, err := c.CreateBatch(t.Context(), keeper, "k1", request, &batch.Custody{Zone: room})
	must(t, err)
	moved, err := c.MoveBatch(t.Context(), keeper, "k2", MoveRequest{Batch: "A", ToZone: "hq/room-1", At: noon})
	must(t, err)
	c.clock.set(noon.Add(time.Hour)) // the defaults of the request would be others now
	head, err := c.AuditHead(t.Context())
	must(t, err)
	again, err := c.CreateBatch(t.Context(), keeper, "k1", request, &batch.Custody{Zone: room})
	must(t, err)
	if !reflect.DeepEqual(again, first) {
		t.Errorf("%+v, want the first answer %+v", again, first)
	}
	movedAgain, err := c.MoveBatch(t.Context(), keeper, "k2", MoveRequest{Batch: "A", ToZone: "hq/room-1", At: noon})
	must(t, err)
	if !reflect.DeepEqual(movedAgain, moved) {
		t.Errorf("%+v, want %+v", movedAgain, moved)
	}
	if after, _ := c.AuditHead(t.Context()); after.Seq != head.Seq {
		t.Error("a repeated request was carried out")
	}
}

func TestSameKeyOtherRequestIsRefused(t *testing.T) {
	c := open(t)
	_, err := c.CreateBatch(t.Context(), keeper, "k", batch.Batch{ID: "A"}, nil)
	must(t, err)
	_, err = c.CreateBatch(t.Context(), keeper, "k", batch.Batch{ID: "A", Product: "x"}, nil)
	wantKind(t, err, ErrKeyReused)
	_, err = c.MoveBatch(t.Context(), keeper, "k", MoveRequest{Batch: "A", ToZone: room})
	wantKind(t, err, ErrKeyReused)
	_, err = c.CreateBatch(t.Context(), keeper, "", batch.Batch{ID: "B"}, nil)
	wantKind(t, err, ErrInvalid)
	// Another actor's key is another key.
	_, err = c.CreateBatch(t.Context(), counter, "k", batch.Batch{ID: "B"}, nil)
	must(t, err)
}

func TestSameRequestAtOnceIsDoneOnce(t *testing.T) {
	c := open(t)
	var all sync.WaitGroup
	answers := make(chan Batch, 8)
	for range cap(answers) {
		all.Go(func() {
			b, err := c.CreateBatch(t.Context(), keeper, "k", batch.Batch{ID: "A"}, &batch.Custody{Zone: room})
			if err != nil {
				t.Error(err)
			}
			answers <- b
		})
	}
	all.Wait()
	close(answers)
	first := <-answers
	for b := range answers {
		if !reflect.DeepEqual(b, first) {
			t.Errorf("%+v and %+v", b, first)
		}
	}
	if got := c.actions(t, "A"); len(got) != 1 {
		t.Error(got)
	}
}

func TestBatchesAreFilteredNewestFirst(t *testing.T) {
	c := open(t)
	c.mustCreate(t, "HJQ-1", room, noon.Add(-3*time.Hour))
	c.mustCreate(t, "HJQ-2", "hq/room-1", noon.Add(-2*time.Hour))
	c.mustCreate(t, "XX_3", room, noon.Add(-time.Hour))
	c.mustMove(t, "XX_3", "", noon)
	for name, x := range map[string]struct {
		f    BatchFilter
		want []string
	}{
		"all":       {BatchFilter{}, []string{"XX_3", "HJQ-2", "HJQ-1"}},
		"zone":      {BatchFilter{Zone: room}, []string{"HJQ-1"}},
		"held":      {BatchFilter{Held: true}, []string{"HJQ-2", "HJQ-1"}},
		"search":    {BatchFilter{Search: "hjq"}, []string{"HJQ-2", "HJQ-1"}},
		"by name":   {BatchFilter{Search: "山羊", Limit: 1}, []string{"XX_3"}},
		"no joker":  {BatchFilter{Search: "_"}, []string{"XX_3"}},
		"after":     {BatchFilter{After: &Mark{Time: noon.Add(-time.Hour), ID: "XX_3"}, Limit: 1}, []string{"HJQ-2"}},
		"same time": {BatchFilter{After: &Mark{Time: noon.Add(-2 * time.Hour), ID: "HJQ-1"}}, []string{"HJQ-2", "HJQ-1"}},
		"the last":  {BatchFilter{After: &Mark{Time: noon.Add(-3 * time.Hour), ID: "HJQ-1"}}, []string{}},
		"injection": {BatchFilter{Search: "'; DROP TABLE batches; --"}, []string{}},
	} {
		found, err := c.Batches(t.Context(), x.f)
		must(t, err)
		ids := []string{}
		for _, b := range found {
			ids = append(ids, b.ID)
		}
		if !slices.Equal(ids, x.want) {
			t.Errorf("%s: %v, want %v", name, ids, x.want)
		}
	}
	_, err := c.Batch(t.Context(), "nobody")
	wantKind(t, err, ErrNotFound)
}

func TestCancelledChangeIsNotMade(t *testing.T) {
	c := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.CreateBatch(ctx, keeper, "k", batch.Batch{ID: "A"}, nil)
	if err == nil {
		t.Fatal("created")
	}
	if _, err := c.Batch(t.Context(), "A"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	_, err = c.CreateBatch(t.Context(), keeper, "k", batch.Batch{ID: "A"}, nil)
	must(t, err)
}
