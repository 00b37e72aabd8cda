package modbus

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net"
	"sync/atomic"
	"testing"
	"time"

	vetter "github.com/simonvetter/modbus"
)

// handler serves the same values as the fault server through an implementation
// that this project did not write.
// Coil 2000 can be written; coil 2001 confirms every write and stays off.
type handler struct{ output *atomic.Bool }

func (h handler) HandleCoils(r *vetter.CoilsRequest) ([]bool, error) {
	switch {
	case r.IsWrite && r.Addr == 2000:
		h.output.Store(r.Args[0])
		return r.Args, nil
	case r.IsWrite && r.Addr == 2001:
		return r.Args, nil
	case r.IsWrite:
		return nil, vetter.ErrIllegalDataAddress
	case r.Addr == 2000 && r.Quantity == 1:
		return []bool{h.output.Load()}, nil
	case r.Addr == 2001 && r.Quantity == 1:
		return []bool{false}, nil
	}
	return bits(r.UnitId, r.Addr, r.Quantity), nil
}
func (handler) HandleDiscreteInputs(r *vetter.DiscreteInputsRequest) ([]bool, error) {
	return bits(r.UnitId, r.Addr, r.Quantity), nil
}
func (handler) HandleHoldingRegisters(r *vetter.HoldingRegistersRequest) ([]uint16, error) {
	switch r.Addr {
	case 1001:
		return nil, vetter.ErrIllegalFunction
	case 1002:
		return nil, vetter.ErrIllegalDataAddress
	case 1006:
		return nil, vetter.ErrServerDeviceBusy
	}
	return words(r.UnitId, r.Addr, r.Quantity), nil
}
func (handler) HandleInputRegisters(r *vetter.InputRegistersRequest) ([]uint16, error) {
	return words(r.UnitId, r.Addr, r.Quantity), nil
}

func words(unit uint8, address, quantity uint16) (out []uint16) {
	for i := range quantity {
		out = append(out, valueOf(unit, address+i))
	}
	return out
}

func bits(unit uint8, address, quantity uint16) (out []bool) {
	for i := range quantity {
		out = append(out, valueOf(unit, address+i)&1 == 1)
	}
	return out
}

// startServer runs simonvetter's server on a free port.
func startServer(t *testing.T) (addr string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = free.Addr().String()
	free.Close()
	s, err := vetter.NewServer(&vetter.ServerConfiguration{URL: "tcp://" + addr, Logger: log.New(io.Discard, "", 0)}, handler{new(atomic.Bool)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	return addr
}

func TestAgainstAnIndependentServer(t *testing.T) {
	l := NewTCPLine(startServer(t), Options{Timeout: 5 * time.Second})
	defer l.Close()
	for function := uint8(1); function <= 4; function++ {
		for _, q := range []struct{ address, quantity uint16 }{{0, 1}, {7, 3}, {0, 8}, {5, 9}, {100, 125}, {65535, 1}} {
			got, err := l.Read(t.Context(), 3, function, q.address, q.quantity)
			if err != nil {
				t.Errorf("function %d %+v: %v", function, q, err)
				continue
			}
			// The right data by the fault server's encoder.
			want := answerTo([]byte{0, 0, 0, 0, 0, 6, 3, function, byte(q.address >> 8), byte(q.address),
				byte(q.quantity >> 8), byte(q.quantity)})[9:]
			if !bytes.Equal(got, want) {
				t.Errorf("function %d %+v = % x, want % x", function, q, got, want)
			}
		}
	}
	if data, err := l.Read(t.Context(), 3, 2, 0, 2000); err != nil || len(data) != 250 {
		t.Errorf("2000 bits: %d bytes, %v", len(data), err)
	}
	for address, code := range map[uint16]uint8{1001: 1, 1002: 2, 1006: 6} {
		_, err := l.Read(t.Context(), 3, 3, address, 1)
		var ex interface{ Exception() uint8 }
		if !errors.As(err, &ex) || ex.Exception() != code {
			t.Errorf("address %d: %v, want exception %d", address, err, code)
		}
	}
}

// Over real TCP: the kernel's errors are those that the line must know.
func TestARestartedServerIsFoundAgain(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	serveOne := func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		q := make([]byte, 12)
		if _, err := io.ReadFull(conn, q); err == nil {
			conn.Write(answerTo(q))
		}
	}
	now := time.Unix(0, 0)
	l := NewTCPLine(addr, Options{Timeout: 5 * time.Second, Now: func() time.Time { return now }})
	defer l.Close()
	done := make(chan struct{})
	go func() { defer close(done); serveOne(); serveOne() }()
	for i := range uint16(2) { // the server closes after each answer
		if got := check(t, l, 1, i); got != "ok" {
			t.Fatalf("question %d: %s", i, got)
		}
	}
	<-done
	listener.Close()
	for range 3 {
		if got := check(t, l, 1, 0); got != "unreachable" {
			t.Errorf("server away: %s", got)
		}
	}
	if listener, err = net.Listen("tcp", addr); err != nil {
		t.Skipf("the port was taken meanwhile: %v", err)
	}
	defer listener.Close()
	go serveOne()
	now = now.Add(time.Minute)
	if got := check(t, l, 1, 5); got != "ok" {
		t.Errorf("server back: %s", got)
	}
}

// Late answers over real TCP, without a clock: the peer holds every fifth
// answer back until the next question has come, then sends both.
func TestLateAnswersOverRealTCP(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go holdBack(conn)
		}
	}()
	l := NewTCPLine(listener.Addr().String(), Options{Timeout: 50 * time.Millisecond})
	defer l.Close()
	count := map[string]int{}
	for i := range uint16(60) {
		count[check(t, l, 1, i)]++
	}
	// A loaded machine may add time-outs of its own; nothing else may happen.
	if count["timeout"] < 10 || count["ok"] < 20 || count["ok"]+count["timeout"] != 60 {
		t.Errorf("outcomes %v", count)
	}
}

func holdBack(conn net.Conn) {
	defer conn.Close()
	var held []byte
	for n := 1; ; n++ {
		q := make([]byte, 12)
		if _, err := io.ReadFull(conn, q); err != nil {
			return
		}
		held = append(held, answerTo(q)...)
		if n%5 == 0 {
			continue
		}
		if _, err := conn.Write(held); err != nil {
			return
		}
		held = nil
	}
}
