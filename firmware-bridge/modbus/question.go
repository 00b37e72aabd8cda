package modbus

import (
	"fmt"

	goburrow "github.com/goburrow/modbus"
)

// The four read functions and their largest quantities, and the one that
// writes: Modbus Application Protocol V1.1b3, sections 6.1 to 6.5.
const (
	readCoils            = 1
	readDiscreteInputs   = 2
	readHoldingRegisters = 3
	readInputRegisters   = 4
	writeCoil            = 5

	maxBits      = 2000
	maxRegisters = 125

	coilOn = 0xFF00
)

// question is one request: a read, or a write of one coil, made by SetOutput
// alone.
type question struct {
	slave, function   uint8
	address, quantity uint16
	on                bool // for writeCoil
}

// check refuses what no device may be asked, before a byte is sent.
func (q question) check() error {
	most := maxRegisters
	switch q.function {
	case readCoils, readDiscreteInputs:
		most = maxBits
	case readHoldingRegisters, readInputRegisters:
	default:
		return fmt.Errorf("function %d does not read (1 coils, 2 discrete inputs, 3 holding, 4 input registers)", q.function)
	}
	if q.quantity < 1 || int(q.quantity) > most {
		return fmt.Errorf("quantity %d for function %d is not between 1 and %d", q.quantity, q.function, most)
	}
	if int(q.address)+int(q.quantity) > 1<<16 {
		return fmt.Errorf("address %d quantity %d goes beyond 65535", q.address, q.quantity)
	}
	return nil
}

// answerSize is how many data bytes the right answer has: for a write the
// value alone, which is what goburrow returns after it compared the address.
func (q question) answerSize() int {
	switch q.function {
	case writeCoil:
		return 2
	case readCoils, readDiscreteInputs:
		return (int(q.quantity) + 7) / 8
	}
	return 2 * int(q.quantity)
}

// ask puts the question through goburrow's PDU code and checks the size, which
// goburrow compares with the frame but not with the quantity.
func (q question) ask(c goburrow.Client) (data []byte, err error) {
	switch q.function {
	case readCoils:
		data, err = c.ReadCoils(q.address, q.quantity)
	case readDiscreteInputs:
		data, err = c.ReadDiscreteInputs(q.address, q.quantity)
	case readHoldingRegisters:
		data, err = c.ReadHoldingRegisters(q.address, q.quantity)
	case readInputRegisters:
		data, err = c.ReadInputRegisters(q.address, q.quantity)
	case writeCoil:
		var value uint16
		if q.on {
			value = coilOn
		}
		data, err = c.WriteSingleCoil(q.address, value)
	}
	if err != nil {
		return nil, err
	}
	if len(data) != q.answerSize() {
		return nil, badAnswer("%d data bytes, want %d", len(data), q.answerSize())
	}
	return data, nil
}
