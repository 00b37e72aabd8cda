package modbus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"time"

	goburrow "github.com/goburrow/modbus"
)

// DefaultTimeout is how long one question may take when Options says nothing.
const DefaultTimeout = time.Second

// maxQuiet is how many questions in a row a connection may leave without any
// answer before it is taken for dead and redialled. One silent slave behind a
// gateway does not reach it while its neighbours answer.
const maxQuiet = 3

// Options are the collaborators of a line. All have defaults.
type Options struct {
	Timeout time.Duration // for one question, dial included; default DefaultTimeout
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Logger  *slog.Logger
	Now     func() time.Time // for the redial back-off; default time.Now
	Jitter  func() float64   // in [0, 1); default random
}

// TCPLine is one Modbus TCP connection, opened at the first question and
// redialled when it fails. It is safe for concurrent use: questions wait for
// each other, as the wire behind a gateway makes them do anyway.
type TCPLine struct {
	addr string
	o    Options

	alive  context.Context // ends with Close
	finish context.CancelFunc

	owner chan struct{} // one token: who holds it owns all below
	conn  net.Conn
	sess  *session
	next  uint16 // transaction number
	back  backoff
}

// NewTCPLine returns a line to addr ("host:port"). It does not dial yet.
func NewTCPLine(addr string, o Options) *TCPLine {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	l := &TCPLine{addr: addr, o: o, owner: make(chan struct{}, 1)}
	// A number that does not restart with the process: a serial server may
	// still hold the answer to a question asked before.
	l.next = uint16(l.o.Jitter() * 65536)
	l.alive, l.finish = context.WithCancel(context.Background())
	return l
}

// String names the line for messages.
func (l *TCPLine) String() string { return "modbus-tcp " + l.addr }

// Read asks a slave for quantity registers (functions 3 and 4) or bits
// (functions 1 and 2) from a zero-based address, and returns the data bytes of
// its answer: two a register, high byte first, or eight bits a byte, lowest
// address in the lowest bit. The length is always right.
//
// It waits for its turn as long as ctx allows; from then the question takes at
// most Options.Timeout. Errors are *Error; a question that no Modbus device
// can be asked (function, quantity, address) is a plain error.
func (l *TCPLine) Read(ctx context.Context, slave, function uint8, address, quantity uint16) ([]byte, error) {
	q := question{slave, function, address, quantity}
	if err := q.check(); err != nil {
		return nil, fmt.Errorf("modbus %s slave %d: %w", l.addr, slave, err)
	}
	select {
	case l.owner <- struct{}{}:
	case <-ctx.Done():
		return nil, l.wrap(q, ctx, ctx.Err())
	case <-l.alive.Done():
		return nil, l.wrap(q, ctx, net.ErrClosed)
	}
	defer func() { <-l.owner }()

	bounded, cancel := context.WithTimeout(ctx, l.o.Timeout)
	defer cancel()
	defer context.AfterFunc(l.alive, cancel)()

	data, err := l.ask(bounded, q)
	if err != nil {
		return nil, l.wrap(q, ctx, err)
	}
	return data, nil
}

// Close ends a question under way, closes the connection and refuses further
// questions. It may be called more than once.
func (l *TCPLine) Close() error {
	l.finish()
	l.owner <- struct{}{}
	defer func() { <-l.owner }()
	return l.hangUp()
}

// ask dials if needed and asks once; a second time only when a connection
// that had idled turned out to be closed by the peer, which many serial
// servers do between two polls. Reads may be repeated without harm.
func (l *TCPLine) ask(ctx context.Context, q question) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	reused := l.conn != nil
	if err := l.dial(ctx); err != nil {
		return nil, err
	}
	data, err := l.exchange(ctx, q)
	if err != nil && reused && cutByPeer(err) && ctx.Err() == nil {
		if err := l.dial(ctx); err != nil {
			return nil, err
		}
		data, err = l.exchange(ctx, q)
	}
	return data, err
}

