package output

import (
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	vetter "github.com/simonvetter/modbus"

	bridge "coldchain/firmware-bridge/modbus"
)

var _ CoilLine = (*bridge.TCPLine)(nil)

// relays is a relay module served by simonvetter's implementation. Coil 7
// accepts and does nothing, as a relay board without its supply does.
type relays struct {
	mu    sync.Mutex
	coils [8]bool
}

func (r *relays) HandleCoils(q *vetter.CoilsRequest) ([]bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if int(q.Addr)+int(q.Quantity) > len(r.coils) {
		return nil, vetter.ErrIllegalDataAddress
	}
	if q.IsWrite {
		for i, on := range q.Args {
			if at := int(q.Addr) + i; at != 7 {
				r.coils[at] = on
			}
		}
	}
	return append([]bool(nil), r.coils[q.Addr:q.Addr+q.Quantity]...), nil
}

func (r *relays) is(coil int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.coils[coil]
}

func (*relays) HandleDiscreteInputs(*vetter.DiscreteInputsRequest) ([]bool, error) {
	return nil, vetter.ErrIllegalFunction
}
func (*relays) HandleHoldingRegisters(*vetter.HoldingRegistersRequest) ([]uint16, error) {
	return nil, vetter.ErrIllegalFunction
}
func (*relays) HandleInputRegisters(*vetter.InputRegistersRequest) ([]uint16, error) {
	return nil, vetter.ErrIllegalFunction
}

func TestThroughARealLineAndAnIndependentServer(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	module := &relays{}
	server, err := vetter.NewServer(&vetter.ServerConfiguration{URL: "tcp://" + addr, Logger: log.New(io.Discard, "", 0)}, module)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	line := bridge.NewTCPLine(addr, bridge.Options{Timeout: 5 * time.Second})
	defer line.Close()

	siren, err := NewCoil(Siren, Coil{"line", 20, 3}, line)
	if err != nil {
		t.Fatal(err)
	}
	for _, on := range []bool{true, true, false, true} {
		if err := siren.Set(t.Context(), on); err != nil || module.is(3) != on {
			t.Errorf("switched %s: %v, the relay is %s", word(on), err, word(module.is(3)))
		}
	}
	dead, err := NewCoil(Beacon, Coil{"line", 20, 7}, line)
	if err != nil {
		t.Fatal(err)
	}
	if err := dead.Set(t.Context(), true); err == nil || !strings.Contains(err.Error(), "beacon (coil 7 of slave 20 on line)") {
		t.Errorf("a relay that does not follow: %v", err)
	}
	if err := dead.Set(t.Context(), false); err != nil {
		t.Errorf("off is what it shows: %v", err)
	}
	missing, err := NewCoil(Beacon, Coil{"line", 20, 8}, line)
	if err != nil {
		t.Fatal(err)
	}
	if err := missing.Set(t.Context(), true); err == nil {
		t.Error("a coil that is not there was switched")
	}
}
