// Package serial opens serial ports by path and says how their time counts. It
// guarantees that a Read ends by its deadline, and that a port that vanished
// is told as such (ErrGone) and never read as silence.
package serial

import (
	"errors"
	"fmt"
	"time"
)

// Parity of each character.
type Parity string

// The parities of Modbus over Serial Line V1.02, section 2.5.1. The standard
// wants even; most sensors are sold with none.
const (
	None Parity = "none"
	Even Parity = "even"
	Odd  Parity = "odd"
)

// Config is one port and how it is set. Zero values mean 9600 8N1.
type Config struct {
	// Path of the device, best the name in /dev/serial/by-id: it follows the
	// adapter from socket to socket. It is resolved anew at each Open.
	Path     string
	Baud     int
	DataBits int // 7 or 8
	Parity   Parity
	StopBits int // 1 or 2
}

// withDefaults fills what is zero.
func (c Config) withDefaults() Config {
	if c.Baud == 0 {
		c.Baud = 9600
	}
	if c.DataBits == 0 {
		c.DataBits = 8
	}
	if c.Parity == "" {
		c.Parity = None
	}
	if c.StopBits == 0 {
		c.StopBits = 1
	}
	return c
}

// Check returns every mistake in the configuration, one a line; nil if none.
func (c Config) Check() error {
	c = c.withDefaults()
	var wrong []error
	mistake := func(format string, a ...any) {
		wrong = append(wrong, fmt.Errorf("serial port %s: %w", c.Path, fmt.Errorf(format, a...)))
	}
	if c.Path == "" {
		mistake("no path: name the device, e.g. /dev/serial/by-id/usb-1a86_USB_Serial-if00-port0")
	}
	if c.Baud < 300 || c.Baud > 4_000_000 {
		mistake("baud %d is not between 300 and 4000000", c.Baud)
	}
	if c.DataBits != 7 && c.DataBits != 8 {
		mistake("data bits %d: 8, or 7 for very old devices", c.DataBits)
	}
	switch c.Parity {
	case None, Even, Odd:
	default:
		mistake("parity %q: none, even or odd", c.Parity)
	}
	if c.StopBits != 1 && c.StopBits != 2 {
		mistake("stop bits %d: 1 or 2", c.StopBits)
	}
	return errors.Join(wrong...)
}

// String is the port as people write it: path 9600 8N1.
func (c Config) String() string {
	c = c.withDefaults()
	return fmt.Sprintf("%s %d %d%c%d", c.Path, c.Baud, c.DataBits, map[Parity]rune{None: 'N', Even: 'E', Odd: 'O'}[c.Parity], c.StopBits)
}

// CharTime is how long one character is on the wire: start, data, parity and
// stop bits.
func (c Config) CharTime() time.Duration {
	c = c.withDefaults()
	bits := 1 + c.DataBits + c.StopBits
	if c.Parity != None {
		bits++
	}
	return time.Duration(bits) * time.Second / time.Duration(max(c.Baud, 1))
}
