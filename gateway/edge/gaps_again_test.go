package edge

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/wire"
)

// ruinJournal makes the file of an agent that has ended unreadable.
func (r *rig) ruinJournal() {
	r.t.Helper()
	path := filepath.Join(r.dir, "journal.db")
	_ = os.Remove(path + "-wal")
	if err := os.WriteFile(path, []byte(strings.Repeat("not a journal. ", 1000)), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// gapsOf returns the gaps that were published, and confirms all that was.
func (r *rig) gapsOf(packs []wire.Pack) (out []wire.Gap) {
	r.t.Helper()
	type identity struct{ epoch, seq uint64 }
	seen := map[identity]bool{}
	for _, p := range packs {
		for _, rec := range p.Records {
			id := identity{p.Epoch, rec.Seq}
			if rec.Kind == wire.GapRecord && !seen[id] {
				out = append(out, rec.Gap)
			}
			seen[id] = true // offered again until it is confirmed
			r.ack(p.Epoch, stored(rec.Seq, rec.Seq))
		}
	}
	return out
}

// A restart's gap was declared and delivered; then the journal was destroyed,
// and the county's state set back to a day before. Chaos found it with seed 24.
func TestADeclaredGapOutlivesItsJournalAndTheCountysMemory(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.start()
		pass(90 * time.Second)
		r.stop()
		pass(time.Hour)
		r.start()
		r.connect(wire.Hello{Generation: "g1"})
		pass(3 * time.Minute)
		declared := r.gapsOf(r.broker.packs(t))
		if len(declared) != 1 || declared[0].Cause != "restart" {
			t.Fatalf("declared %+v; want the gap of the restart", declared)
		}
		r.stop()
		r.ruinJournal()
		pass(time.Minute)
		r.start()
		r.connect(wire.Hello{Generation: "g2"}) // which has seen nothing
		pass(3 * time.Minute)
		again := r.gapsOf(r.broker.packs(t))
		if n := count(again, declared[0]); n != 1 {
			t.Errorf("the restored county was told %+v; want the gap %+v once", again, declared[0])
		}
		r.agent.OnLost()
		r.connect(wire.Hello{Epoch: r.journal.Epoch(), Highest: r.journal.Next() - 1, Generation: "g2"})
		pass(3 * time.Minute)
		if more := r.gapsOf(r.broker.packs(t)); len(more) != 0 {
			t.Errorf("told the same county %+v once more", more)
		}
	})
}

func count(gaps []wire.Gap, g wire.Gap) (n int) {
	for _, o := range gaps {
		if o == g {
			n++
		}
	}
	return n
}

// Between the end of the journal and the restored state the county was never
// heard: the new journal does not know of a store before this one.
func TestAGapIsDeclaredAgainToTheFirstStoreThatANewJournalMeets(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.start()
		pass(90 * time.Second)
		r.stop()
		pass(time.Hour)
		r.start()
		r.connect(wire.Hello{Generation: "g1"})
		pass(3 * time.Minute)
		declared := r.gapsOf(r.broker.packs(t))
		if len(declared) != 1 {
			t.Fatalf("declared %+v; want one gap", declared)
		}
		for range 2 { // destroyed, and destroyed again
			r.stop()
			r.ruinJournal()
			r.start()
		}
		pass(time.Minute)
		r.connect(wire.Hello{Generation: "g2"})
		pass(time.Minute)
		if again := r.gapsOf(r.broker.packs(t)); count(again, declared[0]) != 1 {
			t.Errorf("told %+v; want %+v once", again, declared[0])
		}
	})
}

// What is declared again is of the past. The next start's gap begins where the
// agent ended all the same.
func TestARestartBehindAGapDeclaredAgainIsNoLonger(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.start()
		pass(90 * time.Second)
		r.stop()
		pass(time.Hour)
		r.start()
		r.connect(wire.Hello{Generation: "g1"})
		pass(time.Minute)
		_ = r.gapsOf(r.broker.packs(t))
		r.stop()
		r.ruinJournal()
		pass(10 * time.Hour)
		r.start()
		r.connect(wire.Hello{Generation: "g2"})
		pass(time.Second)
		_ = r.gapsOf(r.broker.packs(t))
		ended := time.Now()
		r.stop() // right behind it
		pass(time.Hour)
		r.start()
		pass(2 * time.Second)
		r.connect(wire.Hello{Epoch: r.journal.Epoch(), Highest: r.journal.Next() - 1, Generation: "g2"})
		pass(time.Second)
		gaps := r.gapsOf(r.broker.packs(t))
		i := slices.IndexFunc(gaps, func(g wire.Gap) bool { return g.Cause == "restart" && g.To.After(ended) })
		if i < 0 || gaps[i].From.Before(ended.Add(-time.Minute)) {
			t.Errorf("gaps %+v; want one of the restart, from %s or a little before", gaps, ended)
		}
	})
}

// Something lies where the list of gaps belongs. The site goes on, and says so.
func TestAListOfGapsThatCannotBeKeptStopsNothing(t *testing.T) {
	inBubble(t, func(r *rig) {
		if err := os.MkdirAll(filepath.Join(r.dir, "journal.db.gaps", "in the way"), 0o750); err != nil {
			t.Fatal(err)
		}
		r.start()
		pass(time.Minute + 2*time.Second)
		r.stop()
		pass(time.Hour)
		r.start()
		r.connect(wire.Hello{Generation: "g1"})
		pass(3 * time.Minute)
		packs := r.broker.packs(t)
		if gaps := r.gapsOf(packs); len(gaps) != 1 {
			t.Errorf("gaps %+v; want the one of the restart", gaps)
		}
		if s := r.broker.status(t); !slices.Equal(s.Faults, []string{"gap-list: not-writable"}) {
			t.Errorf("faults %q; want the list's alone", s.Faults)
		}
		if r.agent.Undelivered() > 1 {
			t.Errorf("%d records are not delivered", r.agent.Undelivered())
		}
	})
}
