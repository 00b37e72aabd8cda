package modbus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// FuzzReadFrame: whatever comes, a frame that is returned is exactly the bytes
// its header announces, and nothing behind it was read.
func FuzzReadFrame(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0, 5, 1, 3, 2, 0, 40})
	f.Add([]byte{0, 1, 0, 0, 0, 3, 1, 0x83, 2, 0xFF})
	f.Add([]byte{0, 1, 0, 0, 0xFF, 0xFF, 1})
	f.Add([]byte{0, 1, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bytes.NewReader(in)
		frame, err := readFrame(r)
		slow, errSlow := readFrame(iotest.OneByteReader(bytes.NewReader(in)))
		if !bytes.Equal(frame, slow) || (err == nil) != (errSlow == nil) {
			t.Fatalf("byte by byte the outcome differs: % x %v, % x %v", frame, err, slow, errSlow)
		}
		var partial *partialError
		var bad *fault
		switch {
		case err == nil:
			if n := 6 + int(binary.BigEndian.Uint16(in[4:])); len(frame) != n || !bytes.Equal(frame, in[:n]) || r.Len() != len(in)-n {
				t.Fatalf("frame % x of % x, %d bytes left", frame, in, r.Len())
			}
		case errors.Is(err, io.EOF):
			if len(in) != 0 && !errors.As(err, &partial) {
				t.Fatalf("% x: %v, want a partial frame", in, err)
			}
		case errors.As(err, &partial), errors.As(err, &bad):
		default:
			t.Fatalf("% x: unclassified error %v", in, err)
		}
	})
}

// FuzzAnswer: no bytes on the wire make a question return other data than a
// well-formed answer carries.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0, 5, 1, 3, 2, 0, 40}, uint8(3), uint16(1))
	f.Add([]byte{0, 1, 0, 0, 0, 4, 1, 1, 1, 0xFF}, uint8(1), uint16(3))
	f.Add([]byte{0, 1, 0, 0, 0, 3, 1, 0x83, 2}, uint8(3), uint16(1))
	f.Fuzz(func(t *testing.T, wire []byte, function uint8, quantity uint16) {
		q := question{slave: 1, function: function, quantity: quantity}
		if q.check() != nil {
			return
		}
		s := &session{conn: struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(wire), io.Discard}}
		data, err := q.ask(newClient(1, 1, s))
		if err != nil {
			return
		}
		if len(data) != q.answerSize() || len(wire) < 9+len(data) ||
			wire[6] != 1 || wire[7] != function || int(wire[8]) != len(data)%256 || !bytes.Equal(data, wire[9:9+len(data)]) {
			t.Fatalf("wire % x gave % x", wire, data)
		}
	})
}
