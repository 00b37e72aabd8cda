package tool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"periph.io/x/conn/v3/i2c"

	bridgei2c "coldchain/firmware-bridge/i2c"
	bridge "coldchain/firmware-bridge/modbus"
	"coldchain/firmware-bridge/serial"
	"coldchain/gateway/install"
)

// scanTarget is a bus as the command line names it.
type scanTarget struct {
	key, value string // as in an edge configuration
}

func parseBus(s string) (scanTarget, error) {
	if host, ok := strings.CutPrefix(s, "tcp://"); ok {
		return hostPort("modbus_tcp", s, host)
	}
	if host, ok := strings.CutPrefix(s, "rtutcp://"); ok {
		return hostPort("modbus_rtu_tcp", s, host)
	}
	switch {
	case strings.Contains(s, "://") || !strings.HasPrefix(s, "/"):
		return scanTarget{}, fmt.Errorf("bus %q: want tcp://HOST:PORT, rtutcp://HOST:PORT, /dev/ttyUSB0 or /dev/i2c-1", s)
	case strings.HasPrefix(filepath.Base(s), "i2c-"):
		return scanTarget{"i2c", s}, nil
	}
	return scanTarget{"modbus_rtu", s}, nil
}

func hostPort(key, whole, s string) (scanTarget, error) {
	if host, port, err := net.SplitHostPort(s); err != nil || host == "" || port == "" {
		return scanTarget{}, fmt.Errorf("bus %q: want HOST:PORT after the scheme, e.g. tcp://192.168.1.50:502", whole)
	}
	return scanTarget{key, s}, nil
}

// The waits for an answer where the command line says nothing. Devices answer
// within 100 ms; a gateway in between waits for its own time-out.
const (
	scanTimeoutTCP    = time.Second
	scanTimeoutSerial = 250 * time.Millisecond
	scanTimeoutI2C    = time.Second
	// An absent chip was measured to cost up to this on an i.MX6.
	absentChip = 400 * time.Millisecond
)

// scan opens the bus and scans it into result, after telling how long it may
// take.
func (t scanTarget) scan(ctx context.Context, s *scanning, o install.Options, result *install.Scan, tell func(longest time.Duration)) error {
	limit := func(standard time.Duration) time.Duration {
		if s.timeout > 0 {
			return s.timeout
		}
		return standard
	}
	switch t.key {
	case "i2c":
		return t.scanI2C(ctx, s, limit(scanTimeoutI2C), o, result, tell)
	case "modbus_tcp":
		wait := limit(scanTimeoutTCP)
		if err := reach(ctx, t.value); err != nil {
			return err
		}
		tell(install.Longest(o, wait))
		return scanLine(ctx, func() (install.LineCloser, error) {
			return bridge.NewTCPLine(t.value, bridge.Options{Timeout: wait}), nil
		}, o, result)
	case "modbus_rtu_tcp":
		wait := limit(scanTimeoutTCP)
		if err := reach(ctx, t.value); err != nil {
			return err
		}
		tell(install.Longest(o, wait+lateWindow(wait)))
		return scanLine(ctx, func() (install.LineCloser, error) {
			return bridge.NewRTUOverTCPLine(t.value, rtuTimes(wait)), nil
		}, o, result)
	}
	settings, err := s.settings()
	if err != nil {
		return err
	}
	wait := limit(scanTimeoutSerial)
	port, err := serial.Open(serial.Config{Path: t.value})
	if err != nil {
		return err
	}
	if err := port.Close(); err != nil {
		return err
	}
	tell(install.LongestSerial(o, settings, wait+lateWindow(wait)))
	open := func(at install.Setting) (install.LineCloser, error) {
		port := serial.Config{Path: t.value, Baud: at.Baud, Parity: serial.Parity(at.Parity), StopBits: at.StopBits}
		return &install.Reopening{Open: func() (install.LineCloser, error) { return bridge.NewRTULine(port, rtuTimes(wait)) }}, nil
	}
	result.Lines, err = install.ScanSerial(ctx, settings, s.all, open, o)
	return err
}

