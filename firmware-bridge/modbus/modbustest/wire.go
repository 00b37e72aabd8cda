// Package modbustest is the other side of a Modbus RTU line for tests: a wire
// in memory with the bytes' own times, and a bus of slaves that misbehave as a
// script says. It guarantees that it shares no code with the line it tests,
// and that on an in-memory wire all of it runs in a synctest bubble.
package modbustest

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// End is one end of a wire in memory. It stands in for a serial port.
type End struct {
	char time.Duration
	peer *End

	mu       sync.Mutex
	bytes    []arrival // coming to this end
	deadline time.Time
	broken   error
	wake     chan struct{} // closed and renewed at every change
}

type arrival struct {
	b  byte
	at time.Time
}

// NewWire returns the two ends of a wire on which each byte takes char.
func NewWire(char time.Duration) (a, b *End) {
	a, b = &End{char: char, wake: make(chan struct{})}, &End{char: char, wake: make(chan struct{})}
	a.peer, b.peer = b, a
	return a, b
}

func (e *End) changed() {
	close(e.wake)
	e.wake = make(chan struct{})
}

// Read returns the bytes that have arrived, at least one.
func (e *End) Read(p []byte) (int, error) {
	for {
		e.mu.Lock()
		now := time.Now()
		n := 0
		for n < len(p) && n < len(e.bytes) && !e.bytes[n].at.After(now) {
			p[n] = e.bytes[n].b
			n++
		}
		e.bytes = e.bytes[n:]
		if n > 0 || e.broken != nil {
			defer e.mu.Unlock()
			if n > 0 {
				return n, nil
			}
			return 0, e.broken
		}
		next := e.deadline
		if len(e.bytes) > 0 && (next.IsZero() || e.bytes[0].at.Before(next)) {
			next = e.bytes[0].at
		}
		expired := !e.deadline.IsZero() && !e.deadline.After(now)
		wake := e.wake
		e.mu.Unlock()
		if expired {
			return 0, fmt.Errorf("wire: %w", os.ErrDeadlineExceeded)
		}
		if next.IsZero() {
			<-wake
			continue
		}
		timer := time.NewTimer(next.Sub(now))
		select {
		case <-wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Write puts the bytes on the wire behind those that are still on their way.
func (e *End) Write(p []byte) (int, error) {
	to := e.peer
	to.mu.Lock()
	defer to.mu.Unlock()
	if to.broken != nil {
		return 0, to.broken
	}
	at := time.Now()
	if n := len(to.bytes); n > 0 && to.bytes[n-1].at.After(at) {
		at = to.bytes[n-1].at
	}
	for _, b := range p {
		at = at.Add(e.char)
		to.bytes = append(to.bytes, arrival{b, at})
	}
	to.changed()
	return len(p), nil
}

// SetReadDeadline ends a Read under way and later ones at t.
func (e *End) SetReadDeadline(t time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.deadline = t
	e.changed()
	return nil
}

// Close cuts the wire: both ends read io.EOF once they have read what came.
func (e *End) Close() error {
	e.Cut(io.EOF)
	return nil
}

// Cut cuts the wire with an error of the operating system's, such as EIO when
// an adapter is pulled.
func (e *End) Cut(err error) {
	for _, end := range []*End{e, e.peer} {
		end.mu.Lock()
		if end.broken == nil {
			end.broken = err
			end.changed()
		}
		end.mu.Unlock()
	}
}

// Other is the opposite end.
func (e *End) Other() *End { return e.peer }
