package i2c

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	periph "periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
)

// DefaultLimit is how long a transaction may take: an absent chip was measured
// to cost up to 0.4 s on an i.MX6.
const DefaultLimit = time.Second

// Watchdog is a bus whose transactions end in time. Linux gives no way to
// interrupt an I2C ioctl, so each runs in a goroutine of its own; one that
// hangs is left behind, and until it has come back every further transaction
// fails at once instead of piling up behind it.
type Watchdog struct {
	bus   periph.Bus
	limit time.Duration

	token chan struct{} // one transaction on the wire

	mu     sync.Mutex
	closed bool
	stuck  *StuckError // the transaction that has not come back, or nil
}

var _ periph.BusCloser = (*Watchdog)(nil)

// ErrClosed is the error of transactions after Close.
var ErrClosed = errors.New("I2C bus is closed")

// StuckError says that a transaction did not end within the limit, or that an
// earlier one still has not.
type StuckError struct {
	Bus     string
	Address uint16 // of the transaction that hangs
	Since   time.Time
}

// Error names the bus and the chip.
func (e *StuckError) Error() string {
	return fmt.Sprintf("I2C bus %s: the transaction with chip 0x%02x has not come back since %s",
		e.Bus, e.Address, e.Since.UTC().Format(time.RFC3339))
}

// Timeout reports true: a stuck bus is a chip that did not answer in time.
func (e *StuckError) Timeout() bool { return true }

// NewWatchdog watches bus with a limit for each transaction; 0 is DefaultLimit. It
// owns bus from then on.
func NewWatchdog(bus periph.Bus, limit time.Duration) *Watchdog {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &Watchdog{bus: bus, limit: limit, token: make(chan struct{}, 1)}
}

// String names the bus.
func (d *Watchdog) String() string { return d.bus.String() }

// SetSpeed passes to the bus.
func (d *Watchdog) SetSpeed(f physic.Frequency) error { return d.bus.SetSpeed(f) }

// Tx does one transaction. It returns the bus's own error unchanged, or a
// *StuckError when the limit passed, when an earlier transaction hangs, or when
// its turn did not come within the limit. On error r is untouched.
func (d *Watchdog) Tx(addr uint16, w, r []byte) error {
	began := time.Now()
	timer := time.NewTimer(d.limit)
	defer timer.Stop()
	if err := d.refused(); err != nil {
		return err
	}
	select {
	case d.token <- struct{}{}:
	case <-timer.C:
		if err := d.refused(); err != nil {
			return err
		}
		return &StuckError{Bus: d.String(), Address: addr, Since: began}
	}
	if err := d.refused(); err != nil {
		<-d.token
		return err
	}
	timer.Reset(d.limit) // waiting for others is not the chip's fault

	t := d.start(addr, w, len(r))
	select {
	case <-t.done:
	case <-timer.C:
		if err := d.abandon(t, &StuckError{Bus: d.String(), Address: addr, Since: began}); err != nil {
			return err
		}
	}
	if t.err == nil {
		copy(r, t.r)
	}
	return t.err
}

// transaction is one call on the wire. Its goroutine owns all fields until done
// is closed.
type transaction struct {
	w, r []byte // copies: a call that comes back late writes into these
	err  error
	done chan struct{}
}

// start runs the transaction; its goroutine gives the token back.
func (d *Watchdog) start(addr uint16, w []byte, n int) *transaction {
	t := &transaction{w: append([]byte(nil), w...), done: make(chan struct{})}
	if n > 0 {
		t.r = make([]byte, n)
	}
	go func() {
		t.err = d.bus.Tx(addr, t.w, t.r)
		// sysfs hands the buffers to the kernel as bare numbers, which do not
		// keep them alive.
		runtime.KeepAlive(t)
		d.mu.Lock()
		d.stuck = nil
		close(t.done)
		d.mu.Unlock()
		<-d.token
	}()
	return t
}

// abandon marks the bus stuck, unless the transaction ended in this moment.
func (d *Watchdog) abandon(t *transaction, stuck *StuckError) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-t.done:
		return nil
	default:
	}
	d.stuck = stuck
	return stuck
}

// refused is why no transaction may start now, or nil.
func (d *Watchdog) refused() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return ErrClosed
	}
	if d.stuck != nil {
		return d.stuck
	}
	return nil
}

// Close waits for the transaction under way, at most for the limit, and closes
// the bus. A bus that hangs is not closed, because closing would hang too: the
// error says so and its goroutine ends with the process.
func (d *Watchdog) Close() error {
	d.mu.Lock()
	already := d.closed
	d.closed = true
	d.mu.Unlock()
	if already {
		return nil
	}
	timer := time.NewTimer(d.limit)
	defer timer.Stop()
	select {
	case d.token <- struct{}{}:
	case <-timer.C:
		return fmt.Errorf("I2C bus %s hangs and is left open", d.bus)
	}
	if c, ok := d.bus.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
