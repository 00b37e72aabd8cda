package gnss

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// NMEA is a receiver that prints NMEA 0183 sentences, usually on a serial port.
type NMEA struct {
	// Open opens the port. Its Read blocks until bytes come, the port is closed
	// or a time-out of its own passes (0 bytes without an error); Close ends a
	// Read in another goroutine.
	Open func(ctx context.Context) (io.ReadCloser, error)
}

func (s NMEA) check() error {
	if s.Open == nil {
		return errors.New("a function that opens the port is required")
	}
	return nil
}

func (s NMEA) follow(ctx context.Context, r *Receiver) error {
	port, err := s.Open(ctx)
	if err != nil {
		return fmt.Errorf("open the receiver's port: %w", err)
	}
	defer closeWith(ctx, port)()
	r.linkUp()
	var f framer
	var m moment
	buf := make([]byte, 512)
	for ctx.Err() == nil {
		n, err := port.Read(buf)
		at, refused := r.cfg.Now(), f.refused
		f.feed(buf[:n], func(line []byte) {
			s, err := parseSentence(line)
			switch {
			case errors.Is(err, errNotOurs):
				r.count(1, 0, nil)
				return
			case err != nil:
				r.count(1, 1, err)
				return
			}
			r.count(1, 0, nil)
			r.satellites(s.satellites)
			if done, ok := m.add(s, at, r.cfg.Bound); ok {
				r.take(done)
			}
		})
		r.count(0, f.refused-refused, nil)
		if err != nil {
			return fmt.Errorf("read the receiver's port: %w", err)
		}
	}
	return ctx.Err()
}

// closeWith closes c when ctx ends or the returned function is called,
// whichever is first, and leaves no goroutine behind.
func closeWith(ctx context.Context, c io.Closer) func() {
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = c.Close()
	})
	return func() {
		if stop() {
			_ = c.Close()
			return
		}
		<-closed
	}
}
