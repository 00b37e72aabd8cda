package journal

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/wire"
)

// restartGap is what an agent declares that was down for a minute, so many
// minutes after morning.
func restartGap(minute int) wire.Record {
	to := morning.Add(time.Duration(minute) * time.Minute)
	return wire.Record{Kind: wire.GapRecord, Mono: time.Duration(minute) * time.Minute, Clock: wire.ClockNTP,
		Gap: wire.Gap{Scope: "journal", From: to.Add(-time.Minute), To: to, Cause: restartCause}}
}

// declareAgain is what the agent does when it has heard the county's hello.
func declareAgain(t *testing.T, j *Journal, store string, now time.Time) int {
	t.Helper()
	n, err := j.DeclareAgain(t.Context(), store, wire.Record{Clock: wire.ClockNTP, Event: wire.Event{At: now, Object: "balagong-gw"}})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// causesOf are the gaps that a journal holds, by cause.
func causesOf(t *testing.T, j *Journal, cause string) (out []wire.Gap) {
	t.Helper()
	gaps, _ := told(t, j)
	for _, g := range gaps {
		if g.Cause == cause {
			out = append(out, g)
		}
	}
	return out
}

func TestAGapOfALostJournalIsDeclaredOnceToEachStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openAt(t, path, morning)
	gap := mustAppend(t, j, append(minutes(0, 9), restartGap(10)))[9].Gap
	confirm(t, j, ack(1, 10, wire.Stored))
	if n := declareAgain(t, j, "store-1", morning); n != 0 {
		t.Errorf("declared %d gaps again that the journal holds", n)
	}
	for i, store := range []string{"store-2", "store-2", "store-3"} { // the same one may have been set back by hand
		ruin(t, j)
		now := morning.Add(time.Duration(i+1) * time.Hour)
		j = openAt(t, path, now)
		if n := declareAgain(t, j, store, now); n != i+1 { // and what the journals before the last took with them
			t.Errorf("to %s, journal %d: declared %d gaps again; want %d", store, i+2, n, i+1)
		}
		if n := declareAgain(t, j, store, now); n != 0 {
			t.Errorf("to %s, journal %d: declared %d gaps a third time", store, i+2, n)
		}
		if got := causesOf(t, j, restartCause); len(got) != 1 || got[0] != gap {
			t.Errorf("journal %d holds %+v; want %+v", i+2, got, gap)
		}
		if at, _ := j.LastTime(); !at.Equal(now) {
			t.Errorf("journal %d: the newest record is of %s; want %s", i+2, at, now)
		}
	}
	_, events := told(t, j)
	if i := slices.IndexFunc(events, func(e wire.Event) bool { return e.Name == EventDeclaredAgain }); i < 0 || events[i].Detail["gaps"] != "3" {
		t.Errorf("events %+v; want one that says how many gaps were declared again", events)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// Two gaps of a lost journal wait for delivery, three weeks old; then the new
// journal is lost as well. Nobody was away for three weeks.
func TestAJournalLostBehindGapsDeclaredAgainDeclaresNoMoreThanItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openAt(t, path, morning)
	mustAppend(t, j, append(minutes(0, 9), restartGap(10), restartGap(12)))
	confirm(t, j, ack(1, 11, wire.Stored))
	ruin(t, j)
	later := morning.Add(21 * 24 * time.Hour)
	j = openAt(t, path, later)
	confirm(t, j, ack(j.Oldest(), j.Next()-1, wire.Stored))
	if n := declareAgain(t, j, "store-2", later); n != 2 {
		t.Fatalf("declared %d gaps again; want 2", n)
	}
	if err := j.Trim(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	ruin(t, j)
	now := later.Add(time.Hour)
	j = openAt(t, path, now)
	defer j.Close()
	for _, g := range causesOf(t, j, CauseCorrupt) {
		if g.From.Before(later) {
			t.Errorf("declared a loss from %s to %s; want none from before %s", g.From, g.To, later)
		}
	}
}

// A box whose release knew no such list has declared gaps all the same.
func TestABoxWithoutAListMakesOneOfItsJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openAt(t, path, morning)
	mustAppend(t, j, append(minutes(0, 9), restartGap(10)))
	confirm(t, j, ack(1, 10, wire.Stored))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path + ".gaps"); err != nil {
		t.Fatal(err)
	}
	j = openAt(t, path, morning)
	ruin(t, j)
	j = openAt(t, path, morning.Add(time.Hour))
	defer j.Close()
	if n := declareAgain(t, j, "store-2", morning.Add(time.Hour)); n != 1 {
		t.Errorf("declared %d gaps again; want 1", n)
	}
}

