//go:build qemu

package qemu

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/journal"
	"coldchain/gateway/wire"
)

const (
	countPoint = "bench/room/count" // shows the number of its question
	countScale = 1e5                // of guest/counter.yaml
)

// heard is what the board said between its start and the cut.
type heard struct {
	boot     uint64
	commit   time.Duration
	answers  []answer
	marks    []mark
	lost     losses // of the disk's cache
	replayed bool   // the file system had a log to replay
}

// answer is one of the slave, with the time since the board's start.
type answer struct {
	n  uint64
	up time.Duration
}

// mark is a moment at which the agent called all records below next durable.
type mark struct {
	epoch, next uint64
	up          time.Duration
}

func (h *heard) line(t *testing.T, line string) {
	t.Helper()
	// What the cut has cut off has no dot.
	if !strings.HasSuffix(line, " .") {
		return
	}
	var ms int64
	var m mark
	var a answer
	if _, err := fmt.Sscanf(line, "DURABLE %d %d %d", &m.epoch, &m.next, &ms); err == nil {
		m.up = time.Duration(ms) * time.Millisecond
		h.marks = append(h.marks, m)
	} else if _, err := fmt.Sscanf(line, "ANSWERED %d %d", &a.n, &ms); err == nil {
		a.up = time.Duration(ms) * time.Millisecond
		h.answers = append(h.answers, a)
	}
}

// ledger holds what the board said against what its disk has.
type ledger struct {
	boots   []*heard
	entries []journal.Entry // as they were after the last cut
	counts  map[uint64]int  // number of an answer -> its place in entries
}

// enter takes the disk after a cut.
func (l *ledger) enter(t *testing.T, h *heard, entries []journal.Entry) {
	t.Helper()
	l.boots = append(l.boots, h)
	for _, m := range h.marks {
		if m.epoch != 1 {
			t.Errorf("start %d speaks of epoch %d: it took its own journal for lost", h.boot+1, m.epoch)
		}
	}
	if n, promised := uint64(len(entries)), l.promised(); n < promised {
		t.Errorf("LOST: the agent called %d records durable, the disk has %d", promised, n)
	}
	for i, e := range entries {
		if e.Seq != uint64(i)+1 || e.Epoch != 1 {
			t.Fatalf("record %d of epoch %d stands where %d of epoch 1 belongs", e.Seq, e.Epoch, i+1)
		}
	}
	for i, was := range l.entries {
		if i < len(entries) && !same(was, entries[i]) {
			t.Errorf("ALTERED: record %d was %+v, and is now %+v", was.Seq, was.Record, entries[i].Record)
		}
	}
	l.entries = entries
	l.count(t)
}

// promised is how many records an agent has called durable.
func (l *ledger) promised() (n uint64) {
	for _, b := range l.boots {
		for _, m := range b.marks {
			n = max(n, m.next-1)
		}
	}
	return n
}

// same compares a record with what it was after the cut before. One that waited
// for a time may have been given it.
func same(was, is journal.Entry) bool {
	if was.Clock != wire.ClockNone || was.Reconstructed {
		return reflect.DeepEqual(was, is)
	}
	a, _ := was.Reading.Value()
	b, _ := is.Reading.Value()
	return was.Kind == is.Kind && was.Boot == is.Boot && was.Mono == is.Mono && was.Reading.Point == is.Reading.Point &&
		a == b && was.Gap.Cause == is.Gap.Cause && reflect.DeepEqual(was.Event.Detail, is.Event.Detail)
}

// count finds each answer in the journal, once and in order.
func (l *ledger) count(t *testing.T) {
	t.Helper()
	l.counts = map[uint64]int{}
	var last uint64
	for i, e := range l.entries {
		if e.Kind != wire.ReadingRecord || e.Reading.Point != countPoint {
			continue
		}
		v, ok := e.Reading.Value()
		if !ok {
			t.Errorf("record %d: %s; the slave answers always", e.Seq, e.Reading)
			continue
		}
		n := uint64(math.Round(v * countScale))
		if math.Abs(v-float64(n)/countScale) > 1e-9 || n <= last || n/perBoot >= uint64(len(l.boots)) {
			t.Errorf("ALTERED or DOUBLED: record %d has %v after answer %d", e.Seq, v, last)
		}
		last, l.counts[n] = n, i
	}
}

// missing is what a board answered after the last answer that its disk has.
// One missing before that is a hole.
func (l *ledger) missing(t *testing.T, h *heard) (missing []answer) {
	t.Helper()
	for _, a := range h.answers {
		if _, there := l.counts[a.n]; !there {
			missing = append(missing, a)
		} else if len(missing) > 0 {
			t.Errorf("LOST: answer %d is not in the journal, and %d is", missing[0].n, a.n)
			missing = nil
		}
	}
	return missing
}

