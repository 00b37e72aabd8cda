package chain

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to read county.db as a stranger would
)

const (
	chaosRows  = 500
	chaosFloor = 8 // faults at least, or the run has shown nothing
)

// Programs are killed and servers stopped at random moments while a log is
// replayed whose every value is unique. Afterwards each answered value is in
// the database once, unaltered, or lies inside a gap that the edge declared
// around a time when it was killed.
func TestNothingIsLostWhileEverythingIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute and a half; run without -short")
	}
	t.Parallel()
	seed := uint64(1)
	if text := os.Getenv("CHAOS_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("CHAOS_SEED: %v", err)
		}
	}
	c := &county{t: t, bin: buildPrograms(t), dir: t.TempDir()}
	c.startMosquitto()
	c.startInflux()
	var log strings.Builder
	log.WriteString("temperature\n")
	for i := range chaosRows {
		fmt.Fprintf(&log, "%.2f\n", float64(i)/100-2)
	}
	slave := c.startSlave(c.write("chaos.csv", log.String()))
	collector := c.keepRunning("collector", "-config", c.collectorConfig(100))
	edge := c.keepRunning("edge-agent", "-config", c.edgeConfig(slave.port))

	// Two at once find what one alone does not: what a program holds while
	// another is away must survive it.
	faults := []struct {
		name   string
		strike func(wait time.Duration)
	}{
		{"edge killed", func(time.Duration) { edge.kill() }},
		{"collector killed", func(time.Duration) { collector.kill() }},
		{"broker killed", func(wait time.Duration) {
			c.broker.Kill()
			pause(t, wait)
			c.broker.Restart(t)
		}},
		{"database killed", func(wait time.Duration) {
			c.influx.Kill()
			pause(t, wait)
			c.influx.Restart(t)
		}},
		{"collector killed while the database is away", func(wait time.Duration) {
			c.influx.Kill()
			pause(t, time.Second+wait)
			collector.kill()
			pause(t, time.Second)
			c.influx.Restart(t)
		}},
		{"edge killed while the broker is away", func(wait time.Duration) {
			c.broker.Kill()
			pause(t, time.Second+wait)
			edge.kill()
			c.broker.Restart(t)
		}},
	}
	r := rand.New(rand.NewPCG(seed, 0))
	did := map[string]int{}
	for len(slave.answered(t)) < slave.rows {
		pause(t, time.Duration(1500+r.IntN(2500))*time.Millisecond)
		what := r.IntN(len(faults))
		faults[what].strike(time.Duration(r.IntN(2500)) * time.Millisecond)
		did[faults[what].name]++
	}
	total := 0
	for _, n := range did {
		total += n
	}
	t.Logf("seed %d: %v", seed, did)
	if total < chaosFloor {
		t.Errorf("only %d faults; want %d at least", total, chaosFloor)
	}
	c.account(slave.answered(t))
}

// account holds the database against the slave's log and the declared gaps.
func (c *county) account(answers []answer) {
	t := c.t
	t.Helper()
	var missing []answer
	settled := func() bool {
		missing = nil
		byValue := map[float64]int{}
		for _, s := range c.stored() {
			byValue[s.value]++
		}
		gaps := c.declaredGaps()
		for _, a := range answers {
			switch n := byValue[a.value]; {
			case n > 1:
				t.Fatalf("row %d (%v) is stored %d times", a.row, a.value, n)
			case n == 0 && !within(gaps, a.at):
				missing = append(missing, a)
			}
		}
		return len(missing) == 0
	}
	deadline := time.Now().Add(3 * time.Minute)
	for !settled() {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d answered values are neither stored nor inside a declared gap; the first is row %d of %s", len(missing), len(answers), missing[0].row, missing[0].at)
		}
		pause(t, time.Second)
	}
	got := c.stored()
	if len(got) < len(answers)/2 {
		t.Fatalf("%d of %d answered values are stored: the gaps are not small", len(got), len(answers))
	}
	at := map[float64]time.Time{}
	for _, a := range answers {
		at[a.value] = a.at
	}
	for _, s := range got {
		answered, known := at[s.value]
		if !known {
			t.Fatalf("%v at %s was never answered", s.value, s.at)
		}
		if s.at.Before(answered.Add(-clockSlack)) || s.at.After(answered.Add(time.Second)) {
			t.Fatalf("%v was answered at %s and is stored at %s", s.value, answered, s.at)
		}
	}
	t.Logf("%d values answered, %d stored, %d inside declared gaps", len(answers), len(got), len(answers)-len(got))
}

type span struct{ from, to time.Time }

// A gap begins at the last record that was durable; the answer after it may
// have come in the same instant.
func within(gaps []span, at time.Time) bool {
	for _, g := range gaps {
		if !at.Before(g.from.Add(-pollPeriod)) && !at.After(g.to) {
			return true
		}
	}
	return false
}

// declaredGaps reads the gaps from county.db with plain SQL. One longer than a
// restart can take would cover anything and is not accepted.
func (c *county) declaredGaps() (out []span) {
	c.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(c.dir, "collector", "county.db")+"?mode=ro")
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT from_ms, to_ms FROM entries WHERE kind = 'gap'")
	if err != nil {
		return nil // the collector has not made it yet
	}
	defer rows.Close()
	for rows.Next() {
		var from, to int64
		if err := rows.Scan(&from, &to); err != nil {
			c.t.Fatal(err)
		}
		if d := time.Duration(to-from) * time.Millisecond; d > 4*time.Second {
			c.t.Errorf("a gap of %s was declared; a kill and a restart take less", d)
		}
		out = append(out, span{time.UnixMilli(from), time.UnixMilli(to)})
	}
	return out
}

// keeper restarts a program whenever it ends.
type keeper struct {
	mu      sync.Mutex
	current *exec.Cmd
}

// kill ends the program without a chance to do anything; it comes back.
func (k *keeper) kill() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.current != nil {
		_ = k.current.Process.Signal(syscall.SIGKILL) // it may have just ended by itself
	}
}

func (c *county) keepRunning(program string, args ...string) *keeper {
	t := c.t
	k := &keeper{}
	log, err := os.Create(filepath.Join(c.dir, program+".log"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			cmd := exec.CommandContext(ctx, filepath.Join(c.bin, program), args...)
			cmd.Stderr = log
			k.mu.Lock()
			err := cmd.Start()
			k.current = cmd
			k.mu.Unlock()
			if err == nil {
				_ = cmd.Wait() // it was killed, or says in its log why it ended
			}
			select {
			case <-ctx.Done():
			case <-time.After(300 * time.Millisecond): // as systemd waits
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		_ = log.Close()
		if t.Failed() {
			t.Logf("%s said:\n%s", program, readFile(t, log.Name()))
		}
	})
	return k
}

// pause lets real programs run for a while.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
		t.FailNow()
	}
}
