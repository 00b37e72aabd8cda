//go:build chaos

package chaos

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/gateway/app/programs"
	"coldchain/gateway/wire"
)

// settleMost bounds the wait for what is on its way. The longest waits are the
// back-off of a connection, two minutes, and a step of the clock.
const settleMost = 4 * time.Minute

// TestChaos runs rounds: two counties at once, one with a broker that keeps its
// state and one without. CHAOS_SEED is the first round's seed; CHAOS_HOURS goes
// on with the next ones until the time is over or one fails.
func TestChaos(t *testing.T) {
	seed, err := strconv.ParseUint(cmp.Or(os.Getenv("CHAOS_SEED"), "1"), 10, 64)
	if err != nil {
		t.Fatalf("CHAOS_SEED: %v", err)
	}
	hours, err := strconv.ParseFloat(cmp.Or(os.Getenv("CHAOS_HOURS"), "0"), 64)
	if err != nil {
		t.Fatalf("CHAOS_HOURS: %v", err)
	}
	until := time.Now().Add(time.Duration(hours * float64(time.Hour)))
	bin := programs.Build(t, "chaosclock")
	total := newReport()
	for first := true; first || time.Now().Before(until); first = false {
		ok := t.Run(fmt.Sprintf("round-%d", seed), func(t *testing.T) {
			for i, broker := range []string{"persistent-broker", "forgetful-broker"} {
				plan := MakePlan(seed + uint64(i))
				t.Run(broker, func(t *testing.T) {
					t.Parallel()
					round(t, bin, plan, i == 0, total)
				})
			}
		})
		if !ok {
			break
		}
		t.Log(total.table().Line())
		seed += 2
	}
	fmt.Println(total.table())
}

// round is one county from its beginning to its account.
func round(t *testing.T, bin string, plan Plan, persistence bool, total *report) {
	dir, err := os.MkdirTemp("", "coldchain-chaos-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d; what was there is kept in %s", plan.Seed, dir)
			return
		}
		_ = os.RemoveAll(dir)
	})
	t.Logf("seed %d, %s of faults", plan.Seed, plan.Length.Round(time.Second))
	c := newCounty(t, bin, dir, persistence)
	recovery := c.strike(plan, total)
	a := c.settle()
	total.add(a, recovery, c.apart)
	for _, name := range Sites() {
		if n := c.apart[[2]string{name + "-gw", string(wire.TimeInFuture)}]; n > 0 {
			t.Errorf("%s: %d records were offered under a time that had not come", name, n)
		}
	}
	whole := fmt.Sprintf("%+v", a)
	programs.WriteFile(t, filepath.Join(dir, "account.txt"), strings.ReplaceAll(whole, " First:[", "\nFirst:["))
	for name, f := range map[string]Findings{"lost": a.Lost, "doubled": a.Doubled, "altered": a.Altered, "unordered": a.Unordered, "undeclared": a.Undeclared} {
		for _, text := range f.First {
			t.Errorf("%s: %s", name, text)
		}
	}
	if a.Answered < 500 || a.Stored < a.Answered*len(Channels())/2 {
		t.Errorf("%d polls answered and %d readings stored: the round has shown nothing", a.Answered, a.Stored)
	}
}

