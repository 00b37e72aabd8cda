package i2cchip

import (
	"context"
	"encoding/binary"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"

	"coldchain/sensors"
)

// mostTransactions is how often one attempt may ask the bus. The longest way
// of a chip takes some dozens; a loop that waits for a flag on a dead bus ends
// here.
const mostTransactions = 200

// Conn is the way to one chip for the time of one attempt. Every call first
// asks whether the poll has been given up.
type Conn struct {
	ctx     context.Context
	bus     i2c.Bus
	address uint16
	asked   int
}

// Tx writes w and then reads len(r) bytes in one transaction with a repeated
// start; either may be empty.
func (c *Conn) Tx(w, r []byte) error { return c.tx(c.address, w, r) }

func (c *Conn) tx(addr uint16, w, r []byte) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	if c.asked++; c.asked > mostTransactions {
		return Faultf(sensors.DeviceBusy, "no result after %d transactions", mostTransactions)
	}
	return c.bus.Tx(addr, w, r)
}

// Ask writes a command, lets the chip work for so long and reads the answer. A
// chip that does not acknowledge the read is still at work and gets that time
// once more.
func (c *Conn) Ask(command []byte, work time.Duration, r []byte) error {
	if err := c.Tx(command, nil); err != nil {
		return err
	}
	if err := c.Wait(work); err != nil {
		return err
	}
	err := c.Tx(nil, r)
	if err != nil && ReasonOf(err) == sensors.NoAck {
		if err = c.Wait(work); err == nil {
			err = c.Tx(nil, r)
		}
	}
	return err
}

// Leave writes what puts a chip to rest, also when the poll was given up.
func (c *Conn) Leave(w []byte) error { return c.bus.Tx(c.address, w, nil) }

// Address is the chip's.
func (c *Conn) Address() uint16 { return c.address }

// Wait lets d pass, or returns the context's error when the poll is given up.
func (c *Conn) Wait(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
}

// Reg8 reads an 8-bit register.
func (c *Conn) Reg8(reg byte) (byte, error) {
	var r [1]byte
	err := c.Tx([]byte{reg}, r[:])
	return r[0], err
}

// SetReg8 writes an 8-bit register.
func (c *Conn) SetReg8(reg, v byte) error { return c.Tx([]byte{reg, v}, nil) }

// Reg16 reads a big-endian 16-bit register.
func (c *Conn) Reg16(reg byte) (uint16, error) {
	var r [2]byte
	err := c.Tx([]byte{reg}, r[:])
	return binary.BigEndian.Uint16(r[:]), err
}

// SetReg16 writes a big-endian 16-bit register.
func (c *Conn) SetReg16(reg byte, v uint16) error {
	return c.Tx(binary.BigEndian.AppendUint16([]byte{reg}, v), nil)
}

// Steady16 reads a 16-bit register of two's complement twice and refuses it
// when the two differ by more than most. Chips without a checksum have no other
// way to tell a bit that the wire turned over.
func (c *Conn) Steady16(reg byte, most int) (uint16, error) {
	first, err := c.Reg16(reg)
	if err != nil {
		return 0, err
	}
	second, err := c.Reg16(reg)
	if err != nil {
		return 0, err
	}
	if d := int(int16(second)) - int(int16(first)); d > most || d < -most {
		return 0, Faultf(sensors.BadAnswer, "register 0x%02x read as 0x%04x and at once as 0x%04x", reg, first, second)
	}
	return second, nil
}

// Bus gives the way to drivers of others, which have no context: a poll given
// up ends at their next transaction.
func (c *Conn) Bus() i2c.Bus { return connBus{c} }

type connBus struct{ c *Conn }

func (b connBus) String() string                    { return b.c.bus.String() }
func (b connBus) SetSpeed(f physic.Frequency) error { return b.c.bus.SetSpeed(f) }
func (b connBus) Tx(addr uint16, w, r []byte) error { return b.c.tx(addr, w, r) }
