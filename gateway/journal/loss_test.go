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
