//go:build qemu

package qemu

import (
	"context"
	"debug/elf"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	total   = 5 * time.Minute
	kernels = "../../.cache/qemu/kernel"

	probe  = "bench/room/air"    // a TMP105
	absent = "bench/room/absent" // an address at which there is nothing
)

// TestTheAgentFollowsTheChip is promise 3 on the true way: what the agent
// journals on arm Linux is what the chip was set to, reading by reading, and a
// chip that is not there has no temperature.
func TestTheAgentFollowsTheChip(t *testing.T) {
	emulator := need(t)
	ctx, stop := context.WithTimeoutCause(t.Context(), total, errors.New("the test may take "+total.String()))
	defer stop()
	began := time.Now()
	lap := stopwatch(t)
	initrd := pack(ctx, t)
	lap("built agent and guest")

	b := start(ctx, t, emulator, kernels, initrd, []string{"chip"})
	// °C, as set and as the chip shows them: 31.25 needs its 12 bits, after
	// power-up it has 9.
	steps := []float64{4.5, -18.5, -25, -25.5, 31.25}
	b.setTemperature(int(steps[0] * 1000))
	b.run(ctx)
	lap("booted Linux, I2C modules loaded")

	w := &watcher{t: t, board: b}
	w.until(ctx, steps[0], steps[0])
	lap("agent started, read 4.5 °C")
	for i, want := range steps[1:] {
		b.setTemperature(int(want * 1000))
		w.until(ctx, steps[i], want)
		lap("set and read " + strconv.FormatFloat(want, 'f', -1, 64) + " °C")
	}
	if w.silent < len(steps) {
		t.Errorf("the absent chip gave %d readings beside %d of the other; want its failures journaled", w.silent, w.heard)
	}

	end(ctx, b)
	lap("agent stopped, board off")
	t.Logf("%d readings of the chip, %d of the absent one, %s in all", w.heard, w.silent, time.Since(began).Round(10*time.Millisecond))
}

// watcher judges every reading the guest tells of.
type watcher struct {
	t             *testing.T
	board         *board
	heard, silent int
}

// until hears readings until the chip showed want twice. Before that it may
// have shown old; afterwards and otherwise nothing. Air does not change by
// whole degrees in a second: the first reading after such a jump is right and
// in doubt, the next is believed.
func (w *watcher) until(ctx context.Context, old, want float64) {
	w.t.Helper()
	for seen := 0; seen < 2; {
		line := w.board.line(ctx)
		w.t.Log(line)
		f := strings.Fields(line)
		if len(f) != 5 || f[0] != "READING" {
			w.t.Fatalf("the guest says %q, want a reading", line)
		}
		point, value, quality, reason := f[1], f[2], f[3], f[4]
		switch point {
		case absent:
			w.silent++
			if value != "-" || quality != "bad" || reason != "timeout" && reason != "nack" {
				w.t.Errorf("%q: want no value, bad, timeout or nack", line)
			}
		case probe:
			w.heard++
			got, err := strconv.ParseFloat(value, 64)
			judged := "good -"
			switch {
			case err == nil && got == want:
				if seen++; seen == 1 && math.Abs(want-old) > 1 {
					judged = "uncertain rate"
				}
			case err != nil || got != old || seen > 0:
				w.t.Fatalf("%q: the chip was set from %g to %g °C", line, old, want)
			}
			if quality+" "+reason != judged {
				w.t.Fatalf("%q: want it to be %s", line, judged)
			}
		default:
			w.t.Fatalf("%q: nobody measures that", line)
		}
	}
}

// end asks the guest to stop the agent and the board.
func end(ctx context.Context, b *board) {
	b.t.Helper()
	if _, err := io.WriteString(b.in, "\n"); err != nil {
		b.t.Fatal(err)
	}
	var said []string
	for len(said) == 0 || said[len(said)-1] != "DONE" {
		if line := b.line(ctx); !strings.HasPrefix(line, "READING ") {
			said = append(said, line)
		}
	}
	if want := []string{"AGENT exit status 0", "DONE"}; !slices.Equal(said, want) {
		b.t.Errorf("at the end the guest says %q, want %q", said, want)
	}
	if err := b.off(); err != nil {
		b.t.Errorf("QEMU: %v", err)
	}
}

// pack builds the agent as make cross does and the guest, and makes a RAM disk
// of them.
func pack(ctx context.Context, t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", dir+"/", "coldchain/cmd/edge-agent", "coldchain/deploy/qemu/guest")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm", "GOARM=7")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, text)
	}
	checkStatic(t, filepath.Join(dir, "edge-agent"))

	name := filepath.Join(dir, "initrd.gz")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	a, err := newArchive(file)
	if err != nil {
		t.Fatal(err)
	}
	a.add("init", filepath.Join(dir, "guest"))
	a.add("edge-agent", filepath.Join(dir, "edge-agent"))
	for _, name := range []string{"edge.yaml", "power.yaml", "counter.yaml"} {
		a.add(name, filepath.Join("guest", name))
	}
	modules, err := os.ReadDir(filepath.Join(kernels, "modules"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range modules {
		a.add("modules/"+m.Name(), filepath.Join(kernels, "modules", m.Name()))
	}
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	return name
}

// checkStatic: there is nothing beside the agent on the board.
func checkStatic(t *testing.T, program string) {
	t.Helper()
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Machine != elf.EM_ARM {
		t.Fatalf("%s is for %s", program, f.Machine)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Fatalf("%s is not static", program)
		}
	}
}

// need returns the emulator.
func need(t *testing.T) string {
	t.Helper()
	emulator, err := exec.LookPath("qemu-system-arm")
	if err != nil {
		miss(t, "qemu-system-arm is missing: apt-get install qemu-system-arm, or make test-deps")
	}
	for _, name := range []string{"order", "ext4.ko"} { // an older fetch has no ext4
		if _, err := os.Stat(filepath.Join(kernels, "modules", name)); err != nil {
			miss(t, "the kernel is missing or has not all modules: deploy/qemu/fetch-kernel.sh .cache/qemu, or make test-deps")
		}
	}
	return emulator
}

// miss ends a test that has nothing to run on, which only a person's machine
// may have.
func miss(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal("NOT TESTED: ", why)
	}
	t.Skip("NOT TESTED: ", why)
}

// stopwatch prints how long each part took.
func stopwatch(t *testing.T) func(part string) {
	last := time.Now()
	return func(part string) {
		now := time.Now()
		t.Logf("%7.2f s  %s", now.Sub(last).Seconds(), part)
		last = now
	}
}
