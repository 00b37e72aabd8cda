package modemtest

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"
)

// SMS is one SMS-SUBMIT as the network sees it.
type SMS struct {
	To   string // digits
	Text string
	// Of a long message: its number, how many parts, which of them from 1.
	Reference, Parts, Part int
}

// parseSubmit takes an SMS-SUBMIT apart (TS 23.040, 9.2.2.2). length is what
// +CMGS announced: the octets after the service centre's address.
func parseSubmit(pdu string, length int) (SMS, error) {
	b, err := hex.DecodeString(pdu)
	if err != nil || len(b) < 1 || len(b) < 1+int(b[0]) {
		return SMS{}, fmt.Errorf("PDU %.40q is no hexadecimal text or too short: %w", pdu, err)
	}
	b = b[1+int(b[0]):]
	if len(b) != length {
		return SMS{}, fmt.Errorf("PDU has %d octets, %d were announced", len(b), length)
	}
	if len(b) < 4 || b[0]&3 != 1 {
		return SMS{}, errors.New("PDU is no SMS-SUBMIT")
	}
	first, digits, kind := b[0], int(b[2]), b[3]
	b = b[4:]
	octets := (digits + 1) / 2
	validity := []int{0, 7, 1, 7}[first>>3&3]
	if kind != 0x91 || len(b) < octets+2+validity+1 {
		return SMS{}, fmt.Errorf("the number's type is %#x, want 0x91 (international), or the PDU breaks off", kind)
	}
	s := SMS{To: number(b[:octets]), Parts: 1, Part: 1}
	coding := b[octets+1]
	b = b[octets+2+validity:]
	size := int(b[0])
	b = b[1:]
	if coding != 0x08 || size != len(b) || size > 140 {
		return SMS{}, fmt.Errorf("coding %#x, %d octets of text announced, %d there: want UCS-2 (0x08) and at most 140", coding, size, len(b))
	}
	if first&0x40 != 0 { // a header: 05 00 03 reference parts part
		if len(b) < 6 || b[0] != 5 || b[1] != 0 || b[2] != 3 {
			return SMS{}, fmt.Errorf("header %x", b[:min(6, len(b))])
		}
		s.Reference, s.Parts, s.Part = int(b[3]), int(b[4]), int(b[5])
		b = b[6:]
	}
	if len(b)%2 != 0 {
		return SMS{}, errors.New("half a character")
	}
	var units []uint16
	for i := 0; i < len(b); i += 2 {
		units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
	}
	s.Text = string(utf16.Decode(units))
	return s, nil
}

// number reads digits, two in an octet, the lower half first.
func number(b []byte) string {
	var out strings.Builder
	for _, o := range b {
		for _, d := range []byte{o & 15, o >> 4} {
			if d != 15 {
				fmt.Fprintf(&out, "%d", d)
			}
		}
	}
	return out.String()
}

// Deliver builds the PDU of an SMS-DELIVER in UCS-2 (TS 23.040, 9.2.2.1), as
// +CMGL shows it. from is digits, with a plus when it has its country code.
func Deliver(from, text string, at time.Time) string {
	kind := byte(0x81)
	if f, ok := strings.CutPrefix(from, "+"); ok {
		from, kind = f, 0x91
	}
	b := []byte{0x00, 0x04, byte(len(from)), kind}
	for i := 0; i < len(from); i += 2 {
		high := byte(15)
		if i+1 < len(from) {
			high = from[i+1] - '0'
		}
		b = append(b, high<<4|(from[i]-'0'))
	}
	_, offset := at.Zone()
	quarters := offset / 900
	sign := byte(0)
	if quarters < 0 {
		quarters, sign = -quarters, 0x08
	}
	b = append(b, 0x00, 0x08)
	for _, n := range []int{at.Year() % 100, int(at.Month()), at.Day(), at.Hour(), at.Minute(), at.Second(), quarters} {
		b = append(b, byte(n%10)<<4|byte(n/10))
	}
	b[len(b)-1] |= sign
	units := utf16.Encode([]rune(text))
	b = append(b, byte(2*len(units)))
	for _, u := range units {
		b = append(b, byte(u>>8), byte(u))
	}
	return strings.ToUpper(hex.EncodeToString(b))
}
