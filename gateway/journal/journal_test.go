package journal

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

var morning = time.Date(2026, 1, 5, 3, 0, 0, 0, time.UTC)

func open(t testing.TB, path string) *Journal {
	t.Helper()
	j, err := Open(context.Background(), path, Options{Boot: "boot-1"})
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

func newJournal(t testing.TB) *Journal { return open(t, filepath.Join(t.TempDir(), "journal.db")) }

// reopen closes j and opens the same file, as a restart does.
func reopen(t testing.TB, j *Journal) *Journal {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, j.path)
}

// readings returns n readings, one a minute.
func readings(n int) []wire.Record {
	out := make([]wire.Record, n)
	for i := range out {
		at := morning.Add(time.Duration(i) * time.Minute)
		out[i] = wire.Record{Mono: time.Duration(i) * time.Minute, Clock: wire.ClockNTP, Unit: sensors.Celsius,
			Reading: sensors.NewGood("balagong/mutton-1/air", at, -18.5+float64(i)/10)}
	}
	return out
}

func mustAppend(t testing.TB, j *Journal, records []wire.Record) []wire.Record {
	t.Helper()
	kept, err := j.Append(context.Background(), records)
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

func ack(from, to uint64, o wire.Outcome) wire.AckRange {
	return wire.AckRange{Range: wire.Range{From: from, To: to}, Outcome: o}
}

func confirm(t testing.TB, j *Journal, ranges ...wire.AckRange) {
	t.Helper()
	if err := j.Confirm(context.Background(), ranges); err != nil {
		t.Fatal(err)
	}
}

// state is what an edge can see of a journal from outside.
type state struct {
	Epoch, Oldest, Next, Undelivered uint64
	Offered                          string
}

func look(t testing.TB, j *Journal) state {
	t.Helper()
	records, err := j.Offer(context.Background(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var seqs []string
	for _, r := range records {
		seqs = append(seqs, fmt.Sprint(r.Seq))
	}
	return state{j.Epoch(), j.Oldest(), j.Next(), j.Undelivered(), strings.Join(seqs, " ")}
}

// want compares now and after a restart: memory and file have to agree.
func want(t testing.TB, j *Journal, s state) *Journal {
	t.Helper()
	if got := look(t, j); got != s {
		t.Errorf("got  %+v\nwant %+v", got, s)
	}
	j = reopen(t, j)
	if got := look(t, j); got != s {
		t.Errorf("after a restart\ngot  %+v\nwant %+v", got, s)
	}
	return j
}

func TestNewJournalIsEmpty(t *testing.T) {
	j := newJournal(t)
	if _, ok := j.LastTime(); ok {
		t.Error("an empty journal has a last time")
	}
	if g := j.Generation(); g != "" {
		t.Errorf("generation %q", g)
	}
	want(t, j, state{Epoch: 1, Oldest: 1, Next: 1})
}

func TestAppendNumbersRecordsAndSurvivesRestart(t *testing.T) {
	j := newJournal(t)
	first := mustAppend(t, j, readings(3))
	second := mustAppend(t, j, readings(2))
	for i, r := range append(first, second...) {
		if r.Seq != uint64(i+1) || r.Boot != "boot-1" {
			t.Errorf("record %d has sequence %d and boot %q", i, r.Seq, r.Boot)
		}
	}
	j = want(t, j, state{1, 1, 6, 5, "1 2 3 4 5"})
	at, ok := j.LastTime()
	if !ok || !at.Equal(morning.Add(time.Minute)) {
		t.Errorf("last time %v %v", at, ok)
	}
}

func TestWhatIsKeptComesBackToTheBit(t *testing.T) {
	at := time.Date(2026, 1, 5, 3, 0, 0, 123_000_000, time.UTC)
	p := sensors.PointID("balagong/mutton-1/air")
	var records []wire.Record
	for _, v := range []float64{0, math.Copysign(0, -1), 0.1, -18.5, 1.0 / 3, 5e-324, math.MaxFloat64, -273.15, 1 << 60, 3, math.Nextafter(4, 5)} {
		records = append(records,
			wire.Record{Unit: sensors.Celsius, Clock: wire.ClockNTP, Mono: 17 * time.Millisecond, Boot: "b", Reading: sensors.NewGood(p, at, v)},
			wire.Record{Unit: sensors.Celsius, Clock: wire.ClockRTC, Boot: "b", Reading: sensors.NewUncertain(p, at, 4, sensors.FlatLine).WithRaw(v)})
	}
	records = append(records,
		wire.Record{Unit: sensors.PercentRH, Clock: wire.ClockNone, Boot: "b", Reading: sensors.NewBad("balagong/mutton-1/rh", at, sensors.Timeout)},
		wire.Record{Unit: sensors.Celsius, Boot: "b2", Reading: sensors.NewBad(p, at, sensors.SensorFault).WithRaw(0x7fff)},
		wire.Record{Boot: "b2", Reading: sensors.NewBad(p, at, sensors.NoReason)},
		wire.Record{Kind: wire.GapRecord, Boot: "b2", Gap: wire.Gap{Scope: "gw-balagong", From: at.Add(-time.Hour), To: at, Cause: "restart", Count: 7}},
		wire.Record{Kind: wire.EventRecord, Boot: "b2", Event: wire.Event{At: at, Name: "clock-step", Object: "gw-balagong", Detail: map[string]string{"seconds": "-3", "说明": "时钟"}}},
		wire.Record{Kind: wire.EventRecord, Boot: "b2", Event: wire.Event{At: at, Name: "start", Object: "gw-balagong"}})
	j := newJournal(t)
	kept := mustAppend(t, j, records)
	for i := range records {
		records[i].Seq = uint64(i + 1)
	}
	j = reopen(t, j)
	var back []wire.Record // not by Offer: one without a clock is held
	if err := j.Records(context.Background(), 0, math.MaxUint64, func(e Entry) bool { back = append(back, e.Record); return true }); err != nil || len(back) != len(records) {
		t.Fatal(len(back), err)
	}
	for i := range records {
		if !reflect.DeepEqual(kept[i], records[i]) {
			t.Errorf("record %d as kept\ngot  %+v\nwant %+v", i, kept[i], records[i])
		}
		if !reflect.DeepEqual(back[i], records[i]) || bits(back[i]) != bits(records[i]) {
			t.Errorf("record %d\ngot  %+v\nwant %+v", i, back[i], records[i])
		}
	}
}

func bits(r wire.Record) [2]uint64 {
	v, _ := r.Reading.Value()
	raw, _ := r.Reading.Raw()
	return [2]uint64{math.Float64bits(v), math.Float64bits(raw)}
}

func TestTimesAreCutToTheMillisecond(t *testing.T) {
	j := newJournal(t)
	r := wire.Record{Mono: 1500 * time.Microsecond, Reading: sensors.NewGood("a/b/c", morning.Add(1999*time.Microsecond).In(time.FixedZone("CST", 8*3600)), 1)}
	kept := mustAppend(t, j, []wire.Record{r})[0]
	if want := morning.Add(time.Millisecond); !kept.Reading.Time.Equal(want) || kept.Reading.Time.Location() != time.UTC {
		t.Errorf("time %v, want %v", kept.Reading.Time, want)
	}
	if kept.Mono != time.Millisecond {
		t.Errorf("mono %v", kept.Mono)
	}
}

func TestAllOfABatchOrNothing(t *testing.T) {
	j := newJournal(t)
	mustAppend(t, j, readings(1))
	bad := append(readings(2), wire.Record{Kind: 9, Boot: "never-seen"})
	bad[0].Unit = "never-seen"
	if _, err := j.Append(context.Background(), bad); err == nil {
		t.Fatal("a record of no kind was kept")
	}
	mustAppend(t, j, bad[:2]) // the unit was not remembered under an id that is gone
	j = want(t, j, state{1, 1, 4, 3, "1 2 3"})
	back, err := j.Offer(context.Background(), 1, 1)
	if err != nil || back[0].Unit != "never-seen" {
		t.Errorf("unit %q, %v", back[0].Unit, err)
	}
}

func TestFullDisk(t *testing.T) {
	j := newJournal(t)
	ctx := context.Background()
	var limit int
	if err := j.conn.QueryRowContext(ctx, "PRAGMA max_page_count = 60").Scan(&limit); err != nil || limit != 60 {
		t.Fatal(limit, err)
	}
	kept := uint64(0)
	var err error
	for kept < 1_000_000 {
		var records []wire.Record
		if records, err = j.Append(ctx, readings(500)); err != nil {
			break
		}
		kept = records[len(records)-1].Seq
	}
	if err == nil || !errors.Is(err, ErrFull) || errors.Is(err, ErrCorrupt) {
		t.Fatalf("after %d records: %v", kept, err)
	}
	if s := look(t, j); s.Next != kept+1 || s.Undelivered != kept {
		t.Errorf("a batch that failed left something: %+v after %d", s, kept)
	}
	if err := j.conn.QueryRowContext(ctx, "PRAGMA max_page_count = 100000").Scan(&limit); err != nil {
		t.Fatal(err)
	}
	if again := mustAppend(t, j, readings(500)); again[0].Seq != kept+1 {
		t.Errorf("went on with %d after %d", again[0].Seq, kept)
	}
}

func TestContextIsHonouredWhileWaiting(t *testing.T) {
	j := newJournal(t)
	ctx, cancel := context.WithCancel(context.Background())
	<-j.turn // somebody else is at the disk
	cancel()
	if _, err := j.Append(ctx, readings(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("append: %v", err)
	}
	if _, err := j.Offer(ctx, 0, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("offer: %v", err)
	}
	j.give()
	mustAppend(t, j, readings(1))
}

func TestClosedJournalSaysSo(t *testing.T) {
	j := newJournal(t)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(context.Background(), readings(1)); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("append after close: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

func TestEveryCommitWaitsForTheDisk(t *testing.T) {
	j := newJournal(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "application_id": fmt.Sprint(applicationID)} {
		var got string
		if err := j.conn.QueryRowContext(context.Background(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, want %s (%v)", pragma, got, want, err)
		}
	}
}

// TestDamageAtOpen: the file is moved aside unchanged, and a new journal begins
// in a higher epoch and says so.
func TestDamageAtOpen(t *testing.T) {
	for _, c := range []struct {
		name string
		file func(t *testing.T) string
	}{
		{"a file that is no database", func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "j.db")
			if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}},
		{"damage in the middle", func(t *testing.T) string {
			path := journalWith(t, "PRAGMA wal_checkpoint(TRUNCATE)")
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			info, err := f.Stat()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteAt([]byte(strings.Repeat("\xa5", 6000)), info.Size()/2); err != nil {
				t.Fatal(err)
			}
			return path
		}},
		{"cut short", func(t *testing.T) string {
			path := journalWith(t, "PRAGMA wal_checkpoint(TRUNCATE)")
			if err := os.Truncate(path, 8192+100); err != nil {
				t.Fatal(err)
			}
			return path
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := c.file(t)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			noted := filepath.Base(path) != "j.db" // a journal had been here
			j := open(t, path)
			if noted && j.Epoch() != 2 || j.Epoch() < 2 {
				t.Errorf("epoch %d; want one above all before", j.Epoch())
			}
			aside := j.Quarantined()
			if len(aside) != 1 || !strings.HasPrefix(aside[0], path+".corrupt-") {
				t.Fatalf("moved aside: %q", aside)
			}
			after, err := os.ReadFile(aside[0])
			if err != nil || string(after) != string(before) {
				t.Errorf("the evidence was changed (%v)", err)
			}
			var gaps, events int
			err = j.Records(context.Background(), 0, math.MaxUint64, func(e Entry) bool {
				if e.Kind == wire.GapRecord && e.Gap.Cause == CauseCorrupt {
					gaps++
				}
				if e.Kind == wire.EventRecord && e.Event.Name == EventQuarantined && e.Event.Detail["file"] == filepath.Base(aside[0]) {
					events++
				}
				return true
			})
			if err != nil || gaps != 1 || events != 1 {
				t.Errorf("%d gaps and %d events declared (%v); want one each", gaps, events, err)
			}
			mustAppend(t, j, readings(3))
			want(t, j, look(t, j))
		})
	}
}

func journalWith(t *testing.T, statement string) string {
	j := newJournal(t)
	mustAppend(t, j, readings(5000))
	if _, err := j.conn.ExecContext(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return j.path
}

// TestOpenRefuses what is not a damaged journal but somebody else's file.
func TestOpenRefuses(t *testing.T) {
	const foreign = "DROP VIEW readable; DROP TABLE quarantined; DROP TABLE meta; "
	for _, c := range []struct {
		name, statement, says string
	}{
		{"a newer release's", "PRAGMA user_version = 99", "newer release"},
		{"another program's", foreign + "PRAGMA application_id = 7", "another program"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := journalWith(t, c.statement)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			j, err := Open(context.Background(), path, Options{})
			if err == nil {
				j.Close()
				t.Fatal("opened")
			}
			if errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("error does not say %q and name the file: %v", c.says, err)
			}
			after, err := os.ReadFile(path)
			if err != nil || string(after) != string(before) {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
}

func TestOneWriter(t *testing.T) {
	j := newJournal(t)
	if _, err := Open(context.Background(), j.path, Options{}); !errors.Is(err, ErrInUse) {
		t.Errorf("second open: %v", err)
	}
}
