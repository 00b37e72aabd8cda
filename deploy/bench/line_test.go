//go:build bench

package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/firmware-bridge/modbus"
	"coldchain/firmware-bridge/modbus/modbustest"
	"coldchain/firmware-bridge/serial"
	"coldchain/firmware-bridge/serial/serialtest"
)

// The line: eight sensors at 9600 8N1 of which each block read asks for two
// registers. A pseudo-terminal has no baud rate, so the slaves hold each answer
// back for the time that question, thinking and answer would take.
const (
	lineSlaves   = 8
	lineQuestion = 8         // bytes
	lineAnswer   = 3 + 4 + 2 // bytes
	lineThinking = 5 * time.Millisecond
	lineSpan     = 20 * time.Second
)

func lineCharTime() time.Duration { return serial.Config{}.CharTime() }

// lineBus answers with the temperature and the humidity of a usual sensor.
// silent is never answered; 0 for none.
func lineBus(silent uint8) *modbustest.Bus {
	return &modbustest.Bus{
		Data: func(q modbustest.Question) []byte {
			data := []byte{0xFF, 0x49, 0x02, 0x8C} // -18.3 °C, 65.2 %RH
			return data[:min(4, 2*int(q.Quantity))]
		},
		Behave: func(q modbustest.Question, right []byte) []modbustest.Action {
			if q.Slave == silent {
				return nil
			}
			onWire := time.Duration(lineQuestion+len(right)) * lineCharTime()
			return []modbustest.Action{{After: onWire + lineThinking, Send: right}}
		},
	}
}

// serveLine serves a bus on one end of a cable until the test ends.
func serveLine(t *testing.T, path string, bus *modbustest.Bus) {
	t.Helper()
	port, err := serial.Open(serial.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = bus.Serve(port) }) // ends with the deadline below
	t.Cleanup(func() {
		_ = port.SetReadDeadline(time.Unix(1, 0))
		wg.Wait()
		_ = port.Close()
	})
}

// TestLine: polls a second over an emulated 9600 Bd line, beside what the line
// can carry at all and, where there is one with the input, Telegraf.
func TestLine(t *testing.T) {
	silence := lineCharTime() * 7 / 2
	limit := time.Second.Seconds() / ((lineQuestion+lineAnswer)*lineCharTime() + lineThinking + 2*silence).Seconds()
	fmt.Printf("line | 9600 Bd, %d slaves, 2 registers each | physical limit %.1f polls/s (bytes, %v thinking, 3.5 characters before and after)\n", lineSlaves, limit, lineThinking)

	for _, c := range []struct {
		name       string
		silent     uint8
		turnaround time.Duration
	}{
		{"ours, no pause between slaves", 0, time.Millisecond},
		{"ours, 20 ms turnaround (default)", 0, 0},
		{"ours, 20 ms turnaround, one of eight dies: its first 20 s, with 7 time-outs", lineSlaves, 0},
	} {
		pair := serialtest.New(t)
		serveLine(t, pair.B, lineBus(c.silent))
		line, err := modbus.NewRTULine(serial.Config{Path: pair.A}, modbus.RTUOptions{Turnaround: c.turnaround})
		if err != nil {
			t.Fatal(err)
		}
		polls, wrong := pollLine(t, line)
		fmt.Printf("line | %s | %.1f polls/s | %.0f %% of the limit | %d wrong\n", c.name, polls, 100*polls/limit, wrong)
		if err := line.Close(); err != nil {
			t.Error(err)
		}
	}
	if polls, ok := telegrafLine(t); ok {
		fmt.Printf("line | telegraf, as fast as it lets itself be asked | %.1f polls/s | %.0f %% of the limit\n", polls, 100*polls/limit)
	} else {
		fmt.Println("line | telegraf with the modbus input | not on PATH")
	}
}

// pollLine asks all slaves in turn, as fast as the line goes.
func pollLine(t *testing.T, line *modbus.RTULine) (perSecond float64, wrong int) {
	ctx, cancel := context.WithTimeout(t.Context(), lineSpan)
	defer cancel()
	// The first question waits for a silent line: not part of the rate.
	for line.Stats().Slaves == nil || line.Stats().Slaves[0].Answered == 0 {
		if _, err := line.Read(ctx, 1, 4, 1, 2); err != nil && ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	polls := 0
	began := time.Now()
	for slave := uint8(1); ctx.Err() == nil; slave = slave%lineSlaves + 1 {
		data, err := line.Read(ctx, slave, 4, 1, 2)
		if err != nil {
			continue // counted by what is missing
		}
		polls++
		if int16(binary.BigEndian.Uint16(data)) != -183 {
			wrong++
		}
	}
	return float64(polls) / time.Since(began).Seconds(), wrong
}

// telegrafLine lets Telegraf ask the same slaves on a line of its own, with an
// interval shorter than a round, and counts the answers it got.
func telegrafLine(t *testing.T) (perSecond float64, ok bool) {
	binary, err := findTelegraf()
	if err != nil {
		return 0, false
	}
	inputs, err := exec.Command(binary, "--input-list").CombinedOutput()
	if err != nil || !strings.Contains(string(inputs), "modbus") {
		return 0, false
	}
	pair := serialtest.New(t)
	bus := lineBus(0)
	serveLine(t, pair.B, bus)
	var text strings.Builder
	fmt.Fprintf(&text, `[agent]
  interval = "100ms"
  flush_interval = "1s"
  omit_hostname = true
[[outputs.discard]]
[[inputs.modbus]]
  name = "line"
  timeout = "500ms"
  controller = "file://%s"
  baud_rate = 9600
  data_bits = 8
  parity = "N"
  stop_bits = 1
  transmission_mode = "RTU"
  configuration_type = "request"
`, pair.A)
	for slave := range lineSlaves {
		fmt.Fprintf(&text, `  [[inputs.modbus.request]]
    slave_id = %d
    byte_order = "ABCD"
    register = "input"
    fields = [{address=1, name="temperature", type="INT16"}, {address=2, name="humidity", type="UINT16"}]
`, slave+1)
	}
	config := filepath.Join(t.TempDir(), "telegraf.conf")
	if err := os.WriteFile(config, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, binary, "--config", config, "--quiet")
	serialtest.Wait(t, "Telegraf's first questions", func() bool { return bus.Asked() > lineSlaves })
	before, began := bus.Asked(), time.Now()
	time.Sleep(lineSpan)
	return float64(bus.Asked()-before) / time.Since(began).Seconds(), true
}
