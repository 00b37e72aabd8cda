package state

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"coldchain/gateway/wire"
)

func stored(from, to uint64) DeliveredRange {
	return DeliveredRange{"gw-1", 1, from, to, wire.Stored, ""}
}

func refusedRange(from, to uint64, why wire.QuarantineReason) DeliveredRange {
	return DeliveredRange{"gw-1", 1, from, to, wire.Quarantined, why}
}

func (c county) mustCommit(t testing.TB, tx Commit) {
	t.Helper()
	tx.Generation = "store-1"
	must(t, c.Commit(t.Context(), tx))
}

func (c county) load(t testing.TB) Delivery {
	t.Helper()
	d, err := c.LoadDelivery(t.Context(), "store-1")
	must(t, err)
	return d
}

func (c county) rows(t testing.TB, table string) (n int) {
	t.Helper()
	must(t, c.reader.QueryRow("SELECT count(*) FROM "+table).Scan(&n)) // a name from this file
	return n
}

// TestCommittedRangesEqualANaiveSet commits random ranges in random order and
// compares what is loaded with a table of first outcomes.
func TestCommittedRangesEqualANaiveSet(t *testing.T) {
	for seed := range uint64(8) {
		c := open(t)
		c.load(t)
		r := rand.New(rand.NewPCG(seed, 1))
		fate, judged := map[uint64]wire.Outcome{}, map[uint64]bool{}
		for range 25 {
			var tx Commit
			for range 1 + r.IntN(4) {
				from := 1 + r.Uint64N(120)
				to := from + r.Uint64N(15)
				d := stored(from, to)
				if r.IntN(3) == 0 {
					d = refusedRange(from, to, []wire.QuarantineReason{wire.UnknownPoint, wire.OutOfRange}[r.IntN(2)])
				}
				tx.Delivered = append(tx.Delivered, d)
				for n := from; n <= to; n++ {
					if fate[n] == "" {
						fate[n] = d.Outcome
					}
				}
				from, to = 1+r.Uint64N(120), from+r.Uint64N(9)
				if from <= to {
					tx.Judged = append(tx.Judged, JudgedRange{"gw-1", 1, from, to})
					for n := from; n <= to; n++ {
						judged[n] = true
					}
				}
			}
			c.mustCommit(t, tx)
		}
		p := c.load(t)[Run{"gw-1", 1}]
		for n := range uint64(150) {
			if p.Stored.Contains(n) != (fate[n] == wire.Stored) || p.Quarantined.Contains(n) != (fate[n] == wire.Quarantined) || p.Judged.Contains(n) != judged[n] {
				t.Fatalf("seed %d, record %d: stored %t, quarantined %t, judged %t; want %q and %t",
					seed, n, p.Stored.Contains(n), p.Quarantined.Contains(n), p.Judged.Contains(n), fate[n], judged[n])
			}
		}
		var touching int
		must(t, c.reader.QueryRow("SELECT count(*) FROM ranges a JOIN ranges b ON a.kind = b.kind AND b.first > a.first AND b.first <= a.last + 1").Scan(&touching))
		if touching != 0 {
			t.Errorf("%d ranges overlap or touch another", touching)
		}
	}
}

func TestAYearOfRecordsIsAHandfulOfRows(t *testing.T) {
	c := open(t)
	c.load(t)
	var tx Commit
	const pack = 500
	for from := uint64(1); from < 365*1440; from += 2 * pack { // every other pack first, then the holes
		tx.Delivered = append(tx.Delivered, stored(from, from+pack-1))
		tx.Judged = append(tx.Judged, JudgedRange{"gw-1", 1, from, from + 2*pack - 1})
	}
	c.mustCommit(t, tx)
	tx = Commit{}
	for from := uint64(pack + 1); from < 365*1440; from += 2 * pack {
		tx.Delivered = append(tx.Delivered, stored(from, from+pack-1))
	}
	c.mustCommit(t, tx)
	if n := c.rows(t, "ranges"); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}

