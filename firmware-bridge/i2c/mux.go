package i2c

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	periph "periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
)

// Channels is how many buses a PCA9548 (TCA9548A) has behind it. Smaller ones
// of the family (PCA9546) have the first four.
const Channels = 8

// Trunk is a bus with multiplexers on it. It runs one exchange at a time, from
// choosing a channel to leaving it, and guarantees that a chip behind a channel
// is spoken to only while that channel, and no other of the trunk's, is seen to
// be connected: of two chips with the same address never the other one answers.
//
// periph's driver remembers what it chose and does not look, so that after a
// multiplexer lost its power another room's chip can answer; it also needs a
// registry.
type Trunk struct {
	bus  periph.Bus
	mu   sync.Mutex
	open map[uint16]*leftOpen
	mux  map[uint16]bool
}

// leftOpen is a multiplexer whose channel is, or may be, connected.
type leftOpen struct {
	channel int
	silent  int   // how often in a row it did not answer
	err     error // why it could not be left
}

// goneAfter is how often in a row a multiplexer must not answer until it holds
// up nobody else: without power it connects nothing. It is still told to leave
// before each exchange, for the case that it was the bus that was ill.
const goneAfter = 3

var _ periph.Bus = (*Trunk)(nil)

// MuxError says that a channel could not be chosen or left. Nothing was read.
type MuxError struct {
	Bus     string
	Address uint16 // of the multiplexer
	Channel int
	Doing   string // "choose" or "leave"
	Err     error
}

// Error names bus, multiplexer and channel, and what to do.
func (e *MuxError) Error() string {
	hint := "is the multiplexer powered and its address right?"
	if e.Doing == "leave" {
		hint = "the channel stays connected; cycle the multiplexer's reset line or power"
	}
	return fmt.Sprintf("I2C bus %s, multiplexer 0x%02x: %s channel %d: %v (%s)", e.Bus, e.Address, e.Doing, e.Channel, e.Err, hint)
}

// Unwrap returns the cause.
func (e *MuxError) Unwrap() error { return e.Err }

// NewTrunk returns the trunk of bus. Everybody on that bus must go through it:
// bus should be a Watchdog, which ends each of its transactions in time.
func NewTrunk(bus periph.Bus) *Trunk {
	return &Trunk{bus: bus, open: map[uint16]*leftOpen{}, mux: map[uint16]bool{}}
}

