// Package serialtest makes serial lines of pseudo-terminals for tests, with
// socat. It guarantees that a missing socat skips a test with the remedy, and
// fails it in CI.
package serialtest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Line is two serial ports joined by a cable.
type Line struct {
	A, B string // paths of the two ends, the same after each Plug

	cmd *exec.Cmd
}

// Need skips the test when a program is missing, or fails it with CI=true.
func Need(t testing.TB, program string) (path string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		Missing(t, program)
	}
	return path
}

// Missing skips the test for want of something, or fails it with CI=true.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: run `make test-deps`", what)
	}
	t.Skipf("%s is missing: run `make test-deps` to get it", what)
}

// New makes a line that lasts as long as the test. Bytes pass at once, whatever
// the baud rate: a pseudo-terminal has no timing and no parity.
func New(t testing.TB) *Line {
	t.Helper()
	Need(t, "socat")
	dir := t.TempDir()
	l := &Line{A: filepath.Join(dir, "a"), B: filepath.Join(dir, "b")}
	l.Plug(t)
	t.Cleanup(l.Pull)
	return l
}

// Plug makes the two ports (again).
func (l *Line) Plug(t testing.TB) {
	t.Helper()
	l.cmd = exec.Command("socat", "pty,raw,echo=0,link="+l.A, "pty,raw,echo=0,link="+l.B)
	l.cmd.Stderr = os.Stderr
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	Wait(t, "socat's ports", func() bool { return exists(l.A) && exists(l.B) })
}

// Pull makes both ports vanish, as a pulled adapter does.
func (l *Line) Pull() {
	if l.cmd == nil {
		return
	}
	_ = l.cmd.Process.Kill()
	_ = l.cmd.Wait() // it was killed
	l.cmd = nil
	_ = os.Remove(l.A) // a killed socat leaves its links; udev would not
	_ = os.Remove(l.B)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Wait polls until something is so, for at most 20 s.
func Wait(t testing.TB, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited 20 s for %s", what)
		}
	}
}
