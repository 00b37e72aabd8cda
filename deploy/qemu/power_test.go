//go:build qemu

package qemu

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"coldchain/gateway/journal"
)

const (
	roundLimit = 10 * time.Minute // forty times what a round takes on an idle machine: against standing still
	diskSize   = 32 << 20
	perBoot    = 100_000 // numbers that a boot's answers may use
)

// TestNothingIsLostWhenThePowerGoes cuts the power of a board whose agent has
// its journal on a disk, again and again. What the agent called durable is
// there after every cut, unaltered, without a hole; what was answered is there
// or inside the gap that the next start declares.
//
// The disk forgets what it was not told to flush, in any mixture.
func TestNothingIsLostWhenThePowerGoes(t *testing.T) {
	emulator := need(t)
	for _, tool := range []string{"mkfs.ext4", "e2fsck", "debugfs", "dumpe2fs"} {
		if _, err := exec.LookPath(tool); err != nil {
			miss(t, tool+" is missing: apt-get install e2fsprogs, or make test-deps")
		}
	}
	rounds, seed := number(t, "POWER_ROUNDS", 20), number(t, "POWER_SEED", 1)
	ctx := t.Context()
	lap := stopwatch(t)
	p := &powerTest{t: t, dir: t.TempDir(), emulator: emulator, initrd: pack(ctx, t)}
	p.plugIn(ctx)
	lap("built agent, guest and disk")
	for n := range rounds {
		p.chance = rand.New(rand.NewPCG(seed, n)) // so that what is planned does not hang on what came before
		r := p.plan(n, n == rounds-1)
		p.round(ctx, r)
		lap(r.String())
	}
	p.ledger.finish(t)
	t.Logf("seed %d: %s", seed, p.ledger.summary())
	if !t.Failed() {
		t.Log("none of what was committed lost, doubled or altered")
	}
}

func number(t *testing.T, name string, usual uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		t.Fatalf("%s=%q: want a number from 1 on", name, text)
	}
	return n
}

type powerTest struct {
	t                     *testing.T
	dir, emulator, initrd string
	chance                *rand.Rand
	disk                  *disk
	ledger                ledger
}

// round is one start of the board, to its end.
type round struct {
	n      uint64
	commit time.Duration
	clock  string        // when it is set, see guest/power.go
	marks  int           // how often the agent calls more durable before the power may go
	write  int           // then it goes at this write or flush of the disk,
	after  time.Duration // or, when that is 0, after this time
	found  string        // what it came to
}

func (r *round) String() string {
	when := fmt.Sprintf("write or flush %d", r.write)
	if r.write == 0 {
		when = r.after.Round(time.Millisecond).String()
	}
	return fmt.Sprintf("cut %d: commit %s, clock %s, %s after mark %d: %s", r.n+1, r.commit, r.clock, when, r.marks, r.found)
}

// plan draws the moment of the cut: while the journal is made (the first two),
// while the agent starts, or while it works; in the middle of what the disk is
// told, or at any time. Short commit intervals fill the log, so that it is put
// away. The last start knows the time, and with it where all records before it
// belong.
func (p *powerTest) plan(n uint64, last bool) *round {
	r := &round{n: n, commit: time.Second, clock: "0s"}
	if p.chance.IntN(2) == 0 {
		r.commit = 20 * time.Millisecond
	}
	switch p.chance.IntN(4) {
	case 0:
		r.clock = "never"
	case 1:
		r.clock = "2s"
	}
	switch {
	case last:
		r.clock, r.marks = "0s", 3
	case n < 2 || p.chance.IntN(4) == 0:
		r.write = 1 + p.chance.IntN(60)
		return r
	case r.commit < time.Second:
		r.marks = 5 + p.chance.IntN(20)
	default:
		r.marks = 1 + p.chance.IntN(3)
	}
	if p.chance.IntN(3) == 0 {
		r.after = time.Duration(p.chance.Int64N(int64(time.Second)))
	} else {
		r.write = 1 + p.chance.IntN(16)
	}
	return r
}

