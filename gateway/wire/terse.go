package wire

import (
	"encoding/binary"
	"fmt"
)

// The short form of an acknowledgement, for gateways that say they read it:
// terseMagic, epoch, then for each range the distance from the end of the one
// before, its length less one, a byte for the outcome, and what belongs to
// that. The usual one is under ten bytes, of JSON's seventy.

const terseMagic = 0x01

const (
	terseStored = iota
	terseQuarantined
	terseRetry
)

// EncodeAckTerse puts an acknowledgement into its short form. It refuses what
// DecodeAck would, and ranges that are not in order.
func EncodeAckTerse(a Ack) ([]byte, error) {
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("encode %w", err)
	}
	b := binary.AppendUvarint(append(make([]byte, 0, 8+8*len(a.Ranges)), terseMagic), a.Epoch)
	next := uint64(0)
	for _, r := range a.Ranges {
		if r.From < next {
			return nil, fmt.Errorf("encode ack: sequence %d comes after %d", r.From, next)
		}
		b = binary.AppendUvarint(b, r.From-next)
		b = binary.AppendUvarint(b, r.To-r.From)
		switch r.Outcome {
		case Stored:
			b = append(b, terseStored)
		case Quarantined:
			b = append(b, terseQuarantined, byte(len(r.Reason)))
			b = append(b, r.Reason...)
		case RetryAfter:
			b = binary.AppendUvarint(append(b, terseRetry), uint64(r.AfterMS))
		}
		next = r.To + 1
	}
	return b, nil
}

func decodeTerse(b []byte) (a Ack, err error) {
	if len(b) > maxAckBytes {
		return a, &MessageError{TooLarge, fmt.Sprintf("ack of %d bytes, at most %d", len(b), maxAckBytes)}
	}
	r := rowReader{b: b[1:]}
	a.Epoch = r.uint()
	next := uint64(0)
	for len(r.b) > 0 && len(a.Ranges) <= maxAckRanges {
		x := AckRange{Range: Range{From: next + min(r.uint(), maxSequence)}}
		x.To = x.From + min(r.uint(), maxSequence)
		switch r.byte() {
		case terseStored:
			x.Outcome = Stored
		case terseQuarantined:
			x.Outcome, x.Reason = Quarantined, QuarantineReason(r.text())
		case terseRetry:
			x.Outcome, x.AfterMS = RetryAfter, int64(min(r.uint(), maxRetryAfterMS+1))
		default:
			r.fail("an outcome that is not known here")
		}
		if x.To > maxSequence {
			r.fail("a sequence beyond every journal")
		}
		a.Ranges, next = append(a.Ranges, x), x.To+1
	}
	if r.wrong != "" {
		return Ack{}, malformed("ack: %s", r.wrong)
	}
	return a, nil
}
