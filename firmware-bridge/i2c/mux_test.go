package i2c

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	periph "periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2ctest"
	"periph.io/x/conn/v3/physic"
)

// fakeTrunk is a bus with multiplexers and, behind their channels and on the
// trunk itself, chips that answer a read with a byte. Two that are connected
// at once and have the same address pull the line low together.
type fakeTrunk struct {
	mu      sync.Mutex
	control map[uint16]byte
	chips   map[place]byte
	stuck   map[uint16]bool // does not take what is written
	absent  map[uint16]bool
	fail    func(addr uint16, w, r []byte) error
	asked   int
}

// place is a chip's: the multiplexer, 0 for the trunk, its channel and the
// address.
type place struct {
	mux     uint16
	channel int
	addr    uint16
}

func newFakeTrunk(chips map[place]byte) *fakeTrunk {
	return &fakeTrunk{control: map[uint16]byte{0x70: 0, 0x71: 0}, chips: chips, stuck: map[uint16]bool{}, absent: map[uint16]bool{}}
}

func (f *fakeTrunk) String() string                  { return "fake" }
func (f *fakeTrunk) SetSpeed(physic.Frequency) error { return nil }

func (f *fakeTrunk) Tx(addr uint16, w, r []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.fail != nil {
		if err := f.fail(addr, w, r); err != nil {
			return err
		}
	}
	nack := fmt.Errorf("sysfs-i2c: %v", syscall.ENXIO)
	if v, ok := f.control[addr]; ok {
		if f.absent[addr] {
			return nack
		}
		if len(w) > 0 && !f.stuck[addr] {
			f.control[addr] = w[0]
		}
		if len(r) > 0 {
			r[0] = v
		}
		return nil
	}
	answered := false
	for p, v := range f.chips {
		if p.addr == addr && (p.mux == 0 || !f.absent[p.mux] && f.control[p.mux]&(1<<p.channel) != 0) {
			if !answered {
				r[0] = 0xFF
			}
			r[0] &= v
			answered = true
		}
	}
	if !answered {
		return nack
	}
	return nil
}

