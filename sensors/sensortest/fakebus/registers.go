package fakebus

// Registers is a chip that is a set of registers behind a pointer, as LM75 and
// its kin are: a write names a register and may bring its bytes, a read gives
// the bytes of the register named last.
type Registers struct {
	// Default holds the registers' bytes after power up.
	Default map[byte][]byte
	// Fixed registers ignore writes.
	Fixed map[byte]bool
	// Written, when not nil, may change what a write does to register reg.
	Written func(reg byte, v []byte) []byte
	// Regs are the registers as they are now.
	Regs map[byte][]byte

	pointer byte
}

// PowerUp sets every register to its default.
func (c *Registers) PowerUp() {
	c.Regs, c.pointer = map[byte][]byte{}, 0
	for reg, v := range c.Default {
		c.Regs[reg] = append([]byte(nil), v...)
	}
}

// Tx is one transaction. Bytes read beyond a register's end are FF: nobody
// pulls the line low.
func (c *Registers) Tx(w, r []byte) error {
	if len(w) > 0 {
		if _, ok := c.Regs[w[0]]; !ok {
			return NACK()
		}
		c.pointer = w[0]
	}
	if len(w) > 1 && !c.Fixed[c.pointer] {
		v := append([]byte(nil), w[1:]...)
		if c.Written != nil {
			v = c.Written(c.pointer, v)
		}
		copy(c.Regs[c.pointer], v)
	}
	for i := range r {
		r[i] = 0xFF
	}
	copy(r, c.Regs[c.pointer])
	return nil
}
