package app

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"coldchain/firmware-bridge/serial"
)

// modemPort is a serial port that may be closed while somebody reads from it,
// which a serial.Port may not.
type modemPort struct {
	*serial.Port
	reading sync.Mutex
	closed  atomic.Bool
	once    sync.Once
	err     error
}

// glance is how long a read lasts before it looks whether the port is closed.
const glance = 200 * time.Millisecond

// OpenModemPort opens the serial port of an SMS modem.
func OpenModemPort(c serial.Config) (io.ReadWriteCloser, error) {
	p, err := serial.Open(c)
	if err != nil {
		return nil, err
	}
	return &modemPort{Port: p}, nil
}

// Read waits for at least one byte; io.EOF after Close.
func (p *modemPort) Read(b []byte) (int, error) {
	p.reading.Lock()
	defer p.reading.Unlock()
	for !p.closed.Load() {
		if err := p.SetReadDeadline(time.Now().Add(glance)); err != nil {
			return 0, err
		}
		n, err := p.Port.Read(b)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
	}
	return 0, io.EOF
}

// Close ends a Read and gives the port back. It may be called again.
func (p *modemPort) Close() error {
	p.closed.Store(true)
	p.reading.Lock()
	defer p.reading.Unlock()
	p.once.Do(func() { p.err = p.Port.Close() })
	return p.err
}