func TestADamagedListIsSetAsideAndItsGoodLinesStay(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "journal.db")
	j := openAt(t, path, morning)
	var records []wire.Record
	for i := range 5 {
		records = append(records, restartGap(10+2*i))
	}
	mustAppend(t, j, records)
	ruin(t, j)
	list, err := os.ReadFile(path + ".gaps")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(list), "\n")
	lines[3] = strings.Replace(lines[3], restartCause, "restarT", 1) // a bit turned over
	if err := os.WriteFile(path+".gaps", []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	later := morning.Add(time.Hour)
	j = openAt(t, path, later)
	defer j.Close()
	if n := declareAgain(t, j, "store-2", later); n != 4 {
		t.Errorf("declared %d gaps again; want the four whose lines are good", n)
	}
	if got := causesOf(t, j, "restarT"); len(got) != 0 {
		t.Errorf("declared %+v out of a line that does not match its sum", got)
	}
	aside := j.Quarantined()
	if len(aside) != 2 || !strings.HasPrefix(filepath.Base(aside[0]), "journal.db.gaps.corrupt-") {
		t.Errorf("set aside %q; want the list and the journal, for a person to see", aside)
	}
}

// What is wrong with the list keeps no reading from becoming durable.
func TestAListThatCannotBeKeptStopsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	if err := os.MkdirAll(filepath.Join(path+".gaps", "in the way"), 0o750); err != nil {
		t.Fatal(err)
	}
	j := openAt(t, path, morning)
	defer j.Close()
	mustAppend(t, j, append(minutes(0, 9), restartGap(10)))
	if err := j.Trim(t.Context(), morning.Add(time.Hour)); err != nil {
		t.Errorf("trim: %v", err)
	}
	if j.ListErr() == nil {
		t.Error("nobody is told that the list is not kept")
	}
	if _, err := j.DeclareAgain(t.Context(), "store-1", wire.Record{}); err == nil {
		t.Error("gaps were declared again out of a list that cannot be read")
	}
	if err := os.RemoveAll(path + ".gaps"); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, j, []wire.Record{restartGap(20)})
	if err := j.ListErr(); err != nil {
		t.Errorf("the list is not kept though nothing is in its way: %v", err)
	}
	if l, err := parseGapList(mustRead(t, path+".gaps")); err != nil || len(l.gaps) != 2 {
		t.Errorf("the list holds %+v, %v; want both gaps", l, err)
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A gap without a time is listed when it has got one, and one that the size
// limit lets grow as it is in the end.
func TestAGapIsListedAsItIsOffered(t *testing.T) {
	j := newJournal(t)
	held := restartGap(10)
	held.Clock = wire.ClockNone
	mustAppend(t, j, []wire.Record{held})
	if n := len(j.list.gaps); n != 0 {
		t.Errorf("%d gaps are listed under a time that nobody believes", n)
	}
	start := morning.Add(48 * time.Hour)
	if _, err := j.PlaceBoot(t.Context(), "boot-1", start, wire.ClockNTP); err != nil {
		t.Fatal(err)
	}
	gaps, _ := told(t, j)
	if l, err := parseGapList(mustRead(t, j.listPath())); err != nil || len(l.gaps) != 1 || l.gaps[0].gap != gaps[0] {
		t.Errorf("listed %+v, %v; want %+v", l, err, gaps)
	}
}

func TestAGapThatGrewIsListedInItsFinalLength(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j, err := Open(t.Context(), path, Options{Boot: "boot-1", MaxBytes: 200 << 10, Now: func() time.Time { return morning }})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for i := 0; j.Dropped() < 2000; i += 100 {
		mustAppend(t, j, minutes(i, 100))
	}
	if err := j.Trim(t.Context(), morning); err != nil { // as each hour
		t.Fatal(err)
	}
	gaps := causesOf(t, j, CauseDiskLimit)
	l, err := parseGapList(mustRead(t, j.listPath()))
	if err != nil || len(gaps) != 1 || len(l.gaps) != 1 || l.gaps[0].gap != gaps[0] {
		t.Errorf("listed %+v, %v; want %+v alone", l, err, gaps)
	}
}

func TestTheListKeepsWhatLocalHistoryKeeps(t *testing.T) {
	j := newJournal(t)
	mustAppend(t, j, []wire.Record{restartGap(0), restartGap(24 * 60)})
	if err := j.Trim(t.Context(), morning.Add(DefaultKeep+time.Hour)); err != nil {
		t.Fatal(err)
	}
	l, err := parseGapList(mustRead(t, j.listPath()))
	if err != nil || len(l.gaps) != 1 || !l.gaps[0].gap.To.Equal(morning.Add(24*time.Hour)) {
		t.Errorf("the list holds %+v, %v; want the younger gap alone", l, err)
	}
}

// The gap of the size limit is the newest record, and of the oldest readings:
// the gap of the next start must not begin there.
func TestALastGapOfThePastIsNotTheNewestTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	o := Options{Boot: "boot-1", MaxBytes: 200 << 10, Now: func() time.Time { return morning }}
	j, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; j.Dropped() == 0; n += 10 {
		mustAppend(t, j, minutes(n, 10))
	}
	newest, _ := j.LastTime()
	timed, _ := j.LastTimed()
	if err := j.Close(); err != nil { // killed right behind that commit
		t.Fatal(err)
	}
	if j, err = Open(t.Context(), path, o); err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if at, _ := j.LastTime(); !at.Equal(newest) {
		t.Errorf("after a restart the newest record is of %s; want %s", at, newest)
	}
	if at, _ := j.LastTimed(); !at.Equal(timed) {
		t.Errorf("after a restart the newest time is %s; want %s", at, timed)
	}
}

