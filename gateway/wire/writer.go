package wire

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
)

// writer puts records into bytes, as CBOR or as JSON. It knows how fields are
// written and not which are.
type writer struct {
	buf    []byte
	json   bool
	opened int // where the current record begins
	fields int // of the current record
}

const (
	cborUnsigned = majorUnsigned << 5
	cborText     = majorText << 5
	cborArray    = majorArray << 5
	cborMap      = majorMap << 5
)

func newWriter(json bool, records int) *writer {
	w := &writer{json: json}
	if json {
		w.buf = append(make([]byte, 0, 256+80*records), '[')
		return w
	}
	w.buf = make([]byte, 0, 256+24*records)
	w.head(cborArray, uint64(records))
	return w
}

func (w *writer) finish() []byte {
	if w.json {
		w.buf = append(w.buf, "\n]\n"...)
	}
	return w.buf
}

func (w *writer) beginRecord() {
	if w.json {
		if w.opened > 0 {
			w.buf = append(w.buf, ',')
		}
		w.buf = append(w.buf, '\n')
	}
	w.opened, w.fields = len(w.buf), 0
	w.buf = append(w.buf, '{')
}

// endRecord writes the number of fields where CBOR wants it, at the front. No
// record has more than the 23 that fit into the one byte.
func (w *writer) endRecord() {
	if w.json {
		w.buf = append(w.buf, '}')
		return
	}
	w.buf[w.opened] = cborMap | byte(w.fields)
}

// head writes an item's first byte and argument in the shortest form.
func (w *writer) head(major byte, n uint64) {
	switch {
	case n < 24:
		w.buf = append(w.buf, major|byte(n))
	case n <= math.MaxUint8:
		w.buf = append(w.buf, major|24, byte(n))
	case n <= math.MaxUint16:
		w.buf = binary.BigEndian.AppendUint16(append(w.buf, major|25), uint16(n))
	case n <= math.MaxUint32:
		w.buf = binary.BigEndian.AppendUint32(append(w.buf, major|26), uint32(n))
	default:
		w.buf = binary.BigEndian.AppendUint64(append(w.buf, major|27), n)
	}
}

func (w *writer) integer(n int64) {
	if n < 0 {
		w.head(majorNegative<<5, uint64(-1-n))
		return
	}
	w.head(cborUnsigned, uint64(n))
}

func (w *writer) string(s string) {
	if w.json {
		// Marshal of a string cannot fail.
		quoted, _ := json.Marshal(s)
		w.buf = append(w.buf, quoted...)
		return
	}
	w.head(cborText, uint64(len(s)))
	w.buf = append(w.buf, s...)
}

func (w *writer) label(l label) {
	info := &labelTable[l]
	switch {
	case w.json:
		if w.fields > 0 {
			w.buf = append(w.buf, ',')
		}
		w.buf = append(w.buf, '"')
		w.buf = append(w.buf, info.name...)
		w.buf = append(w.buf, '"', ':')
	case l.registered():
		w.integer(info.cbor)
	default:
		w.string(info.name)
	}
	w.fields++
}

func (w *writer) text(l label, s string) {
	w.label(l)
	w.string(s)
}

func (w *writer) count(l label, n uint64) {
	w.label(l)
	if w.json {
		w.buf = strconv.AppendUint(w.buf, n, 10)
		return
	}
	w.head(cborUnsigned, n)
}

// number writes a decimal exactly: an integer, or tag 4 in CBOR.
func (w *writer) number(l label, n number) {
	w.label(l)
	switch {
	case w.json:
		w.buf = appendDecimal(w.buf, n)
	case n.exponent == 0:
		w.integer(n.mantissa)
	default:
		w.buf = append(w.buf, majorTag<<5|decimalFraction, cborArray|2)
		w.integer(int64(n.exponent))
		w.integer(n.mantissa)
	}
}

// float writes a value so that exactly this float64 is read back.
func (w *writer) float(l label, v float64) {
	if n, ok := decimal(v); ok {
		w.number(l, n)
		return
	}
	w.label(l)
	if w.json { // only negative zero comes here: readings are finite
		w.buf = strconv.AppendFloat(w.buf, v, 'f', 1, 64)
		return
	}
	w.buf = binary.BigEndian.AppendUint64(append(w.buf, majorSimple<<5|27), math.Float64bits(v))
}

func (w *writer) details(l label, detail map[string]string) {
	w.label(l)
	keys := slices.Sorted(maps.Keys(detail))
	if w.json {
		quoted, _ := json.Marshal(detail) // sorts too, and cannot fail
		w.buf = append(w.buf, quoted...)
		return
	}
	w.head(cborMap, uint64(len(keys)))
	for _, k := range keys {
		w.string(k)
		w.string(detail[k])
	}
}

// appendDecimal writes mantissa * 10^exponent as people write numbers, where
// that is not absurdly long.
func appendDecimal(b []byte, n number) []byte {
	if n.exponent > 0 || n.exponent < -18 {
		b = strconv.AppendInt(b, n.mantissa, 10)
		b = append(b, 'e')
		return strconv.AppendInt(b, int64(n.exponent), 10)
	}
	digits := strconv.AppendInt(nil, n.mantissa, 10)
	if n.mantissa < 0 {
		b, digits = append(b, '-'), digits[1:]
	}
	point := int(-n.exponent)
	if point == 0 {
		return append(b, digits...)
	}
	for len(digits) <= point {
		digits = slices.Insert(digits, 0, '0')
	}
	b = append(b, digits[:len(digits)-point]...)
	b = append(b, '.')
	return append(b, digits[len(digits)-point:]...)
}
