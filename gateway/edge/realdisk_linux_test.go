package edge

import (
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/gateway/journal"
	"coldchain/gateway/wire"
)

// The disks of these tests are real file systems that are really full or
// read-only. Mounting needs root, so elsewhere they are skipped.

// mounted makes a folder with a small tmpfs of its own.
func mounted(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("not run: a tmpfs cannot be mounted here (%v); it needs root", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return dir
}

// remount makes a mounted tmpfs read-only or writable.
func remount(t *testing.T, dir string, flags uintptr) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|flags, ""); err != nil {
		t.Fatalf("remount %s: %v", dir, err)
	}
}

// kept are the times of the readings in a journal that is open, as minutes
// since began, and the gaps it declares.
func kept(t *testing.T, j *journal.Journal, began time.Time) (minutes []int, gaps int) {
	t.Helper()
	err := j.Records(context.Background(), 0, math.MaxUint64, func(e journal.Entry) bool {
		switch e.Kind {
		case wire.ReadingRecord:
			minutes = append(minutes, int(e.Time().Sub(began).Round(time.Minute)/time.Minute))
		case wire.GapRecord:
			gaps++
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return minutes, gaps
}

func upTo(n int) (all []int) {
	for i := range n + 1 {
		all = append(all, i)
	}
	return all
}

func TestADiskThatIsReallyFullAndThenFreedLosesNoReading(t *testing.T) {
	dir := mounted(t, "2m")
	inBubble(t, func(r *rig) {
		r.dir = dir
		began := time.Now()
		r.start()
		time.Sleep(3*time.Minute + 30*time.Second)
		synctest.Wait()
		if got := r.agent.faults.list(); len(got) != 0 {
			t.Errorf("faults %q on a good disk", got)
		}
		filler := fillUp(t, dir)
		// A commit may still find room in pages that are there; not for long.
		waited := 0
		for ; waited < 2000 && len(r.agent.faults.list()) == 0; waited++ {
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		if got := r.agent.faults.list(); !slices.Equal(got, []string{"journal: disk-full"}) {
			t.Errorf("faults %q after %d min on a full disk", got, waited)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := r.agent.faults.list(); len(got) != 0 {
			t.Errorf("faults %q after there is room again", got)
		}
		minutes, gaps := kept(t, r.journal, began)
		if want := upTo(3 + waited + 6); !slices.Equal(minutes, want) || gaps != 0 {
			t.Errorf("%d readings and %d gaps; want one a minute, %d of them:\n%v", len(minutes), gaps, len(want), minutes)
		}
	})
}

// fillUp writes until the file system has no room at all.
func fillUp(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for piece := make([]byte, 4096); err == nil; {
		_, err = f.Write(piece)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the file system did not become full: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAnAgentThatStartsOnAReadOnlyCard is the boot after the card's error: the
// agent samples, says why nothing is durable, and writes it all once the card
// lets it.
func TestAnAgentThatStartsOnAReadOnlyCard(t *testing.T) {
	dir := mounted(t, "2m")
	remount(t, dir, syscall.MS_RDONLY)
	inBubble(t, func(r *rig) {
		r.dir = dir
		began := time.Now()
		r.start()
		time.Sleep(4*time.Minute + 30*time.Second)
		synctest.Wait()
		if got := r.agent.faults.list(); !slices.Contains(got, "journal: read-only") {
			t.Errorf("faults %q on a read-only file system", got)
		}
		remount(t, dir, 0)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := r.agent.faults.list(); len(got) != 0 {
			t.Errorf("faults %q on a file system that can be written again", got)
		}
		if minutes, gaps := kept(t, r.journal, began); !slices.Equal(minutes, upTo(5)) || gaps != 0 {
			t.Errorf("readings of the minutes %v and %d gaps; want all of 0 to 5", minutes, gaps)
		}
	})
}

// TestACardThatTurnsReadOnlyWhileTheAgentRuns: the kernel finds an error on an
// ext4 card and makes it read-only under the open journal. What was durable is
// there after the repair and the next start.
func TestACardThatTurnsReadOnlyWhileTheAgentRuns(t *testing.T) {
	card := newCard(t)
	card.mount(t)
	if _, err := os.Stat(card.trigger()); err != nil {
		t.Skipf("not run: this kernel cannot be told to find an error: %v", err)
	}
	inBubble(t, func(r *rig) {
		r.dir = card.dir
		began := time.Now()
		r.start()
		time.Sleep(2*time.Minute + 30*time.Second)
		synctest.Wait()
		card.breakIt(t)
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if got := r.agent.faults.list(); !slices.Contains(got, "journal: read-only") {
			t.Errorf("faults %q after the kernel made the card read-only", got)
		}
		r.stop()
		card.repair(t)
		r.start()
		synctest.Wait()
		if got := r.agent.faults.list(); len(got) != 0 {
			t.Errorf("faults %q after the repair", got)
		}
		minutes, _ := kept(t, r.journal, began)
		if len(minutes) < 3 || !slices.Equal(minutes[:3], upTo(2)) {
			t.Errorf("readings of the minutes %v; want those of before the error, 0 to 2, first", minutes)
		}
	})
}

// card is an ext4 file system in a file.
type card struct{ image, dir, device string }

func newCard(t *testing.T) *card {
	t.Helper()
	c := &card{image: filepath.Join(t.TempDir(), "card.img"), dir: t.TempDir()}
	if err := os.WriteFile(c.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(c.image, 16<<20); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs.ext4", "-q", c.image).CombinedOutput(); err != nil {
		t.Skipf("not run: no ext4 file system can be made here: %v %s", err, out)
	}
	out, err := exec.Command("losetup", "--find", "--show", c.image).CombinedOutput()
	if err != nil {
		t.Skipf("not run: no loop device can be had here (%v: %s); it needs root", err, out)
	}
	c.device = strings.TrimSpace(string(out))
	t.Cleanup(func() { c.run(t, "losetup", "--detach", c.device) })
	return c
}

func (c *card) run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}

func (c *card) mount(t *testing.T) {
	t.Helper()
	if err := syscall.Mount(c.device, c.dir, "ext4", 0, "errors=remount-ro"); err != nil {
		t.Skipf("not run: ext4 cannot be mounted here (%v); it needs root", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(c.dir, 0) }) // a repair may have unmounted it
}

func (c *card) trigger() string {
	return filepath.Join("/sys/fs/ext4", filepath.Base(c.device), "trigger_fs_error")
}

// breakIt has the kernel find an error, as it does when a card answers with
// one.
func (c *card) breakIt(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(c.trigger(), []byte("a card's error\n"), 0o200); err != nil {
		t.Errorf("have the kernel find an error: %v", err)
	}
}

// repair is what a boot does: check the file system and mount it again.
func (c *card) repair(t *testing.T) {
	t.Helper()
	if err := syscall.Unmount(c.dir, 0); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("e2fsck", "-fy", c.device).CombinedOutput()
	if e, ok := errors.AsType[*exec.ExitError](err); ok && e.ExitCode() > 2 {
		t.Fatalf("e2fsck: %v: %s", err, out)
	}
	c.mount(t)
}
