package smsmodem

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/warthog618/sms"
	"github.com/warthog618/sms/encoding/pdumode"
	"github.com/warthog618/sms/encoding/tpdu"

	"coldchain/alerting/notify"
)

// stored is one entry of the modem's memory.
type stored struct {
	index int
	pdu   string
}

// answers hands over every received SMS in the modem's memory and deletes it.
// What cannot be read is deleted too, with a line in the log: a full memory
// would take no more. An error ends the session.
func (s *session) answers(ctx context.Context) error {
	if s.o.Reply == nil {
		_, err := s.command("")
		if err != nil && s.isBroken(err) {
			return s.broken(err)
		}
		return nil
	}
	lines, err := s.command("+CMGL=4")
	if err != nil {
		if s.isBroken(err) {
			return s.broken(err)
		}
		s.o.Logger.Error("the SMS modem does not list its answers", "error", err)
		return nil
	}
	for _, entry := range list(lines) {
		reply, err := decode(entry.pdu)
		if err != nil {
			s.o.Logger.Error("an SMS that cannot be read is deleted", "error", err)
		} else if err := s.o.Reply(ctx, reply); err != nil {
			s.o.Logger.Error("an answer by SMS was not taken; it stays in the modem", "error", err)
			continue
		}
		if _, err := s.command("+CMGD=" + strconv.Itoa(entry.index)); err != nil {
			if s.isBroken(err) {
				return s.broken(err)
			}
			s.o.Logger.Error("the SMS modem does not delete an answer: it will be taken again", "error", err)
		}
	}
	return nil
}

// list reads the answer to +CMGL: a line "+CMGL: index,state,[name],length"
// and a line with the PDU for each. Only received ones, read or not, are
// returned; a line that is not understood is passed over with its PDU.
func list(lines []string) (out []stored) {
	for i := 0; i+1 < len(lines); i++ {
		rest, ok := strings.CutPrefix(lines[i], "+CMGL:")
		if !ok {
			continue
		}
		fields := strings.Split(rest, ",")
		index, err := strconv.Atoi(strings.TrimSpace(fields[0]))
		if err != nil || index < 0 || len(fields) < 3 {
			continue
		}
		if state := strings.TrimSpace(fields[1]); state != "0" && state != "1" {
			continue
		}
		if strings.HasPrefix(lines[i+1], "+CMGL:") {
			continue
		}
		out = append(out, stored{index, strings.TrimSpace(lines[i+1])})
		i++
	}
	return out
}

// maxPDU is more than an SMS can be, in hexadecimal digits.
const maxPDU = 2 * 300

// decode reads an SMS-DELIVER. Anybody can send one, and a PDU that was built
// to break the library must not break the collector.
func decode(pdu string) (r notify.Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			r, err = notify.Reply{}, fmt.Errorf("SMS of %d octets breaks the decoder: %v", len(pdu)/2, p)
		}
	}()
	if len(pdu) > maxPDU {
		return notify.Reply{}, fmt.Errorf("SMS of %d octets is too long", len(pdu)/2)
	}
	if _, err := hex.DecodeString(pdu); err != nil {
		return notify.Reply{}, fmt.Errorf("SMS is not hexadecimal: %w", err)
	}
	p, err := pdumode.UnmarshalHexString(pdu)
	if err != nil {
		return notify.Reply{}, fmt.Errorf("SMS: %w", err)
	}
	t := tpdu.TPDU{Direction: tpdu.MT}
	if err := t.UnmarshalBinary(p.TPDU); err != nil {
		return notify.Reply{}, fmt.Errorf("SMS: %w", err)
	}
	if t.SmsType() != tpdu.SmsDeliver {
		return notify.Reply{}, fmt.Errorf("SMS is a %s, not a message", t.SmsType())
	}
	// A part of a long one stands alone: an answer is short.
	text, err := sms.Decode([]*tpdu.TPDU{&t})
	if err != nil {
		return notify.Reply{}, fmt.Errorf("SMS: %w", err)
	}
	if !utf8.Valid(text) {
		text = []byte(strings.ToValidUTF8(string(text), "?"))
	}
	return notify.Reply{From: sender(t.OA.Number()), Text: strings.TrimSpace(string(text)), At: t.SCTS.Time}, nil
}

// sender is a number with its country code: a mobile of the mainland may come
// without.
func sender(number string) string {
	number = strings.TrimPrefix(number, "+")
	if len(number) == 11 && number[0] == '1' && strings.Trim(number, "0123456789") == "" {
		return "86" + number
	}
	return number
}