func TestRunsOfReasonsAreMerged(t *testing.T) {
	c := open(t)
	c.load(t)
	for n := uint64(1); n <= 50; n++ {
		c.mustCommit(t, Commit{Delivered: []DeliveredRange{refusedRange(n, n, wire.UnknownPoint)}})
	}
	c.mustCommit(t, Commit{Delivered: []DeliveredRange{refusedRange(51, 51, wire.OutOfRange)}})
	if n := c.rows(t, "refused"); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}

func TestCommitAgainIsHarmlessTheFirstOutcomeStands(t *testing.T) {
	c := open(t)
	c.load(t)
	c.mustCommit(t, Commit{Delivered: []DeliveredRange{stored(1, 10), refusedRange(11, 12, wire.Collision)}})
	before := c.load(t)
	c.mustCommit(t, Commit{Delivered: []DeliveredRange{refusedRange(1, 10, wire.Collision), stored(11, 12), stored(3, 4)}})
	if after := c.load(t); !reflect.DeepEqual(before, after) {
		t.Errorf("%+v\n%+v", before, after)
	}
}

func TestAnotherStoreForgetsWhatWasDeliveredNotWhatWasJudged(t *testing.T) {
	c := open(t)
	c.load(t)
	c.mustCommit(t, Commit{Delivered: []DeliveredRange{stored(1, 10), refusedRange(11, 11, wire.Collision), {"gw-2", 3, 1, 4, wire.Stored, ""}},
		Judged: []JudgedRange{{"gw-1", 1, 1, 20}}, Tracks: map[string][]byte{"a": {1}}})
	d, err := c.LoadDelivery(t.Context(), "store-2")
	must(t, err)
	p := d[Run{"gw-1", 1}]
	if len(d) != 1 || p.Stored.Len() != 0 || p.Quarantined.Len() != 0 || p.Judged.Highest() != 20 {
		t.Errorf("%+v", d)
	}
	if got := c.actions(t, "store-2"); !slices.Equal(got, []string{"store.adopted"}) {
		t.Error(got)
	}
	rows, err := c.Audit(t.Context(), AuditFilter{Object: "store-2"})
	must(t, err)
	if want := `{"before":"store-1","runs_forgotten":2}`; rows[0].Detail != want {
		t.Errorf("%s, want %s", rows[0].Detail, want)
	}
	// A collector that still writes to the old store is stopped.
	wantKind(t, c.Commit(t.Context(), Commit{Generation: "store-1", Delivered: []DeliveredRange{stored(1, 10)}}), ErrOtherGeneration)
	_, err = c.LoadDelivery(t.Context(), "")
	wantKind(t, err, ErrInvalid)
	// The same store again is no change.
	head, _ := c.AuditHead(t.Context())
	_, err = c.LoadDelivery(t.Context(), "store-2")
	must(t, err)
	if again, _ := c.AuditHead(t.Context()); again.Seq != head.Seq {
		t.Error("loading wrote an audit row")
	}
}

func TestCommitIsWholeOrNothing(t *testing.T) {
	c := open(t)
	c.load(t)
	good := []DeliveredRange{stored(1, 5)}
	for name, x := range map[string]struct {
		tx   Commit
		kind Kind
	}{
		"not final":     {Commit{Delivered: append(good, DeliveredRange{"gw-1", 1, 6, 7, wire.RetryAfter, ""})}, ErrNotFinal},
		"no outcome":    {Commit{Delivered: append(good, DeliveredRange{"gw-1", 1, 6, 7, "", ""})}, ErrNotFinal},
		"backwards":     {Commit{Delivered: append(good, stored(9, 8))}, ErrSequenceRange},
		"too high":      {Commit{Delivered: append(good, stored(6, MaxSequence+1))}, ErrSequenceRange},
		"epoch":         {Commit{Delivered: good, Judged: []JudgedRange{{"gw-1", MaxSequence + 1, 1, 1}}}, ErrSequenceRange},
		"nameless":      {Commit{Delivered: good, Judged: []JudgedRange{{"", 1, 1, 1}}}, ErrInvalid},
		"reading entry": {Commit{Delivered: good, Entries: []JournalEntry{{Gateway: "gw-1", Epoch: 1, Record: wire.Record{Seq: 1}}}}, ErrInvalid},
	} {
		x.tx.Generation, x.tx.Tracks = "store-1", map[string][]byte{"a": {1}}
		wantKind(t, c.Commit(t.Context(), x.tx), x.kind)
		tracks, err := c.LoadTracks(t.Context())
		must(t, err)
		if len(c.load(t)) != 0 || len(tracks) != 0 {
			t.Errorf("%s: part of the commit was written", name)
		}
	}
	c.mustCommit(t, Commit{Delivered: []DeliveredRange{stored(MaxSequence-1, MaxSequence), stored(1, MaxSequence)}})
	if p := c.load(t)[Run{"gw-1", 1}]; p.Stored.Count() != MaxSequence || p.Stored.Len() != 1 {
		t.Errorf("%+v", p)
	}
}

