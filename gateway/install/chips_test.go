package install

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"coldchain/sensors/sensortest/fakebus"
)

// command is a chip that answers a few commands with words and their
// checksums, and refuses everything else, as Sensirion's do.
type command struct {
	answers map[string][]uint16
	pending []uint16
	split   bool // it does not answer in the question's own transaction
	wrote   *[][]byte
}

func (c *command) PowerUp() { c.pending = nil }

func (c *command) Tx(w, r []byte) error {
	if len(w) > 0 {
		words, ok := c.answers[string(w)]
		if !ok {
			if c.wrote != nil {
				*c.wrote = append(*c.wrote, slices.Clone(w))
			}
			return fakebus.NACK()
		}
		c.pending = words
		if c.split && len(r) > 0 {
			return fakebus.NACK()
		}
	}
	if len(r) == 0 {
		return nil
	}
	if c.pending == nil || len(r) != 3*len(c.pending) {
		return fakebus.NACK()
	}
	fakebus.Words(r, c.pending...)
	return nil
}

// latch is a PCA9548: one register without an address.
type latch struct{ v byte }

func (l *latch) PowerUp() { l.v = 0x04 }
func (l *latch) Tx(w, r []byte) error {
	for _, b := range w {
		l.v = b
	}
	for i := range r {
		r[i] = l.v
	}
	return nil
}

func registers(of map[byte][]byte) *fakebus.Registers {
	return &fakebus.Registers{Default: of}
}

// ports is a PCF8574A: what is written comes out at its pins.
type ports struct{ writes int }

func (*ports) PowerUp() {}
func (p *ports) Tx(w, r []byte) error {
	p.writes += len(w)
	for i := range r {
		r[i] = 0xFF
	}
	return nil
}

func TestChipsAreToldApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		expander, mux := &ports{}, &latch{}
		bus := fakebus.New(0x18, registers(map[byte][]byte{6: {0x00, 0x54}, 7: {0x04, 0x00}}))
		bus.Add(0x38, expander)
		bus.Add(0x40, registers(map[byte][]byte{0xFE: {0x54, 0x49}, 0xFF: {0x10, 0x50}}))
		bus.Add(0x44, &command{answers: map[string][]uint16{"\xF3\x2D": {0x8010}}})
		bus.Add(0x45, &command{answers: map[string][]uint16{"\x37\x81": {0x3000}, "\xF3\x2D": {0x8010}}})
		bus.Add(0x46, &command{answers: map[string][]uint16{"\x89": {0x1234, 0x5678}}, split: true})
		bus.Add(0x48, registers(map[byte][]byte{0: {0x0C, 0x80}, 1: {0x02, 0x20}, 0x0F: {0x01, 0x17}}))
		bus.Add(0x49, registers(map[byte][]byte{0: {0x00, 0x00}, 1: {0x85, 0x83}, 2: {0x80, 0x00}, 3: {0x7F, 0xFF}}))
		bus.Add(0x4A, registers(map[byte][]byte{0: {0xEE, 0x00}, 1: {0x60, 0xA0}, 2: {0x4B, 0x00}, 3: {0x50, 0x00}}))
		bus.Add(0x4B, registers(map[byte][]byte{0: {0xEE, 0x00}, 1: {0x00}, 2: {0x4B, 0x00}, 3: {0x50, 0x00}}))
		bus.Add(0x57, registers(map[byte][]byte{0: {1, 2, 3}}))
		bus.Add(0x68, registers(map[byte][]byte{0: {0x45, 0x59, 0x12, 1, 0x23, 0x11, 0x26, 0, 0, 0, 0, 0, 0, 0, 0x1C, 0, 0, 0x19, 0x40}}))
		bus.Add(0x71, &latch{})
		bus.Add(0x76, registers(map[byte][]byte{0xD0: {0x60}}))
		bus.Add(0x77, mux)
		chips, err := ScanChips(t.Context(), bus, nil)
		if err != nil {
			t.Fatal(err)
		}
		s := Scan{Bus: "/dev/i2c-1", Key: "i2c", Value: "/dev/i2c-1", Chips: chips, Complete: true}
		for _, l := range []Language{Chinese, English} {
			var b strings.Builder
			s.Write(&b, l)
			golden(t, "chips-"+string(l)+".txt", b.String())
		}
		d, err := Chooser{County: "hangjin", Site: "truck-1", Gateway: "truck-1-gw", Zone: "box"}.Draft(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "chips.yaml", d.YAML("/etc/coldchain"))
		if expander.writes > 0 {
			t.Error("a port expander was written to: its outputs have switched")
		}
		if mux.v != 0x04 {
			t.Errorf("the multiplexer's channels are %#x now, want as before the scan", mux.v)
		}
	})
}

// hung is a bus on which the first transaction does not come back.
type hung struct{ asked int }

func (h *hung) Tx(uint16, []byte, []byte) error {
	h.asked++
	return lineError{late: true}
}

func TestAHungBusEndsTheScan(t *testing.T) {
	bus := &hung{}
	if _, err := ScanChips(t.Context(), bus, nil); err == nil {
		t.Error("no error: a bus that hangs is not an empty bus")
	}
	if bus.asked > 10 {
		t.Errorf("asked %d times", bus.asked)
	}
}

// slow is an adapter that times out on each absent chip, as that of the i.MX6.
type slow struct{}

func (slow) Tx(uint16, []byte, []byte) error { return syscall.ETIMEDOUT }

func TestAbsentChipsMayTimeOut(t *testing.T) {
	if chips, err := ScanChips(t.Context(), slow{}, nil); err != nil || len(chips) > 0 {
		t.Errorf("%v, %v: want no chips and no error", chips, err)
	}
}

func TestAScanOfChipsCanBeGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	bus := fakebus.New(0x18, registers(map[byte][]byte{6: {0x00, 0x54}, 7: {0x04, 0x00}}))
	chips, err := ScanChips(ctx, bus, func(p Progress) {
		if p.Done == 0x30 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || len(chips) != 1 {
		t.Errorf("%v, %v: want the chip that was found until then", chips, err)
	}
}
