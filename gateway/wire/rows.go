package wire

import (
	"encoding/binary"
	"math"
	"slices"

	"coldchain/sensors"
)

// Rows are a pack against a table of names, for thin links: a row is its number
// in the table, its time since the row before, its value. A backlog's are
// compressed besides.
// What rows cannot say exactly travels as SenML instead. DESIGN.md has the
// layout.

// rowsMagic is the first byte: neither CBOR's array, JSON nor zstd.
const rowsMagic = 0x01

// clocks are numbered in rows by their place here. Nothing writes to it.
var clocks = [...]ClockSource{ClockNone, ClockRTC, ClockNTP, ClockGNSS}

// The byte of the clock.
const (
	rowsPlaced = 1 << 4 // the times are reconstructed
	rowsBoot   = 1 << 5 // a boot id follows that is not the table's: a backlog's
)

// The head byte of a row.
const (
	rowDecimals   = 7 // how the value is written
	rowFloat      = 6 // of rowDecimals: eight bytes
	rowNoValue    = 7 // of rowDecimals
	rowQuality    = 3 << rowQualityBit
	rowQualityBit = 3
	rowPoint      = 1 << 5 // the point is not the next of the table
	rowTime       = 1 << 6 // the time is not that of the row before
	rowMore       = 1 << 7 // a second byte follows
)

// The second byte of a row.
const (
	moreSeq    = 1 << iota // sequence less bsq, when it is not the place in the pack
	moreMono               // correction of the monotonic time, ms
	moreReason             // text
	moreRaw                // the device's own number
	moreKnown  = 1<<iota - 1
)

// EncodeRows puts a pack into rows, and those into zstd when zip is set. ok is
// false when it holds anything that rows cannot say: more than one boot or
// clock, gaps, events, points or units that are not in the table. Encode says
// it then.
func (e *Encoder) EncodeRows(p Pack, t *Table, zip bool) (payload []byte, ok bool) {
	b, ok := encodeRows(p, t)
	if ok && zip {
		if e.open() != nil {
			return nil, false
		}
		b = e.zip.EncodeAll(b, nil)
	}
	return b, ok && len(b) <= DefaultLimits().Bytes
}

func encodeRows(p Pack, t *Table) (payload []byte, ok bool) {
	if encodable(p) != nil {
		return nil, false
	}
	first := &p.Records[0]
	w := rowWriter{table: t, bsq: first.Seq, time: first.Time().UnixMilli(), mono: first.Mono.Milliseconds(), next: 0}
	for i := range p.Records {
		w.bsq = min(w.bsq, p.Records[i].Seq)
	}
	clock := slices.Index(clocks[:], first.Clock)
	if clock < 0 || w.time < 0 {
		return nil, false
	}
	if first.Reconstructed {
		clock |= rowsPlaced
	}
	if first.Boot != t.boot {
		clock |= rowsBoot
	}
	b := append(make([]byte, 0, 64+6*len(p.Records)), rowsMagic)
	b = append(b, t.ID[:]...)
	b = binary.AppendUvarint(b, p.Epoch)
	b = binary.AppendUvarint(b, w.bsq)
	b = binary.AppendVarint(b, int64(w.bsq-p.Oldest)) // differences wrap at both ends
	b = binary.AppendVarint(b, int64(p.Next-w.bsq)-int64(len(p.Records)))
	b = binary.AppendUvarint(b, uint64(len(p.Records)))
	b = append(b, byte(clock))
	if first.Boot != t.boot {
		if len(first.Boot) > maxWord {
			return nil, false
		}
		b = append(append(b, byte(len(first.Boot))), first.Boot...)
	}
	b = binary.AppendUvarint(b, uint64(w.time))
	w.b = binary.AppendVarint(b, w.mono)
	w.mono -= w.time
	for i := range p.Records {
		r := &p.Records[i]
		if r.Kind != ReadingRecord || r.Boot != first.Boot || r.Clock != first.Clock || r.Reconstructed != first.Reconstructed || !w.row(i, r) {
			return nil, false
		}
	}
	return w.b, len(w.b) <= DefaultLimits().Unpacked
}

// rowWriter remembers what the reader will know when it reaches the next row.
type rowWriter struct {
	b     []byte
	table *Table
	bsq   uint64
	next  int   // number of the point that need not be named
	time  int64 // of the row before, ms
	mono  int64 // monotonic less wall time, ms
}

func (w *rowWriter) row(i int, r *Record) bool {
	point, known := w.table.index[r.Reading.Point]
	if !known || w.table.points[point].unit != r.Unit {
		return false
	}
	head, more := byte(r.Reading.Quality)<<rowQualityBit, byte(0)
	at := r.Time().UnixMilli()
	offset := r.Mono.Milliseconds() - at - w.mono
	raw, hasRaw := r.Reading.Raw()
	for _, f := range [...]struct {
		is   bool
		in   *byte
		flag byte
	}{
		{point != w.next, &head, rowPoint}, {at != w.time, &head, rowTime},
		{r.Seq-w.bsq != uint64(i), &more, moreSeq}, {offset != 0, &more, moreMono},
		{r.Reading.Reason != sensors.NoReason, &more, moreReason}, {hasRaw, &more, moreRaw},
	} {
		if f.is {
			*f.in |= f.flag
		}
	}
	if more != 0 {
		head |= rowMore
	}
	place := len(w.b)
	w.b = append(w.b, head)
	if more != 0 {
		w.b = append(w.b, more)
	}
	if head&rowPoint != 0 {
		w.b = binary.AppendUvarint(w.b, uint64(point))
	}
	if head&rowTime != 0 {
		w.b = binary.AppendVarint(w.b, at-w.time)
	}
	if v, ok := r.Reading.Value(); ok {
		w.b[place] |= w.number(v)
	} else {
		w.b[place] |= rowNoValue
	}
	if more&moreSeq != 0 {
		w.b = binary.AppendUvarint(w.b, r.Seq-w.bsq)
	}
	if more&moreMono != 0 {
		w.b = binary.AppendVarint(w.b, offset)
	}
	if more&moreReason != 0 {
		if len(r.Reading.Reason) > maxWord {
			return false
		}
		w.b = append(append(w.b, byte(len(r.Reading.Reason))), r.Reading.Reason...)
	}
	if hasRaw {
		k := len(w.b)
		w.b = append(w.b, 0)
		w.b[k] = w.number(raw)
	}
	w.next, w.time = point+1, at
	return true
}

// number writes a value behind, and returns how: its number of decimals, or
// rowFloat.
func (w *rowWriter) number(v float64) byte {
	if n, ok := decimal(v); ok && n.exponent <= 0 && n.exponent > -rowFloat {
		w.b = binary.AppendVarint(w.b, n.mantissa)
		return byte(-n.exponent)
	}
	w.b = binary.BigEndian.AppendUint64(w.b, math.Float64bits(v))
	return rowFloat
}
