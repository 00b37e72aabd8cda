package modbus

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/firmware-bridge/modbus/modbustest"
	"coldchain/firmware-bridge/serial"
	"coldchain/firmware-bridge/serial/serialtest"
)

// run starts a slave's program until the test ends. Its complaints are shown
// when the test fails.
func run(t *testing.T, program string, args ...string) (stdout *bufio.Reader) {
	t.Helper()
	cmd := exec.Command(program, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("%s: %s", program, complaints.String())
		}
	})
	return bufio.NewReader(out)
}

// pymodbus starts the independent slave; the system's Python has the package.
func pymodbus(t *testing.T, kind, where string) {
	t.Helper()
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import pymodbus.server, serial_asyncio").Run(); err != nil {
		serialtest.Missing(t, "pymodbus")
	}
	run(t, python, "testdata/pymodbus_slave.py", kind, where)
}

// libmodbus compiles and starts the independent slave in C.
func libmodbus(t *testing.T, port string, slave uint8) {
	t.Helper()
	gcc := serialtest.Need(t, "gcc")
	if _, err := os.Stat("/usr/include/modbus/modbus.h"); err != nil {
		serialtest.Missing(t, "libmodbus-dev")
	}
	program := filepath.Join(t.TempDir(), "libmodbus_slave")
	if text, err := exec.Command(gcc, "-O1", "-I/usr/include/modbus", "-o", program, "testdata/libmodbus_slave.c", "-lmodbus").CombinedOutput(); err != nil {
		t.Fatalf("compile: %v\n%s", err, text)
	}
	if line, err := run(t, program, port, fmt.Sprint(slave)).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("libmodbus said %q, %v", line, err)
	}
}

