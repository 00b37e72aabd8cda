package modbustest

import (
	"io"
	"sync"
	"time"
)

// Question is one request as the slaves heard it.
type Question struct {
	N                 int // from 1
	Slave, Function   uint8
	Address, Quantity uint16 // a write's value is in Quantity
}

// Action is one thing that happens on the wire: a pause, then bytes.
type Action struct {
	After time.Duration
	Send  []byte
}

// Bus is the slaves of one RTU line. Each question is answered at once and
// rightly unless Behave says otherwise.
type Bus struct {
	// Data returns the data bytes of the right answer; nil for a question that
	// nobody answers.
	Data func(q Question) []byte
	// Behave returns what happens on the wire given the right frame. It is
	// called from Serve's goroutine; no actions mean silence.
	Behave func(q Question, right []byte) []Action

	mu    sync.Mutex
	asked int
	coils map[[2]int]bool
}

// Asked is how many whole questions were heard.
func (b *Bus) Asked() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked
}

// Coil is the state that was last written to a coil.
func (b *Bus) Coil(slave uint8, address uint16) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.coils[[2]int{int(slave), int(address)}]
}

// Serve answers until the wire ends, and returns when all its actions have.
// Slaves hear questions while answers are under way, as on a real line.
func (b *Bus) Serve(wire io.ReadWriter) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	end := make(chan struct{})
	defer close(end)
	var heard []byte
	buffer := make([]byte, 256)
	for {
		n, err := wire.Read(buffer)
		if err != nil {
			return err
		}
		heard = append(heard, buffer[:n]...)
		for len(heard) >= 8 {
			if Sum(heard[:6]) != [2]byte(heard[6:8]) {
				heard = heard[1:] // find the next question
				continue
			}
			acts := b.answer(heard[:8])
			heard = heard[8:]
			wg.Go(func() { act(wire, acts, end) })
		}
	}
}

func act(wire io.Writer, acts []Action, end <-chan struct{}) {
	for _, a := range acts {
		if a.After > 0 {
			select {
			case <-time.After(a.After):
			case <-end:
				return
			}
		}
		if _, err := wire.Write(a.Send); err != nil {
			return // the wire has ended
		}
	}
}

func (b *Bus) answer(frame []byte) []Action {
	b.mu.Lock()
	b.asked++
	q := Question{N: b.asked, Slave: frame[0], Function: frame[1],
		Address: uint16(frame[2])<<8 | uint16(frame[3]), Quantity: uint16(frame[4])<<8 | uint16(frame[5])}
	b.mu.Unlock()

	var right []byte
	if q.Function == 5 {
		right = append([]byte(nil), frame...)
	} else if data := b.data(q); data != nil {
		right = Sealed(append([]byte{q.Slave, q.Function, byte(len(data))}, data...))
	}
	acts := []Action{{Send: right}}
	if right == nil {
		acts = nil
	}
	if b.Behave != nil && right != nil {
		acts = b.Behave(q, right)
	}
	if q.Function == 5 && len(acts) > 0 {
		b.mu.Lock()
		if b.coils == nil {
			b.coils = map[[2]int]bool{}
		}
		b.coils[[2]int{int(q.Slave), int(q.Address)}] = q.Quantity == 0xFF00
		b.mu.Unlock()
	}
	return acts
}

// data lets written coils be read back, and asks Data for all else.
func (b *Bus) data(q Question) []byte {
	b.mu.Lock()
	on, written := b.coils[[2]int{int(q.Slave), int(q.Address)}]
	b.mu.Unlock()
	if q.Function == 1 && q.Quantity == 1 && written {
		if on {
			return []byte{1}
		}
		return []byte{0}
	}
	return b.Data(q)
}

// Sealed returns a frame with its CRC behind it.
func Sealed(frame []byte) []byte {
	s := Sum(frame)
	return append(append([]byte(nil), frame...), s[0], s[1])
}

// Exception is the frame by which the slave of a right answer refuses.
func Exception(right []byte, code uint8) []byte {
	return Sealed([]byte{right[0], right[1] | 0x80, code})
}

// Sum is the CRC-16 of a frame as it stands on the wire, computed bit by bit by
// polynomial division over reversed bytes: another way than the line's.
func Sum(frame []byte) [2]byte {
	var reg uint32 = 0xFFFF
	for _, b := range frame {
		for i := range 8 {
			bit := uint32(b>>i) & 1
			top := reg >> 15 & 1
			reg = reg << 1 & 0xFFFF
			if top != bit {
				reg ^= 0x8005
			}
		}
	}
	var out uint16
	for i := range 16 {
		out |= uint16(reg>>i&1) << (15 - i)
	}
	return [2]byte{byte(out), byte(out >> 8)}
}