// Mux returns the eight buses behind the multiplexer at addr, 0x70 to 0x77. It
// does not touch the bus. A multiplexer is added once.
func (t *Trunk) Mux(addr uint16) ([Channels]periph.Bus, error) {
	var buses [Channels]periph.Bus
	if addr < 0x70 || addr > 0x77 {
		return buses, fmt.Errorf("I2C bus %s: multiplexer address 0x%02x is not between 0x70 and 0x77", t.bus, addr)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mux[addr] {
		return buses, fmt.Errorf("I2C bus %s: multiplexer 0x%02x is there twice", t.bus, addr)
	}
	t.mux[addr] = true
	for n := range buses {
		buses[n] = &channel{trunk: t, mux: addr, number: n}
	}
	return buses, nil
}

// String names the bus.
func (t *Trunk) String() string { return t.bus.String() }

// SetSpeed passes to the bus.
func (t *Trunk) SetSpeed(f physic.Frequency) error { return t.bus.SetSpeed(f) }

// Tx does a transaction with a chip on the trunk itself, before any
// multiplexer, while no channel is connected.
func (t *Trunk) Tx(addr uint16, w, r []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mux[addr] {
		return fmt.Errorf("I2C bus %s: 0x%02x is a multiplexer and no chip", t.bus, addr)
	}
	if err := t.leaveOthers(addr); err != nil {
		return err
	}
	return t.bus.Tx(addr, w, r)
}

// channel is one bus behind a multiplexer.
type channel struct {
	trunk  *Trunk
	mux    uint16
	number int
}

// String names the trunk, the multiplexer and the channel.
func (c *channel) String() string {
	return fmt.Sprintf("%s/0x%02x/%d", c.trunk.bus, c.mux, c.number)
}

// SetSpeed is refused: the speed is the trunk's.
func (c *channel) SetSpeed(physic.Frequency) error {
	return fmt.Errorf("I2C bus %s: the speed is that of %s", c, c.trunk.bus)
}

// Tx chooses the channel, does the transaction and leaves the channel. It
// returns the transaction's own error unchanged, or a *MuxError when the
// channel could not be chosen. What was read stays good when the channel cannot
// be left; that is told to the next one who would be disturbed by it.
func (c *channel) Tx(addr uint16, w, r []byte) error {
	t := c.trunk
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.mux[addr] {
		return fmt.Errorf("I2C bus %s: 0x%02x is a multiplexer of the trunk and no chip", c, addr)
	}
	if err := t.leaveOthers(c.mux); err != nil {
		return err
	}
	// From here on the channel may be connected.
	t.open[c.mux] = &leftOpen{channel: c.number}
	if err := t.control(c.mux, 1<<c.number); err != nil {
		if left := t.leave(c.mux); left != nil && silent(err) && silent(left) {
			delete(t.open, c.mux) // it is not there and took no command
		}
		return &MuxError{Bus: t.bus.String(), Address: c.mux, Channel: c.number, Doing: "choose", Err: err}
	}
	err := t.bus.Tx(addr, w, r)
	_ = t.leave(c.mux) // remembered in t.open
	return err
}

// Trouble lists the multiplexers that could not be made to leave a channel, for
// status pages; it is empty when all is well.
func (t *Trunk) Trouble() []error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []error
	for _, addr := range slices.Sorted(maps.Keys(t.open)) {
		list = append(list, t.stuck(addr))
	}
	return list
}

func (t *Trunk) stuck(mux uint16) error {
	left := t.open[mux]
	return &MuxError{Bus: t.bus.String(), Address: mux, Channel: left.channel, Doing: "leave", Err: left.err}
}

// leaveOthers makes sure that no channel is connected but those of mux, which
// is about to be set.
func (t *Trunk) leaveOthers(mux uint16) error {
	for _, addr := range slices.Sorted(maps.Keys(t.open)) {
		if addr == mux {
			continue
		}
		if err := t.leave(addr); err != nil && t.open[addr].silent < goneAfter {
			return t.stuck(addr)
		}
	}
	return nil
}

// leave disconnects all channels of a multiplexer.
func (t *Trunk) leave(mux uint16) error {
	err := t.control(mux, 0)
	if err == nil {
		delete(t.open, mux)
		return nil
	}
	left := t.open[mux]
	if left.err = err; silent(err) {
		left.silent++
	} else {
		left.silent = 0
	}
	return err
}

// silent tells a multiplexer that did not answer, as one without power, from
// one that answered wrongly and from a bus on which nothing can be said. Which
// error number an absent chip gives depends on the adapter.
func silent(err error) bool {
	var stuck *StuckError
	return !errors.Is(err, errMux) && !errors.Is(err, ErrClosed) && !errors.As(err, &stuck)
}

// errMux is the error of a multiplexer that does not hold what was written.
var errMux = errors.New("holds other channels than those written")

// control writes the control register and reads it back (NXP PCA9548A, section
// 6.2: a write sets it, a read gives it).
func (t *Trunk) control(mux uint16, channels byte) error {
	if err := t.bus.Tx(mux, []byte{channels}, nil); err != nil {
		return err
	}
	var got [1]byte
	if err := t.bus.Tx(mux, nil, got[:]); err != nil {
		return err
	}
	if got[0] != channels {
		return fmt.Errorf("%w: wrote %08b, read %08b", errMux, channels, got[0])
	}
	return nil
}