func portLine(t *testing.T, path string, o RTUOptions) *RTULine {
	t.Helper()
	l, err := NewRTULine(serial.Config{Path: path}, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// examine asks an independent slave all it can be asked.
func examine(t *testing.T, l *RTULine, slave, absent uint8) {
	t.Helper()
	// It may still be starting, and answers nothing until then.
	serialtest.Wait(t, "the slave", func() bool {
		_, err := l.Read(t.Context(), slave, 3, 0, 1)
		return err == nil
	})
	for round := range 3 {
		for _, q := range []struct{ address, quantity uint16 }{{0, 1}, {5, 3}, {0, 125}, {199, 1}, {75, 125}} {
			for function := uint8(3); function <= 4; function++ {
				data, err := l.Read(t.Context(), slave, function, q.address, q.quantity)
				if err != nil {
					t.Errorf("round %d function %d %+v: %v", round, function, q, err)
					continue
				}
				for i := range q.quantity {
					want := -1000*int(slave) + int(q.address+i)
					if got := int(int16(binary.BigEndian.Uint16(data[2*i:]))); got != want {
						t.Errorf("function %d register %d = %d, want %d", function, q.address+i, got, want)
					}
				}
			}
			for function := uint8(1); function <= 2; function++ {
				data, err := l.Read(t.Context(), slave, function, q.address, q.quantity)
				if err != nil {
					t.Errorf("round %d function %d %+v: %v", round, function, q, err)
					continue
				}
				for i := range q.quantity {
					if got, want := data[i/8]>>(i%8)&1 == 1, (q.address+i)%3 == 0; got != want {
						t.Errorf("function %d bit %d = %v", function, q.address+i, got)
					}
				}
			}
		}
		if _, err := l.Read(t.Context(), slave, 3, 500, 1); classOf(err) != "exception" || !strings.Contains(err.Error(), "illegal data address") {
			t.Errorf("an address that does not exist: %v", err)
		}
	}
	if _, err := l.Read(t.Context(), absent, 3, 0, 1); classOf(err) != "timeout" {
		t.Errorf("absent slave: %v", err)
	}
	for _, on := range []bool{true, false} {
		if err := l.SetOutput(t.Context(), slave, 1, on); err != nil {
			t.Errorf("output %v: %v", on, err)
		}
		if data, err := l.Read(t.Context(), slave, 1, 1, 1); err != nil || data[0]&1 == 1 != on {
			t.Errorf("output %v reads % x, %v", on, data, err)
		}
	}
	if err := l.SetOutput(t.Context(), slave, 500, true); classOf(err) != "exception" {
		t.Errorf("an output that does not exist: %v", err)
	}
}

func peerTimes() RTUOptions {
	return RTUOptions{Options: Options{Timeout: time.Second}, LateWindow: 200 * time.Millisecond}
}

func TestAgainstPymodbusRTU(t *testing.T) {
	line := serialtest.New(t)
	pymodbus(t, "rtu", line.B)
	examine(t, portLine(t, line.A, peerTimes()), 1, 9)
}

func TestAgainstLibmodbusRTU(t *testing.T) {
	line := serialtest.New(t)
	libmodbus(t, line.B, 17)
	examine(t, portLine(t, line.A, peerTimes()), 17, 9)
}

func TestAgainstPymodbusRTUOverTCP(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	free.Close()
	pymodbus(t, "tcp", port)
	o := peerTimes()
	l := NewRTUOverTCPLine("127.0.0.1:"+port, o)
	t.Cleanup(func() { l.Close() })
	examine(t, l, 2, 9)
}

// The mixtures of faults through the real serial package, in real time over
// parallel lines.
func TestNoWrongValueOverPseudoTerminals(t *testing.T) {
	const lines, each = 25, 200
	if testing.Short() {
		t.Skip("takes half a minute of real time")
	}
	serialtest.Need(t, "socat")
	var wg sync.WaitGroup
	var mu sync.Mutex
	sum := map[string]int{}
	for i := range lines {
		pair := serialtest.New(t)
		wg.Go(func() {
			faults := &modbustest.Faults{Rand: rand.New(rand.NewPCG(uint64(i), 7)), Rate: 0.15, Timeout: 100 * time.Millisecond, LateWindow: 250 * time.Millisecond, Loose: true}
			bus := &modbustest.Bus{Data: tagged, Behave: faults.Behave}
			slaves, err := serial.Open(serial.Config{Path: pair.B})
			if err != nil {
				t.Error(err)
				return
			}
			var serving sync.WaitGroup
			serving.Go(func() { bus.Serve(slaves) })
			defer serving.Wait()
			defer slaves.SetReadDeadline(time.Unix(1, 0)) // ends Serve
			l, err := NewRTULine(serial.Config{Path: pair.A}, RTUOptions{Options: Options{Timeout: faults.Timeout}, LateWindow: faults.LateWindow})
			if err != nil {
				t.Error(err)
				return
			}
			defer l.Close()
			rest := time.NewTimer(0)
			got := pollMixture(t, l, bus, faults, each, false, func(d time.Duration) { rest.Reset(d); <-rest.C })
			mu.Lock()
			defer mu.Unlock()
			for k, n := range got {
				sum[k] += n
			}
		})
	}
	wg.Wait()
	t.Logf("%d polls over %d lines: %v", lines*each, lines, sum)
	if sum["ok"] < lines*each*2/3 || sum["timeout"] == 0 || sum["bad answer"] == 0 || sum["exception"] == 0 {
		t.Errorf("%v: want mostly right answers and some of every fault", sum)
	}
}

// The adapter is pulled in the middle of a run and plugged in again: polls go
// on by themselves.
func TestAPulledAdapterIsFoundAgain(t *testing.T) {
	pair := serialtest.New(t)
	bus := &modbustest.Bus{Data: tagged}
	var serving sync.WaitGroup
	defer serving.Wait()
	serve := func() (stop func()) {
		port, err := serial.Open(serial.Config{Path: pair.B})
		if err != nil {
			t.Fatal(err)
		}
		serving.Go(func() { bus.Serve(port) })
		return func() { port.SetReadDeadline(time.Unix(1, 0)) }
	}
	stop := serve()
	l := portLine(t, pair.A, RTUOptions{Options: Options{Timeout: 100 * time.Millisecond}, LateWindow: 50 * time.Millisecond})
	poll := func() string {
		data, err := l.Read(t.Context(), 1, 3, 4, 1)
		if err == nil && !bytes.Equal(data, tagged(modbustest.Question{N: bus.Asked(), Slave: 1, Function: 3, Address: 4, Quantity: 1})) {
			t.Errorf("WRONG VALUE % x", data)
		}
		return classOf(err)
	}
	for range 3 {
		serialtest.Wait(t, "an answer", func() bool { return poll() == "ok" })
		pair.Pull()
		serialtest.Wait(t, "the loss to be noticed", func() bool { return poll() == "unreachable" })
		if l.Stats().Connected {
			t.Error("the line says it is connected")
		}
		stop()
		pair.Plug(t)
		stop = serve()
	}
	serialtest.Wait(t, "an answer", func() bool { return poll() == "ok" })
	stop()
	if s := l.Stats(); s.Opened != 4 || !s.Connected {
		t.Errorf("%+v", s)
	}
}
