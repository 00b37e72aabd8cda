// Package programs builds and runs the real programs for tests that look at
// them from outside, as their users do. It guarantees that what a test started
// has ended when the test has.
package programs

import (
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Build builds the three programs as a user would, without the race detector,
// with these build tags, and returns their folder.
func Build(t testing.TB, tags ...string) string {
	t.Helper()
	dir := t.TempDir()
	Run(t, "go", "build", "-tags", strings.Join(tags, ","), "-o", dir+"/", "coldchain/cmd/...")
	return dir
}

// Run runs a program that must succeed.
func Run(t testing.TB, program string, args ...string) {
	t.Helper()
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
}

// Need returns the path of a program of this machine, or ends the test with a
// line that says how to get it.
func Need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		Missing(t, program)
	}
	return path
}

// Missing skips the test with a line that says how to get what it needs; in
// CI a skip is a failure.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s not installed: run make test-deps", what)
	}
	t.Skipf("%s not installed: run make test-deps", what)
}

// Repository is the folder of go.mod.
func Repository(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = up
	}
}

// FreeAddress is an address of 127.0.0.1 that was free a moment ago. Its port
// lies below those that Linux gives to connections, so that it stays free while
// who listens there is down.
func FreeAddress(t testing.TB) string {
	t.Helper()
	// No other test starts a program meanwhile: it would have the listener for
	// as long as it takes to become that program.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	var err error
	for range 100 {
		var l net.Listener
		if l, err = net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(20_000+rand.IntN(12_000))); err == nil {
			addr := l.Addr().String()
			_ = l.Close()
			return addr
		}
	}
	t.Fatal(err)
	return ""
}

// ReadFile reads a file that must be there.
func ReadFile(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// WriteFile writes a file that only its owner reads and returns its path.
func WriteFile(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Pause lets real programs run for a while.
func Pause(t testing.TB, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
		t.FailNow()
	}
}
