//go:build linux

// Command guest is the first process of the emulated board: it brings up what
// a distribution would (file systems, I2C modules), starts the edge agent, and
// tells the test on the console what the agent's journal holds. It
// guarantees that the board ends: when the test says so, when anything fails,
// or after a time.
//
// Its first argument is the time in seconds since 1970, as the board has no
// clock that runs; the second what to do: "chip" (read a sensor, the journal in
// memory) or "power" (the journal on a disk, until the power is cut; see power
// for its further arguments). What it says, a line each, among the agent's log:
//
//	READY
//	READING <point> <celsius or -> <quality> <reason or ->       chip
//	ANSWERED <number of the answer> <uptime, ms> .               power
//	DURABLE <epoch> <the agent's next sequence> <uptime, ms> .   power
//	AGENT <how the agent ended>
//	FAILED <why>
//	DONE
//
// The dot is how a line that the power cut short is known.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const (
	lifetime = 12 * time.Minute
	patience = 90 * time.Second // with each thing that has to appear: the machine below may be busy
)

func main() {
	say := newSayer(os.Stdout) // the console
	if err := run(say); err != nil {
		say("FAILED %v\nthe kernel's log:\n%s", err, kernelLog())
	}
	say("DONE")
	drain(os.Stdout)
	// QEMU runs with -no-reboot: this ends it. It does not end at power-off.
	_ = syscall.Reboot(syscall.LINUX_REBOOT_CMD_RESTART)
	select {} // a first process that returns is a kernel panic
}

func run(say func(string, ...any)) error {
	if err := mountAll(); err != nil {
		return err
	}
	if len(os.Args) < 3 {
		return fmt.Errorf("arguments %q: want the time, and chip or power", os.Args[1:])
	}
	now, err := strconv.ParseInt(os.Args[1], 10, 64)
	if err != nil {
		return err
	}
	if err := loadModules("/modules"); err != nil {
		return err
	}
	ctx, stop := context.WithTimeoutCause(context.Background(), lifetime, fmt.Errorf("the test did not end in %s", lifetime))
	defer stop()
	if os.Args[2] == "power" {
		return power(ctx, time.Unix(now, 0), os.Args[3:], say)
	}
	return chip(ctx, time.Unix(now, 0), say)
}

// chip runs the agent with a chip to read and its journal in memory.
func chip(ctx context.Context, now time.Time, say func(string, ...any)) error {
	if err := syscall.Mount("tmpfs", "/data", "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("mount /data: %w", err)
	}
	t := syscall.NsecToTimeval(now.UnixNano())
	if err := syscall.Settimeofday(&t); err != nil {
		return fmt.Errorf("set the clock: %w", err)
	}
	if err := await(ctx, patience, "/dev/i2c-0"); err != nil {
		return err
	}
	quietKernel()
	say("READY")
	told := make(chan struct{})
	go func() { // ends with the machine
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		close(told)
	}()
	return agent(ctx, told, say)
}

// agent runs the edge agent until the test has heard enough, and ends it as
// systemd would.
func agent(ctx context.Context, told <-chan struct{}, say func(string, ...any)) error {
	cmd := exec.CommandContext(ctx, "/edge-agent", "-config", "/edge.yaml")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	watching, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	var watchErr error
	failed := make(chan struct{})
	wg.Go(func() {
		if watchErr = watch(watching, "/data/journal.db", say); watchErr != nil {
			close(failed)
		}
	})
	defer wg.Wait()
	defer stop()
	select {
	case err := <-ended:
		return fmt.Errorf("the agent ended by itself: %v", errors.Join(err, context.Cause(ctx)))
	case <-failed:
	case <-told:
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	<-ended
	stop()
	wg.Wait()
	if watchErr != nil {
		return watchErr
	}
	say("AGENT %v", cmd.ProcessState)
	return nil
}

func mountAll() error {
	if err := os.MkdirAll("/data", 0o755); err != nil {
		return err
	}
	for _, m := range []struct{ kind, at string }{
		{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"},
	} {
		if err := os.MkdirAll(m.at, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount(m.kind, m.at, m.kind, 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m.at, err)
		}
	}
	return nil
}

// loadModules loads the modules that the folder's file order names.
func loadModules(dir string) error {
	order, err := os.ReadFile(filepath.Join(dir, "order"))
	if err != nil {
		return err
	}
	for _, name := range strings.Fields(string(order)) {
		image, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		parameters := []byte{0}
		if name == "usb-storage.ko" {
			parameters = []byte("delay_use=0\x00") // no second for it to spin up
		}
		_, _, errno := syscall.Syscall(syscall.SYS_INIT_MODULE, uintptr(unsafe.Pointer(&image[0])), uintptr(len(image)), uintptr(unsafe.Pointer(&parameters[0])))
		if errno != 0 && errno != syscall.EEXIST {
			return fmt.Errorf("load %s: %w", name, errno)
		}
	}
	return nil
}

// quietKernel keeps kernel messages from the ports (syslog(2): console level):
// one of them would come in the middle of a line.
func quietKernel() {
	const setLevel, emergenciesOnly = 8, 1
	_, _, _ = syscall.Syscall(syscall.SYS_SYSLOG, setLevel, 0, emergenciesOnly)
}

// kernelLog is what the kernel has said so far (syslog(2): read all).
func kernelLog() string {
	const readAll = 3
	log := make([]byte, 64<<10)
	n, err := syscall.Klogctl(readAll, log)
	if err != nil {
		return err.Error()
	}
	return string(log[:n])
}

// await waits until a file is there: devices appear when drivers have bound.
func await(ctx context.Context, limit time.Duration, path string) error {
	ctx, stop := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%s did not appear in %s", path, limit))
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// newSayer writes whole lines, from any goroutine.
func newSayer(w io.Writer) func(string, ...any) {
	var mu sync.Mutex
	return func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		// The test misses what cannot be written; there is nobody else to tell.
		_, _ = fmt.Fprintf(w, format+"\n", args...)
	}
}

// drain waits until the port has sent everything (tcdrain(3): TCSBRK of 1).
func drain(port *os.File) {
	const tcsbrk = 0x5409
	_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, port.Fd(), tcsbrk, 1)
}
