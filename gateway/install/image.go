package install

import (
	"context"

	"coldchain/sensors/modbus"
)

// patience is how many questions a slave that was heard may leave unanswered
// before it is asked no more: devices that are silent where others send an
// exception would cost a time-out for each profile.
const patience = 12

// image is what is known of one slave: each question asked once.
type image struct {
	slave   uint8
	asker   *asker
	answers map[modbus.Span]answer
	words   map[register]uint16
	// lacks are the functions that the device refused as such (exception 1).
	lacks  map[modbus.Function]bool
	silent int
}

// register is one register's or bit's place.
type register struct {
	function modbus.Function
	address  uint16
}

func newImage(slave uint8, a *asker) *image {
	return &image{slave: slave, asker: a, answers: map[modbus.Span]answer{},
		words: map[register]uint16{}, lacks: map[modbus.Function]bool{}}
}

// ask puts a question unless its answer is known or cannot be got.
func (m *image) ask(ctx context.Context, s modbus.Span) answer {
	if a, ok := m.answers[s]; ok {
		return a
	}
	if m.lacks[s.Function] {
		return answer{outcome: refused, exception: 1}
	}
	if m.silent >= patience {
		return answer{outcome: silent}
	}
	a := m.asker.ask(ctx, m.slave, s)
	if a.outcome == garbled { // once more: a live line has collisions
		a = m.asker.ask(ctx, m.slave, s)
	}
	m.keep(s, a)
	return a
}

// keep remembers an answer; what was given up is not known.
func (m *image) keep(s modbus.Span, a answer) {
	switch a.outcome {
	case given:
		return
	case silent, garbled:
		m.silent++
	case refused:
		if a.exception == 1 {
			m.lacks[s.Function] = true
		}
	case answered:
		for i := range s.Quantity {
			at := register{s.Function, s.Address + i}
			if s.Function.Bits() {
				m.words[at] = uint16(a.data[i/8] >> (i % 8) & 1)
			} else {
				m.words[at] = uint16(a.data[2*i])<<8 | uint16(a.data[2*i+1])
			}
		}
	}
	m.answers[s] = a
}
