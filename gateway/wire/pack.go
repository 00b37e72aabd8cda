package wire

import (
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"coldchain/sensors"
)

// Encoding is how a pack is put into bytes. A receiver tells it from the first
// byte, so it is never announced.
type Encoding uint8

// The encodings. CBOR is what edges send; CBORZstd is for backlog; JSON is for
// people and foreign senders. JSON inside zstd is understood too.
const (
	CBOR Encoding = iota
	CBORZstd
	JSON
)

// Limits bound what a decoder does for one message.
type Limits struct {
	Bytes    int // of the payload as received
	Unpacked int // of the payload after decompression
	Records  int // in one pack
	Depth    int // of arrays, maps and tags in each other
	Text     int // bytes of one text
	// Anonymous takes packs without an identity (ep, bsq, old, nxt) too: plain
	// SenML from a foreign sender. Their Epoch and sequences are 0, and nobody
	// can tell their repetition from a new reading, so a collector refuses them.
	Anonymous bool
	// Names, when not nil, says which point a sent name (bn and n together)
	// means; a record with another name is refused as an unknown point.
	Names map[string]sensors.PointID
}

// DefaultLimits are what a collector uses: 256 KiB a message, 1 MiB unpacked,
// 5000 records.
func DefaultLimits() Limits {
	return Limits{Bytes: 256 << 10, Unpacked: 1 << 20, Records: 5000, Depth: 8, Text: 1024}
}

// MessageError says why a whole message was refused. None of its records
// stand, because where one begins and ends, or whose it is, is not certain.
type MessageError struct {
	Reason QuarantineReason
	Detail string // for people: what was wrong, where
}

// Error returns the detail.
func (e *MessageError) Error() string { return "message: " + e.Detail }

// ReasonOf returns the reason inside an error of this package, or Malformed.
func ReasonOf(err error) QuarantineReason {
	if m, ok := errors.AsType[*MessageError](err); ok {
		return m.Reason
	}
	return Malformed
}

func malformed(format string, args ...any) *MessageError {
	return &MessageError{Malformed, fmt.Sprintf(format, args...)}
}

func tooLarge(format string, args ...any) *MessageError {
	return &MessageError{TooLarge, fmt.Sprintf(format, args...)}
}

// DecodePack takes a payload apart under lim. Records that cannot be understood
// come back in the second result and the others stand; an error is always a
// *MessageError and refuses the message as a whole.
func DecodePack(payload []byte, lim Limits) (Pack, []Rejected, error) {
	return NewDecoder(lim).Decode(payload)
}

// Decoder decodes many packs, reusing what it can between them. It is for one
// goroutine at a time; nothing it returns is touched again, unless Recycle is told so.
type Decoder struct {
	lim    Limits
	unpack *zstd.Decoder
	plain  []byte                     // unpacked payload
	points map[string]sensors.PointID // names that were checked
	joined []byte                     // base name and name
	fields fields
	base   base
	free   []Record            // given back by Recycle
	taken  map[uint64]struct{} // sequences of this pack; nil until it numbers its records itself
}

// maxCachedPoints bounds the names a Decoder remembers: a county has hundreds.
const maxCachedPoints = 4096

// NewDecoder returns a Decoder with its limits.
func NewDecoder(lim Limits) *Decoder {
	return &Decoder{lim: lim, points: map[string]sensors.PointID{}}
}

// Decode is DecodePack.
func (d *Decoder) Decode(payload []byte) (Pack, []Rejected, error) { return d.DecodeFrom(payload, nil) }

// DecodeFrom is Decode for messages that may be rows against one of a sender's
// tables. The error's reason is UnknownTable when it is none of them.
func (d *Decoder) DecodeFrom(payload []byte, tables []*Table) (Pack, []Rejected, error) {
	if len(payload) > d.lim.Bytes {
		return Pack{}, nil, tooLarge("%d bytes, at most %d are taken", len(payload), d.lim.Bytes)
	}
	plain, merr := d.unpacked(payload)
	if merr != nil {
		return Pack{}, nil, merr
	}
	if len(plain) == 0 {
		return Pack{}, nil, malformed("it is empty")
	}
	var src source
	switch first := plain[0]; {
	case first >= 0x80 && first <= 0x9f:
		src = &cborReader{b: plain, lim: d.lim}
	case first == '[' || isSpace(first):
		src = &jsonReader{b: plain, lim: d.lim}
	case first == rowsMagic:
		return d.decodeRows(plain[1:], tables)
	default:
		return Pack{}, nil, malformed("byte 0x%02x begins neither a CBOR array nor a JSON array", first)
	}
	p, rejected, merr := d.records(src)
	if merr != nil {
		return Pack{}, nil, merr
	}
	return p, rejected, nil
}

