package journal

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"coldchain/gateway/wire"
)

const small = 1 << 20 // bytes

func smallJournal(t *testing.T, path string) *Journal {
	t.Helper()
	j, err := Open(context.Background(), path, Options{Boot: "boot-1", MaxBytes: small, Scope: "balagong-gw"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

// minutes returns n readings that begin i minutes after the morning.
func minutes(i, n int) []wire.Record {
	out := readings(n)
	for k := range out {
		out[k].Reading.Time = out[k].Reading.Time.Add(time.Duration(i) * time.Minute)
	}
	return out
}

type tally struct {
	readings, urgent, gaps, events, dropped uint64
	gap                                     wire.Gap
}

func count(t *testing.T, j *Journal) (c tally) {
	t.Helper()
	err := j.Records(context.Background(), 0, math.MaxUint64, func(e Entry) bool {
		switch e.Kind {
		case wire.ReadingRecord:
			c.readings++
			if e.Urgent {
				c.urgent++
			}
		case wire.GapRecord:
			if e.Gap.Cause == CauseDiskLimit {
				c.gaps, c.gap = c.gaps+1, e.Gap
				c.dropped += e.Gap.Count
			}
		case wire.EventRecord:
			c.events++
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSizeLimitTakesTheOldestNormalReadings fills a journal for four times its
// limit without a network: what is outside limits and the events stay, the rest
// is declared in one gap that grows, and the file stays within its limit.
func TestSizeLimitTakesTheOldestNormalReadings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := smallJournal(t, path)
	var appended, urgent uint64
	event := wire.Record{Kind: wire.EventRecord, Event: wire.Event{At: morning, Name: "start", Object: "balagong-gw"}}
	mustAppend(t, j, []wire.Record{event})
	for i := 0; i < 80_000; i += 400 {
		batch, marks := minutes(i, 400), make([]bool, 400)
		marks[7] = true
		if _, err := j.AppendUrgent(context.Background(), batch, marks); err != nil {
			t.Fatal(err)
		}
		appended, urgent = appended+400, urgent+1
		inUse, file, err := j.used(context.Background())
		if err != nil || inUse > j.budget() || file > small {
			t.Fatalf("after %d readings %d bytes are in use and the file has %d; want at most %d (%v)", appended, inUse, file, j.budget(), err)
		}
	}
	c := count(t, j)
	if c.events != 1 || c.urgent != urgent || c.gaps != 1 {
		t.Errorf("%d events, %d of %d urgent readings, %d gaps; want all and one gap", c.events, c.urgent, urgent, c.gaps)
	}
	if c.readings+c.dropped != appended || c.dropped == 0 || j.Dropped() != c.dropped {
		t.Errorf("%d readings kept and %d declared of %d (journal says %d)", c.readings, c.dropped, appended, j.Dropped())
	}
	if j.Undelivered() != c.readings+c.events+c.gaps {
		t.Errorf("%d undelivered; want %d", j.Undelivered(), c.readings+c.events+c.gaps)
	}
	if !c.gap.From.Equal(morning) || c.gap.Scope != "balagong-gw" || !c.gap.To.After(morning.Add(24*time.Hour)) {
		t.Errorf("gap %+v", c.gap)
	}
	// Everything inside the gap but the urgent is gone, everything after it there.
	err := j.Records(context.Background(), 0, math.MaxUint64, func(e Entry) bool {
		if e.Kind == wire.ReadingRecord && !e.Urgent && !e.Time().After(c.gap.To) {
			t.Errorf("reading of %v is kept and declared as gone", e.Time())
			return false
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	j = smallJournalAgain(t, j)
	if again := count(t, j); again != c {
		t.Errorf("after a restart %+v, want %+v", again, c)
	}
}

func smallJournalAgain(t *testing.T, j *Journal) *Journal {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return smallJournal(t, j.path)
}

func TestSizeLimitTakesDeliveredRecordsFirst(t *testing.T) {
	j := smallJournal(t, filepath.Join(t.TempDir(), "journal.db"))
	for i := 0; i < 60_000; i += 500 {
		kept := mustAppend(t, j, minutes(i, 500))
		confirm(t, j, ack(kept[0].Seq, kept[499].Seq, wire.Stored))
	}
	undelivered := mustAppend(t, j, minutes(60_000, 2000))
	for i := 0; j.Dropped() == 0 && i < 8; i++ {
		mustAppend(t, j, minutes(62_000+i*500, 500))
	}
	if c := count(t, j); c.gaps != 0 || j.Dropped() != 0 {
		t.Errorf("%d undelivered readings were dropped while delivered ones were there", j.Dropped())
	}
	if j.Oldest() != undelivered[0].Seq {
		t.Errorf("oldest %d, want %d", j.Oldest(), undelivered[0].Seq)
	}
}

// TestAGapThatWasOfferedDoesNotGrow: one identity has one content.
func TestAGapThatWasOfferedDoesNotGrow(t *testing.T) {
	j := smallJournal(t, filepath.Join(t.TempDir(), "journal.db"))
	i := 0
	fill := func(until uint64) {
		for ; j.Dropped() < until; i += 500 {
			mustAppend(t, j, minutes(i, 500))
		}
	}
	fill(1)
	fill(2000)
	var offered []wire.Record
	for after := uint64(0); ; {
		records, err := j.Offer(context.Background(), after, 500)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			break
		}
		offered = append(offered, records...)
		after = records[len(records)-1].Seq
	}
	fill(6000)
	c := count(t, j)
	if c.gaps != 2 || c.dropped != j.Dropped() {
		t.Errorf("%d gaps of %d readings; want 2 of %d", c.gaps, c.dropped, j.Dropped())
	}
	for _, r := range offered {
		if r.Kind != wire.GapRecord {
			continue
		}
		err := j.Records(context.Background(), r.Seq, r.Seq, func(e Entry) bool {
			if e.Gap != r.Gap {
				t.Errorf("offered %+v, kept %+v", r.Gap, e.Gap)
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestALowerLimitShrinksTheFile measures pages and bytes.
func TestALowerLimitShrinksTheFile(t *testing.T) {
	j := newJournal(t)
	for i := 0; i < 100_000; i += 1000 {
		kept := mustAppend(t, j, minutes(i, 1000))
		confirm(t, j, ack(kept[0].Seq, kept[999].Seq, wire.Stored))
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(j.path)
	if err != nil {
		t.Fatal(err)
	}
	j = smallJournal(t, j.path)
	for i := range 60 {
		mustAppend(t, j, minutes(100_000+i, 1))
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(j.path)
	if err != nil {
		t.Fatal(err)
	}
	if after.Size() > small {
		t.Errorf("the file has %d bytes of %d before; the limit is %d", after.Size(), before.Size(), small)
	}
}

func TestOvertaken(t *testing.T) {
	j := newJournal(t)
	mustAppend(t, j, readings(10))
	j = reopen(t, j)
	mustAppend(t, j, readings(10))
	for _, c := range []struct {
		epoch, highest uint64
		want           bool
	}{{0, 0, false}, {1, 10, false}, {1, 15, true}, {2, 0, true}} {
		if got, err := j.Overtaken(context.Background(), c.epoch, c.highest); got != c.want || err != nil {
			t.Errorf("county has seen %d/%d, ten were there at the start and ten came: %v, %v", c.epoch, c.highest, got, err)
		}
	}
	if _, err := j.Offer(context.Background(), 0, 100); err != nil {
		t.Fatal(err)
	}
	if got, err := j.Overtaken(context.Background(), 1, 20); got || err != nil {
		t.Errorf("what was offered can have been seen: %v, %v", got, err)
	}
}

// An agent that starts on a full disk has not read its journal yet. It must not
// take that for an old one: all that waits would get new numbers for nothing.
func TestAJournalThatIsNotOpenYetIsNotOvertaken(t *testing.T) {
	j := newJournal(t)
	mustAppend(t, j, readings(10))
	now := time.Now()
	j.o.Now = func() time.Time { return now }
	j.broken, j.tried, j.sent = ErrFull, now, 0
	if got, err := j.Overtaken(context.Background(), 1, 10); got || !errors.Is(err, ErrFull) {
		t.Errorf("while the disk is full: %v, %v", got, err)
	}
	now = now.Add(retryEvery)
	if got, err := j.Overtaken(context.Background(), 1, 10); got || err != nil {
		t.Errorf("when it can be opened: %v, %v", got, err)
	}
}
