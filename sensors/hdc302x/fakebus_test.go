package hdc302x

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"periph.io/x/conn/v3/physic"
)

// fakeBus is an I2C bus with one HDC302x on it: a model of its states, after
// the datasheet, not a recording, so that it can fail at any point.
type fakeBus struct {
	mu          sync.Mutex
	unplugged   bool
	measuring   bool // automatic mode; lost with the power
	temperature uint16
	humidity    uint16
	fail        func(w, r []byte) error // a fault of the wire, after the chip
	hang        chan struct{}           // when not nil, transactions wait for it
	asked       int
}

func (b *fakeBus) String() string                  { return "fake" }
func (b *fakeBus) SetSpeed(physic.Frequency) error { return errors.New("not supported") }

func (b *fakeBus) set(change func(b *fakeBus)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

func (b *fakeBus) Tx(addr uint16, w, r []byte) error {
	b.mu.Lock()
	b.asked++
	hang := b.hang
	b.mu.Unlock()
	if hang != nil {
		<-hang
		// As periph's sysfs bus: the number is lost, the text stays.
		return fmt.Errorf("sysfs-i2c: %v", syscall.ETIMEDOUT)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.chip(addr, w, r); err != nil {
		return err
	}
	if b.fail != nil {
		return b.fail(w, r)
	}
	return nil
}

func (b *fakeBus) chip(addr uint16, w, r []byte) error {
	nack := fmt.Errorf("sysfs-i2c: %v", syscall.ENXIO)
	if b.unplugged || addr != DefaultAddress || len(w) < 2 {
		return nack
	}
	switch cmd := binary.BigEndian.Uint16(w); {
	case cmd == 0x2737 && !b.measuring:
		b.measuring = true
	case cmd == 0x3093:
		b.measuring = false
	case cmd == 0xE000 && b.measuring && len(r) == 6:
		for i, v := range []uint16{b.temperature, b.humidity} {
			binary.BigEndian.PutUint16(r[3*i:], v)
			r[3*i+2] = crc(r[3*i : 3*i+2])
		}
	default:
		return nack
	}
	return nil
}

// crc is the datasheet's: polynomial 0x31, initial value 0xFF.
func crc(data []byte) (c byte) {
	c = 0xFF
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

func clock() time.Time { return time.Now() }