// reach dials once, so that an address where nobody listens is told at once
// and not after patience with a whole line.
func reach(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// lateWindow is short in a scan: who has not answered in time is not asked
// again soon, and an answer that comes late has another slave's number.
func lateWindow(wait time.Duration) time.Duration { return min(wait, 200*time.Millisecond) }

func rtuTimes(wait time.Duration) bridge.RTUOptions {
	return bridge.RTUOptions{Options: bridge.Options{Timeout: wait}, LateWindow: lateWindow(wait)}
}

func scanLine(ctx context.Context, open func() (install.LineCloser, error), o install.Options, result *install.Scan) (err error) {
	line := &install.Reopening{Open: open}
	defer func() { err = errors.Join(err, line.Close()) }()
	found, err := install.ScanLine(ctx, line, o)
	result.Lines = []install.Found{found}
	return err
}

func (t scanTarget) scanI2C(ctx context.Context, s *scanning, wait time.Duration, o install.Options, result *install.Scan, tell func(time.Duration)) (err error) {
	muxes, err := s.multiplexers()
	if err != nil {
		return err
	}
	bus, err := bridgei2c.Open(t.value)
	if err != nil {
		return err
	}
	watched := bridgei2c.NewWatchdog(bus, wait)
	defer func() { err = errors.Join(err, watched.Close()) }()
	tell(time.Duration(1+bridgei2c.Channels*len(muxes)) * install.LongestChips(absentChip))
	return scanChips(ctx, watched, muxes, o.Progress, result)
}

// scanChips scans a bus and then what hangs behind its multiplexers.
func scanChips(ctx context.Context, bus i2c.Bus, muxes []uint16, progress func(install.Progress), result *install.Scan) error {
	onBus, err := install.ScanChips(ctx, bus, progress)
	result.Chips = onBus
	if err != nil || len(muxes) == 0 {
		return err
	}
	trunk := bridgei2c.NewTrunk(bus)
	for _, addr := range muxes {
		if !slices.ContainsFunc(onBus, func(c install.Chip) bool { return c.Address == addr }) {
			return fmt.Errorf("--mux %#02x: nothing answers at this address", addr)
		}
		channels, err := trunk.Mux(addr)
		if err != nil {
			return err
		}
		for n, channel := range channels {
			found, err := install.ScanChips(ctx, channel, progress)
			result.Chips = append(result.Chips, install.Behind(install.MuxPlace{Address: addr, Channel: n}, found, onBus)...)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *scanning) multiplexers() ([]uint16, error) {
	var out []uint16
	for _, text := range s.muxes {
		n, err := strconv.ParseUint(text, 0, 16)
		if err != nil || n < 0x70 || n > 0x77 {
			return nil, fmt.Errorf("--mux %q: want addresses between 0x70 and 0x77, e.g. 0x70", text)
		}
		out = append(out, uint16(n))
	}
	return out, nil
}

// settings are those to try on a serial port.
func (s *scanning) settings() ([]install.Setting, error) {
	var out []install.Setting
	for _, at := range install.Settings() {
		frame := strings.Fields(at.String())[1]
		if len(s.bauds) > 0 && !slices.Contains(s.bauds, at.Baud) ||
			len(s.frames) > 0 && !slices.ContainsFunc(s.frames, func(f string) bool { return strings.EqualFold(f, frame) }) {
			continue
		}
		out = append(out, at)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("--baud %v --frame %v leave nothing to try; known are e.g. 9600 and 8N1, 8E1, 8O1, 8N2", s.bauds, s.frames)
	}
	return out, nil
}

// listBuses prints what of this machine can be scanned.
func listBuses(w io.Writer, lang install.Language) error {
	ports, err := serial.List()
	if err != nil {
		return err
	}
	for _, p := range ports {
		if p.ByID == "" {
			fmt.Fprintln(w, p.Device)
			continue
		}
		fmt.Fprintf(w, "%s  (%s)\n", p.ByID, p.Device)
	}
	chips, err := filepath.Glob("/dev/i2c-*")
	if err != nil {
		return err
	}
	for _, path := range chips {
		fmt.Fprintln(w, path)
	}
	if len(ports)+len(chips) == 0 {
		fmt.Fprintln(w, lang.Of(install.Text{
			ZH: "本机没有串口和 I2C 总线。网络设备请用 tcp://主机:端口。",
			EN: "This machine has no serial port and no I2C bus. For the network: tcp://HOST:PORT."}))
	}
	return nil
}
