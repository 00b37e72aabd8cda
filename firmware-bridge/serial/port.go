package serial

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	bugst "go.bug.st/serial"
)

// ErrGone says that the port vanished: the adapter was pulled, or its driver
// gave up. Close it and Open it again; the name may return with another number.
var ErrGone = errors.New("the port has vanished")

// slice is how long one wait in the operating system lasts at most, and so how
// late a deadline that was moved to the past is noticed. What arrives wakes
// the wait at once.
const slice = 20 * time.Millisecond

// Port is an open serial port. One goroutine reads and one writes;
// SetReadDeadline may be called by any.
type Port struct {
	path     string
	port     device
	deadline atomic.Int64 // Unix nanoseconds; 0 for none
}

// device is what of go.bug.st/serial's port is used.
type device interface {
	io.ReadWriteCloser
	SetReadTimeout(time.Duration) error
	ResetInputBuffer() error
}

// Open opens the port for this process alone. The path is followed at this
// very moment: a by-id name leads to wherever the adapter is now.
func Open(c Config) (*Port, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	mode := &bugst.Mode{BaudRate: c.Baud, DataBits: c.DataBits, Parity: bugst.NoParity, StopBits: bugst.OneStopBit}
	switch c.Parity {
	case Even:
		mode.Parity = bugst.EvenParity
	case Odd:
		mode.Parity = bugst.OddParity
	}
	if c.StopBits == 2 {
		mode.StopBits = bugst.TwoStopBits
	}
	p, err := bugst.Open(c.Path, mode)
	if err != nil {
		return nil, fmt.Errorf("open serial port %s: %w%s", c, err, advice(err))
	}
	return &Port{path: c.Path, port: p}, nil
}

// advice says what to do about an error of opening.
func advice(err error) string {
	var e *bugst.PortError
	if errors.As(err, &e) {
		switch e.Code() {
		case bugst.PortBusy:
			return " (another program has it open)"
		case bugst.PermissionDenied:
			return " (the user must be in the group dialout)"
		}
	}
	if errors.Is(err, os.ErrNotExist) {
		return " (is the adapter plugged in? coldchain scan lists the ports there are)"
	}
	return ""
}

// SetReadDeadline ends a Read under way and all later ones at t with
// os.ErrDeadlineExceeded, within 20 ms. A zero t means never.
func (p *Port) SetReadDeadline(t time.Time) error {
	if t.IsZero() {
		p.deadline.Store(0)
	} else {
		p.deadline.Store(t.UnixNano())
	}
	return nil
}

// Read waits for at least one byte. What has already come is returned even
// after the deadline.
func (p *Port) Read(b []byte) (int, error) {
	for {
		wait, expired := slice, false
		if at := p.deadline.Load(); at != 0 {
			left := time.Until(time.Unix(0, at))
			wait, expired = max(min(left, slice), 0), left <= 0
		}
		if err := p.port.SetReadTimeout(wait); err != nil {
			return 0, p.wrap("read", err)
		}
		n, err := p.port.Read(b)
		switch {
		case n > 0:
			return n, nil // an error will come again
		case err != nil:
			return 0, p.wrap("read", err)
		case expired:
			return 0, fmt.Errorf("serial port %s: %w", p.path, os.ErrDeadlineExceeded)
		}
	}
}

// Write hands the bytes to the driver, which sends them in its own time.
func (p *Port) Write(b []byte) (int, error) {
	for sent := 0; sent < len(b); {
		n, err := p.port.Write(b[sent:])
		sent += n
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return sent, p.wrap("write", err)
		}
		if n == 0 && err == nil {
			return sent, p.wrap("write", io.ErrShortWrite)
		}
	}
	return len(b), nil
}

// Flush throws away what has come and was not read.
func (p *Port) Flush() error {
	if err := p.port.ResetInputBuffer(); err != nil {
		return p.wrap("flush", err)
	}
	return nil
}

// Close gives the port back. Nobody may be reading.
func (p *Port) Close() error {
	if err := p.port.Close(); err != nil {
		return p.wrap("close", err)
	}
	return nil
}

func (p *Port) wrap(what string, err error) error {
	if gone(err) {
		return fmt.Errorf("%s serial port %s: %w: %w", what, p.path, ErrGone, err)
	}
	return fmt.Errorf("%s serial port %s: %w", what, p.path, err)
}

// gone reports what Linux says when the adapter has been pulled: EIO or ENODEV
// from its driver, ENXIO from some, and for a reader no bytes at all, which
// go.bug.st/serial reports as a closed port.
func gone(err error) bool {
	var e *bugst.PortError
	return errors.Is(err, syscall.EIO) || errors.Is(err, syscall.ENODEV) || errors.Is(err, syscall.ENXIO) ||
		errors.Is(err, syscall.EBADF) || errors.Is(err, io.EOF) ||
		errors.As(err, &e) && e.Code() == bugst.PortClosed
}
