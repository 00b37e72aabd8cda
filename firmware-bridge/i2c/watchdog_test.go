package i2c

import (
	"bytes"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/physic"
)

// hangingBus answers every transaction with 0xA5 until hang is set; then a
// transaction waits for release.
type hangingBus struct {
	hang    atomic.Bool
	release chan struct{}
	calls   atomic.Int32
	closed  bool
	err     error
}

func newHangingBus() *hangingBus {
	b := &hangingBus{release: make(chan struct{})}
	b.hang.Store(true)
	return b
}

func (b *hangingBus) String() string                    { return "fake" }
func (b *hangingBus) SetSpeed(f physic.Frequency) error { return nil }
func (b *hangingBus) Close() error                      { b.closed = true; return nil }
func (b *hangingBus) Tx(addr uint16, w, r []byte) error {
	b.calls.Add(1)
	if b.hang.Load() {
		<-b.release
	}
	for i := range r {
		r[i] = 0xA5
	}
	return b.err
}

func TestWatchdogPassesTransactions(t *testing.T) {
	bus := &hangingBus{}
	d := NewWatchdog(bus, time.Second)
	r := make([]byte, 2)
	if err := d.Tx(0x44, []byte{1}, r); err != nil || !bytes.Equal(r, []byte{0xA5, 0xA5}) {
		t.Errorf("Tx = %v, read % x", err, r)
	}
	bus.err = errors.New("nack")
	r = make([]byte, 2)
	if err := d.Tx(0x44, nil, r); err != bus.err || !bytes.Equal(r, []byte{0, 0}) {
		t.Errorf("failed Tx = %v, read % x; want the bus's error and no bytes", err, r)
	}
	if err := d.Close(); err != nil || !bus.closed {
		t.Errorf("Close = %v, closed %v", err, bus.closed)
	}
	if err := d.Tx(0x44, nil, r); !errors.Is(err, ErrClosed) {
		t.Errorf("Tx after Close = %v", err)
	}
}

func TestHungTransactionStallsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := newHangingBus()
		d := NewWatchdog(bus, 500*time.Millisecond)
		r := make([]byte, 2)
		began := time.Now()
		var stuck *StuckError
		if err := d.Tx(0x44, []byte{1}, r); !errors.As(err, &stuck) || !stuck.Timeout() || stuck.Address != 0x44 {
			t.Fatalf("hung Tx = %v", err)
		}
		if d := time.Since(began); d != 500*time.Millisecond {
			t.Errorf("gave up after %v", d)
		}

		// While it hangs, others fail at once and do not reach the bus.
		began = time.Now()
		if err := d.Tx(0x45, nil, r); !errors.As(err, &stuck) || stuck.Address != 0x44 {
			t.Errorf("Tx behind a hung one = %v", err)
		}
		if d := time.Since(began); d != 0 {
			t.Errorf("Tx behind a hung one took %v", d)
		}
		if n := bus.calls.Load(); n != 1 {
			t.Errorf("%d calls reached the bus, want 1", n)
		}

		// When it comes back the bus is whole, and the late bytes went nowhere.
		bus.hang.Store(false)
		close(bus.release)
		synctest.Wait()
		if !bytes.Equal(r, []byte{0, 0}) {
			t.Errorf("the late transaction wrote % x into the buffer given up", r)
		}
		if err := d.Tx(0x45, nil, r); err != nil || r[0] != 0xA5 {
			t.Errorf("Tx after recovery = %v, % x", err, r)
		}
	})
}

func TestWaitingTransactionsTakeTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := newHangingBus()
		d := NewWatchdog(bus, time.Second)
		results := make(chan error, 2)
		for range 2 {
			go func() { results <- d.Tx(0x44, nil, make([]byte, 1)) }()
		}
		synctest.Wait()
		close(bus.release)
		for range 2 {
			if err := <-results; err != nil {
				t.Errorf("Tx = %v", err)
			}
		}
	})
}

func TestCloseDoesNotHangOnAHungBus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := newHangingBus()
		d := NewWatchdog(bus, time.Second)
		if err := d.Tx(0x44, nil, nil); err == nil {
			t.Fatal("hung Tx succeeded")
		}
		if err := d.Close(); err == nil || bus.closed {
			t.Errorf("Close of a hung bus = %v, closed %v", err, bus.closed)
		}
		close(bus.release)
	})
}
