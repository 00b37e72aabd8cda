package modbus

import (
	"fmt"
	"time"
)

// Error is every error that Read and SetOutput return, except for questions
// that cannot be asked at all. A caller that does not import this package
// classifies it with errors.As on an interface of the one method it cares
// about, for example interface{ Timeout() bool }.
//
// At most one of Timeout, Unreachable, BadAnswer, Canceled is true and
// Exception non-zero.
type Error struct {
	Line              string // the port's path or host:port
	Slave, Function   uint8
	Address, Quantity uint16

	kind      kind
	exception uint8
	crc       bool
	backedOff time.Duration
	err       error
}

type kind uint8

const (
	kindTimeout kind = iota + 1
	kindUnreachable
	kindBadAnswer
	kindException
	kindCanceled
)

// Timeout reports that no whole answer came within the time allowed, or that
// the slave was not asked because it has been silent: see BackedOff.
func (e *Error) Timeout() bool { return e.kind == kindTimeout }

// BackedOff reports that the question was not sent, because the slave failed
// to answer the last ones: it is left alone until a back-off has passed.
func (e *Error) BackedOff() bool { return e.backedOff > 0 }

// RetryAfter is how long the back-off still lasts; 0 without one.
func (e *Error) RetryAfter() time.Duration { return e.backedOff }

// Unreachable reports that there is no connection: it was refused, was cut, is
// waiting for the next attempt, or the line was closed.
func (e *Error) Unreachable() bool { return e.kind == kindUnreachable }

// BadAnswer reports bytes that are not a Modbus answer to this question, or an
// output that reads back as what it was not set to.
func (e *Error) BadAnswer() bool { return e.kind == kindBadAnswer }

// Canceled reports that the caller gave the question up.
func (e *Error) Canceled() bool { return e.kind == kindCanceled }

// Exception returns the exception code of the device's answer (Modbus
// Application Protocol V1.1b3, section 7), or 0 when it sent none.
func (e *Error) Exception() uint8 { return e.exception }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.err }

// Error names the line, the slave and the question.
func (e *Error) Error() string {
	if e.Function == writeCoil {
		return fmt.Sprintf("modbus %s slave %d: set output (function %d) address %d: %v",
			e.Line, e.Slave, e.Function, e.Address, e.err)
	}
	return fmt.Sprintf("modbus %s slave %d: read function %d address %d quantity %d: %v",
		e.Line, e.Slave, e.Function, e.Address, e.Quantity, e.err)
}

// fault is an error inside one exchange with its class, before the owner adds
// the line and the question.
type fault struct {
	kind kind
	crc  bool
	err  error
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

func badAnswer(format string, a ...any) error {
	return &fault{kind: kindBadAnswer, err: fmt.Errorf(format, a...)}
}
