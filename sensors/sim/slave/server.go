package slave

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/simonvetter/modbus"

	"coldchain/sensors/sim"
)

// Answer is one question that was answered with data.
type Answer struct {
	Site              string
	Unit, Function    uint8
	Address, Quantity uint16
	Data              []byte    // registers big-endian, or bits packed from the lowest
	At                time.Time // just before it was sent, the time it was measured at
}

// Options set up a site's server.
type Options struct {
	Host string // default 127.0.0.1
	Port int    // default 0: any free one
	Now  func() time.Time
	// OnAnswer is called for every answer with data, before it is sent, from
	// the connection's goroutine. It may be nil.
	OnAnswer func(Answer)
	// SilentFor is how long a silent device keeps a question before the
	// gateway in front of it answers with exception 11; default 5s.
	SilentFor time.Duration
}

// Server is one site's Modbus TCP gateway with its slaves behind it.
type Server struct {
	handler *handler
	server  *modbus.ModbusServer
	address string
}

// askFunc answers a question, or returns an Exception or a time-out.
type askFunc func(unit, function uint8, address, quantity uint16, at time.Time) ([]byte, error)

// Listen serves a site's devices until Close.
func Listen(c *sim.County, site string, o Options) (*Server, error) {
	d, err := NewDevices(c, site)
	if err != nil {
		return nil, err
	}
	return listen(site, d.Ask, o)
}

func listen(site string, ask askFunc, o Options) (*Server, error) {
	if o.Host == "" {
		o.Host = "127.0.0.1"
	}
	if o.SilentFor == 0 {
		o.SilentFor = 5 * time.Second
	}
	if o.Now == nil {
		return nil, fmt.Errorf("serve site %s: no clock given", site)
	}
	s := &Server{handler: &handler{site: site, ask: ask, options: o, closing: make(chan struct{})}}
	// The library opens its own port and does not tell which: a free one is
	// looked for first, and another when somebody was faster.
	for attempt := 0; ; attempt++ {
		port, err := freePort(o.Host, o.Port)
		if err != nil {
			return nil, fmt.Errorf("serve site %s: %w", site, err)
		}
		s.address = net.JoinHostPort(o.Host, strconv.Itoa(port))
		s.server, err = modbus.NewServer(&modbus.ServerConfiguration{
			URL: "tcp://" + s.address, Timeout: 10 * time.Minute, MaxClients: 32,
			// What the library would print are clients going away.
			Logger: log.New(io.Discard, "", 0),
		}, s.handler)
		if err == nil {
			err = s.server.Start()
		}
		if err == nil {
			return s, nil
		}
		if o.Port != 0 || attempt == 20 {
			return nil, fmt.Errorf("serve site %s on %s: %w", site, s.address, err)
		}
	}
}

func freePort(host string, port int) (int, error) {
	if port != 0 {
		return port, nil
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Address is the host and port to connect to.
func (s *Server) Address() string { return s.address }

// Close stops listening, drops connections and waits until no question is
// being answered any more: afterwards OnAnswer is not called.
func (s *Server) Close() error {
	s.handler.close()
	err := s.server.Stop()
	s.handler.busy.Wait()
	return err
}

// handler is what the library calls, from one goroutine a connection.
type handler struct {
	site    string
	ask     askFunc
	options Options

	mu      sync.Mutex
	closed  bool
	closing chan struct{}
	busy    sync.WaitGroup
}

func (h *handler) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		close(h.closing)
	}
}

// begin reports whether a question may still be answered.
func (h *handler) begin() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.busy.Add(1)
	return true
}

func (h *handler) read(unit, function uint8, address, quantity uint16) ([]byte, error) {
	if !h.begin() {
		return nil, modbus.ErrServerDeviceFailure
	}
	defer h.busy.Done()
	at := h.options.Now()
	data, err := h.ask(unit, function, address, quantity, at)
	if err != nil {
		return nil, h.refuse(err)
	}
	if h.options.OnAnswer != nil {
		h.options.OnAnswer(Answer{
			Site: h.site, Unit: unit, Function: function, Address: address, Quantity: quantity, Data: data, At: at,
		})
	}
	return data, nil
}

