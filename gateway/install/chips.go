package install

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"
)

// Bus does one I2C transaction with a chip, as periph's i2c.Bus does: write w,
// then read len(r) bytes with a repeated start.
type Bus interface {
	Tx(addr uint16, w, r []byte) error
}

// Chip is an address on an I2C bus where something acknowledged.
type Chip struct {
	Address uint16   `json:"address"`
	Drivers []string `json:"drivers"` // what it may be, likeliest first; empty when unknown
	// Identified says that the chip named itself; otherwise the address and
	// what its registers hold are all there is to go by.
	Identified bool `json:"identified"`
	Note       Text `json:"note"`
	// Mux is the multiplexer's channel it hangs behind; nil on the bus itself.
	Mux *MuxPlace `json:"mux,omitempty"`
}

// MuxPlace is one channel of a multiplexer.
type MuxPlace struct {
	Address uint16 `json:"address"`
	Channel int    `json:"channel"`
}

// Behind marks the chips that were found on a multiplexer's channel. Those of
// the bus itself answer there too and are left out.
func Behind(place MuxPlace, found, onBus []Chip) []Chip {
	var out []Chip
	for _, c := range found {
		if slices.ContainsFunc(onBus, func(o Chip) bool { return o.Address == c.Address }) {
			continue
		}
		c.Mux = &place
		out = append(out, c)
	}
	return out
}

// where is the chip's place in words: 0x44, or 0x44 behind 0x70/3.
func (c Chip) where() string {
	if c.Mux == nil {
		return fmt.Sprintf("0x%02x", c.Address)
	}
	return fmt.Sprintf("0x%02x/%d/0x%02x", c.Mux.Address, c.Mux.Channel, c.Address)
}

// suffix tells the chip's points from those of others.
func (c Chip) suffix() string {
	if c.Mux == nil {
		return fmt.Sprintf("-%02x", c.Address)
	}
	return fmt.Sprintf("-%02x-%d-%02x", c.Mux.Address, c.Mux.Channel, c.Address)
}

// The 7-bit addresses that are not reserved (NXP UM10204, section 3.1.12).
const (
	lowestChip  = 0x08
	highestChip = 0x77
)

// LongestChips is how long a scan of a bus takes if an absent chip costs each.
func LongestChips(each time.Duration) time.Duration {
	return (highestChip - lowestChip + 1) * each
}

// ScanChips asks every address of a bus. The only bytes written are those by
// which a chip is asked for its identity or its settings, and they are written
// only where a sensor of that kind can be. On error it returns what was found.
func ScanChips(ctx context.Context, bus Bus, progress func(Progress)) ([]Chip, error) {
	found := []Chip{}
	broken := 0
	for addr := uint16(lowestChip); addr <= highestChip; addr++ {
		if progress != nil {
			progress(Progress{Done: int(addr - lowestChip), Total: highestChip - lowestChip + 1, Found: len(found), What: fmt.Sprintf("0x%02x", addr)})
		}
		if err := ctx.Err(); err != nil {
			return found, err
		}
		p := &prober{ctx: ctx, bus: bus, addr: addr}
		if c, ok := p.look(); ok {
			found = append(found, c)
		}
		if p.lost != nil {
			// One transaction that hangs holds up all that follow.
			if broken++; broken == 3 {
				return found, fmt.Errorf("ask chip 0x%02x: %w", addr, p.lost)
			}
			continue
		}
		broken = 0
	}
	if progress != nil {
		progress(Progress{Done: highestChip - lowestChip + 1, Total: highestChip - lowestChip + 1, Found: len(found)})
	}
	return found, nil
}

// prober asks one address.
type prober struct {
	ctx  context.Context
	bus  Bus
	addr uint16
	lost error // the bus hangs
}

// read writes w, where there is any, and reads n bytes; nil when nobody
// acknowledged.
func (p *prober) read(n int, w ...byte) []byte {
	if p.lost != nil {
		return nil
	}
	r := make([]byte, n)
	if err := p.bus.Tx(p.addr, w, r); err != nil {
		var late interface{ Timeout() bool }
		var number syscall.Errno // how some adapters say that nobody is there
		if !errors.As(err, &number) && errors.As(err, &late) && late.Timeout() {
			p.lost = err
		}
		return nil
	}
	return r
}

// after writes w, lets the chip work and reads n bytes; nil when nobody
// acknowledged.
func (p *prober) after(work time.Duration, n int, w ...byte) []byte {
	if p.lost != nil || p.bus.Tx(p.addr, w, nil) != nil || !sleep(p.ctx, work) {
		return nil
	}
	return p.read(n)
}

// word reads a big-endian 16-bit register; ok is false when nobody answered.
func (p *prober) word(reg byte) (v uint16, ok bool) {
	b := p.read(2, reg)
	if b == nil {
		return 0, false
	}
	return uint16(b[0])<<8 | uint16(b[1]), true
}

// look asks who is there. Chips that have an identity are asked first, in an
// order in which no chip takes another's question for an order of its own.
func (p *prober) look() (Chip, bool) {
	for _, k := range kinds() {
		if p.addr < k.first || p.addr > k.last {
			continue
		}
		if c, ok := k.look(p); ok {
			c.Address = p.addr
			return c, true
		}
	}
	// Reading one byte disturbs nothing that is made to be read.
	if p.read(1) == nil {
		return Chip{}, false
	}
	return Chip{Address: p.addr, Drivers: []string{}, Note: Text{"有应答，不是已知的传感器", "something answers that is no known sensor"}}, true
}

// kind is a kind of chip, where it can be and how it is recognised.
type kind struct {
	first, last uint16
	look        func(p *prober) (Chip, bool)
}

func identified(driver, zh, en string) (Chip, bool) {
	return Chip{Drivers: []string{driver}, Identified: true, Note: Text{zh, en}}, true
}
