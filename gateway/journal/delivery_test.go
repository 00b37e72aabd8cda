package journal

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/wire"
)

func TestConfirm(t *testing.T) {
	for _, c := range []struct {
		name string
		acks [][]wire.AckRange
		want state
	}{
		{"lost acknowledgement", nil, state{1, 1, 11, 10, "1 2 3 4 5 6 7 8 9 10"}},
		{"all", [][]wire.AckRange{{ack(1, 10, wire.Stored)}}, state{1, 11, 11, 0, ""}},
		{"twice", [][]wire.AckRange{{ack(1, 4, wire.Stored)}, {ack(1, 4, wire.Stored)}}, state{1, 5, 11, 6, "5 6 7 8 9 10"}},
		{"out of order", [][]wire.AckRange{{ack(7, 10, wire.Stored)}, {ack(1, 3, wire.Stored)}}, state{1, 4, 11, 3, "4 5 6"}},
		{"overlapping in one", [][]wire.AckRange{{ack(2, 5, wire.Stored), ack(4, 7, wire.Quarantined)}}, state{1, 1, 11, 4, "1 8 9 10"}},
		{"quarantined is final too", [][]wire.AckRange{{ack(1, 2, wire.Quarantined)}}, state{1, 3, 11, 8, "3 4 5 6 7 8 9 10"}},
		{"retry changes nothing", [][]wire.AckRange{{ack(1, 10, wire.RetryAfter)}}, state{1, 1, 11, 10, "1 2 3 4 5 6 7 8 9 10"}},
		{"beyond what there is", [][]wire.AckRange{{ack(9, 5000, wire.Stored), ack(20, math.MaxUint64, wire.Stored), ack(0, 0, wire.Stored)}}, state{1, 1, 11, 8, "1 2 3 4 5 6 7 8"}},
		{"backwards", [][]wire.AckRange{{ack(5, 2, wire.Stored)}}, state{1, 1, 11, 10, "1 2 3 4 5 6 7 8 9 10"}},
		{"unknown outcome", [][]wire.AckRange{{ack(1, 10, "perhaps")}}, state{1, 1, 11, 10, "1 2 3 4 5 6 7 8 9 10"}},
		{"every second", [][]wire.AckRange{{ack(2, 2, wire.Stored), ack(4, 4, wire.Stored)}, {ack(3, 3, wire.Stored)}}, state{1, 1, 11, 7, "1 5 6 7 8 9 10"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := newJournal(t)
			mustAppend(t, j, readings(10))
			for _, a := range c.acks {
				confirm(t, j, a...)
			}
			want(t, j, c.want)
		})
	}
}

func TestConfirmedBeyondNextDoesNotSwallowWhatComesLater(t *testing.T) {
	j := newJournal(t)
	mustAppend(t, j, readings(2))
	confirm(t, j, ack(1, 100, wire.Stored))
	mustAppend(t, j, readings(1))
	want(t, j, state{1, 3, 4, 1, "3"})
}

