package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/gateway/install"
	"coldchain/sensors/sim"
	"coldchain/sensors/sim/slave"
)

// store serves a simulated store: an XY-MD02, a controller and a PT100 module.
func store(t *testing.T) *slave.Server {
	t.Helper()
	start := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	s := sim.Site{ID: "store", Rooms: []sim.Room{{ID: "mutton", Kind: sim.Frozen}}}
	for i, p := range []string{"xy-md02", "carel-ir33", "juying-pt100"} {
		s.Devices = append(s.Devices, sim.Device{Name: p, Unit: uint8(i + 1), Profile: p, Room: "mutton"})
	}
	county, err := sim.New(sim.Plan{Seed: 4, Start: start, Sites: []sim.Site{s}})
	if err != nil {
		t.Fatal(err)
	}
	server, err := slave.Listen(county, "store", slave.Options{Now: func() time.Time { return start.Add(time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

func run(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = Run(t.Context(), "test", args, &out, &errs)
	return status, out.String(), errs.String()
}

// TestFromScanToProbe is an installer's way: find the devices, write a
// configuration, check it, read each point.
func TestFromScanToProbe(t *testing.T) {
	server := store(t)
	file := filepath.Join(t.TempDir(), "edge.yaml")
	bus := "tcp://" + server.Address()
	status, out, errs := run(t, "scan", bus, "--ids", "1-5", "--pause", "0", "--lang", "en", "--write", file, "--yes", "--site", "store", "--zone", "mutton")
	if status != 0 {
		t.Fatalf("scan: status %d\n%s%s", status, out, errs)
	}
	for _, want := range []string{"xy-md02 = md02", "carel-ir33", "juying-pt100"} {
		if !strings.Contains(out, want) {
			t.Errorf("the scan does not show %s:\n%s", want, out)
		}
	}
	if !strings.Contains(errs, "wrote "+file) {
		t.Errorf("stderr %q does not say what was written", errs)
	}
	if status, out, errs := run(t, "check", file); status != 0 {
		t.Errorf("check: status %d\n%s%s", status, out, errs)
	}
	status, out, errs = run(t, "probe", "--config", file, "--json")
	if status != 0 {
		t.Fatalf("probe: status %d\n%s%s", status, out, errs)
	}
	var rows []struct {
		Point, Quality, Unit string
		Value                *float64
	}
	if err := json.Unmarshal([]byte(out), &rows); err != nil || len(rows) != 7 {
		t.Fatalf("%d rows, %v:\n%s", len(rows), err, out)
	}
	for _, r := range rows {
		if r.Quality != "good" || r.Value == nil || !strings.HasPrefix(r.Point, "store/mutton/") {
			t.Errorf("row %+v", r)
		}
	}

	if status, _, errs := run(t, "scan", bus, "--ids", "1", "--write", file, "--yes"); status != 1 || !strings.Contains(errs, "not overwritten") {
		t.Errorf("a second scan into the file: status %d, %q", status, errs)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	status, out, _ = run(t, "probe", "--config", file, "--lang", "zh")
	if status != 1 || !strings.Contains(out, "设备或线路连不上") || !strings.Contains(out, "7 个测点，0 个正常") {
		t.Errorf("probe of a site that is gone: status %d\n%s", status, out)
	}
}

func TestProbeReadsWhatOtherBusesStillGive(t *testing.T) {
	server := store(t)
	file := filepath.Join(t.TempDir(), "edge.yaml")
	text := "county: c\nsite: store\ngateway: g\ndata: /nowhere\nmqtt: {server: tcp://127.0.0.1:1883}\n" +
		"buses:\n  - {name: a, modbus_tcp: '" + server.Address() + "'}\n  - {name: b, i2c: /dev/i2c-79}\n  - {name: c, modbus_rtu: /dev/serial/by-id/none}\n" +
		"devices:\n  - {name: one, bus: a, zone: z, profile: xy-md02, slave: 1, points: {air: temperature}}\n" +
		"  - {name: two, bus: b, zone: z, driver: sht4x, address: 0x44, points: {wall: temperature}}\n" +
		"  - {name: three, bus: c, zone: z, profile: xy-md02, slave: 1, points: {floor: temperature}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, errs := run(t, "probe", "--config", file, "--lang", "en", "--repeat", "2", "--interval", "1ms")
	if status != 1 || strings.Count(out, "3 points, 1 good") != 2 {
		t.Errorf("status %d:\n%s%s", status, out, errs)
	}
	if !strings.Contains(out, "/dev/i2c-79 does not exist") {
		t.Errorf("it is not said why the chip is not there:\n%s", out)
	}
}

func TestAScanAsks(t *testing.T) {
	server := store(t)
	file := filepath.Join(t.TempDir(), "edge.yaml")
	cmd := scanCommand()
	var out, errs bytes.Buffer
	cmd.SetArgs([]string{"tcp://" + server.Address(), "--ids", "1", "--pause", "0", "--lang", "zh", "--write", file})
	cmd.SetIn(strings.NewReader("1\nmutton-7\n"))
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "zone: mutton-7") {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestAScanThatIsGivenUpSaysSo(t *testing.T) {
	server := store(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	if status := Run(ctx, "test", []string{"scan", "tcp://" + server.Address(), "--json"}, &out, &errs); status != 1 {
		t.Errorf("status %d, want 1", status)
	}
	var result install.Scan
	if err := json.Unmarshal(out.Bytes(), &result); err != nil || result.Complete {
		t.Errorf("%v, complete %v:\n%s", err, result.Complete, out.String())
	}
}

func TestBusesThatCannotBeMeant(t *testing.T) {
	for _, bus := range []string{"192.168.1.50:502", "tcp://192.168.1.50", "tcp://:502", "udp://a:1", "ttyUSB0", "tcp://"} {
		if status, _, errs := run(t, "scan", bus); status != 1 || !strings.Contains(errs, "want") {
			t.Errorf("scan %s: status %d, %q", bus, status, errs)
		}
	}
	if status, _, errs := run(t, "scan", "/dev/ttyNONE", "--baud", "9601"); status != 1 || !strings.Contains(errs, "nothing to try") {
		t.Errorf("status %d, %q", status, errs)
	}
	if status, _, errs := run(t, "scan", "/dev/serial/by-id/none", "--baud", "9600", "--frame", "8n1", "--ids", "1-2"); status != 1 || !strings.Contains(errs, "none") {
		t.Errorf("a port that is not there: status %d, %q", status, errs)
	}
}

// TestProgressOfALogIsALineNowAndThen: a pipe gets no bar.
func TestProgressOfALogIsALineNowAndThen(t *testing.T) {
	var out bytes.Buffer
	at := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	b := newBar(&out, func() time.Time { return at })
	for i := range 100 {
		b.update(install.Progress{Done: i, Total: 100, Found: 2, What: "slave 5"})
		at = at.Add(time.Second)
	}
	b.end()
	if n := strings.Count(out.String(), "\n"); n != 9 || strings.ContainsAny(out.String(), "\r\x1b") {
		t.Errorf("%d lines:\n%s", n, out.String())
	}
	if want := "10/100  +2 -1m30s  slave 5\n"; !strings.HasPrefix(out.String(), want) {
		t.Errorf("%q, want first %q", out.String(), want)
	}
}

func TestProgressOfATerminalIsABar(t *testing.T) {
	var out bytes.Buffer
	at := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	b := newBar(&out, func() time.Time { return at })
	b.terminal = true
	at = at.Add(time.Second)
	b.update(install.Progress{Done: 5, Total: 10, Found: 1, What: "slave 6"})
	b.update(install.Progress{Done: 6, Total: 10}) // too soon to be seen
	b.end()
	if want := "\r\x1b[K[##########..........] 5/10  +1 -1s  slave 6\r\x1b[K"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
