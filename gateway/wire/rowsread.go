package wire

import (
	"encoding/binary"
	"math"
	"time"

	"coldchain/sensors"
)

// UnknownTable refuses a message of rows whose table is not at hand. It says
// nothing against the message: with the gateway's inventory it can be read.
const UnknownTable QuarantineReason = "unknown-table"

func (d *Decoder) decodeRows(b []byte, tables []*Table) (Pack, []Rejected, error) {
	r := rowReader{b: b}
	var id TableID
	if len(r.b) < len(id) {
		return Pack{}, nil, malformed("rows that end before the name of their table")
	}
	r.b = r.b[copy(id[:], r.b):]
	for _, t := range tables {
		if t.ID == id {
			r.table = t
		}
	}
	if r.table == nil {
		return Pack{}, nil, &MessageError{UnknownTable, "rows against table " + id.String() + ", of which no inventory has come"}
	}
	p, rejected := r.pack(d)
	if r.wrong != "" {
		return Pack{}, nil, malformed("%s", r.wrong)
	}
	return p, rejected, nil
}

// rowReader walks over rows. After the first thing that is wrong it reads only
// zeros, and says what it was.
type rowReader struct {
	b     []byte
	table *Table
	wrong string

	bsq   uint64
	next  int
	time  int64
	mono  int64
	boot  string
	clock ClockSource
	again bool // the times are reconstructed
}

func (r *rowReader) fail(what string) {
	if r.wrong == "" {
		r.wrong = what
	}
	r.b = nil
}

func (r *rowReader) byte() byte {
	if len(r.b) == 0 {
		r.fail("rows that end too early")
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *rowReader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail("rows with a number that is cut off or too long")
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *rowReader) int() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail("rows with a number that is cut off or too long")
		return 0
	}
	r.b = r.b[n:]
	return v
}

// pack reads what stands before the rows, and the rows.
func (r *rowReader) pack(d *Decoder) (p Pack, rejected []Rejected) {
	p.Epoch, r.bsq = r.uint(), r.uint()
	p.Oldest = r.bsq - uint64(r.int())
	ahead, n, clock := r.int(), r.uint(), r.byte()
	p.Next = r.bsq + uint64(ahead+int64(min(n, maxSequence)))
	r.boot = r.table.boot
	if clock&rowsBoot != 0 {
		r.boot = r.text()
	}
	r.time, r.mono = int64(min(r.uint(), maxMicros)), r.int()
	r.clock, r.again = clocks[clock&3], clock&rowsPlaced != 0
	r.mono -= r.time
	switch {
	case r.wrong != "":
		return p, nil
	case p.Epoch == 0 || p.Epoch > maxSequence || p.Next > maxSequence || p.Oldest > p.Next || clock&^(3|rowsPlaced|rowsBoot) != 0, !cleanText(r.boot, maxWord):
		r.fail("rows whose epoch, sequences, clock or boot are none")
		return p, nil
	case n == 0 || n > uint64(d.lim.Records) || n > uint64(len(r.b)):
		r.fail("rows whose number is none, beyond what is taken, or more than there are bytes")
		return p, nil
	}
	p.Records = d.room(int(n))
	var taken map[uint64]bool
	for i := range int(n) {
		record, why := r.row(i)
		if r.wrong != "" {
			return p, nil
		}
		offset := record.Seq - r.bsq
		if offset != uint64(i) && taken == nil { // the usual pack numbers itself
			taken = map[uint64]bool{}
			for k := range uint64(i) {
				taken[k] = true
			}
		}
		if taken[offset] {
			r.fail("rows with a sequence that comes twice")
			return p, nil
		}
		if taken != nil {
			taken[offset] = true
		}
		switch {
		case record.Seq >= p.Next:
			r.fail("rows with a sequence that is not below the next one")
			return p, nil
		case why.reason != "":
			rejected = append(rejected, Rejected{Index: i, Seq: record.Seq, HasSeq: true, Reason: why.reason, Detail: why.detail, Point: string(record.Reading.Point)})
		default:
			p.Records = append(p.Records, record)
		}
	}
	if len(r.b) > 0 {
		r.fail("rows with something behind them")
	}
	return p, rejected
}