// Recycle takes back the memory of a pack's records, for whoever is done with
// them: a record is large, and copies of it stay good.
func (d *Decoder) Recycle(p Pack) {
	clear(p.Records) // keeps no text alive
	d.free = p.Records[:0]
}

// room returns an empty slice for n records.
func (d *Decoder) room(n int) []Record {
	free := d.free
	d.free = nil
	if cap(free) < n || free == nil {
		return make([]Record, 0, n)
	}
	return free
}

// source walks over one pack. next returns false after the last record; it
// fills f, where a field that is not of its shape is a problem of that record
// alone. An error is one of the message.
type source interface {
	begin() (records int, err *MessageError) // records is 0 when not announced
	next(f *fields) (more bool, err *MessageError)
}

func (d *Decoder) records(src source) (Pack, []Rejected, *MessageError) {
	announced, err := src.begin()
	if err != nil {
		return Pack{}, nil, err
	}
	var p Pack
	var rejected []Rejected
	f := &d.fields
	d.base = base{}
	d.taken = nil
	count := 0
	for ; ; count++ {
		more, err := src.next(f)
		if err != nil {
			return Pack{}, nil, err
		}
		if !more {
			break
		}
		if count >= d.lim.Records {
			return Pack{}, nil, tooLarge("more than %d records", d.lim.Records)
		}
		if count == 0 {
			if err := d.base.identify(f, &p, d.lim.Anonymous); err != nil {
				return Pack{}, nil, err
			}
			p.Records = d.room(announced)
		}
		p.Records = append(p.Records, Record{})
		last := &p.Records[len(p.Records)-1]
		why := d.record(count, f, last)
		if f.has(labelOffset) && d.taken == nil {
			d.taken = map[uint64]struct{}{}
			d.countTaken(p.Records[:len(p.Records)-1], rejected)
		}
		if why.reason == "" && !d.take(last.Seq) {
			why = wrong(Malformed, "sequence %d came twice in one message", last.Seq)
		}
		if why.reason != "" {
			p.Records = p.Records[:len(p.Records)-1]
			rejected = append(rejected, d.reject(count, f, why))
		}
	}
	if count == 0 {
		return Pack{}, nil, malformed("it holds no records")
	}
	return p, rejected, nil
}

// countTaken and take keep two records from coming under one sequence number.
// That can only happen where the sender gave out the numbers itself, so the
// usual pack pays nothing for it.
func (d *Decoder) countTaken(records []Record, rejected []Rejected) {
	for i := range records {
		d.take(records[i].Seq)
	}
	for _, r := range rejected {
		if r.HasSeq {
			d.take(r.Seq)
		}
	}
}

// take reports whether seq was free.
func (d *Decoder) take(seq uint64) bool {
	if d.taken == nil || !d.base.named {
		return true
	}
	before := len(d.taken)
	d.taken[seq] = struct{}{}
	return len(d.taken) > before
}

var zstdMagic = [4]byte{0x28, 0xb5, 0x2f, 0xfd}

func (d *Decoder) unpacked(payload []byte) ([]byte, *MessageError) {
	if len(payload) < 4 || [4]byte(payload) != zstdMagic {
		return payload, nil
	}
	if d.unpack == nil {
		z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(uint64(d.lim.Unpacked)))
		if err != nil {
			return nil, malformed("zstd: %v", err)
		}
		d.unpack = z
	}
	plain, err := d.unpack.DecodeAll(payload, d.plain[:0])
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) || len(plain) > d.lim.Unpacked {
		return nil, tooLarge("more than %d bytes when decompressed", d.lim.Unpacked)
	}
	if err != nil {
		return nil, malformed("zstd: %v", err)
	}
	d.plain = plain
	return plain, nil
}

// Close releases the decompressor, where one was needed.
func (d *Decoder) Close() {
	if d.unpack != nil {
		d.unpack.Close()
		d.unpack = nil
	}
}
