// Package mosquittotest starts a real Mosquitto for a test or a benchmark. It
// guarantees a broker of the test's own: free port of 127.0.0.1, the
// configuration the test gives, and gone when the test ends.
package mosquittotest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long the broker may take to start or to stop.
const patience = 15 * time.Second

// attempts is how often to try another port when somebody was faster.
const attempts = 5

// Broker is a running mosquitto.
type Broker struct {
	Addr string // 127.0.0.1:port; stays the same over Stop and Restart
	URL  string // tcp://127.0.0.1:port

	bin, conf, config string
	cmd               *exec.Cmd
	exited            chan struct{}
	output            *log
}

// Start runs mosquitto with the text of a configuration until the test ends.
// The first "listener" line of the text is replaced by one on a free port of
// 127.0.0.1 (lines after it stay that listener's own), further ones are left
// out; without any, one is put in front. Mosquitto refuses strangers unless
// the text says allow_anonymous true. Without mosquitto the test is skipped,
// saying how to get it; with CI=true that is a failure.
func Start(t testing.TB, config string) *Broker {
	t.Helper()
	bin, err := find()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%v: run `make test-deps`", err)
		}
		t.Skipf("%v: run `make test-deps` to get it", err)
	}
	b := &Broker{bin: bin, conf: filepath.Join(t.TempDir(), "mosquitto.conf"), config: config}
	t.Cleanup(b.Stop)
	for range attempts {
		b.Addr = freeAddr(t)
		b.URL = "tcp://" + b.Addr
		if err = b.start(); err == nil {
			return b
		}
		if !strings.Contains(err.Error(), "Address already in use") {
			break
		}
	}
	t.Fatal(err)
	return nil
}

// find looks for the broker in $MOSQUITTO, on PATH, and where Debian has it.
func find() (string, error) {
	if bin := os.Getenv("MOSQUITTO"); bin != "" {
		return bin, nil
	}
	if bin, err := exec.LookPath("mosquitto"); err == nil {
		return bin, nil
	}
	const debian = "/usr/sbin/mosquitto" // not on an ordinary user's PATH
	if _, err := os.Stat(debian); err == nil {
		return debian, nil
	}
	return "", fmt.Errorf("no mosquitto in $MOSQUITTO, PATH or %s", debian)
}

// freeAddr is an address that was free a moment ago.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Restart starts the broker again on the same port. A running one is stopped
// first.
func (b *Broker) Restart(t testing.TB) {
	t.Helper()
	b.Stop()
	if err := b.start(); err != nil {
		t.Fatal(err)
	}
}

func (b *Broker) start() error {
	if err := os.WriteFile(b.conf, []byte(b.text()), 0o600); err != nil {
		return err
	}
	b.cmd = exec.Command(b.bin, "-c", b.conf)
	pipe, err := b.cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := b.cmd.Start(); err != nil {
		b.cmd = nil
		return fmt.Errorf("start %s: %w", b.bin, err)
	}
	running := make(chan struct{})
	b.output, b.exited = &log{}, make(chan struct{})
	go b.follow(pipe, running)
	select {
	case <-running:
		return nil
	case <-b.exited:
		b.cmd = nil
		return fmt.Errorf("mosquitto ended at once:\n%s", b.output)
	case <-time.After(patience):
		b.Kill()
		return fmt.Errorf("mosquitto did not start within %s:\n%s", patience, b.output)
	}
}

// text is the configuration with our listener and our log.
func (b *Broker) text() string {
	host, port, _ := net.SplitHostPort(b.Addr)
	ours := "listener " + port + " " + host
	var lines []string
	placed := false
	for line := range strings.Lines(b.config) {
		word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "listener", "port":
			if !placed {
				lines = append(lines, ours)
				placed = true
			}
		case "log_dest", "log_type", "user", "pid_file":
			// ours, below
		default:
			lines = append(lines, strings.TrimRight(line, "\r\n"))
		}
	}
	if !placed {
		lines = append([]string{ours}, lines...)
	}
	head := []string{"log_dest stderr", "log_type error", "log_type warning", "log_type notice", "log_type information"}
	if os.Getuid() == 0 {
		// As root mosquitto would become a user who cannot read the test's files.
		head = append(head, "user root")
	}
	return strings.Join(append(head, lines...), "\n") + "\n"
}

// follow reads the broker's log until it ends.
func (b *Broker) follow(stderr io.Reader, running chan<- struct{}) {
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		b.output.add(lines.Text())
		if strings.HasSuffix(lines.Text(), " running") && running != nil {
			close(running)
			running = nil
		}
	}
	b.cmd.Wait() //nolint:errcheck // it ends by our signal
	close(b.exited)
}

// Stop ends the broker as a service manager would; it writes its persistence
// file when the configuration asks for one.
func (b *Broker) Stop() {
	if b.cmd == nil {
		return
	}
	// Again and again: mosquitto 2.0 forgets a signal that comes between its
	// "running" and its main loop.
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	late := time.After(patience)
	for {
		b.cmd.Process.Signal(syscall.SIGTERM) //nolint:errcheck // it may have ended by itself
		select {
		case <-b.exited:
			b.cmd = nil
			return
		case <-again.C:
		case <-late:
			b.Kill()
			return
		}
	}
}

// Kill ends the broker as a power cut would.
func (b *Broker) Kill() {
	if b.cmd == nil {
		return
	}
	b.cmd.Process.Kill() //nolint:errcheck // it may have ended by itself
	<-b.exited
	b.cmd = nil
}

// Pid is the broker's process, whose cost a benchmark takes.
func (b *Broker) Pid() int { return b.cmd.Process.Pid }

// Log returns what the broker has said so far.
func (b *Broker) Log() string { return b.output.String() }

// log keeps the broker's last lines.
type log struct {
	mu    sync.Mutex
	lines []string
}

func (l *log) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	if len(l.lines) > 1000 {
		l.lines = l.lines[1:]
	}
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}