// plugIn makes the disk and serves it until the test ends.
func (p *powerTest) plugIn(ctx context.Context) {
	t := p.t
	file := p.file("empty.img")
	if err := os.WriteFile(file, make([]byte, diskSize), 0o600); err != nil {
		t.Fatal(err)
	}
	p.tool(ctx, "mkfs.ext4", "-q", "-F", file)
	image, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p.disk = newDisk(image)
	p.disk.lies = os.Getenv("POWER_DISK") == "lies"
	l, err := net.Listen("unix", p.socket())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := serveDisk(l, p.disk); err != nil {
			t.Error("the disk: ", err)
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
}

func (p *powerTest) socket() string          { return p.file("disk") }
func (p *powerTest) file(name string) string { return filepath.Join(p.dir, name) }

// tool runs a program of e2fsprogs and returns what it says.
func (p *powerTest) tool(ctx context.Context, name string, args ...string) []byte {
	p.t.Helper()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && name == "e2fsck" && exit.ExitCode() == 1 {
		err = nil // it has corrected something: it replayed the log
	}
	if err != nil {
		p.t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return out
}

// round starts the board, cuts its power, and looks at the disk.
func (p *powerTest) round(ctx context.Context, r *round) {
	t := p.t
	t.Helper()
	ctx, stop := context.WithTimeoutCause(ctx, roundLimit, errors.New("the round may take "+roundLimit.String()))
	defer stop()
	b := start(ctx, t, p.emulator, kernels, p.initrd,
		[]string{"power", strconv.FormatUint(r.n*perBoot, 10), r.commit.String(), r.clock, fmt.Sprintf("%016x%016x", p.chance.Uint64(), p.chance.Uint64())},
		"-drive", "file=nbd+unix:///?socket="+p.socket()+",format=raw,if=none,id=stick", "-device", "usb-storage,drive=stick,bus=usb-bus.1")
	b.run(ctx)
	h := &heard{boot: r.n, commit: r.commit}
	for len(h.marks) < r.marks {
		h.line(t, b.line(ctx))
	}
	var gone <-chan struct{}
	var power <-chan time.Time
	if r.write > 0 {
		gone = p.disk.dieAfter(r.write)
	} else {
		power = time.After(r.after)
	}
	for on := true; on; {
		select {
		case line, ok := <-b.lines:
			if !ok {
				t.Fatal("the board is off before its power was cut")
			}
			b.hear(line)
			h.line(t, line)
		case <-gone:
			on = false
		case <-power:
			on = false
		case <-ctx.Done():
			t.Fatal(context.Cause(ctx))
		}
	}
	b.kill()
	for line := range b.lines { // said before the cut
		b.hear(line)
		h.line(t, line)
	}
	<-b.ended
	h.lost = p.disk.cut(p.chance)
	p.look(ctx, h)
	b.done = !t.Failed()
	r.found = p.ledger.last()
	if t.Failed() {
		t.Fatalf("seed and round: %s", r)
	}
}

// look takes the journal out of the disk, as somebody with the dead box's card
// would, and enters it into the ledger.
func (p *powerTest) look(ctx context.Context, h *heard) {
	t := p.t
	t.Helper()
	image, out := p.file("image"), p.file(fmt.Sprintf("out-%d", h.boot))
	if err := os.WriteFile(image, p.disk.image(), 0o600); err != nil {
		t.Fatal(err)
	}
	h.replayed = bytes.Contains(p.tool(ctx, "dumpe2fs", "-h", image), []byte("needs_recovery"))
	p.tool(ctx, "e2fsck", "-fy", "-E", "journal_only", image)
	if text := p.tool(ctx, "e2fsck", "-fn", image); bytes.Contains(text, []byte("WARNING")) {
		t.Errorf("the file system is not clean after its log was replayed:\n%s", text)
	}
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	p.tool(ctx, "debugfs", "-R", "rdump /coldchain "+out, image)
	path := filepath.Join(out, "coldchain", "journal.db")
	if aside, err := filepath.Glob(path + ".corrupt-*"); err != nil || len(aside) > 0 {
		t.Errorf("the agent took a journal for damaged: %v %v", aside, err)
	}
	if info, err := os.Stat(path); errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0 {
		p.ledger.enter(t, h, nil) // cut before it was made
		return
	}
	r, err := journal.OpenReader(ctx, path)
	if err != nil && p.ledger.promised() == 0 && len(h.marks) == 0 {
		t.Logf("cut while the journal was made: %v", err) // the next start shows whether it can be made then
		p.ledger.enter(t, h, nil)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	findings, err := r.Verify(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Damage {
			t.Errorf("record %d: %s", f.Seq, f.What)
		}
	}
	var entries []journal.Entry
	err = r.Records(ctx, "", time.Time{}, time.Time{}, func(e journal.Entry) bool {
		entries = append(entries, e)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	p.ledger.enter(t, h, entries)
}