// slowest is the longest that an answer waited to be called durable.
func (l *ledger) slowest() (longest time.Duration) {
	for _, h := range l.boots {
		before := uint64(0)
		for _, m := range h.marks {
			for _, a := range h.answers {
				if i, there := l.counts[a.n]; there && l.entries[i].Seq >= before && l.entries[i].Seq < m.next {
					longest = max(longest, m.up-a.up)
				}
			}
			before = m.next
		}
	}
	return longest
}

// finish is the account, after a start that knew the time: every answer is
// there or inside a gap that the next start declared, which is no longer than
// an answer may wait for its commit.
func (l *ledger) finish(t *testing.T) {
	t.Helper()
	starts, gaps := l.starts(t)
	slowest := l.slowest()
	defer func() {
		if t.Failed() {
			t.Logf("starts by their journal: %v\ngaps: %v", starts, gaps)
		}
	}()
	for _, h := range l.boots[:len(l.boots)-1] {
		missing := l.missing(t, h)
		if len(missing) == 0 {
			continue
		}
		// No answer waits longer than for the write before, the interval, and its own write.
		if d := missing[len(missing)-1].up - missing[0].up; d > h.commit+2*slowest {
			t.Errorf("start %d lost %s of answers at a commit interval of %s (the slowest commit took %s)", h.boot+1, d, h.commit, slowest)
		}
		begun, known := starts[h.boot]
		if !known {
			continue // it left no record: the gap of the next goes over all of it
		}
		for _, a := range missing {
			if at := begun.Add(a.up); !inside(gaps, at) {
				t.Errorf("LOST: answer %d of start %d, at %s, is in no declared gap", a.n, h.boot+1, at.Format(time.RFC3339Nano))
			}
		}
	}
}

type span struct{ from, to time.Time }

func inside(gaps []span, at time.Time) bool {
	const rounding = 2 * time.Millisecond
	for _, g := range gaps {
		if !at.Before(g.from.Add(-rounding)) && !at.After(g.to.Add(rounding)) {
			return true
		}
	}
	return false
}

// starts says when each start of the board was by its journal, and which gaps
// it declared: one for each start that left a record, but the first.
func (l *ledger) starts(t *testing.T) (starts map[uint64]time.Time, gaps []span) {
	t.Helper()
	starts = map[uint64]time.Time{}
	declared := map[string]int{}
	var names []string
	for i, e := range l.entries {
		if e.Clock == wire.ClockNone && !e.Reconstructed {
			t.Errorf("record %d still waits for its time", e.Seq)
		}
		if declared[e.Boot] == 0 && (len(names) == 0 || names[len(names)-1] != e.Boot) {
			names = append(names, e.Boot)
		}
		if e.Kind == wire.GapRecord {
			declared[e.Boot]++
			if e.Gap.Cause != "restart" || i == 0 || e.Boot == l.entries[i-1].Boot && l.entries[i-1].Kind == wire.ReadingRecord {
				t.Errorf("record %d: a gap %+v, not at a start", e.Seq, e.Gap)
			}
			gaps = append(gaps, span{e.Gap.From, e.Gap.To})
		}
	}
	for n, i := range l.counts {
		e := l.entries[i]
		starts[n/perBoot] = e.Time().Add(-e.Mono)
	}
	for i, boot := range names {
		if want := min(i, 1); declared[boot] != want {
			t.Errorf("start %s, number %d in the journal, declared %d gaps; want %d", boot, i+1, declared[boot], want)
		}
	}
	return starts, gaps
}

// last describes the newest cut.
func (l *ledger) last() string {
	h := l.boots[len(l.boots)-1]
	text := fmt.Sprintf("%d answers, %d marks, %d records on the disk; cache %+v", len(h.answers), len(h.marks), len(l.entries), h.lost)
	if h.replayed {
		text += ", log replayed"
	}
	return text
}

func (l *ledger) summary() string {
	var answers, replayed, unmarked int
	var seen losses
	var worst time.Duration
	for _, h := range l.boots {
		answers += len(h.answers)
		seen = losses{seen.kept + h.lost.kept, seen.torn + h.lost.torn, seen.lost + h.lost.lost}
		if h.replayed {
			replayed++
		}
		var missing []answer
		for _, a := range h.answers {
			if _, there := l.counts[a.n]; !there {
				missing = append(missing, a)
			}
		}
		unmarked += len(missing)
		if len(missing) > 0 {
			worst = max(worst, missing[len(missing)-1].up-missing[0].up)
		}
	}
	return fmt.Sprintf("%d cuts, %d file-system logs replayed, %d unflushed writes lost, %d torn, %d kept | %d answers, %d in the journal, %d inside declared gaps (at most %s in one, slowest commit %s) | %d records",
		len(l.boots), replayed, seen.lost, seen.torn, seen.kept, answers, len(l.counts), unmarked, worst, l.slowest(), len(l.entries))
}
