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

// Options are the collaborators of a line. All have defaults.
type Options struct {
	// Timeout is for one question once it has the line. Over Modbus TCP it
	// counts from there, dial included; default DefaultTimeout. On an RTU line
	// it is the slave's time to answer, the bytes' own time not counted;
	// default DefaultRTUTimeout.
	Timeout time.Duration
	// Dial opens the connection of a line over TCP; default net.Dialer's.
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Logger *slog.Logger
	Now    func() time.Time // for back-off and statistics; default time.Now
	Jitter func() float64   // in [0, 1); default random
}

func (o *Options) defaults(timeout time.Duration) {
	if o.Timeout <= 0 {
		o.Timeout = timeout
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
}

// wire is what differs between lines. Its methods are called by who holds the
// turn alone.
type wire interface {
	// ask puts one question and marks when it has gone out.
	ask(ctx context.Context, q question) ([]byte, error)
	hangUp() error
}

// owner is what all lines share: one question at a time, in order of urgency;
// back-off and counters per slave; errors with a class.
type owner struct {
	name string // the port's path or host:port
	kind string // for String
	o    Options

	alive  context.Context // ends with Close
	finish context.CancelFunc

	turn   turn
	slaves slaves

	// Held by the turn:
	wire wire
	sent time.Time // when the question under way had gone out; zero before
	back backoff   // of the port or connection
}

func (o *owner) init(kind, name string, opts Options, w wire) {
	o.kind, o.name, o.o, o.wire = kind, name, opts, w
	o.back = backoff{first: firstRedial, max: maxRedial}
	o.alive, o.finish = context.WithCancel(context.Background())
}

// String names the line for messages.
func (o *owner) String() string { return o.kind + " " + o.name }

// Read asks a slave for quantity registers (functions 3 and 4) or bits
// (functions 1 and 2) from a zero-based address, and returns the data bytes of
// its answer: two a register, high byte first, or eight bits a byte, lowest
// address in the lowest bit. The length is always right.
//
// It waits for its turn as long as ctx allows; from then the line's own times
// count too. A slave that failed three questions in a row is backed off for 1,
// 2, 4 to 60 s: questions to it fail at once, and one after each back-off is
// sent. Errors are *Error; a question that no Modbus device can be asked
// (function, quantity, address) is a plain error.
func (o *owner) Read(ctx context.Context, slave, function uint8, address, quantity uint16) ([]byte, error) {
	return o.read(ctx, question{slave: slave, function: function, address: address, quantity: quantity}, false)
}

// Urgent is a line seen by who must not wait behind ordinary questions: an
// installer at a page. A question under way is not interrupted.
type Urgent struct{ o *owner }

// Urgent returns the same line for questions that go before all waiting
// ordinary ones.
func (o *owner) Urgent() Urgent { return Urgent{o} }

// Read is the line's Read, before all ordinary questions that wait.
func (u Urgent) Read(ctx context.Context, slave, function uint8, address, quantity uint16) ([]byte, error) {
	return u.o.read(ctx, question{slave: slave, function: function, address: address, quantity: quantity}, true)
}

func (o *owner) read(ctx context.Context, q question, urgent bool) (data []byte, err error) {
	if err := q.check(); err != nil {
		return nil, fmt.Errorf("modbus %s slave %d: %w", o.name, q.slave, err)
	}
	err = o.withTurn(ctx, q, urgent, func() *Error {
		var e *Error
		data, e = o.one(ctx, q)
		return e
	})
	return data, err
}

// SetOutput switches one coil (function 5), the siren's or the beacon's, and
// reads it back (function 1). A nil error means that the slave confirmed the
// write and shows the wanted state; after any other the state is unknown. It
// goes before all waiting questions, is never repeated by itself, and is the
// only thing on a line that writes.
func (o *owner) SetOutput(ctx context.Context, slave uint8, address uint16, on bool) error {
	write := question{slave: slave, function: writeCoil, address: address, quantity: 1, on: on}
	if slave < 1 || slave > 247 {
		return fmt.Errorf("modbus %s slave %d: an output's slave is between 1 and 247; 0 would switch every slave of the line", o.name, slave)
	}
	return o.withTurn(ctx, write, true, func() *Error {
		if _, e := o.one(ctx, write); e != nil {
			return e
		}
		back := question{slave: slave, function: readCoils, address: address, quantity: 1}
		data, e := o.one(ctx, back)
		if e != nil {
			e.err = fmt.Errorf("written and confirmed, but not read back: %w", e.err)
			return e
		}
		if got := data[0]&1 == 1; got != on {
			return o.wrap(write, ctx, badAnswer("confirmed as %s but reads back %s: check the output", state(on), state(got)))
		}
		return nil
	})
}

func state(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// Stats returns the counters. It does not wait for the line.
func (o *owner) Stats() Stats { return o.slaves.stats(o.name, o.o.Now()) }

// Close ends a question under way, closes the connection and refuses further
// questions. It may be called more than once.
func (o *owner) Close() error {
	o.finish()
	if err := o.turn.take(context.Background(), true); err != nil {
		return err
	}
	defer o.turn.give()
	return o.wire.hangUp()
}

// withTurn runs f as the line's only owner.
func (o *owner) withTurn(ctx context.Context, q question, urgent bool, f func() *Error) error {
	// Before the queue: who is backed off need not wait to hear it.
	if e := o.resting(q); e != nil {
		return e
	}
	waiting, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(o.alive, cancel)
	err := o.turn.take(waiting, urgent)
	stop()
	cancel()
	if err == nil {
		defer o.turn.give()
		err = o.alive.Err()
	}
	if err != nil {
		return o.wrap(q, ctx, err)
	}
	if e := o.resting(q); e != nil {
		return e
	}
	if e := f(); e != nil {
		return e
	}
	return nil
}

// resting returns the error of a question to a slave that is backed off.
func (o *owner) resting(q question) *Error {
	left, why := o.slaves.blocked(q.slave, o.o.Now())
	if left == 0 {
		return nil
	}
	e := o.errorOf(q, kindTimeout, fmt.Errorf("not asked for another %v, it failed before: %w", left.Round(time.Millisecond), why))
	e.backedOff = left
	return e
}

// one asks one question and records how it ended. The turn is held.
func (o *owner) one(ctx context.Context, q question) ([]byte, *Error) {
	bounded, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(o.alive, cancel)()

	o.sent = time.Time{}
	data, err := o.wire.ask(bounded, q)
	var e *Error
	if err != nil {
		e = o.wrap(q, ctx, err)
	}
	if !o.sent.IsZero() {
		now := o.o.Now()
		// A caller whose own time ran out at once says nothing of the slave.
		fair := now.Sub(o.sent) >= o.o.Timeout/2
		o.slaves.note(q.slave, o.sent, now, e, fair, o.o.Jitter())
	}
	if e != nil {
		return nil, e
	}
	return data, nil
}

// open runs a dial unless its time has not come, and tells of a recovery.
func (o *owner) open(ctx context.Context, dial func() error) error {
	if left, blocked := o.back.blocked(o.o.Now()); blocked {
		return &fault{kind: kindUnreachable, err: fmt.Errorf("next attempt in %v, the last one failed: %w",
			left.Round(time.Millisecond), o.back.last)}
	}
	if err := dial(); err != nil {
		if errors.Is(ctx.Err(), context.Canceled) {
			return err // given up by the caller: says nothing about the peer
		}
		o.back.fail(o.o.Now(), o.o.Jitter(), err)
		return &fault{kind: kindUnreachable, err: err}
	}
	if o.back.last != nil {
		o.o.Logger.Info("modbus line is open again", "line", o.name, "after", o.back.last)
	}
	o.slaves.opening(true)
	return nil
}

// hold makes the end of ctx reach a blocked read, by a deadline in the past.
// The returned function has waited for that before it returns, and reports
// whether it happened.
func hold(ctx context.Context, past func(time.Time) error) (release func() bool) {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		_ = past(time.Unix(1, 0)) // fails only when the connection is gone, which the read says too
	})
	return func() bool {
		if stop() {
			return false
		}
		<-ended
		return true
	}
}