// strike does what the plan says, and watches how long after each strike's end
// every site's newest reading was stored.
func (c *county) strike(plan Plan, total *report) []time.Duration {
	steps := []step{{at: plan.CopyAt, do: c.copies}}
	for i := range plan.Strikes {
		s := &plan.Strikes[i]
		if s.Kind == DiskFilled && !c.mounted {
			total.skip(s.Kind)
			continue
		}
		steps = append(steps, c.steps(s)...)
	}
	slices.SortStableFunc(steps, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	began := time.Now()
	w := &watch{c: c}
	for _, s := range steps {
		for time.Since(began) < s.at {
			programs.Pause(c.t, min(250*time.Millisecond, s.at-time.Since(began)+time.Millisecond))
			w.look()
		}
		s.do()
		if s.end != nil {
			c.t.Logf("%6.1fs  done: %s", time.Since(began).Seconds(), s.end)
			total.struck(s.end.Kind)
			w.expect()
		}
	}
	for end := time.Now().Add(time.Minute); len(w.open) > 0 && time.Now().Before(end); w.look() {
		programs.Pause(c.t, 250*time.Millisecond)
	}
	return w.took
}

// watch measures recovery.
type watch struct {
	c    *county
	open []goal
	took []time.Duration
	last time.Time
}

// goal is what must be stored for a strike to count as recovered from.
type goal struct {
	since  time.Time
	newest map[string]uint32
}

func (w *watch) expect() {
	g := goal{since: time.Now(), newest: map[string]uint32{}}
	for name, s := range w.c.sites {
		if n, ok := s.slave.newest(); ok {
			g.newest[name] = n
		}
	}
	w.open = append(w.open, g)
}

func (w *watch) look() {
	if len(w.open) == 0 || time.Since(w.last) < 500*time.Millisecond {
		return
	}
	w.last = time.Now()
	stored := map[string]uint32{}
	for name, s := range w.c.sites {
		n, ok := w.c.newestStored(s)
		if !ok {
			return
		}
		stored[name] = n
	}
	w.open = slices.DeleteFunc(w.open, func(g goal) bool {
		for name, n := range g.newest {
			if stored[name] < n {
				return false
			}
		}
		w.took = append(w.took, time.Since(g.since))
		return true
	})
}

// settle lets the county come to rest and returns the account.
func (c *county) settle() Account {
	for _, s := range c.sites {
		s.slave.stop()
	}
	end := time.Now().Add(settleMost)
	var a Account
	for clean := 0; clean < 2 && time.Now().Before(end); {
		programs.Pause(c.t, 2*time.Second)
		missing, err := c.setApart()
		if err != nil {
			c.t.Logf("read the quarantine: %v", err)
			continue
		}
		if len(missing) > 0 {
			c.messages.poison()
		}
		if a, err = c.account(); err != nil {
			c.t.Logf("read the store: %v", err)
			continue
		}
		if clean++; !a.Clean() || len(missing) > 0 {
			clean = 0
		}
	}
	for _, s := range c.sites {
		s.agent.Quit()
	}
	c.collector.Quit()
	a, err := c.account()
	if err != nil {
		c.t.Fatal(err)
	}
	missing, err := c.setApart()
	if err != nil || len(missing) > 0 {
		c.t.Errorf("poison that is not set apart: %v %v", missing, err)
	}
	if err := c.lookApart(); err != nil {
		c.t.Errorf("read the quarantine: %v", err)
	}
	c.t.Logf("quarantine: %v", c.apart)
	return a
}

// report is what all rounds have shown.
type report struct {
	mu       sync.Mutex
	strikes  map[Kind]int
	skipped  map[Kind]int
	account  Account
	apart    map[string]int
	recovery []time.Duration
	began    time.Time
}

func newReport() *report {
	return &report{strikes: map[Kind]int{}, skipped: map[Kind]int{}, apart: map[string]int{}, began: time.Now()}
}

func (r *report) struck(k Kind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.strikes[k]++
}

func (r *report) skip(k Kind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skipped[k]++
}

func (r *report) add(a Account, recovery []time.Duration, apart map[[2]string]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.account.Join(a)
	for what, n := range apart {
		if !slices.Contains(poisoned(), what) {
			r.apart[what[1]] += n
		}
	}
	r.recovery = append(r.recovery, recovery...)
}

// table is what there is so far; nobody changes it between two rounds.
func (r *report) table() Table {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Table{Strikes: r.strikes, Skipped: r.skipped, Account: r.account, Apart: r.apart, Recovery: r.recovery, Took: time.Since(r.began)}
}

func toText(v any) string { return fmt.Sprint(v) }
