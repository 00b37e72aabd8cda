package modbus

import (
	"encoding/binary"
	"fmt"
	"io"

	goburrow "github.com/goburrow/modbus"
)

// The MBAP header: Modbus Messaging on TCP/IP Implementation Guide V1.0b,
// section 3.1.3. Length counts the unit identifier and the PDU.
const (
	headerSize = 7
	minLength  = 1 + 1   // unit, function
	maxLength  = 1 + 253 // unit, longest PDU
)

// partialError says that a frame began and did not end: whatever comes next on
// the connection cannot be told from its rest.
type partialError struct{ err error }

func (e *partialError) Error() string { return "in the middle of an answer: " + e.err.Error() }
func (e *partialError) Unwrap() error { return e.err }

// readFrame reads exactly one MBAP frame and not a byte more. A *partialError
// means that it began; any other I/O error means that not one byte had come.
// A header that no Modbus server can send is a bad answer.
func readFrame(r io.Reader) ([]byte, error) {
	frame := make([]byte, headerSize, headerSize+maxLength)
	if n, err := io.ReadFull(r, frame); err != nil {
		if n > 0 {
			return nil, &partialError{err}
		}
		return nil, err
	}
	if proto := binary.BigEndian.Uint16(frame[2:]); proto != 0 {
		return nil, badAnswer("protocol identifier %d, want 0: this is not Modbus TCP", proto)
	}
	length := int(binary.BigEndian.Uint16(frame[4:]))
	if length < minLength || length > maxLength {
		return nil, badAnswer("length %d in the header is not between %d and %d", length, minLength, maxLength)
	}
	frame = frame[:headerSize-1+length]
	if _, err := io.ReadFull(r, frame[headerSize:]); err != nil {
		return nil, &partialError{err}
	}
	return frame, nil
}

// packager is goburrow's framing seam for one question. goburrow's own packager
// counts transactions per handler; here the number belongs to the line, so that
// it goes on over requests and an old answer can be told from a new one.
type packager struct {
	transaction uint16
	unit        uint8
	function    uint8
}

var _ goburrow.Packager = (*packager)(nil)

// newClient is goburrow's PDU code for one question: it has no lock and no
// context, so it lives no longer.
func newClient(transaction uint16, unit uint8, t goburrow.Transporter) goburrow.Client {
	return goburrow.NewClient2(&packager{transaction: transaction, unit: unit}, t)
}

// Encode puts the MBAP header before the PDU.
func (p *packager) Encode(pdu *goburrow.ProtocolDataUnit) ([]byte, error) {
	p.function = pdu.FunctionCode
	adu := make([]byte, headerSize, headerSize+1+len(pdu.Data))
	binary.BigEndian.PutUint16(adu, p.transaction)
	binary.BigEndian.PutUint16(adu[4:], uint16(2+len(pdu.Data)))
	adu[6] = p.unit
	return append(append(adu, pdu.FunctionCode), pdu.Data...), nil
}

// Verify refuses an answer that is not this question's.
func (p *packager) Verify(_, answer []byte) error {
	if got := binary.BigEndian.Uint16(answer); got != p.transaction {
		return badAnswer("transaction %d, want %d", got, p.transaction)
	}
	if answer[6] != p.unit {
		return badAnswer("answer from unit %d", answer[6])
	}
	// goburrow takes every other function code for an exception.
	function, pdu := answer[headerSize], answer[headerSize:]
	switch {
	case function == p.function:
	case function == p.function|0x80 && len(pdu) == 2 && pdu[1] != 0:
	case function == p.function|0x80:
		return badAnswer("malformed exception of %d bytes", len(pdu))
	default:
		return badAnswer("answer to function %d", function)
	}
	return nil
}

// Decode takes the PDU out of a frame that readFrame has measured.
func (p *packager) Decode(adu []byte) (*goburrow.ProtocolDataUnit, error) {
	if len(adu) <= headerSize {
		return nil, badAnswer("frame of %d bytes", len(adu))
	}
	return &goburrow.ProtocolDataUnit{FunctionCode: adu[headerSize], Data: adu[headerSize+1:]}, nil
}

// session is one TCP connection's life as goburrow's transport seam.
type session struct {
	conn     io.ReadWriter
	last     uint16 // transaction number of the latest question
	asked    int    // questions sent
	answered bool   // at least one whole frame came back
	quiet    int    // questions in a row without any frame coming
	inStep   bool   // the latest question went out whole
	err      error  // why the latest Send failed
}

var _ goburrow.Transporter = (*session)(nil)

// Send writes the question and reads frames until the one with its transaction
// number. Answers to earlier questions of this connection are late: they are
// thrown away. Any other number is a bad answer.
func (s *session) Send(question []byte) (answer []byte, err error) {
	defer func() { s.err = err }()
	want := binary.BigEndian.Uint16(question)
	s.last, s.asked, s.quiet, s.inStep = want, s.asked+1, s.quiet+1, false
	if _, err := s.conn.Write(question); err != nil {
		return nil, fmt.Errorf("send the question: %w", err)
	}
	s.inStep = true
	for {
		frame, err := readFrame(s.conn)
		if err != nil {
			return nil, err
		}
		s.answered, s.quiet = true, 0
		got := binary.BigEndian.Uint16(frame)
		if got == want {
			return frame, nil
		}
		if !s.askedEarlier(got) {
			return nil, badAnswer("transaction %d was never asked (this is %d)", got, want)
		}
	}
}

// askedEarlier reports whether a transaction number was used on this
// connection before the latest one. Numbers wrap at 65536.
func (s *session) askedEarlier(id uint16) bool {
	age := s.last - id
	return age != 0 && int(age) < s.asked
}