// complaint gives a class to an error that is not the transport's. What is not
// an exception is goburrow's untyped finding that an answer contradicts itself.
func complaint(err error) error {
	var exception *goburrow.ModbusError
	var f *fault
	if errors.As(err, &exception) || errors.As(err, &f) {
		return err
	}
	return &fault{kind: kindBadAnswer, err: err}
}

// wrap gives an error its class, the line and the question. ctx is the
// caller's: only its cancellation is a cancellation.
func (o *owner) wrap(q question, ctx context.Context, err error) *Error {
	var exception *goburrow.ModbusError
	var f *fault
	switch {
	case errors.As(err, &exception):
		e := o.errorOf(q, kindException, err)
		e.exception = exception.ExceptionCode
		return e
	case errors.As(err, &f):
		e := o.errorOf(q, f.kind, err)
		e.crc = f.crc
		return e
	case errors.Is(ctx.Err(), context.Canceled):
		return o.errorOf(q, kindCanceled, context.Canceled)
	case o.alive.Err() != nil:
		return o.errorOf(q, kindUnreachable, net.ErrClosed)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return o.errorOf(q, kindTimeout, err)
	}
	return o.errorOf(q, kindUnreachable, err)
}

func (o *owner) errorOf(q question, k kind, err error) *Error {
	return &Error{Line: o.name, Slave: q.slave, Function: q.function, Address: q.address, Quantity: q.quantity, kind: k, err: err}
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
