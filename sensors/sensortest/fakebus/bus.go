// Package fakebus is an I2C bus for tests, with models of chips on it: states
// after the datasheet, not recordings, so that it can fail at any point. It
// guarantees that a chip that was unplugged has forgotten all it was told when
// it is plugged in again.
package fakebus

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"

	"coldchain/sensors"
	"coldchain/sensors/sensortest"
)

// Chip is a model of one chip.
type Chip interface {
	// Tx is one transaction with the chip.
	Tx(w, r []byte) error
	// PowerUp puts it into the state it has when its supply comes on.
	PowerUp()
}

// Bus is the bus. Its methods may be called from any goroutine; the chips run
// one transaction at a time.
type Bus struct {
	mu        sync.Mutex
	chips     map[uint16]Chip
	unplugged bool
	wire      func(w, r []byte) error // a fault of the wire, after the chip
	hang      chan struct{}           // when not nil, transactions wait for it
	asked     int
}

var _ i2c.Bus = (*Bus)(nil)

// New returns a bus with one chip that has just been powered up.
func New(addr uint16, chip Chip) *Bus {
	chip.PowerUp()
	return &Bus{chips: map[uint16]Chip{addr: chip}}
}

// Add puts another chip on the bus.
func (b *Bus) Add(addr uint16, chip Chip) {
	chip.PowerUp()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.chips[addr] = chip
}

// String names the bus.
func (b *Bus) String() string { return "fake" }

// SetSpeed is refused, as it is on Linux.
func (b *Bus) SetSpeed(physic.Frequency) error { return errors.New("not supported") }

// NACK is the error of a chip that does not acknowledge, in the words of
// periph's sysfs bus, which keeps the text of the error number alone.
func NACK() error { return fmt.Errorf("sysfs-i2c: %v", syscall.ENXIO) }

// Tx does one transaction.
func (b *Bus) Tx(addr uint16, w, r []byte) error {
	b.mu.Lock()
	b.asked++
	hang := b.hang
	b.mu.Unlock()
	if hang != nil {
		<-hang
		return fmt.Errorf("sysfs-i2c: %v", syscall.ETIMEDOUT)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	chip, ok := b.chips[addr]
	if !ok || b.unplugged {
		return NACK()
	}
	if err := chip.Tx(w, r); err != nil {
		return err
	}
	if b.wire != nil {
		return b.wire(w, r)
	}
	return nil
}

// Asked is how many transactions have reached the bus.
func (b *Bus) Asked() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked
}

// Unplug takes all chips off the bus.
func (b *Bus) Unplug() { b.set(func() { b.unplugged = true }) }

// Plug puts them back, freshly powered up.
func (b *Bus) Plug() { b.set(b.plug) }

func (b *Bus) plug() {
	b.unplugged = false
	for _, c := range b.chips {
		c.PowerUp()
	}
}

// Blink is a supply that failed between two transactions and is back.
func (b *Bus) Blink() { b.Plug() }

// Wire makes f see, change or fail every answer from now on; nil ends it. It
// runs with the bus held.
func (b *Bus) Wire(f func(w, r []byte) error) { b.set(func() { b.wire = f }) }

// Hang lets every transaction wait until Heal.
func (b *Bus) Hang() { b.set(func() { b.hang = make(chan struct{}) }) }

// Heal ends all faults; what was unplugged is plugged in again.
func (b *Bus) Heal() {
	b.set(func() {
		if b.hang != nil {
			close(b.hang)
		}
		b.hang, b.wire = nil, nil
		if b.unplugged {
			b.plug()
		}
	})
}

// Set changes something in a chip's model between two transactions.
func (b *Bus) Set(change func()) { b.set(change) }

func (b *Bus) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

// Fill is a data line stuck at high (0xFF) or low (0x00): a chip seems to
// answer and every byte is v.
func Fill(v byte) func(w, r []byte) error {
	return func(_, r []byte) error {
		for i := range r {
			r[i] = v
		}
		return nil
	}
}

// Flip turns a bit over in the byte at, in answers of n bytes.
func Flip(n, at int, bit byte) func(w, r []byte) error {
	return func(_, r []byte) error {
		if len(r) == n {
			r[at] ^= bit
		}
		return nil
	}
}

// Faults are the ways in which every bus can fail. Garbled are the reasons that
// a driver may give for a stuck data line.
func (b *Bus) Faults(garbled ...sensors.Reason) []sensortest.Fault {
	wire := func(f func(w, r []byte) error) func() { return func() { b.Wire(f) } }
	return []sensortest.Fault{
		{Name: "unplugged", Break: b.Unplug, Reasons: []sensors.Reason{sensors.NoAck}},
		{Name: "data line stuck high", Break: wire(Fill(0xFF)), Reasons: garbled},
		{Name: "data line stuck low", Break: wire(Fill(0)), Reasons: garbled},
		{Name: "short read", Break: wire(func(_, r []byte) error {
			if len(r) > 0 {
				return fmt.Errorf("adapter: %w", io.ErrUnexpectedEOF)
			}
			return nil
		}), Reasons: []sensors.Reason{sensors.ShortRead}},
		{Name: "arbitration lost", Break: wire(func(_, _ []byte) error { return syscall.EAGAIN }),
			Reasons: []sensors.Reason{sensors.NoAck}},
		{Name: "adapter gone", Break: wire(func(_, _ []byte) error { return fmt.Errorf("sysfs-i2c: %v", syscall.ENODEV) }),
			Reasons: []sensors.Reason{sensors.Unreachable}},
		{Name: "hung", Break: b.Hang, Reasons: []sensors.Reason{sensors.Timeout}},
	}
}

// Words fills r with big-endian words, each with its checksum after it, as
// Sensirion's and TI's humidity chips answer. The checksum is written out here a
// second time, bit by bit, so that it can disagree with the drivers'.
func Words(r []byte, words ...uint16) {
	for i, v := range words {
		if len(r) < 3*i+3 {
			return
		}
		r[3*i], r[3*i+1] = byte(v>>8), byte(v)
		r[3*i+2] = Checksum(0xFF, r[3*i:3*i+2])
	}
}

// Checksum is the CRC of polynomial x^8+x^5+x^4+1 from the value init.
func Checksum(init byte, data []byte) (c byte) {
	c = init
	for _, d := range data {
		for bit := 7; bit >= 0; bit-- {
			top := c>>7 ^ d>>bit&1
			c <<= 1
			if top == 1 {
				c ^= 0x31
			}
		}
	}
	return c
}