func TestTracksAreReplacedAndDeleted(t *testing.T) {
	c := open(t)
	c.load(t)
	c.mustCommit(t, Commit{Tracks: map[string][]byte{"a": {1}, "b": {2}, "c": {3}}})
	c.mustCommit(t, Commit{Tracks: map[string][]byte{"a": {9}, "b": nil, "never": nil, "empty": {}}})
	got, err := c.LoadTracks(t.Context())
	must(t, err)
	if want := map[string][]byte{"a": {9}, "c": {3}, "empty": {}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestGapsAndEventsAreKeptOnce(t *testing.T) {
	c := open(t)
	c.load(t)
	gap := JournalEntry{Site: "balagong", Gateway: "gw-1", Epoch: 1, Record: wire.Record{Seq: 4, Kind: wire.GapRecord, Boot: "b1", Mono: 5 * time.Second, Clock: wire.ClockNTP,
		Gap: wire.Gap{Scope: "gw-1", From: noon.Add(-time.Hour), To: noon, Cause: "disk-limit", Count: 600}}}
	event := JournalEntry{Site: "centre", Gateway: "gw-2", Epoch: 1, Record: wire.Record{Seq: 4, Kind: wire.EventRecord, Boot: "b2", Clock: wire.ClockRTC,
		Event: wire.Event{At: noon.Add(time.Hour), Name: "clock-step", Object: "gw-2", Detail: map[string]string{"step": "3s"}}}}
	for range 2 {
		c.mustCommit(t, Commit{Entries: []JournalEntry{gap, event}})
	}
	for name, x := range map[string]struct {
		f    EntryFilter
		want []JournalEntry
	}{
		"all":    {EntryFilter{}, []JournalEntry{gap, event}},
		"site":   {EntryFilter{Site: "centre"}, []JournalEntry{event}},
		"inside": {EntryFilter{From: noon.Add(-30 * time.Minute), To: noon.Add(-20 * time.Minute)}, []JournalEntry{gap}},
		"after":  {EntryFilter{From: noon.Add(time.Millisecond)}, []JournalEntry{event}},
		"limit":  {EntryFilter{Limit: 1}, []JournalEntry{gap}},
	} {
		got, err := c.Entries(t.Context(), x.f)
		must(t, err)
		if !reflect.DeepEqual(got, x.want) {
			t.Errorf("%s: %+v, want %+v", name, got, x.want)
		}
	}
}

func TestFullDiskRefusesTheCommitAndNothingElse(t *testing.T) {
	c := open(t)
	c.load(t)
	big := Commit{Generation: "store-1", Delivered: []DeliveredRange{stored(1, 5)}, Tracks: map[string][]byte{"a": make([]byte, 1<<20)}}
	var pages int
	must(t, c.writer.QueryRow("PRAGMA max_page_count = 70").Scan(&pages))
	if err := c.Commit(t.Context(), big); err == nil {
		t.Fatal("committed into a full file")
	}
	if len(c.load(t)) != 0 {
		t.Error("part of it was written")
	}
	must(t, c.writer.QueryRow("PRAGMA max_page_count = 1000000").Scan(&pages))
	must(t, c.Commit(t.Context(), big)) // there is room again: the same commit, nobody restarts anything
	if p := c.load(t)[Run{"gw-1", 1}]; p.Stored.Highest() != 5 {
		t.Errorf("%+v", p)
	}
}

// TestKilledMidCommitRangesAndTracksAgree kills a process that commits as fast
// as it can, again and again, and finds ranges and engine state of one moment,
// no older than the last commit that returned.
func TestKilledMidCommitRangesAndTracksAgree(t *testing.T) {
	if path := os.Getenv("STATE_CRASH_CHILD"); path != "" {
		commitForEver(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "county.db")
	r := rand.New(rand.NewPCG(3, 3))
	var before uint64
	for round := range 6 {
		last := killAfter(t, path, 5+r.IntN(60))
		db := reopen(t, path, &clock{at: noon})
		d, err := db.LoadDelivery(t.Context(), "store-1")
		must(t, err)
		tracks, err := db.LoadTracks(t.Context())
		must(t, err)
		p := d[Run{"gw-1", 1}]
		done := p.Stored.Highest()
		if done < last || done <= before {
			t.Errorf("round %d: %d is there, but the commit of %d had returned (%d before)", round, done, last, before)
		}
		if p.Stored.Count() != done || p.Judged.Highest() != done {
			t.Errorf("round %d: stored %v, judged %v", round, p.Stored.runs, p.Judged.runs)
		}
		for k := range crashTracks {
			if got := binary.BigEndian.Uint64(tracks[fmt.Sprint(k)]); got != done {
				t.Errorf("round %d: track %d is of %d, the ranges of %d", round, k, got, done)
			}
		}
		must(t, db.VerifyAudit(t.Context()))
		must(t, db.Close())
		before = done
	}
}

const crashTracks = 50

// killAfter starts a committing child, reads lines of its progress and kills
// it while it goes on; it returns the last commit the child had reported.
func killAfter(t *testing.T, path string, lines int) (last uint64) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), "STATE_CRASH_CHILD="+path)
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	in := bufio.NewScanner(out)
	for n := 0; in.Scan(); n++ {
		fmt.Sscan(in.Text(), &last) // other lines of the test binary leave it alone
		if n == lines {
			must(t, child.Process.Kill())
		}
	}
	if err := in.Err(); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	if err := child.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	if last == 0 {
		t.Fatal("the child committed nothing")
	}
	return last
}

