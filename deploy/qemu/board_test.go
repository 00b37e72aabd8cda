//go:build qemu

package qemu

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// bootLimit is forty times what a boot was measured to take: emulation slows
// down with the machine. A kernel that cannot start stands still for ever.
const bootLimit = 3 * time.Minute

// board is one emulated SABRE Lite (i.MX6) with a TMP105 at 0x48 of its first
// I2C bus.
type board struct {
	t     *testing.T
	in    io.Writer     // the console: a serial port, on QEMU's standard input
	lines <-chan string // what comes out there; closed when the board is off
	ended <-chan error
	qmp   *qmp
	chat  strings.Builder // what came out that was not for us: the kernel's and the agent's
	kill  func()          // takes the power away
	done  bool            // what it had to say has been judged
}

// start powers the board with its CPU held; run lets it go. Before that the
// test sets what the chip shall show from the beginning. words are what the
// guest is told beside the time; options are QEMU's, for a device more.
func start(ctx context.Context, t *testing.T, emulator, kernel, initrd string, words []string, options ...string) *board {
	t.Helper()
	dir := t.TempDir()
	b := &board{t: t}
	socket := filepath.Join(dir, "qmp")
	listener, err := net.Listen("unix", socket) // QEMU calls us: nothing to wait for
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()

	// One port for everything: the kernel's driver makes one port a console and
	// serves the others by DMA, which QEMU does not have.
	cmd := exec.CommandContext(ctx, emulator, "-M", "sabrelite", "-smp", "1", "-m", "512", "-nic", "none",
		"-display", "none", "-monitor", "none", "-serial", "stdio",
		"-kernel", filepath.Join(kernel, "vmlinuz"), "-dtb", filepath.Join(kernel, "board.dtb"), "-initrd", initrd,
		// The kernel's tests of its own ciphers take seconds, emulated.
		"-append", "console=ttymxc0,115200 rdinit=/init panic=-1 loglevel=4 cryptomgr.notests -- "+strconv.FormatInt(time.Now().Unix(), 10)+" "+strings.Join(words, " "),
		"-no-reboot", "-S",
		"-device", "tmp105,id=probe0,bus=i2c-bus.0,address=0x48", "-qmp", "unix:"+socket+",server=off")
	cmd.Args = append(cmd.Args, options...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	if b.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, ended := make(chan string), make(chan error, 1)
	b.lines, b.ended = lines, ended
	b.kill = func() { _ = cmd.Process.Kill() } // it may have just ended by itself
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			select {
			case lines <- strings.TrimSpace(s.Text()):
			case <-ctx.Done(): // QEMU is being killed
			}
		}
		ended <- cmd.Wait()
	}()
	t.Cleanup(func() {
		b.kill() // when it still runs, the test has failed
		for line := range lines {
			b.chat.WriteString(line + "\n")
		}
		<-gone
		if t.Failed() && !b.done {
			t.Logf("QEMU: %s\nthe board's console:\n%s", complaints.String(), b.chat.String())
		}
	})
	if b.qmp, err = accept(ctx, listener, gone); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.qmp.conn.Close() })
	return b
}

// run lets the CPU go and returns when the guest is ready.
func (b *board) run(ctx context.Context) {
	b.t.Helper()
	if err := b.qmp.execute("cont", nil); err != nil {
		b.t.Fatal(err)
	}
	ctx, stop := context.WithTimeoutCause(ctx, bootLimit, errors.New("the guest is not ready after "+bootLimit.String()))
	defer stop()
	if line := b.line(ctx); line != "READY" {
		b.t.Fatalf("the guest says %q, want READY", line)
	}
}

// setTemperature sets what the chip is exposed to, in thousandths of a °C.
func (b *board) setTemperature(milli int) {
	b.t.Helper()
	err := b.qmp.execute("qom-set", map[string]any{"path": "/machine/peripheral/probe0", "property": "temperature", "value": milli})
	if err != nil {
		b.t.Fatal(err)
	}
}

// hear keeps what the guest said for the log of a failure.
func (b *board) hear(line string) { b.chat.WriteString(line + "\n") }

// line is the next thing that the guest says to the test.
func (b *board) line(ctx context.Context) string {
	b.t.Helper()
	for {
		select {
		case line, ok := <-b.lines:
			if !ok {
				b.t.Fatal("the board is off")
			}
			switch word, _, _ := strings.Cut(line, " "); word {
			case "READY", "READING", "ANSWERED", "DURABLE", "AGENT", "DONE":
				return line
			case "FAILED":
				_ = b.off() // the kernel's log follows
				b.t.Fatal("the guest says ", line)
			}
			b.chat.WriteString(line + "\n")
		case <-ctx.Done():
			b.t.Fatal("the board says nothing more: ", context.Cause(ctx))
		}
	}
}

// off waits until the board has switched itself off; the error is QEMU's.
func (b *board) off() error {
	for line := range b.lines {
		b.chat.WriteString(line + "\n")
	}
	return <-b.ended
}

// qmp is QEMU's machine protocol: JSON objects, a greeting, then one answer to
// each command with events in between (QEMU's docs/interop/qmp-spec).
type qmp struct {
	conn net.Conn
	from *json.Decoder
}

// accept takes QEMU's call, and gives up when it has ended instead.
func accept(ctx context.Context, l net.Listener, gone <-chan struct{}) (*qmp, error) {
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-gone:
		case <-ctx.Done():
		case <-stop:
		}
		l.Close()
	}()
	conn, err := l.Accept()
	if err != nil {
		return nil, fmt.Errorf("QEMU ended or did not call: %w", err)
	}
	q := &qmp{conn: conn, from: json.NewDecoder(conn)}
	var greeting struct{ QMP *struct{} }
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return nil, err
	}
	if err := q.from.Decode(&greeting); err != nil || greeting.QMP == nil {
		return nil, fmt.Errorf("QEMU does not greet: %w", err)
	}
	return q, q.execute("qmp_capabilities", nil)
}

func (q *qmp) execute(command string, arguments any) error {
	request := map[string]any{"execute": command}
	if arguments != nil {
		request["arguments"] = arguments
	}
	if err := q.conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	if err := json.NewEncoder(q.conn).Encode(request); err != nil {
		return err
	}
	for {
		var answer struct {
			Return json.RawMessage
			Error  *struct{ Desc string }
		}
		if err := q.from.Decode(&answer); err != nil {
			return err
		}
		switch {
		case answer.Error != nil:
			return errors.New(command + ": " + answer.Error.Desc)
		case answer.Return != nil:
			return nil
		}
	}
}