// refuse turns an error into the library's word for its exception code. The
// library cannot leave a question unanswered, so silence lasts longer than any
// driver waits and then ends as a gateway's exception 11.
func (h *handler) refuse(err error) error {
	var late interface{ Timeout() bool }
	if errors.As(err, &late) && late.Timeout() {
		t := time.NewTimer(h.options.SilentFor)
		defer t.Stop()
		select {
		case <-t.C:
		case <-h.closing:
		}
		return modbus.ErrGWTargetFailedToRespond
	}
	var e Exception
	if !errors.As(err, &e) {
		return modbus.ErrServerDeviceFailure
	}
	switch e {
	case IllegalFunction:
		return modbus.ErrIllegalFunction
	case IllegalAddress:
		return modbus.ErrIllegalDataAddress
	case IllegalValue:
		return modbus.ErrIllegalDataValue
	case 5:
		return modbus.ErrAcknowledge
	case DeviceBusy:
		return modbus.ErrServerDeviceBusy
	case 8:
		return modbus.ErrMemoryParityError
	case 10:
		return modbus.ErrGWPathUnavailable
	case TargetSilent:
		return modbus.ErrGWTargetFailedToRespond
	}
	return modbus.ErrServerDeviceFailure
}

func (h *handler) bits(unit, function uint8, address, quantity uint16) ([]bool, error) {
	data, err := h.read(unit, function, address, quantity)
	if err != nil {
		return nil, err
	}
	out := make([]bool, quantity)
	for i := range out {
		out[i] = data[i/8]>>(i%8)&1 == 1
	}
	return out, nil
}

func (h *handler) registers(unit, function uint8, address, quantity uint16) ([]uint16, error) {
	data, err := h.read(unit, function, address, quantity)
	if err != nil {
		return nil, err
	}
	out := make([]uint16, quantity)
	for i := range out {
		out[i] = uint16(data[2*i])<<8 | uint16(data[2*i+1])
	}
	return out, nil
}

// Writing is refused: the county only watches.

// HandleCoils is called by the library.
func (h *handler) HandleCoils(r *modbus.CoilsRequest) ([]bool, error) {
	if r.IsWrite {
		return nil, modbus.ErrIllegalFunction
	}
	return h.bits(r.UnitId, readCoils, r.Addr, r.Quantity)
}

// HandleDiscreteInputs is called by the library.
func (h *handler) HandleDiscreteInputs(r *modbus.DiscreteInputsRequest) ([]bool, error) {
	return h.bits(r.UnitId, readDiscretes, r.Addr, r.Quantity)
}

// HandleHoldingRegisters is called by the library.
func (h *handler) HandleHoldingRegisters(r *modbus.HoldingRegistersRequest) ([]uint16, error) {
	if r.IsWrite {
		return nil, modbus.ErrIllegalFunction
	}
	return h.registers(r.UnitId, readHolding, r.Addr, r.Quantity)
}

// HandleInputRegisters is called by the library.
func (h *handler) HandleInputRegisters(r *modbus.InputRegistersRequest) ([]uint16, error) {
	return h.registers(r.UnitId, readInput, r.Addr, r.Quantity)
}

// Servers are the servers of a whole county.
type Servers struct {
	list      []*Server
	addresses map[string]string
}

// ListenAll serves every site of the county. With a port in the options the
// sites take that one and the following in the plan's order.
func ListenAll(c *sim.County, o Options) (*Servers, error) {
	all := &Servers{addresses: map[string]string{}}
	first := o.Port
	for i, site := range c.Plan().Sites {
		if first != 0 {
			o.Port = first + i
		}
		s, err := Listen(c, site.ID, o)
		if err != nil {
			return nil, errors.Join(err, all.Close())
		}
		all.list = append(all.list, s)
		all.addresses[site.ID] = s.Address()
	}
	return all, nil
}

// Addresses returns where each site listens, as host:port by site.
func (s *Servers) Addresses() map[string]string { return s.addresses }

// Close closes all of them.
func (s *Servers) Close() error {
	var errs []error
	for _, one := range s.list {
		errs = append(errs, one.Close())
	}
	return errors.Join(errs...)
}

// Serve serves every site until ctx ends; ready is told the addresses once all
// of them listen.
func Serve(ctx context.Context, c *sim.County, o Options, ready func(addresses map[string]string)) error {
	all, err := ListenAll(c, o)
	if err != nil {
		return err
	}
	if ready != nil {
		ready(all.Addresses())
	}
	<-ctx.Done()
	return all.Close()
}