func TestOutcomesAreKept(t *testing.T) {
	j := newJournal(t)
	mustAppend(t, j, readings(5))
	q := ack(2, 3, wire.Quarantined)
	q.Reason = wire.UnknownPoint
	confirm(t, j, q, ack(1, 1, wire.Stored))
	confirm(t, j, ack(2, 2, wire.Stored)) // final is final
	j = reopen(t, j)
	got := ""
	if err := j.Records(context.Background(), 0, math.MaxUint64, func(e Entry) bool {
		got += fmt.Sprintf("%d:%s:%s ", e.Seq, e.Outcome, e.Reason)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if want := "1:stored: 2:quarantined:unknown-point 3:quarantined:unknown-point 4:: 5:: "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestOfferGoesOnBehindACursor(t *testing.T) {
	j := newJournal(t)
	mustAppend(t, j, readings(10))
	confirm(t, j, ack(1, 2, wire.Stored), ack(5, 6, wire.Stored))
	for _, c := range []struct {
		after uint64
		limit int
		want  string
	}{{0, 3, "[3 4 7]"}, {3, 2, "[4 7]"}, {4, 1, "[7]"}, {9, 5, "[10]"}, {10, 5, "[]"}, {0, 0, "[]"}, {math.MaxUint64 - 1, 5, "[]"}} {
		records, err := j.Offer(context.Background(), c.after, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		seqs := []uint64{}
		for _, r := range records {
			seqs = append(seqs, r.Seq)
		}
		if got := fmt.Sprint(seqs); got != c.want {
			t.Errorf("after %d, %d: got %s, want %s", c.after, c.limit, got, c.want)
		}
	}
}

func TestOfferAlwaysFitsIntoAMessage(t *testing.T) {
	j := newJournal(t)
	long := strings.Repeat("x", 30<<10)
	event := wire.Record{Kind: wire.EventRecord, Event: wire.Event{At: morning, Name: "e", Object: "gw", Detail: map[string]string{"a": long, "b": long}}}
	many := make([]wire.Record, 20)
	for i := range many {
		many[i] = event
	}
	mustAppend(t, j, many)
	total := 0
	for after := uint64(0); ; {
		records, err := j.Offer(context.Background(), after, 500)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			break
		}
		for _, enc := range []wire.Encoding{wire.CBOR, wire.JSON} {
			if _, err := wire.EncodePack(wire.Pack{Epoch: 1, Oldest: 1, Next: j.Next(), Records: records}, enc); err != nil {
				t.Fatal(err)
			}
		}
		total += len(records)
		after = records[len(records)-1].Seq
	}
	if total != len(many) {
		t.Errorf("offered %d of %d", total, len(many))
	}
	event.Event.Detail["c"] = strings.Repeat("y", 70<<10)
	if _, err := j.Append(context.Background(), []wire.Record{event}); err == nil {
		t.Error("a record too large for any message was kept")
	}
	want(t, j, look(t, j))
}

func TestStartEpochMovesWhatIsNotDelivered(t *testing.T) {
	for _, c := range []struct {
		name   string
		acks   []wire.AckRange
		before state
		after  state // one more appended
	}{
		{"new card: nothing delivered", nil, state{7, 1, 6, 5, "1 2 3 4 5"}, state{7, 1, 7, 6, "1 2 3 4 5 6"}},
		{"restored image: a run at the end", []wire.AckRange{ack(1, 3, wire.Stored)}, state{7, 4, 6, 2, "4 5"}, state{7, 4, 7, 3, "4 5 6"}},
		{"all delivered", []wire.AckRange{ack(1, 5, wire.Stored)}, state{7, 6, 6, 0, ""}, state{7, 6, 7, 1, "6"}},
		{"delivered ones between: no holes", []wire.AckRange{ack(1, 1, wire.Stored), ack(3, 4, wire.Stored)}, state{7, 6, 8, 2, "6 7"}, state{7, 6, 9, 3, "6 7 8"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := newJournal(t)
			records := mustAppend(t, j, readings(5))
			confirm(t, j, c.acks...)
			waiting, err := j.Offer(context.Background(), 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			if err := j.StartEpoch(context.Background(), 7); err != nil {
				t.Fatal(err)
			}
			j = want(t, j, c.before)
			moved, err := j.Offer(context.Background(), 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			for i := range moved { // the same readings, in the same order
				if moved[i].Reading != waiting[i].Reading {
					t.Errorf("record %d: got %v, want %v", i, moved[i].Reading, waiting[i].Reading)
				}
			}
			mustAppend(t, j, records[:1])
			j = want(t, j, c.after)
			confirm(t, j, ack(0, math.MaxUint64, wire.Stored))
			if n := j.Undelivered(); n != 0 {
				t.Errorf("%d left after all was confirmed", n)
			}
		})
	}
}

func TestStartEpochRefusesToGoBack(t *testing.T) {
	j := newJournal(t)
	for _, e := range []uint64{0, 1, math.MaxUint64} {
		if err := j.StartEpoch(context.Background(), e); err == nil {
			t.Errorf("epoch %d was accepted after 1", e)
		}
	}
	want(t, j, state{Epoch: 1, Oldest: 1, Next: 1})
}

func TestRedeliverOffersEverythingKept(t *testing.T) {
	j := newJournal(t)
	mustAppend(t, j, readings(4))
	confirm(t, j, ack(1, 3, wire.Stored), ack(4, 4, wire.Quarantined))
	if err := j.StartEpoch(context.Background(), 2); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, j, readings(1))
	if err := j.Redeliver(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := j.SetGeneration(context.Background(), "store-2"); err != nil {
		t.Fatal(err)
	}
	j = want(t, j, state{2, 1, 6, 5, "1 2 3 4 5"})
	if g := j.Generation(); g != "store-2" {
		t.Errorf("generation %q", g)
	}
	if err := j.Records(context.Background(), 1, 5, func(e Entry) bool {
		if e.Epoch != 2 || e.Outcome != "" {
			t.Errorf("record %d: epoch %d, outcome %q", e.Seq, e.Epoch, e.Outcome)
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
}

func TestTrimRemovesOnlyWhatIsOldAndDelivered(t *testing.T) {
	j, err := Open(context.Background(), filepath.Join(t.TempDir(), "j.db"), Options{Keep: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	mustAppend(t, j, readings(100)) // minutes 0 to 99
	future := readings(1)
	future[0].Reading.Time = morning.AddDate(10, 0, 0) // a clock that was wrong
	mustAppend(t, j, future)
	mustAppend(t, j, readings(12000)[100:]) // several of Trim's steps
	confirm(t, j, ack(1, 9, wire.Stored), ack(12, 11_990, wire.Stored))
	left := func() string {
		out := []uint64{}
		if err := j.Records(context.Background(), 0, math.MaxUint64, func(e Entry) bool { out = append(out, e.Seq); return true }); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(out)
	}
	if err := j.Trim(context.Background(), morning.Add(time.Hour+5*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := left(); !strings.HasPrefix(got, "[6 7 8 ") {
		t.Errorf("after 5 minutes past an hour: %.40s", got)
	}
	if err := j.Trim(context.Background(), morning.AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if got, want := left(), "[10 11 101 11991 11992 11993 11994 11995 11996 11997 11998 11999 12000 12001]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	want(t, j, state{1, 10, 12002, 13, "10 11 11991 11992 11993 11994 11995 11996 11997 11998 11999 12000 12001"})
}

func TestKeptReachesBackToTheOldestRecordDeliveredOrNot(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "journal.db"))
	kept := func() uint64 {
		n, err := j.Kept(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := kept(); n != 0 {
		t.Errorf("an empty journal keeps %d", n)
	}
	mustAppend(t, j, readings(10))
	confirm(t, j, ack(1, 8, wire.Stored))
	if n := kept(); n != 10 {
		t.Errorf("keeps %d of ten, most of them delivered", n)
	}
	if err := j.Trim(t.Context(), morning.Add(DefaultKeep+3*time.Minute+30*time.Second)); err != nil {
		t.Fatal(err)
	}
	if n := kept(); n != 6 {
		t.Errorf("keeps %d after the first four grew too old; want 6", n)
	}
}

func TestTrimNeverLosesThePlaceInTheSequence(t *testing.T) {
	j := newJournal(t)
	mustAppend(t, j, readings(3))
	confirm(t, j, ack(1, 3, wire.Stored))
	if err := j.Trim(context.Background(), morning.AddDate(5, 0, 0)); err != nil {
		t.Fatal(err)
	}
	j = want(t, j, state{1, 4, 4, 0, ""})
	if kept := mustAppend(t, j, readings(1)); kept[0].Seq != 4 {
		t.Errorf("sequence %d was given again", kept[0].Seq)
	}
}

func TestDeliveredStateStaysSmall(t *testing.T) {
	j := newJournal(t)
	mustAppend(t, j, readings(2000))
	for seq := uint64(1); seq <= 2000; seq += 2 { // every second is quarantined
		confirm(t, j, ack(seq, seq, wire.Stored), ack(seq+1, seq+1, wire.Quarantined))
	}
	if len(j.delivered) != 1 {
		t.Errorf("%d ranges", len(j.delivered))
	}
	want(t, j, state{1, 2001, 2001, 0, ""})
}
