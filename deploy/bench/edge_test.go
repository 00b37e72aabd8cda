//go:build bench

package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/simonvetter/modbus"

	"coldchain/gateway/mqtt/mosquittotest"
)

// TestEdge: an edge agent with 32 points at 1 Hz, journal on, connected.
func TestEdge(t *testing.T) {
	dir := t.TempDir()
	for _, target := range [][3]string{{"linux", "arm64", ""}, {"linux", "arm", "7"}, {"linux", "amd64", ""}} {
		out := build(t, filepath.Join(dir, target[1]), "edge-agent", []string{"CGO_ENABLED=0", "GOOS=" + target[0], "GOARCH=" + target[1], "GOARM=" + target[2]})
		info, err := os.Stat(out)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("edge | binary for %s%s | %.1f MB\n", target[1], target[2], float64(info.Size())/1e6)
	}
	broker := mosquittotest.Start(t, brokerCfg)
	slave := freeAddress(t)
	server, err := modbus.NewServer(&modbus.ServerConfiguration{URL: "tcp://" + slave, MaxClients: 4}, steady{})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	config := filepath.Join(dir, "edge.yaml")
	var b strings.Builder
	fmt.Fprintf(&b, "county: bench\nsite: store\ngateway: store-gw\ndata: %s\nmqtt: {server: %q}\nsampling: {interval: 1s, outside_interval: 1s}\nbuses: [{name: line, modbus_tcp: %q}]\ndevices:\n", dir, broker.URL, slave)
	for i := range 16 {
		fmt.Fprintf(&b, "  - {name: probe-%d, bus: line, profile: xy-md02, slave: %d, zone: room-%d, points: {air: temperature, humidity: humidity}}\n", i+1, i+1, i+1)
	}
	if err := os.WriteFile(config, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	edge := start(t, filepath.Join(dir, "amd64", "edge-agent"), "-config", config, "-log", "warn")
	time.Sleep(20 * time.Second) // settle
	const span = 60 * time.Second
	before := cpuOf(t, edge.Pid)
	time.Sleep(span)
	cpu := cpuOf(t, edge.Pid) - before
	fmt.Printf("edge | 32 points at 1 Hz | %.1f MB resident (%.1f MB of it private) | %.2f %% of one core\n",
		memory(t, edge.Pid, "Rss:"), memory(t, edge.Pid, "Private_Dirty:")+memory(t, edge.Pid, "Private_Clean:"), 100*cpu.Seconds()/span.Seconds())
}

// steady is a slave that always answers.
type steady struct{}

func (steady) HandleCoils(*modbus.CoilsRequest) ([]bool, error) {
	return nil, modbus.ErrIllegalFunction
}
func (steady) HandleDiscreteInputs(*modbus.DiscreteInputsRequest) ([]bool, error) {
	return nil, modbus.ErrIllegalFunction
}
func (steady) HandleHoldingRegisters(*modbus.HoldingRegistersRequest) ([]uint16, error) {
	return nil, modbus.ErrIllegalFunction
}
func (steady) HandleInputRegisters(r *modbus.InputRegistersRequest) ([]uint16, error) {
	out := make([]uint16, r.Quantity)
	for i := range out {
		out[i] = 185
	}
	return out, nil
}
