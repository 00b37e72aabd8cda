package edge

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/journal"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// limited gives the rig's probe an upper limit in °C.
func (r *rig) limited(high float64) {
	r.options.Limits = FixedBounds{{Zone: "balagong/mutton", Quantity: sensors.Temperature}: {High: &high}}
}

func TestAReadingOutsideLimitsIsDurableAtOnce(t *testing.T) {
	for _, c := range []struct {
		name  string
		value float64
		at    time.Duration
		want  uint64
	}{
		{"inside waits for the group", -18.5, 500 * time.Millisecond, 1},
		{"outside does not", -10, 0, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(r *rig) {
				r.limited(-15)
				r.options.Devices[0].Sensor = steady(air, c.value)
				r.start()
				if c.at > 0 {
					pass(c.at)
				}
				if next := r.journal.Next(); next != c.want {
					t.Errorf("next is %d after %s, want %d", next, c.at, c.want)
				}
			})
		})
	}
}

func TestUrgencyLastsUntilTheFirstReadingBackInside(t *testing.T) {
	high := -15.0
	m := newMarks(Options{Devices: []Device{{Sensor: steady(air, 0)}},
		Limits: FixedBounds{{Zone: "balagong/mutton", Quantity: sensors.Temperature}: {High: &high}}})
	at := time.Now()
	for i, c := range []struct {
		r    sensors.Reading
		want bool
	}{
		{sensors.NewGood(air, at, -18), false},
		{sensors.NewBad(air, at, sensors.Timeout), false},
		{sensors.NewGood(air, at, -10), true},
		{sensors.NewBad(air, at, sensors.Timeout), true},
		{sensors.NewGood(air, at, -18), true},
		{sensors.NewGood(air, at, -18), false},
	} {
		if got := m.urgent(wire.Record{Reading: c.r}); got != c.want {
			t.Errorf("reading %d: urgent %v, want %v", i, got, c.want)
		}
	}
}

// TestADamagedJournalDoesNotStopTheAgent breaks the file under a running agent:
// it goes on sampling, says so, and nothing that was durable before is offered
// under a wrong value.
func TestADamagedJournalDoesNotStopTheAgent(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.options.Devices[0].Interval = time.Second
		r.start()
		pass(10 * time.Minute)
		r.stop()
		path := filepath.Join(r.dir, "journal.db")
		spoil(t, path)
		r.start()
		pass(10 * time.Minute)
		if err := r.agent.Health(); err != nil {
			t.Errorf("health: %v; want readings to be durable again", err)
		}
		if r.journal.Epoch() < 2 {
			t.Errorf("epoch %d; want a new one", r.journal.Epoch())
		}
		r.connect(wire.Hello{Generation: "g1"})
		s := r.broker.status(t)
		if !strings.Contains(strings.Join(s.Faults, ";"), "journal-file: set-aside journal.db.corrupt-") {
			t.Errorf("faults %q; want the file that was set aside", s.Faults)
		}
		var gaps, readings int
		err := r.journal.Records(context.Background(), 0, math.MaxUint64, func(e journal.Entry) bool {
			switch {
			case e.Kind == wire.GapRecord && e.Gap.Cause == journal.CauseCorrupt:
				gaps++
			case e.Kind == wire.ReadingRecord:
				if v, ok := e.Reading.Value(); !ok || v != -18.5 {
					t.Errorf("reading %v", e.Reading)
				}
				readings++
			}
			return true
		})
		if err != nil || gaps != 1 || readings < 600 {
			t.Errorf("%d gaps, %d readings (%v)", gaps, readings, err)
		}
	})
}

// spoil overwrites the middle of the file.
func spoil(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(b) / 2; i < len(b)/2+3000; i++ {
		b[i] ^= 0x55
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWithoutADiskTheAgentSamplesAndResumes starts the agent where its journal
// cannot be opened.
func TestWithoutADiskTheAgentSamplesAndResumes(t *testing.T) {
	inBubble(t, func(r *rig) {
		path := filepath.Join(r.dir, "journal.db")
		if err := os.Mkdir(path, 0o750); err != nil { // SQLite cannot open a folder
			t.Fatal(err)
		}
		r.start()
		pass(5 * time.Minute)
		probe := r.options.Devices[0].Sensor.(*sensor)
		if n := probe.polls.Load(); n < 5 {
			t.Errorf("%d polls; want the sampling to go on", n)
		}
		if r.agent.Health() == nil {
			t.Error("health says that readings are durable")
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		pass(5 * time.Second)
		if err := r.agent.Health(); err != nil {
			t.Errorf("after the disk came back: %v", err)
		}
		if got := r.journal.Undelivered(); got < 5 {
			t.Errorf("%d records are durable; want all that were held", got)
		}
	})
}

// An agent that was killed while the disk was full, and starts while it still
// is, does not know yet when its last record was made.
func TestARestartWithoutADiskIsDeclaredWhenTheDiskIsBack(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.start()
		pass(2*time.Minute + 2*time.Second)
		r.stop()
		last := time.Now().Add(-2 * time.Second)
		path := filepath.Join(r.dir, "journal.db")
		if err := errors.Join(os.Rename(path, path+".away"), os.Mkdir(path, 0o750)); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Minute)
		began := time.Now()
		r.start()
		pass(5 * time.Minute)
		if err := errors.Join(os.Remove(path), os.Rename(path+".away", path)); err != nil {
			t.Fatal(err)
		}
		pass(5 * time.Second)
		var gaps []wire.Gap
		err := r.journal.Records(context.Background(), 0, math.MaxUint64, func(e journal.Entry) bool {
			if e.Kind == wire.GapRecord {
				gaps = append(gaps, e.Gap)
			}
			return true
		})
		if err != nil {
			t.Error(err)
		}
		if len(gaps) != 1 || gaps[0].Cause != "restart" || !gaps[0].From.Equal(last) || !gaps[0].To.Equal(began) {
			t.Errorf("gaps %+v; want one of a restart from %s to %s", gaps, last, began)
		}
	})
}

func TestWhatIsHeldIsBoundedAndUrgentReadingsAreDroppedLast(t *testing.T) {
	var d droppedSpan
	var held []wire.Record
	var urgent []bool
	at := time.Date(2026, 1, 5, 3, 0, 0, 0, time.UTC)
	for i := range maxHeld + 500 {
		held = append(held, wire.Record{Reading: sensors.NewGood(air, at.Add(time.Duration(i)*time.Second), -18)})
		urgent = append(urgent, i < 100)
	}
	held, urgent = d.trim(held, urgent)
	if len(held) != maxHeld || len(urgent) != maxHeld || d.count != 500 {
		t.Fatalf("%d held, %d dropped", len(held), d.count)
	}
	if !urgent[99] || urgent[100] || !held[0].Time().Equal(at) || !d.from.Equal(at.Add(100*time.Second)) {
		t.Error("urgent readings were dropped before others")
	}
}
