package tool

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"coldchain/firmware-bridge/serial/serialtest"
)

// TestScanOfASerialLine: an independent slave (pymodbus) on a serial line, with
// slaves 1 and 2. A pseudo-terminal has no baud rate, so the first setting
// answers.
func TestScanOfASerialLine(t *testing.T) {
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import pymodbus.server, serial_asyncio").Run(); err != nil {
		serialtest.Missing(t, "pymodbus")
	}
	line := serialtest.New(t)
	var complaints bytes.Buffer
	peer := exec.Command(python, "../../../firmware-bridge/modbus/testdata/pymodbus_slave.py", "rtu", line.B)
	peer.Stderr = &complaints
	if err := peer.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = peer.Process.Kill()
		_ = peer.Wait() // it was killed
	})
	var out, errs string
	for range 10 { // until the slave has started
		var status int
		status, out, errs = run(t, "scan", line.A, "--ids", "1-3", "--registers", "0-3", "--pause", "1ms", "--timeout", "500ms", "--baud", "9600,4800", "--frame", "8N1", "--lang", "en")
		if status != 0 {
			t.Fatalf("status %d\n%s%s", status, out, errs)
		}
		if strings.Contains(out, "slave 2") {
			break
		}
	}
	for _, want := range []string{"(9600 8N1):", "slave 1", "slave 2", "s16×0.01=-19.99 T"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in\n%s%s%s", want, out, errs, complaints.String())
		}
	}
	if strings.Contains(out, "slave 3") || strings.Contains(out, "4800") {
		t.Errorf("found what is not there:\n%s", out)
	}
}
