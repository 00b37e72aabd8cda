//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"github.com/simonvetter/modbus"
	"golang.org/x/sys/unix"
)

const (
	slaveAddress = "127.0.0.1:1502"
	statusPage   = "http://127.0.0.1:8081/status"
	askEvery     = 20 * time.Millisecond
)

// power runs the agent with its journal on a disk until the power goes, and
// says what was answered and what the agent calls durable. Its arguments are
// the number before the first that the slave answers with, the commit interval,
// when a time service sets the clock (a duration after the agent's start, or
// "never"), and 32 letters that are not those of another start.
func power(ctx context.Context, now time.Time, args []string, say func(string, ...any)) error {
	if len(args) != 4 {
		return fmt.Errorf("arguments %q: want the last number answered, the commit interval, when the clock is set, and a seed", args)
	}
	first, err := strconv.ParseUint(args[0], 10, 32)
	if err != nil {
		return err
	}
	if err := stir(args[3]); err != nil {
		return fmt.Errorf("seed of randomness: %w", err)
	}
	if err := mountDisk(ctx); err != nil {
		return err
	}
	if err := loopback(); err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	slave := &counter{n: uint32(first), say: say}
	server, err := modbus.NewServer(&modbus.ServerConfiguration{URL: "tcp://" + slaveAddress, MaxClients: 2}, slave)
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	defer server.Stop()
	config, err := edgeOn("/power.yaml", args[1])
	if err != nil {
		return err
	}
	set, err := clockSetter(now, args[2])
	if err != nil {
		return err
	}
	quietKernel()
	say("READY")
	cmd := exec.CommandContext(ctx, "/edge-agent", "-config", config)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ask := time.NewTicker(askEvery)
	defer ask.Stop()
	var next uint64
	for {
		select {
		case err := <-ended:
			return fmt.Errorf("the agent ended by itself: %v", errors.Join(err, context.Cause(ctx)))
		case <-set:
			set = nil
			if err := timeService(now); err != nil {
				return fmt.Errorf("set the clock: %w", err)
			}
		case <-ask.C:
		}
		// Until its page is there the agent has promised nothing.
		if s, err := askStatus(ctx); err == nil && s.Next > next {
			next = s.Next
			say("DURABLE %d %d %d .", s.Epoch, s.Next, uptime().Milliseconds())
		}
	}
}

// mountDisk mounts the journal's disk, which replays the file system's log,
// without options, as a distribution's fstab does.
func mountDisk(ctx context.Context) error {
	disk, err := findDisk(ctx)
	if err != nil {
		return err
	}
	if err := syscall.Mount(disk, "/data", "ext4", 0, ""); err != nil {
		return fmt.Errorf("mount %s: %w", disk, err)
	}
	return nil
}

func findDisk(ctx context.Context) (string, error) {
	ctx, stop := context.WithTimeoutCause(ctx, patience, errors.New("no disk appeared"))
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, pattern := range []string{"/dev/sd?", "/dev/mmcblk?"} {
			if found, err := filepath.Glob(pattern); err != nil || len(found) > 0 {
				return found[0], err
			}
		}
		select {
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// stir gives the kernel its randomness, as a distribution does from a file:
// gathering it here takes four seconds, and every program waits (random(4)).
func stir(seed string) error {
	random, err := os.OpenFile("/dev/random", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer random.Close()
	var entropy struct {
		bits, size int32
		bytes      [32]byte
	}
	entropy.bits, entropy.size = 8*int32(len(entropy.bytes)), int32(len(entropy.bytes))
	copy(entropy.bytes[:], seed)
	const add = 0x40085203 // RNDADDENTROPY
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, random.Fd(), add, uintptr(unsafe.Pointer(&entropy))); errno != 0 {
		return errno
	}
	return nil
}

// loopback brings up the interface by which the agent reaches its slave.
func loopback() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, ifr)
}

// edgeOn writes the agent's configuration with a commit interval.
func edgeOn(path, commit string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	to := "/tmp/edge.yaml"
	return to, os.WriteFile(to, fmt.Appendf(text, "journal: {commit: %s}\n", commit), 0o600)
}

// clockSetter fires when the time service comes.
func clockSetter(now time.Time, when string) (<-chan time.Time, error) {
	if when == "never" {
		return nil, nil
	}
	after, err := time.ParseDuration(when)
	if err != nil {
		return nil, err
	}
	if after == 0 {
		return nil, timeService(now)
	}
	return time.After(after), nil
}

// timeService sets the clock and says that it is disciplined, as a daemon for
// NTP does (adjtimex(2)). The host told the time when this board started.
func timeService(now time.Time) error {
	t := syscall.NsecToTimeval(now.Add(uptime()).UnixNano())
	if err := syscall.Settimeofday(&t); err != nil {
		return err
	}
	_, err := unix.Adjtimex(&unix.Timex{Modes: unix.ADJ_STATUS | unix.ADJ_MAXERROR | unix.ADJ_ESTERROR, Status: unix.STA_PLL, Maxerror: 1000, Esterror: 1000})
	return err
}

func uptime() time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) // the kernel has it
	return time.Duration(t.Nano())
}

type status struct {
	Epoch, Next uint64
}

func askStatus(ctx context.Context) (s status, err error) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, statusPage, nil)
	if err != nil {
		return s, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return s, err
	}
	defer res.Body.Close()
	return s, json.NewDecoder(res.Body).Decode(&s)
}

// counter is a slave whose registers 0 and 1 count the questions; the others
// stand still.
type counter struct {
	say func(string, ...any)
	mu  sync.Mutex
	n   uint32
}

func (*counter) HandleCoils(*modbus.CoilsRequest) ([]bool, error) {
	return nil, modbus.ErrIllegalFunction
}
func (*counter) HandleDiscreteInputs(*modbus.DiscreteInputsRequest) ([]bool, error) {
	return nil, modbus.ErrIllegalFunction
}
func (*counter) HandleHoldingRegisters(*modbus.HoldingRegistersRequest) ([]uint16, error) {
	return nil, modbus.ErrIllegalFunction
}

// HandleInputRegisters says what it is about to answer.
func (c *counter) HandleInputRegisters(r *modbus.InputRegistersRequest) ([]uint16, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Addr != 0 || r.Quantity < 2 {
		return nil, modbus.ErrIllegalDataAddress
	}
	c.n++
	c.say("ANSWERED %d %d .", c.n, uptime().Milliseconds())
	out := make([]uint16, r.Quantity)
	out[0], out[1] = uint16(c.n>>16), uint16(c.n)
	for i := 2; i < len(out); i++ {
		out[i] = uint16(180 + i)
	}
	return out, nil
}