func commitForEver(t *testing.T, path string) {
	db := reopen(t, path, &clock{at: noon})
	d, err := db.LoadDelivery(t.Context(), "store-1")
	must(t, err)
	p := d[Run{"gw-1", 1}]
	for n := p.Stored.Highest() + 1; ; n++ {
		tracks := map[string][]byte{}
		for k := range crashTracks {
			tracks[fmt.Sprint(k)] = binary.BigEndian.AppendUint64(nil, n)
		}
		must(t, db.Commit(t.Context(), Commit{Generation: "store-1", Delivered: []DeliveredRange{stored(n, n)}, Judged: []JudgedRange{{"gw-1", 1, n, n}}, Tracks: tracks}))
		fmt.Println(n)
	}
}

// BenchmarkCommit is one commit of the collector at a county's size: 50
// gateways moved on, the engine's state of 250 points changed; and the same
// without the digests of whole tables, to see what those cost.
func BenchmarkCommit(b *testing.B) {
	for name, plain := range map[string]bool{"digests": false, "none": true} {
		b.Run(name, func(b *testing.B) { benchmarkCommit(b, plain) })
	}
}

func benchmarkCommit(b *testing.B, plain bool) {
	c := open(b)
	c.load(b)
	if plain {
		c.summed = nil
	}
	tracks := map[string][]byte{}
	for i := range 250 {
		tracks[fmt.Sprintf("site-%d/zone-%d/air", i/5, i%5)] = make([]byte, 200)
	}
	n := uint64(0)
	for b.Loop() {
		n++
		tx := Commit{Generation: "store-1", Tracks: tracks}
		for g := range 50 {
			gw := fmt.Sprintf("gw-%d", g)
			tx.Delivered = append(tx.Delivered, DeliveredRange{gw, 1, n*100 + 1, n*100 + 100, wire.Stored, ""})
			tx.Judged = append(tx.Judged, JudgedRange{gw, 1, n*100 + 1, n*100 + 100})
		}
		must(b, c.Commit(b.Context(), tx))
	}
	if plain { // which contradicts what is there, and open checks that at the end
		run(b, c.writer, "DROP TABLE digests")
	}
}
