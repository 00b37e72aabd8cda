package slave

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bridge "coldchain/firmware-bridge/modbus"
)

// recorded is a log with what logs hold: repeated values, frost, zero, more
// digits than the register.
const recorded = "time,temperature\na,1.73\nb,1.7\nc,1.7\nd,0\ne,-18.256\nf,-0.01\n"

// transcript reads until the slave is busy and returns every answer, with a
// refused question in between that must not take a row.
func transcript(t *testing.T, address string) (answers []string) {
	t.Helper()
	line := bridge.NewTCPLine(address, bridge.Options{})
	defer line.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		if _, err := line.Read(ctx, 1, readInput, 7, 1); exceptionOf(err) != IllegalAddress {
			t.Fatalf("address 7: %v, want exception 2", err)
		}
		data, err := line.Read(ctx, 1, readInput, replayAddress, 1)
		if err != nil {
			return append(answers, fmt.Sprint("exception ", uint8(exceptionOf(err))))
		}
		answers = append(answers, fmt.Sprint(int16(uint16(data[0])<<8|uint16(data[1]))))
	}
}

func exceptionOf(err error) Exception {
	var e interface{ Exception() uint8 }
	if errors.As(err, &e) {
		return Exception(e.Exception())
	}
	return 0
}

func logged(t *testing.T, log []byte) (rows []string) {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(log)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all[1:] {
		if _, err := time.Parse(time.RFC3339Nano, r[2]); err != nil {
			t.Errorf("answered_at: %v", err)
		}
		rows = append(rows, r[0]+" "+r[1])
	}
	return rows
}

// The two replays, ours and the one on pymodbus, answer and log alike.
func TestReplayAgreesWithPymodbus(t *testing.T) {
	file := filepath.Join(t.TempDir(), "recorded.csv")
	if err := os.WriteFile(file, []byte(recorded), 0o600); err != nil {
		t.Fatal(err)
	}
	address, pylog := startPymodbus(t, file)
	theirs := transcript(t, address)

	var log bytes.Buffer
	s, _, err := Replay(strings.NewReader(recorded), ReplayOptions{Column: "temperature", Log: &log, Options: Options{Now: time.Now}})
	if err != nil {
		t.Fatal(err)
	}
	ours := transcript(t, s.Address())
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if want := "[173 170 170 0 -1826 -1 exception 6]"; fmt.Sprint(ours) != want || fmt.Sprint(theirs) != want {
		t.Errorf("ours %v, pymodbus %v, want %s", ours, theirs, want)
	}
	written, err := os.ReadFile(pylog)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := fmt.Sprint(logged(t, log.Bytes())), fmt.Sprint(logged(t, written)); a != b {
		t.Errorf("our log %s, pymodbus's log %s", a, b)
	}
}

func startPymodbus(t *testing.T, file string) (address, log string) {
	t.Helper()
	const python = "/usr/bin/python3" // Debian's, which has Debian's packages
	if err := exec.Command(python, "-c", "import pymodbus.server, serial_asyncio").Run(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("pymodbus is missing: %v", err)
		}
		t.Skip("pymodbus is missing: apt-get install python3-pymodbus python3-serial-asyncio (make test-deps)")
	}
	log = filepath.Join(t.TempDir(), "log.csv")
	script := filepath.Join("..", "..", "..", "gateway", "app", "testdata", "pymodbus_replay.py")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	cmd := exec.CommandContext(ctx, python, script, "--csv", file, "--log", log)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		cmd.Wait() // killed: its error says only that
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	port, ok := strings.CutPrefix(strings.TrimSpace(line), "listening ")
	if !ok {
		t.Fatalf("pymodbus said %q (%v)", line, err)
	}
	return "127.0.0.1:" + port, log
}
