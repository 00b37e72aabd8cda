//go:build chaos

package chaos

import (
	"io"
	"log"
	"sync"
	"testing"
	"time"

	"github.com/simonvetter/modbus"

	"coldchain/gateway/app/programs"
)

const (
	pollPeriod = 100 * time.Millisecond
	busTimeout = 400 * time.Millisecond
	blockSize  = 6 // registers: three 32-bit numbers, low word first
)

// slave answers a block that holds its poll counter, and writes down what it
// answered and what not.
type slave struct {
	address string

	mu      sync.Mutex
	polls   []Poll
	unwell  time.Time // until then it answers every third question alone
	stopped bool
}

func startSlave(t *testing.T) *slave {
	s := &slave{address: programs.FreeAddress(t)}
	server, err := modbus.NewServer(&modbus.ServerConfiguration{
		URL: "tcp://" + s.address, Timeout: 10 * time.Minute, MaxClients: 8, Logger: log.New(io.Discard, "", 0),
	}, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	return s
}

// HandleInputRegisters is called by the library, one question after the other.
func (s *slave) HandleInputRegisters(r *modbus.InputRegistersRequest) ([]uint16, error) {
	if r.Addr != 0 || r.Quantity != blockSize {
		return nil, modbus.ErrIllegalDataAddress
	}
	p, stopped := s.ask()
	switch {
	case stopped:
		return nil, modbus.ErrServerDeviceBusy
	case p.Reason == "timeout":
		time.Sleep(busTimeout + busTimeout/4) // the library cannot leave a question unanswered
		return nil, modbus.ErrGWTargetFailedToRespond
	case p.Reason != "":
		return nil, modbus.ErrServerDeviceFailure
	}
	out := make([]uint16, 0, blockSize)
	for _, c := range Channels() {
		n := c.Number(p.Counter)
		out = append(out, uint16(n), uint16(n>>16))
	}
	return out, nil
}

// ask counts a question and decides what becomes of it: one in 97 is refused
// and one in 211 never answered, more while it is unwell.
func (s *slave) ask() (_ Poll, stopped bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return Poll{}, true
	}
	now := time.Now()
	p := Poll{Counter: uint32(len(s.polls)), Asked: now}
	unwell := now.Before(s.unwell)
	switch n := p.Counter; {
	case n%211 == 210 || unwell && n%3 == 1:
		p.Reason = "timeout"
	case n%97 == 96 || unwell && n%3 == 2:
		p.Reason = "device-fault"
	default:
		p.Answered = now
	}
	s.polls = append(s.polls, p)
	return p, false
}

func (s *slave) sicken(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unwell = time.Now().Add(d)
}

// stop ends the counting: the polls after it are not compared.
func (s *slave) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
}

func (s *slave) log() []Poll {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Poll(nil), s.polls...)
}

// newest is the newest answered poll's counter.
func (s *slave) newest() (uint32, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.polls) - 1; i >= 0; i-- {
		if s.polls[i].wasAnswered() {
			return s.polls[i].Counter, true
		}
	}
	return 0, false
}

// HandleCoils and the others are refused: there is nothing else.
func (s *slave) HandleCoils(*modbus.CoilsRequest) ([]bool, error) {
	return nil, modbus.ErrIllegalFunction
}

// HandleDiscreteInputs refuses.
func (s *slave) HandleDiscreteInputs(*modbus.DiscreteInputsRequest) ([]bool, error) {
	return nil, modbus.ErrIllegalFunction
}

// HandleHoldingRegisters refuses.
func (s *slave) HandleHoldingRegisters(*modbus.HoldingRegistersRequest) ([]uint16, error) {
	return nil, modbus.ErrIllegalFunction
}
