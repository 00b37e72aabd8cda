package modbus

import (
	"bytes"
	"context"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	goburrow "github.com/goburrow/modbus"

	"coldchain/firmware-bridge/modbus/modbustest"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// replay is a stream that holds an answer, in pieces of at most chunk bytes.
type replay struct {
	wire  *bytes.Reader
	chunk int
	wrote []byte
}

func (r *replay) Write(b []byte) (int, error)     { r.wrote = append(r.wrote, b...); return len(b), nil }
func (r *replay) Close() error                    { return nil }
func (r *replay) SetReadDeadline(time.Time) error { return nil }
func (r *replay) Read(b []byte) (int, error) {
	if len(r.wrote) == 0 || r.wire.Len() == 0 {
		return 0, os.ErrDeadlineExceeded // silence
	}
	if len(b) > r.chunk {
		b = b[:r.chunk]
	}
	return r.wire.Read(b)
}

// askOver asks one question of bytes that are already there.
func askOver(wire []byte, chunk int, q question) (*replay, []byte, error) {
	r := &replay{wire: bytes.NewReader(wire), chunk: chunk}
	l := newRTULine("modbus-rtu", "replay", 0, RTUOptions{Open: func(context.Context) (Stream, error) { return r, nil }})
	defer l.Close()
	l.stream = r // settled already
	l.heard = time.Unix(0, 0)
	data, e := l.one(context.Background(), q)
	if e != nil {
		return r, nil, e
	}
	return r, data, nil
}

// The frames are from the documents named, with their CRC.
func TestFramesOfTheManuals(t *testing.T) {
	tests := []struct {
		source      string
		q           question
		ask, answer string
		data        string
	}{
		{"XY-MD02 manual: 30.5 °C", question{slave: 1, function: 4, address: 1, quantity: 1}, "01 04 00 01 00 01 60 0A", "01 04 02 01 31 79 74", "01 31"},
		{"Modbus V1.1b3 section 6.3, with CRC", question{slave: 17, function: 3, address: 0x6B, quantity: 3}, "11 03 00 6B 00 03 76 87", "11 03 06 AE 41 56 52 43 40 49 AD", "AE 41 56 52 43 40"},
		{"Modbus V1.1b3 section 6.1, with CRC", question{slave: 17, function: 1, address: 0x13, quantity: 0x25}, "11 01 00 13 00 25 0E 84", "11 01 05 CD 6B B2 0E 1B 45 E6", "CD 6B B2 0E 1B"},
		{"Modbus V1.1b3 section 6.5, with CRC", question{slave: 17, function: 5, address: 0xAC, quantity: 1, on: true}, "11 05 00 AC FF 00 4E 8B", "11 05 00 AC FF 00 4E 8B", "FF 00"},
	}
	for _, tt := range tests {
		r, data, err := askOver(unhex(t, tt.answer), 256, tt.q)
		if err != nil || !bytes.Equal(data, unhex(t, tt.data)) || !bytes.Equal(r.wrote, unhex(t, tt.ask)) {
			t.Errorf("%s: asked % x, got % x, %v", tt.source, r.wrote, data, err)
		}
	}
}

// The line's CRC, goburrow's and the test slaves' are three programs.
func TestCRCAgreesWithOthers(t *testing.T) {
	if got := crc16([]byte("123456789")); got != 0x4B37 { // the check value of CRC-16/MODBUS
		t.Errorf("crc16 = %04x, want 4b37", got)
	}
	for i := range 200 {
		body := bytes.Repeat([]byte{byte(i), byte(i * 7), 3}, 1+i%80)
		h := goburrow.NewRTUClientHandler("")
		h.SlaveId = body[0]
		want, err := h.Encode(&goburrow.ProtocolDataUnit{FunctionCode: body[1], Data: body[2:]})
		if err != nil {
			t.Fatal(err)
		}
		got, err := rtuPackager{body[0]}.Encode(&goburrow.ProtocolDataUnit{FunctionCode: body[1], Data: body[2:]})
		if err != nil || !bytes.Equal(got, want) || !bytes.Equal(got, modbustest.Sealed(body)) {
			t.Fatalf("% x, want % x (%v)", got, want, err)
		}
	}
	if _, err := (rtuPackager{1}).Encode(&goburrow.ProtocolDataUnit{Data: make([]byte, 253)}); err == nil {
		t.Error("a frame of 257 bytes was encoded")
	}
}

// FuzzRTUAnswer: whatever comes and in whatever pieces, data is returned only
// from a wire that holds exactly the right frame and nothing else, and an
// exception only from exactly its frame.
func FuzzRTUAnswer(f *testing.F) {
	f.Add(unhex(f, "01 04 02 01 31 79 74"), uint8(4), uint16(1), uint8(255))
	f.Add(unhex(f, "01 84 02 C2 C1"), uint8(4), uint16(1), uint8(1))
	f.Add(unhex(f, "01 04 02 01 31 79 74 00"), uint8(4), uint16(1), uint8(2))
	f.Add(unhex(f, "01 01 01 FF 11 C8"), uint8(1), uint16(3), uint8(3))
	f.Add(unhex(f, "01 05 00 00 FF 00 8C 3A"), uint8(5), uint16(1), uint8(8))
	f.Fuzz(func(t *testing.T, wire []byte, function uint8, quantity uint16, chunk uint8) {
		q := question{slave: 1, function: function, quantity: quantity}
		if function == writeCoil {
			q.quantity, q.on = 1, true
		} else if q.check() != nil {
			return
		}
		_, data, err := askOver(wire, int(chunk)+1, q)
		switch classOf(err) {
		case "ok":
			want := append([]byte{1, function, byte(len(data))}, data...)
			if function == writeCoil {
				want = []byte{1, 5, 0, 0, 0xFF, 0}
			}
			if len(data) != q.answerSize() || !bytes.Equal(wire, modbustest.Sealed(want)) {
				t.Fatalf("wire % x gave % x", wire, data)
			}
		case "exception":
			if len(wire) != 5 || wire[0] != 1 || wire[1] != function|0x80 || wire[2] == 0 || !bytes.Equal(wire, modbustest.Sealed(wire[:3])) {
				t.Fatalf("wire % x gave %v", wire, err)
			}
		case "timeout", "bad answer":
		default:
			t.Fatalf("wire % x: %s (%v)", wire, classOf(err), err)
		}
	})
}
