package install

import (
	"cmp"
	"context"
	"encoding/binary"
	"math"
	"slices"
	"strconv"

	"coldchain/sensors"
	"coldchain/sensors/modbus"
)

// Register is one register of an unknown device with everything that it, or
// it and those after it, may mean.
type Register struct {
	Table    string    `json:"table"` // input or holding
	Address  uint16    `json:"address"`
	Word     uint16    `json:"word"`
	Meanings []Meaning `json:"meanings"` // plausible ones

	function modbus.Function
}

// Meaning is one way to read registers as a number.
type Meaning struct {
	// Choice is the number by which the installer picks it.
	Choice      int              `json:"choice"`
	Type        modbus.Type      `json:"type"`
	Order       modbus.WordOrder `json:"word_order,omitempty"`
	Scale       string           `json:"scale"`
	Value       float64          `json:"value"`
	Temperature bool             `json:"plausible_celsius"`
	Humidity    bool             `json:"plausible_percent_rh"`
}

// Bit is one coil or discrete input of an unknown device.
type Bit struct {
	Table   string `json:"table"` // coil or discrete
	Address uint16 `json:"address"`
	On      bool   `json:"on"`
}

// How many registers one question of a survey asks: few, so that a device with
// small buffers answers; where it refuses, one by one.
const surveyBlock = 8

// survey reads what is there in the tables that the device has.
func survey(ctx context.Context, m *image, from, to uint16) {
	for _, f := range []modbus.Function{modbus.Input, modbus.Holding} {
		for at := int(from); at <= int(to); at += surveyBlock {
			m.block(ctx, modbus.Span{Function: f, Address: uint16(at), Quantity: uint16(min(surveyBlock, int(to)-at+1))})
		}
	}
	for _, f := range []modbus.Function{modbus.Discrete, modbus.Coil} {
		m.block(ctx, modbus.Span{Function: f, Address: 0, Quantity: surveyBlock})
	}
}

// block asks for a block, and for its single addresses where the device
// refuses a block with a hole.
func (m *image) block(ctx context.Context, s modbus.Span) {
	if a := m.ask(ctx, s); a.outcome != refused || a.exception == 1 {
		return
	}
	for i := range s.Quantity {
		m.ask(ctx, modbus.Span{Function: s.Function, Address: s.Address + i, Quantity: 1})
	}
}

// registers lists the registers that were read and do not hold 0, with their
// plausible meanings numbered.
func (m *image) registers() []Register {
	var out []Register
	for at, w := range m.words {
		if !at.function.Bits() {
			out = append(out, Register{Table: at.function.String(), Address: at.address, Word: w, function: at.function})
		}
	}
	slices.SortFunc(out, func(a, b Register) int {
		return cmp.Or(cmp.Compare(b.function, a.function), cmp.Compare(a.Address, b.Address))
	})
	choice := 0
	kept := out[:0]
	for _, r := range out {
		r.Meanings = m.meanings(r)
		for i := range r.Meanings {
			choice++
			r.Meanings[i].Choice = choice
		}
		if r.Word != 0 || len(r.Meanings) > 0 {
			kept = append(kept, r)
		}
	}
	return kept
}

func (m *image) bits() []Bit {
	var out []Bit
	for at, w := range m.words {
		if at.function.Bits() {
			out = append(out, Bit{Table: at.function.String(), Address: at.address, On: w == 1})
		}
	}
	slices.SortFunc(out, func(a, b Bit) int {
		return cmp.Or(cmp.Compare(b.Table, a.Table), cmp.Compare(a.Address, b.Address))
	})
	return out
}

// meanings are the plausible numbers that r, or r and the registers after it,
// may hold, by type and order. Decimal digits in half bytes are tried as 16 bits only.
func (m *image) meanings(r Register) []Meaning {
	var out []Meaning
	add := func(t modbus.Type, o modbus.WordOrder, scale string, v float64) {
		if hot, wet := plausible(sensors.Temperature, v) && v != 0, plausible(sensors.Humidity, v) && v != 0; hot || wet {
			out = append(out, Meaning{Type: t, Order: o, Scale: scale, Value: v, Temperature: hot, Humidity: wet})
		}
	}
	number := int64(int16(r.Word))
	for _, scale := range scales()[:3] {
		add(modbus.Int16, "", scale.text, float64(number)/scale.divisor)
	}
	if n, ok := digits(r.Word); ok && n > 99 {
		for _, scale := range scales()[1:3] {
			add(modbus.BCD16, "", scale.text, float64(n)/scale.divisor)
		}
	}
	m.wide(r, 2, func(o modbus.WordOrder, p uint64) {
		if v := float64(math.Float32frombits(uint32(p))); sane(v) {
			v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', -1, 32), 64)
			add(modbus.Float32, o, "1", v)
		}
		n := int64(int32(uint32(p)))
		if n == int64(int16(uint16(p))) {
			return // no more than its low register says
		}
		for _, scale := range scales() {
			add(modbus.Int32, o, scale.text, float64(n)/scale.divisor)
		}
	})
	m.wide(r, 4, func(o modbus.WordOrder, p uint64) {
		if v := math.Float64frombits(p); sane(v) {
			add(modbus.Float64, o, "1", v)
		}
	})
	return out
}

// wide puts n registers from r on together in every order; nothing when one of
// them was not read.
func (m *image) wide(r Register, n int, each func(o modbus.WordOrder, p uint64)) {
	b := make([]byte, 0, 8)
	for i := range n {
		w, ok := m.words[register{r.function, r.Address + uint16(i)}]
		if !ok || int(r.Address)+i > math.MaxUint16 {
			return
		}
		b = binary.BigEndian.AppendUint16(b, w)
	}
	for _, o := range []modbus.WordOrder{modbus.ABCD, modbus.CDAB, modbus.BADC, modbus.DCBA} {
		var p uint64
		for i := range n {
			w := i
			if o == modbus.CDAB || o == modbus.DCBA {
				w = n - 1 - i
			}
			high, low := b[2*w], b[2*w+1]
			if o == modbus.BADC || o == modbus.DCBA {
				high, low = low, high
			}
			p = p<<16 | uint64(high)<<8 | uint64(low)
		}
		each(o, p)
	}
}

type scale struct {
	text    string
	divisor float64
}

// scales are the steps that devices use.
func scales() []scale {
	return []scale{{"1", 1}, {"0.1", 10}, {"0.01", 100}, {"0.001", 1000}}
}

// sane reports a float that a measurement may be: other bytes read as one give
// tiny and huge numbers.
func sane(v float64) bool { return math.Abs(v) >= 0.1 && math.Abs(v) < 1e6 }

// digits reads four decimal digits; ok is false when one is none.
func digits(w uint16) (n int, ok bool) {
	for shift := 12; shift >= 0; shift -= 4 {
		d := int(w >> shift & 0xF)
		if d > 9 {
			return 0, false
		}
		n = 10*n + d
	}
	return n, true
}