// Records right behind a gap that was declared again cannot be read. They are
// not of the gap's day.
func TestDamageBehindAGapDeclaredAgainIsOfToday(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j := openAt(t, path, morning)
	mustAppend(t, j, append(minutes(0, 9), restartGap(10)))
	ruin(t, j)
	later := morning.Add(10 * 24 * time.Hour)
	j = openAt(t, path, later)
	defer j.Close()
	confirm(t, j, ack(j.Oldest(), j.Next()-1, wire.Stored))
	declareAgain(t, j, "store-2", later)
	event := j.Next() - 1
	for i := range 3 {
		r := minutes(i, 1)[0]
		r.Reading.Time = later.Add(time.Duration(i) * time.Minute)
		mustAppend(t, j, []wire.Record{r})
	}
	if _, err := j.conn.ExecContext(t.Context(), "UPDATE record SET sum = sum + 1 WHERE seq BETWEEN ? AND ?", int64(event), int64(event+1)); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Offer(t.Context(), 0, 100); err == nil {
		t.Fatal("damaged records were offered")
	}
	lost := causesOf(t, j, CauseCorrupt)
	if n := len(lost); n == 0 || lost[n-1].From.Before(later.Add(-time.Minute)) {
		t.Errorf("declared %+v; want the newest loss to begin about %s", lost, later)
	}
}