func buses(t *testing.T, trunk *Trunk, addr uint16) [Channels]periph.Bus {
	t.Helper()
	b, err := trunk.Mux(addr)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func readByte(b periph.Bus, addr uint16) (byte, error) {
	r := make([]byte, 1)
	err := b.Tx(addr, nil, r)
	return r[0], err
}

// twins are chips of the same address on two channels, on another multiplexer
// and, at another address, on the trunk.
func twins() map[place]byte {
	return map[place]byte{{0x70, 0, 0x44}: 0x0F, {0x70, 5, 0x44}: 0xF0, {0x71, 5, 0x44}: 0x33, {0, 0, 0x48}: 0x77}
}

func TestIdenticalChipsOnTwoChannelsAreToldApart(t *testing.T) {
	fake := newFakeTrunk(twins())
	trunk := NewTrunk(NewWatchdog(fake, time.Second))
	a, b := buses(t, trunk, 0x70), buses(t, trunk, 0x71)
	var wait sync.WaitGroup
	for _, tt := range []struct {
		bus  periph.Bus
		addr uint16
		want byte
	}{{a[0], 0x44, 0x0F}, {a[5], 0x44, 0xF0}, {b[5], 0x44, 0x33}, {trunk, 0x48, 0x77}} {
		wait.Go(func() {
			for range 200 {
				if got, err := readByte(tt.bus, tt.addr); err != nil || got != tt.want {
					t.Errorf("%s: %02x, %v; want %02x", tt.bus, got, err, tt.want)
					return
				}
			}
		})
	}
	wait.Wait()
	if fake.control[0x70] != 0 || fake.control[0x71] != 0 {
		t.Errorf("channels left connected: %v", fake.control)
	}
	if _, err := readByte(a[1], 0x44); err == nil || !strings.HasSuffix(err.Error(), "no such device or address") {
		t.Errorf("an empty channel: %v, want the chip's own error", err)
	}
}

// The control register after NXP's PCA9548A, section 6.2: one byte, a bit for
// each channel.
func TestTransactions(t *testing.T) {
	bus := &i2ctest.Playback{DontPanic: true, Ops: []i2ctest.IO{
		{Addr: 0x70, W: []byte{0x20}}, {Addr: 0x70, R: []byte{0x20}},
		{Addr: 0x44, W: []byte{0xFD}},
		{Addr: 0x70, W: []byte{0x00}}, {Addr: 0x70, R: []byte{0x00}},
		{Addr: 0x48, W: []byte{0x00}, R: []byte{1}},
	}}
	trunk := NewTrunk(bus)
	if err := buses(t, trunk, 0x70)[5].Tx(0x44, []byte{0xFD}, nil); err != nil {
		t.Error(err)
	}
	if err := trunk.Tx(0x48, []byte{0}, make([]byte, 1)); err != nil {
		t.Error(err)
	}
	if err := bus.Close(); err != nil {
		t.Error(err)
	}
}

func TestAMultiplexerThatTakesNoChannelReadsNothing(t *testing.T) {
	fake := newFakeTrunk(twins())
	a := buses(t, NewTrunk(fake), 0x70)
	fake.stuck[0x70] = true
	fake.control[0x70] = 1 // channel 0, whatever is written
	var muxError *MuxError
	if got, err := readByte(a[5], 0x44); !errors.As(err, &muxError) || muxError.Doing != "choose" || muxError.Channel != 5 || got != 0 {
		t.Errorf("%02x, %v", got, err)
	}
}

func TestAChannelThatCannotBeLeftIsTold(t *testing.T) {
	fake := newFakeTrunk(twins())
	trunk := NewTrunk(fake)
	a, b := buses(t, trunk, 0x70), buses(t, trunk, 0x71)
	fake.fail = func(addr uint16, _, _ []byte) error { fake.stuck[0x70] = addr == 0x44 || fake.stuck[0x70]; return nil }
	if got, err := readByte(a[5], 0x44); err != nil || got != 0xF0 {
		t.Fatalf("the read before it sticks: %02x, %v", got, err)
	}
	for range 5 { // a stuck one never counts as gone
		for _, bus := range []periph.Bus{b[5], trunk} {
			var muxError *MuxError
			_, err := readByte(bus, 0x44)
			if !errors.As(err, &muxError) || muxError.Doing != "leave" || muxError.Address != 0x70 || muxError.Channel != 5 {
				t.Fatalf("%s: %v", bus, err)
			}
		}
	}
	if list := trunk.Trouble(); len(list) != 1 || !strings.Contains(list[0].Error(), "channel 5") {
		t.Errorf("trouble %v", list)
	}
	fake.stuck[0x70], fake.fail = false, nil
	if got, err := readByte(b[5], 0x44); err != nil || got != 0x33 || len(trunk.Trouble()) != 0 {
		t.Errorf("after it let go: %02x, %v, %v", got, err, trunk.Trouble())
	}
}

func TestAnAbsentMultiplexerHoldsUpNobodyElse(t *testing.T) {
	fake := newFakeTrunk(twins())
	trunk := NewTrunk(fake)
	a, b := buses(t, trunk, 0x70), buses(t, trunk, 0x71)
	fake.absent[0x70] = true
	for range 5 {
		if _, err := readByte(a[0], 0x44); err == nil {
			t.Fatal("an absent multiplexer was read through")
		}
		before := fake.asked
		if got, err := readByte(b[5], 0x44); err != nil || got != 0x33 || fake.asked-before != 5 {
			t.Errorf("the other one: %02x, %v in %d transactions, want 5", got, err, fake.asked-before)
		}
	}
	fake.absent[0x70] = false
	if got, err := readByte(a[0], 0x44); err != nil || got != 0x0F {
		t.Errorf("back again: %02x, %v", got, err)
	}
}

func TestAMultiplexerUnpluggedWithAChannelOpenIsGivenUpAndWatched(t *testing.T) {
	fake := newFakeTrunk(twins())
	trunk := NewTrunk(fake)
	a, b := buses(t, trunk, 0x70), buses(t, trunk, 0x71)
	fake.fail = func(addr uint16, _, _ []byte) error {
		fake.absent[0x70] = fake.absent[0x70] || addr == 0x44
		return nil
	}
	_, _ = readByte(a[5], 0x44)
	fake.fail = nil
	refused := 0
	for range 5 {
		if got, err := readByte(b[5], 0x44); err != nil {
			refused++
		} else if got != 0x33 {
			t.Errorf("read %02x", got)
		}
	}
	if refused != 1 {
		t.Errorf("refused %d times, want until it was silent 3 times in a row", refused)
	}
	// It was not without power after all: its channel is still connected.
	fake.absent[0x70], fake.control[0x70] = false, 1<<5
	if got, err := readByte(b[5], 0x44); err != nil || got != 0x33 || fake.control[0x70] != 0 {
		t.Errorf("it was the bus that was ill: %02x, %v, %v", got, err, fake.control)
	}
}

func TestAMultiplexerThatLostItsPowerChoosesAgain(t *testing.T) {
	fake := newFakeTrunk(twins())
	a := buses(t, NewTrunk(fake), 0x70)
	for range 3 {
		if got, err := readByte(a[5], 0x44); err != nil || got != 0xF0 {
			t.Errorf("%02x, %v", got, err)
		}
		fake.control[0x70] = 0
	}
}

func TestAHangBehindAChannelEndsUnderTheWatchdog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFakeTrunk(twins())
		release := make(chan struct{})
		hang := func(addr uint16, _, _ []byte) error {
			if addr == 0x44 {
				<-release
				return syscall.ETIMEDOUT
			}
			return nil
		}
		trunk := NewTrunk(NewWatchdog(hanging{fake, hang}, time.Second))
		a, b := buses(t, trunk, 0x70), buses(t, trunk, 0x71)
		began := time.Now()
		var stuck *StuckError
		if _, err := readByte(a[0], 0x44); !errors.As(err, &stuck) {
			t.Errorf("%v", err)
		}
		if _, err := readByte(b[0], 0x44); !errors.As(err, &stuck) {
			t.Errorf("behind it: %v", err)
		}
		if d := time.Since(began); d > 2*time.Second {
			t.Errorf("both took %v", d)
		}
		close(release)
		synctest.Wait()
		if got, err := readByte(trunk, 0x48); err != nil || got != 0x77 || fake.control[0x70] != 0 {
			t.Errorf("after it: %02x, %v, %v", got, err, fake.control)
		}
	})
}

type hanging struct {
	*fakeTrunk
	before func(addr uint16, w, r []byte) error
}

func (h hanging) Tx(addr uint16, w, r []byte) error {
	if err := h.before(addr, w, r); err != nil {
		return err
	}
	return h.fakeTrunk.Tx(addr, w, r)
}

func TestMuxRefusesWhatCannotWork(t *testing.T) {
	trunk := NewTrunk(newFakeTrunk(nil))
	a := buses(t, trunk, 0x70)
	for name, err := range map[string]error{
		"address":                  second(trunk.Mux(0x6F)),
		"twice":                    second(trunk.Mux(0x70)),
		"the multiplexer, direct":  trunk.Tx(0x70, []byte{1}, nil),
		"the multiplexer, through": a[0].Tx(0x70, []byte{1}, nil),
		"speed":                    a[0].SetSpeed(physic.KiloHertz),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func second(_ [Channels]periph.Bus, err error) error { return err }
