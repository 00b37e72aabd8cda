package modbus

import (
	"bytes"
	"encoding/binary"
	"fmt"

	goburrow "github.com/goburrow/modbus"
)

// An RTU frame is slave, function, data, CRC: Modbus over Serial Line V1.02,
// section 2.5.1. Nothing in it says where it ends or which question it
// answers; both follow from the question.
const (
	crcSize       = 2
	exceptionSize = 2 + 1 + crcSize
	maxRTUFrame   = 256
)

// crc16 is the check of Modbus over Serial Line V1.02, section 6.2.2: reflected
// polynomial 0xA001, start 0xFFFF, low byte first on the wire.
func crc16(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, c := range b {
		crc ^= uint16(c)
		for range 8 {
			odd := crc & 1
			crc >>= 1
			if odd == 1 {
				crc ^= 0xA001
			}
		}
	}
	return crc
}

// rtuPackager is goburrow's framing seam for one question on an RTU line.
type rtuPackager struct{ slave uint8 }

var _ goburrow.Packager = rtuPackager{}

// Encode puts the slave before the PDU and the CRC behind it.
func (p rtuPackager) Encode(pdu *goburrow.ProtocolDataUnit) ([]byte, error) {
	frame := append([]byte{p.slave, pdu.FunctionCode}, pdu.Data...)
	if len(frame)+crcSize > maxRTUFrame {
		return nil, fmt.Errorf("a frame of %d bytes is longer than %d", len(frame)+crcSize, maxRTUFrame)
	}
	return binary.LittleEndian.AppendUint16(frame, crc16(frame)), nil
}

// Verify has nothing left to do: the transporter returns frames that passed
// checkRTU alone.
func (p rtuPackager) Verify(_, _ []byte) error { return nil }

// Decode takes the PDU out of a checked frame.
func (p rtuPackager) Decode(frame []byte) (*goburrow.ProtocolDataUnit, error) {
	if len(frame) < 2+crcSize {
		return nil, badAnswer("frame of %d bytes", len(frame))
	}
	return &goburrow.ProtocolDataUnit{FunctionCode: frame[1], Data: frame[2 : len(frame)-crcSize]}, nil
}

// rtuAnswerSize is the length of the whole frame that answers a question with
// data.
func rtuAnswerSize(q question) int {
	if q.function == writeCoil {
		return 2 + 4 + crcSize
	}
	return 2 + 1 + q.answerSize() + crcSize
}

// expectRTU says from the first bytes of an answer how long it must become, 0
// while they do not tell. An error means that no further byte can make it an
// answer to this question.
func expectRTU(q question, got []byte) (int, error) {
	if len(got) > 0 && got[0] != q.slave {
		return 0, badAnswer("answer from slave %d (% x)", got[0], got)
	}
	if len(got) < 2 {
		return 0, nil
	}
	switch got[1] {
	case q.function:
	case q.function | 0x80:
		return exceptionSize, nil
	default:
		return 0, badAnswer("answer to function %d (% x)", got[1], got)
	}
	if q.function != writeCoil && len(got) > 2 && int(got[2]) != q.answerSize() {
		return 0, badAnswer("byte count %d, want %d (% x)", got[2], q.answerSize(), got)
	}
	return rtuAnswerSize(q), nil
}

// checkRTU accepts a whole frame of the length that expectRTU told.
func checkRTU(got []byte) error {
	body, sum := got[:len(got)-crcSize], binary.LittleEndian.Uint16(got[len(got)-crcSize:])
	if want := crc16(body); sum != want {
		return &fault{kind: kindBadAnswer, crc: true, err: fmt.Errorf("CRC %04x, want %04x (% x)", sum, want, got)}
	}
	if got[1]&0x80 != 0 && got[2] == 0 {
		return badAnswer("exception without a code")
	}
	return nil
}

// surplus is the finding that bytes followed an answer without a pause. Which
// of them were meant cannot be known.
func surplus(frame, more []byte) error {
	return badAnswer("surplus bytes after the answer (% x, then % x): check the line's termination and bias", frame, bytes.Clone(more))
}
