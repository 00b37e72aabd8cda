package tool

import (
	"encoding/json"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	vetter "github.com/simonvetter/modbus"
)

// icy is an XY-MD02 in melting ice that shows 0.3 °C too much, served by
// simonvetter's implementation.
type icy struct{}

func (icy) HandleCoils(*vetter.CoilsRequest) ([]bool, error) { return nil, vetter.ErrIllegalFunction }
func (icy) HandleDiscreteInputs(*vetter.DiscreteInputsRequest) ([]bool, error) {
	return nil, vetter.ErrIllegalFunction
}
func (icy) HandleHoldingRegisters(*vetter.HoldingRegistersRequest) ([]uint16, error) {
	return nil, vetter.ErrIllegalFunction
}
func (icy) HandleInputRegisters(r *vetter.InputRegistersRequest) ([]uint16, error) {
	words := map[uint16]uint16{1: 3, 2: 880}
	out := make([]uint16, 0, r.Quantity)
	for i := range r.Quantity {
		w, ok := words[r.Addr+i]
		if !ok {
			return nil, vetter.ErrIllegalDataAddress
		}
		out = append(out, w)
	}
	return out, nil
}

func serveIcy(t *testing.T) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	server, err := vetter.NewServer(&vetter.ServerConfiguration{URL: "tcp://" + addr, Logger: log.New(io.Discard, "", 0)}, icy{})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Stop() })
	return addr
}

// TestFromCommissionToProbe: the record that the walk makes is what corrects
// the next reading.
func TestFromCommissionToProbe(t *testing.T) {
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if text != "" {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	records, sheet := file("calibration.jsonl", ""), file("sheet.html", "")
	cfg := file("edge.yaml", "county: c\nsite: store\ngateway: g\ndata: /nowhere\ncalibration: "+records+
		"\nmqtt: {server: tcp://127.0.0.1:1883, username: g, password_file: /etc/coldchain/not-on-a-laptop}\n"+
		"buses:\n  - {name: a, modbus_tcp: '"+serveIcy(t)+"'}\n"+
		"devices:\n  - {name: one, bus: a, zone: dairy, profile: xy-md02, slave: 1, points: {air: temperature, humidity: humidity}}\n"+
		"limits:\n  - {zone: dairy, quantity: temperature, high: 6, low: 0}\n")
	said := file("answers.yaml", "by: 王工\nplace: 巴拉贡冷库\npoints:\n  store/dairy/air:\n    ice: {value: 0}\n")
	args := []string{"commission", "--config", cfg, "--answers", said, "--interval", "1ms", "--lang", "en"}
	status, out, errs := run(t, append(args, "--sheet", sheet)...)
	if status != 0 || !strings.Contains(out, "store/dairy/air is recorded as number 1") {
		t.Fatalf("status %d\n%s%s", status, out, errs)
	}
	page, err := os.ReadFile(sheet)
	if err != nil || !strings.Contains(string(page), "&#43;0.3 °C") || strings.Contains(string(page), "store/dairy/humidity") {
		t.Errorf("%v\n%s", err, page)
	}
	if status, _, errs := run(t, append(args, "--sheet", sheet)...); status != 1 || !strings.Contains(errs, "not overwritten") {
		t.Errorf("a second walk onto the sheet: status %d, %q", status, errs)
	}

	status, out, errs = run(t, "probe", "--config", cfg, "--json")
	var rows []struct {
		Point      string
		Value, Raw *float64
	}
	if err := json.Unmarshal([]byte(out), &rows); status != 0 || err != nil || len(rows) != 2 {
		t.Fatalf("status %d, %v\n%s%s", status, err, out, errs)
	}
	// The record begins with the next whole second, so the reading may still be
	// the device's own.
	if air := rows[0]; *air.Value != 0 && (*air.Value != 0.3 || air.Raw != nil) || *air.Value == 0 && *air.Raw != 0.3 {
		t.Errorf("air %v raw %v, want 0 corrected from 0.3", *air.Value, air.Raw)
	}

	far := file("far.yaml", "by: a\nplace: b\npoints:\n  store/dairy/air:\n    working: -18\n    ice: {value: 0}\n    certified: {value: -18, instrument: T, certificate: C}\n")
	other := file("other.html", "")
	status, out, _ = run(t, "commission", "--config", cfg, "--answers", far, "--interval", "1ms", "--lang", "en", "--sheet", other)
	if status != 1 || !strings.Contains(out, "replace the probe") {
		t.Errorf("a probe that shows 0.3 at -18: status %d\n%s", status, out)
	}
	if page, err := os.ReadFile(other); err != nil || !strings.Contains(string(page), "没有记录") {
		t.Errorf("the sheet of an incomplete walk: %v\n%s", err, page)
	}
}

func TestCommissionWantsAPlaceForItsRecords(t *testing.T) {
	cfg := filepath.Join(t.TempDir(), "edge.yaml")
	text := "county: c\nsite: store\ngateway: g\ndata: /nowhere\nmqtt: {server: tcp://127.0.0.1:1883}\nbuses:\n  - {name: a, modbus_tcp: '127.0.0.1:1'}\n" +
		"devices:\n  - {name: one, bus: a, zone: dairy, profile: xy-md02, slave: 1, points: {air: temperature}}\n"
	if err := os.WriteFile(cfg, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := run(t, "commission", "--config", cfg); status != 1 || !strings.Contains(errs, "add calibration: /nowhere/calibration.jsonl") {
		t.Errorf("status %d, %q", status, errs)
	}
}
