package install

import (
	"context"
	"errors"
	"time"

	"coldchain/sensors/modbus"
)

// Line asks one read question on a Modbus line and returns the data bytes of
// its answer. Errors may say more by the methods Exception() uint8, Timeout()
// bool, Unreachable() bool, BadAnswer() bool and Canceled() bool, as those of
// the bridge's lines do.
type Line = modbus.Line

// outcome is how a question ended, as far as a scan is concerned.
type outcome int

const (
	answered outcome = iota
	refused          // an exception: somebody is there
	silent
	garbled // bytes that are no answer: wrong settings, two slaves of one number, noise
	gone    // there is no line to ask on
	given   // given up by the caller
)

// answer is what one question brought.
type answer struct {
	outcome   outcome
	exception uint8
	data      []byte
	err       error
}

// Exceptions by which a gateway speaks for a slave that it cannot reach: the
// slave is not there (Modbus Application Protocol V1.1b3, section 7).
const (
	gatewayPathUnavailable = 10
	gatewayTargetSilent    = 11
)

// judge turns a line's answer into an outcome.
func judge(ctx context.Context, data []byte, err error) answer {
	a := answer{data: data, err: err}
	var exception interface{ Exception() uint8 }
	var late interface{ Timeout() bool }
	var bad interface{ BadAnswer() bool }
	var lost interface{ Unreachable() bool }
	switch {
	case err == nil:
		a.outcome = answered
	case errors.Is(ctx.Err(), context.Canceled):
		a.outcome = given
	case errors.As(err, &exception) && exception.Exception() != 0:
		a.outcome, a.exception = refused, exception.Exception()
		if a.exception == gatewayPathUnavailable || a.exception == gatewayTargetSilent {
			a.outcome = silent
		}
	case errors.As(err, &bad) && bad.BadAnswer():
		a.outcome = garbled
	case errors.As(err, &lost) && lost.Unreachable():
		a.outcome = gone
	case errors.As(err, &late) && late.Timeout():
		a.outcome = silent
	default:
		a.outcome = gone
	}
	return a
}

// The waits before a line that is not there is tried again: some gateways cut
// the connection when they are asked for a slave that they do not have, and the
// line then waits by itself before it dials.
func redials() []time.Duration {
	return []time.Duration{700 * time.Millisecond, 1500 * time.Millisecond}
}

// asker puts a scan's questions, one at a time and with a pause before each,
// so that a line in use keeps room for its owner.
type asker struct {
	line  Line
	pause time.Duration
	asked int
}

func (a *asker) ask(ctx context.Context, slave uint8, s modbus.Span) answer {
	one := a.once(ctx, slave, s)
	for _, wait := range redials() {
		if one.outcome != gone || !sleep(ctx, wait) {
			break
		}
		one = a.once(ctx, slave, s)
	}
	return one
}

func (a *asker) once(ctx context.Context, slave uint8, s modbus.Span) answer {
	if !sleep(ctx, a.pause) {
		return answer{outcome: given, err: ctx.Err()}
	}
	a.asked++
	data, err := a.line.Read(ctx, slave, uint8(s.Function), s.Address, s.Quantity)
	return judge(ctx, data, err)
}

// Reopening is a line for scans. The bridge's lines leave a slave alone that
// was silent a few times, which spares a line in use; a scan that waits anyhow
// opens the line anew and asks on.
type Reopening struct {
	Open func() (LineCloser, error)
	line LineCloser
}

// Read asks the line, which is opened at the first question.
func (r *Reopening) Read(ctx context.Context, slave, function uint8, address, quantity uint16) ([]byte, error) {
	for {
		if r.line == nil {
			line, err := r.Open()
			if err != nil {
				return nil, err
			}
			r.line = line
		}
		data, err := r.line.Read(ctx, slave, function, address, quantity)
		var left interface{ BackedOff() bool }
		if err == nil || !errors.As(err, &left) || !left.BackedOff() {
			return data, err
		}
		if err := r.Close(); err != nil {
			return nil, err
		}
	}
}

// Close closes the line.
func (r *Reopening) Close() error {
	if r.line == nil {
		return nil
	}
	line := r.line
	r.line = nil
	return line.Close()
}

// sleep lets d pass and reports false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