// row reads one; a problem is one of that row alone.
func (r *rowReader) row(i int) (out Record, why problem) {
	head, more := r.byte(), byte(0)
	if head&rowMore != 0 {
		more = r.byte()
	}
	if more&^moreKnown != 0 {
		r.fail("rows with a field that is not known here")
	}
	point := uint64(r.next)
	if head&rowPoint != 0 {
		point = r.uint()
	}
	if point >= uint64(len(r.table.points)) {
		r.fail("rows with a point that is not in their table")
		return out, none
	}
	if head&rowTime != 0 {
		r.time += r.int()
	}
	v, has := r.number(head & rowDecimals)
	out = Record{Seq: r.bsq + uint64(i), Boot: r.boot, Clock: r.clock, Reconstructed: r.again, Unit: r.table.points[point].unit}
	if more&moreSeq != 0 {
		out.Seq = r.bsq + min(r.uint(), maxSequence)
	}
	mono := r.mono + r.time
	if more&moreMono != 0 {
		mono += r.int()
	}
	var reason sensors.Reason
	if more&moreReason != 0 {
		reason = sensors.Reason(r.text())
	}
	var raw float64
	if more&moreRaw != 0 {
		var ok bool
		if raw, ok = r.number(r.byte()); !ok {
			r.fail("rows with a device's own number that is none")
		}
	}
	r.next = int(point) + 1
	id := r.table.points[point].id
	out.Reading.Point = id
	quality := sensors.Quality(head & rowQuality >> rowQualityBit)
	switch {
	case r.time < absoluteTime*1000 || r.time >= maxMicros/1000:
		return out, wrong(BadTime, "time of %d ms is before 1978 or beyond the year 9999", r.time)
	case mono > maxMono || mono < -maxMono:
		return out, wrong(Malformed, "monotonic time of %d ms is longer than any machine runs", mono)
	case quality > sensors.Good, has != (quality != sensors.Bad):
		return out, wrong(BadValue, "quality %d and the value contradict each other", quality)
	case !cleanText(string(reason), maxWord):
		return out, wrong(BadValue, "the reason is longer than %d bytes or not printable", maxWord)
	case math.IsNaN(v) || math.IsInf(v, 0) || math.IsNaN(raw) || math.IsInf(raw, 0):
		return out, wrong(BadValue, "the value is not a finite number")
	}
	out.Mono = time.Duration(mono) * time.Millisecond
	switch quality {
	case sensors.Good:
		out.Reading = sensors.NewGood(id, timeOf(r.time), v)
		out.Reading.Reason = reason
	case sensors.Uncertain:
		out.Reading = sensors.NewUncertain(id, timeOf(r.time), v, reason)
	default:
		out.Reading = sensors.NewBad(id, timeOf(r.time), reason)
	}
	if more&moreRaw != 0 {
		out.Reading = out.Reading.WithRaw(raw)
	}
	return out, none
}

func (r *rowReader) number(how byte) (v float64, has bool) {
	switch {
	case how < rowFloat:
		v, _ = number{mantissa: r.int(), exponent: -int32(how)}.value()
		return v, true
	case how == rowFloat:
		if len(r.b) < 8 {
			r.fail("rows that end too early")
			return 0, true
		}
		v = math.Float64frombits(binary.BigEndian.Uint64(r.b))
		r.b = r.b[8:]
		return v, true
	case how > rowNoValue:
		r.fail("rows with a number that is none")
	}
	return 0, false
}

func (r *rowReader) text() string {
	n := int(r.byte())
	if n > len(r.b) {
		r.fail("rows that end too early")
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}