// dial opens the connection unless it is open or its time has not come.
func (l *TCPLine) dial(ctx context.Context) error {
	if l.conn != nil {
		return nil
	}
	if left, blocked := l.back.blocked(l.o.Now()); blocked {
		return &fault{kindUnreachable, fmt.Errorf("next attempt in %v, the last one failed: %w",
			left.Round(time.Millisecond), l.back.last)}
	}
	conn, err := l.o.Dial(ctx, "tcp", l.addr)
	if err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			return err // given up by the caller: says nothing about the peer
		}
		l.back.fail(l.o.Now(), l.o.Jitter(), err)
		return &fault{kindUnreachable, err}
	}
	if l.back.last != nil {
		l.o.Logger.Info("modbus line is connected again", "line", l.addr, "after", l.back.last)
	}
	l.conn, l.sess = conn, &session{conn: conn}
	return nil
}

// exchange asks one question on the open connection, and closes it after any
// error that leaves doubt about what comes next.
func (l *TCPLine) exchange(ctx context.Context, q question) ([]byte, error) {
	conn, sess := l.conn, l.sess
	// The deadline of ctx and its cancellation reach the blocked read the same
	// way, and the function has ended before the connection is used again.
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		conn.SetDeadline(time.Unix(1, 0))
	})
	l.next++
	data, err := q.ask(newClient(l.next, q.slave, sess))
	if !stop() {
		<-ended
		conn.SetDeadline(time.Time{})
	}

	if sess.answered {
		l.back.reset()
	}
	if err != nil && sess.err == nil {
		err = complaint(err)
	}
	var exception *goburrow.ModbusError
	switch {
	case err == nil || errors.As(err, &exception):
	case sess.inStep && silent(err) && sess.quiet < maxQuiet:
		// Nothing began to arrive: the connection is in step, and a late
		// answer will be known by its number.
	default:
		if !sess.answered && cutByPeer(err) {
			// Accepted and cut at once, as by a serial server whose one place
			// is taken. It counts as a refused dial.
			l.back.fail(l.o.Now(), l.o.Jitter(), err)
		}
		l.hangUp()
	}
	return data, err
}

// complaint gives a class to an error that is not the transport's. What is not
// an exception is goburrow's untyped finding that an answer contradicts itself.
func complaint(err error) error {
	var exception *goburrow.ModbusError
	var f *fault
	if errors.As(err, &exception) || errors.As(err, &f) {
		return err
	}
	return &fault{kindBadAnswer, err}
}

// silent reports a time-out before the first byte of a frame.
func silent(err error) bool {
	var partial *partialError
	return errors.Is(err, os.ErrDeadlineExceeded) && !errors.As(err, &partial)
}

func (l *TCPLine) hangUp() error {
	if l.conn == nil {
		return nil
	}
	err := l.conn.Close()
	l.conn, l.sess = nil, nil
	return err
}

// wrap gives an error its class, the line and the question. ctx is the
// caller's: only its cancellation is a cancellation.
func (l *TCPLine) wrap(q question, ctx context.Context, err error) error {
	e := &Error{Line: l.addr, Slave: q.slave, Function: q.function, Address: q.address, Quantity: q.quantity, err: err}
	var exception *goburrow.ModbusError
	var f *fault
	switch {
	case errors.As(err, &exception):
		e.kind, e.exception = kindException, exception.ExceptionCode
	case errors.As(err, &f):
		e.kind = f.kind
	case errors.Is(ctx.Err(), context.Canceled):
		e.kind, e.err = kindCanceled, context.Canceled
	case l.alive.Err() != nil:
		e.kind, e.err = kindUnreachable, net.ErrClosed
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		e.kind = kindTimeout
	default:
		e.kind = kindUnreachable
	}
	return e
}

// cutByPeer reports that the other side closed the connection before a byte of
// the answer.
func cutByPeer(err error) bool {
	var partial *partialError
	if errors.As(err, &partial) {
		return false
	}
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, io.ErrClosedPipe)
}
