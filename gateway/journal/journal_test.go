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

func fresh1(t testing.TB) *Journal { return open(t, filepath.Join(t.TempDir(), "journal.db")) }

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
	j := fresh1(t)
	if _, ok := j.LastTime(); ok {
		t.Error("an empty journal has a last time")
	}
	if g := j.Generation(); g != "" {
		t.Errorf("generation %q", g)
	}
	want(t, j, state{Epoch: 1, Oldest: 1, Next: 1})
}

func TestAppendNumbersRecordsAndSurvivesRestart(t *testing.T) {
	j := fresh1(t)
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
	j := fresh1(t)
	kept := mustAppend(t, j, records)
	for i := range records {
		records[i].Seq = uint64(i + 1)
	}
	j = reopen(t, j)
	back, err := j.Offer(context.Background(), 0, len(records))
	if err != nil {
		t.Fatal(err)
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
	j := fresh1(t)
	r := wire.Record{Mono: 1500 * time.Microsecond, Reading: sensors.NewGood("a/b/c", morning.Add(1999*time.Microsecond).In(time.FixedZone("CST", 8*3600)), 1)}
	kept := mustAppend(t, j, []wire.Record{r})[0]
	if want := morning.Add(time.Millisecond); !kept.Reading.Time.Equal(want) || kept.Reading.Time.Location() != time.UTC {
		t.Errorf("time %v, want %v", kept.Reading.Time, want)
	}
	if kept.Mono != time.Millisecond {
		t.Errorf("mono %v", kept.Mono)
	}
}

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
			j := fresh1(t)
			mustAppend(t, j, readings(10))
			for _, a := range c.acks {
				confirm(t, j, a...)
			}
			want(t, j, c.want)
		})
	}
}

func TestConfirmedBeyondNextDoesNotSwallowWhatComesLater(t *testing.T) {
	j := fresh1(t)
	mustAppend(t, j, readings(2))
	confirm(t, j, ack(1, 100, wire.Stored))
	mustAppend(t, j, readings(1))
	want(t, j, state{1, 3, 4, 1, "3"})
}

func TestOutcomesAreKept(t *testing.T) {
	j := fresh1(t)
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
	j := fresh1(t)
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
	j := fresh1(t)
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
			j := fresh1(t)
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
	j := fresh1(t)
	for _, e := range []uint64{0, 1, math.MaxUint64} {
		if err := j.StartEpoch(context.Background(), e); err == nil {
			t.Errorf("epoch %d was accepted after 1", e)
		}
	}
	want(t, j, state{Epoch: 1, Oldest: 1, Next: 1})
}

func TestRedeliverOffersEverythingKept(t *testing.T) {
	j := fresh1(t)
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

func TestTrimNeverLosesThePlaceInTheSequence(t *testing.T) {
	j := fresh1(t)
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
	j := fresh1(t)
	mustAppend(t, j, readings(2000))
	for seq := uint64(1); seq <= 2000; seq += 2 { // every second is quarantined
		confirm(t, j, ack(seq, seq, wire.Stored), ack(seq+1, seq+1, wire.Quarantined))
	}
	if len(j.delivered) != 1 {
		t.Errorf("%d ranges", len(j.delivered))
	}
	want(t, j, state{1, 2001, 2001, 0, ""})
}

func TestAllOfABatchOrNothing(t *testing.T) {
	j := fresh1(t)
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

func TestContextIsHonouredWhileWaiting(t *testing.T) {
	j := fresh1(t)
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
	j := fresh1(t)
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
	j := fresh1(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "application_id": fmt.Sprint(applicationID)} {
		var got string
		if err := j.conn.QueryRowContext(context.Background(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, want %s (%v)", pragma, got, want, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	journalWith := func(t *testing.T, statement string) string {
		j := fresh1(t)
		mustAppend(t, j, readings(5000))
		if _, err := j.conn.ExecContext(context.Background(), statement); err != nil {
			t.Fatal(err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		return j.path
	}
	for _, c := range []struct {
		name string
		file func(t *testing.T) string
		is   error
		says string
	}{
		{"a file that is no database", func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "j.db")
			if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}, ErrCorrupt, "move it away"},
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
		}, ErrCorrupt, "move it away"},
		{"cut short", func(t *testing.T) string {
			path := journalWith(t, "PRAGMA wal_checkpoint(TRUNCATE)")
			if err := os.Truncate(path, 8192+100); err != nil {
				t.Fatal(err)
			}
			return path
		}, ErrCorrupt, "move it away"},
		{"a newer release's", func(t *testing.T) string { return journalWith(t, "PRAGMA user_version = 99") }, nil, "newer release"},
		{"another program's", func(t *testing.T) string { return journalWith(t, "PRAGMA application_id = 7") }, nil, "another program"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := c.file(t)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			j, err := Open(context.Background(), path, Options{})
			if err == nil {
				j.Close()
				t.Fatal("opened")
			}
			if c.is != nil && !errors.Is(err, c.is) || c.is == nil && errors.Is(err, ErrCorrupt) {
				t.Errorf("error is of the wrong kind: %v", err)
			}
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("error does not say %q and name the file: %v", c.says, err)
			}
			after, err := os.ReadFile(path)
			if err != nil || string(after) != string(before) {
				t.Errorf("the evidence was changed (%v)", err)
			}
		})
	}
}

func TestOneWriter(t *testing.T) {
	j := fresh1(t)
	if _, err := Open(context.Background(), j.path, Options{}); !errors.Is(err, ErrInUse) {
		t.Errorf("second open: %v", err)
	}
}
