package journal

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/wire"
)

func openAt(t *testing.T, path string, now time.Time) *Journal {
	t.Helper()
	j, err := Open(t.Context(), path, Options{Boot: "boot-1", Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// ruin closes j and makes its file unreadable from the first byte to the last.
func ruin(t *testing.T, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(j.path + "-wal")
	if err := os.WriteFile(j.path, []byte(strings.Repeat("not a journal. ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// told returns the gaps and the quarantine events that a journal holds.
func told(t *testing.T, j *Journal) (gaps []wire.Gap, events []wire.Event) {
	t.Helper()
	err := j.Records(context.Background(), 0, math.MaxUint64, func(e Entry) bool {
		switch e.Kind {
		case wire.GapRecord:
			gaps = append(gaps, e.Gap)
		case wire.EventRecord:
			events = append(events, e.Event)
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return gaps, events
}

func wantOneGap(t *testing.T, j *Journal, from, to time.Time) {
	t.Helper()
	gaps, _ := told(t, j)
	if len(gaps) != 1 || gaps[0].From.After(from) || gaps[0].To.Before(to) {
		t.Errorf("declared %+v; want one gap that has all of %s to %s in it", gaps, from, to)
	}
}

// Nothing of the file can be read, and none of three hours was delivered.
func TestAFileOfWhichNothingCanBeReadTookAllThatWaited(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openAt(t, path, morning)
	mustAppend(t, j, minutes(0, 60))
	confirm(t, j, ack(1, 60, wire.Stored))
	first := mustAppend(t, j, minutes(60, 180))[0].Time()
	if err := j.Trim(t.Context(), morning); err != nil { // as the agent does each hour
		t.Fatal(err)
	}
	now := morning.Add(5 * time.Hour)
	ruin(t, j)
	j = openAt(t, path, now)
	defer j.Close()
	wantOneGap(t, j, first, now)
	if gaps, _ := told(t, j); len(gaps) == 1 && gaps[0].From.Before(morning.Add(time.Hour)) {
		t.Errorf("the gap begins at %s, in what was delivered", gaps[0].From)
	}
	if !j.DeclaredToNow() {
		t.Error("the time up to the opening is not known as declared")
	}
}

// SQLite takes a file that is shorter than a page for an empty one. Chaos found
// it with seed 24: the journal began anew and nobody was told.
func TestAFileCutBelowOnePageIsNoEmptyJournal(t *testing.T) {
	for _, size := range []int64{0, 1, 511, 512, 2000, 4095} {
		path := filepath.Join(t.TempDir(), "journal.db")
		j := openAt(t, path, morning)
		first := mustAppend(t, j, minutes(0, 60))[0].Time()
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		now := morning.Add(2 * time.Hour)
		j = openAt(t, path, now)
		wantOneGap(t, j, first, now)
		if j.Epoch() != 2 {
			t.Errorf("%d bytes: epoch %d; want the one after the lost file's", size, j.Epoch())
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killed leaves of an open journal what a kill leaves when its log is gone as
// well: SQLite finds a whole file without a record, or without a table.
func killed(t *testing.T, j *Journal) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "journal.db")
	for _, suffix := range []string{"", ".note", ".gaps"} {
		b, err := os.ReadFile(j.path + suffix)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err := errors.Join(err, os.WriteFile(path+suffix, b, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// A young journal lies in its log as a whole. Chaos damaged it there (seed 24):
// the agent took the file for a new one, and nobody was told.
func TestAJournalThatLostItsWholeLogIsNoNewOne(t *testing.T) {
	j := openAt(t, filepath.Join(t.TempDir(), "journal.db"), morning)
	defer j.Close()
	mustAppend(t, j, minutes(0, 30))
	confirm(t, j, ack(1, 30, wire.Stored))
	first := mustAppend(t, j, minutes(30, 30))[0].Time()
	if err := j.Trim(t.Context(), morning); err != nil {
		t.Fatal(err)
	}
	now := morning.Add(2 * time.Hour)
	after := openAt(t, killed(t, j), now)
	defer after.Close()
	wantOneGap(t, after, first, now)
	if gaps, _ := told(t, after); len(gaps) == 1 && gaps[0].From.Before(first.Add(-time.Minute)) {
		t.Errorf("the gap begins at %s, in what was delivered", gaps[0].From)
	}
	if after.Epoch() != 2 || !after.DeclaredToNow() {
		t.Errorf("epoch %d, declared up to now: %v; want another epoch, and the loss declared", after.Epoch(), after.DeclaredToNow())
	}
}

// Nothing of it was delivered yet: it may as well have ended before its first
// record. The agent's own gap begins where the journal began.
func TestAJournalThatLostAllBeforeAnyWasDeliveredHasATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openAt(t, path, morning)
	defer j.Close()
	if at, ok := j.LastTime(); ok {
		t.Errorf("a new journal has a last time, %s", at)
	}
	mustAppend(t, j, minutes(0, 30))
	after := openAt(t, killed(t, j), morning.Add(time.Hour))
	defer after.Close()
	if at, ok := after.LastTime(); !ok || !at.Equal(morning) {
		t.Errorf("last time %s, %v; want %s, from where on all may be lost", at, ok, morning)
	}
	if got := after.Quarantined(); len(got) != 0 {
		t.Errorf("set aside %q; want nothing: nobody can know that there was something", got)
	}
}

// The new file is ruined as well, before anything of it was delivered.
func TestAFileThatIsRuinedTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openAt(t, path, morning)
	mustAppend(t, j, minutes(0, 60))
	confirm(t, j, ack(1, 60, wire.Stored))
	ruin(t, j)
	again := morning.Add(70 * time.Minute)
	j = openAt(t, path, again)
	first := mustAppend(t, j, minutes(71, 30))[0].Time()
	ruin(t, j)
	now := morning.Add(2 * time.Hour)
	j = openAt(t, path, now)
	defer j.Close()
	wantOneGap(t, j, first, now)
}

// The power goes between moving the damaged file aside and giving the new one
// its identity.
func TestANewFileThatWasNeverFinished(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openAt(t, path, morning)
	first := mustAppend(t, j, minutes(0, 60))[0].Time()
	ruin(t, j)
	j.o.Now = func() time.Time { return morning.Add(time.Hour) }
	if _, err := j.moveAside(); err != nil {
		t.Fatal(err)
	}
	j.epoch, j.next, j.oldest, j.pending, j.hasLast, j.timed = 0, 1, 1, 0, false, timed{}
	if err := errors.Join(j.openFile(t.Context()), j.shut()); err != nil {
		t.Fatal(err)
	}
	now := morning.Add(2 * time.Hour)
	j = openAt(t, path, now)
	defer j.Close()
	wantOneGap(t, j, first, now)
	if j.Epoch() != 2 {
		t.Errorf("epoch %d; want the one after the lost file's", j.Epoch())
	}
}

// SQLite tells damage in several lines, and a path may be long. An event that
// the county cannot read would be quarantined.
func TestTheEventOfADamagedFileCanBeRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("盘", 40), "journal.db")
	j := openAt(t, path, morning)
	mustAppend(t, j, minutes(0, 10))
	j.broken = j.replace(t.Context(), errors.New("check: *** in database main ***\nPage 4: never used\n"+strings.Repeat("第九页 ", 100)))
	defer j.Close()
	_, events := told(t, j)
	if len(events) != 1 {
		t.Fatalf("%d events; want one", len(events))
	}
	pack := wire.Pack{Epoch: j.Epoch(), Next: j.Next()}
	_ = j.Records(t.Context(), 0, math.MaxUint64, func(e Entry) bool {
		if e.Kind == wire.EventRecord {
			pack.Records = append(pack.Records, e.Record)
		}
		return true
	})
	b, err := wire.EncodePack(pack, wire.CBOR)
	if err != nil {
		t.Fatal(err)
	}
	got, rejected, err := wire.DecodePack(b, wire.DefaultLimits())
	if err != nil || len(rejected) > 0 || len(got.Records) != 1 {
		t.Errorf("the county takes %d records and rejects %+v: %v", len(got.Records), rejected, err)
	}
}

// Killed while it wrote its note, a hundred times: one file is left, not a hundred.
func TestAnUnfinishedNoteIsTakenAwayByTheNext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "small")
	for _, content := range []string{"one", "two, which is longer"} {
		if err := os.WriteFile(path+".new", []byte("half of a much longer cont"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := WriteDurably(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got := mustRead(t, path); string(got) != content {
			t.Errorf("%q; want %q", got, content)
		}
		if left, err := filepath.Glob(path + ".*"); err != nil || len(left) != 0 {
			t.Errorf("%q, %v lie beside it", left, err)
		}
	}
}
