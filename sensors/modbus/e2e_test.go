package modbus

import (
	"io"
	"log"
	"net"
	"testing"
	"time"

	vetter "github.com/simonvetter/modbus"

	bridge "coldchain/firmware-bridge/modbus"
	"coldchain/sensors"
)

var _ Line = (*bridge.TCPLine)(nil)

// slaves is served by simonvetter's implementation: unit 1 is an XY-MD02, unit
// 2 a PT100 module whose second probe is open, unit 3 refuses everything.
type slaves struct{}

func (slaves) HandleCoils(*vetter.CoilsRequest) ([]bool, error) {
	return nil, vetter.ErrIllegalFunction
}
func (slaves) HandleDiscreteInputs(r *vetter.DiscreteInputsRequest) ([]bool, error) {
	return nil, vetter.ErrIllegalFunction
}
func (slaves) HandleHoldingRegisters(*vetter.HoldingRegistersRequest) ([]uint16, error) {
	return nil, vetter.ErrIllegalFunction
}
func (slaves) HandleInputRegisters(r *vetter.InputRegistersRequest) ([]uint16, error) {
	maps := map[uint8]map[uint16]uint16{
		1: {1: 0xFF33, 2: 652},
		2: {0x32: 0x41CB, 0x33: 0x70A4, 0x34: 0x7FC0, 0x35: 0, 0x36: 0xC194, 0x37: 0},
	}
	var out []uint16
	for i := range r.Quantity {
		w, ok := maps[r.UnitId][r.Addr+i]
		if !ok {
			return nil, vetter.ErrIllegalDataAddress
		}
		out = append(out, w)
	}
	return out, nil
}

func TestThroughARealLineAndAnIndependentServer(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	server, err := vetter.NewServer(&vetter.ServerConfiguration{URL: "tcp://" + addr, Logger: log.New(io.Discard, "", 0)}, slaves{})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	line := bridge.NewTCPLine(addr, bridge.Options{Timeout: 5 * time.Second})
	defer line.Close()

	tests := []struct {
		profile string
		slave   uint8
		points  map[sensors.PointID]string
		want    map[sensors.PointID]string
	}{
		{"xy-md02", 1, map[sensors.PointID]string{"s/z/air": "temperature", "s/z/rh": "humidity"},
			map[sensors.PointID]string{"s/z/air": "-20.5 good", "s/z/rh": "65.2 good"}},
		{"juying-pt100", 2, map[sensors.PointID]string{"s/z/a": "temperature-1", "s/z/b": "temperature-2", "s/z/c": "temperature-3"},
			map[sensors.PointID]string{"s/z/a": "25.43 good", "s/z/b": "bad(sensor-fault)", "s/z/c": "-18.5 good"}},
		{"xy-md02", 3, map[sensors.PointID]string{"s/z/air": "temperature"},
			map[sensors.PointID]string{"s/z/air": "bad(config-fault)"}},
		{"carel-ir33", 1, map[sensors.PointID]string{"s/z/door": "door"},
			map[sensors.PointID]string{"s/z/door": "bad(config-fault)"}},
	}
	for _, tt := range tests {
		p, err := LoadProfile(tt.profile)
		if err != nil {
			t.Fatal(err)
		}
		d, err := New(Config{Name: tt.profile, Slave: tt.slave, Profile: p, Points: tt.points, Now: func() time.Time { return epoch }}, line)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range d.Read(t.Context(), all(d)) {
			if want := string(r.Point) + " 2026-11-23T08:00:00.000Z " + tt.want[r.Point]; r.String() != want {
				t.Errorf("%s slave %d: %s, want %s", tt.profile, tt.slave, r, want)
			}
		}
	}
}
