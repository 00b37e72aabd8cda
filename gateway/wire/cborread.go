package wire

import (
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// cborReader walks over a SenML pack in CBOR (RFC 8949) without building
// anything but the fields of one record at a time.
type cborReader struct {
	b    []byte
	i    int
	lim  Limits
	left uint64 // records to come; noEnd when the array's length is open
}

// The major types of RFC 8949 section 3.1.
const (
	majorUnsigned = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

const (
	noEnd           = math.MaxUint64 // an item of open length
	cborBreak       = 0xff
	decimalFraction = 4 // tag, RFC 8949 section 3.4.4
)

// head reads an item's first byte and its argument; open-length items have
// the argument noEnd.
func (r *cborReader) head() (major byte, info byte, arg uint64, err *MessageError) {
	if r.i >= len(r.b) {
		return 0, 0, 0, r.cut()
	}
	first := r.b[r.i]
	r.i++
	major, info = first>>5, first&0x1f
	if info < 24 {
		return major, info, uint64(info), nil
	}
	rest := r.b[r.i:]
	switch {
	case info == 24 && len(rest) >= 1:
		arg = uint64(rest[0])
		r.i++
	case info == 25 && len(rest) >= 2:
		arg = uint64(binary.BigEndian.Uint16(rest))
		r.i += 2
	case info == 26 && len(rest) >= 4:
		arg = uint64(binary.BigEndian.Uint32(rest))
		r.i += 4
	case info == 27 && len(rest) >= 8:
		arg = binary.BigEndian.Uint64(rest)
		r.i += 8
	case info == 31 && major >= majorBytes && major <= majorMap:
		arg = noEnd
	case info < 28:
		return 0, 0, 0, r.cut()
	default:
		return 0, 0, 0, malformed("CBOR byte 0x%02x at %d is not well-formed", first, r.i-1)
	}
	if info == 27 && arg == noEnd && major >= majorBytes && major <= majorMap {
		return 0, 0, 0, tooLarge("CBOR item at %d announces 2^64-1 parts", r.i-9)
	}
	if major == majorSimple && info == 24 && arg < 32 {
		return 0, 0, 0, malformed("CBOR simple value %d at %d is not well-formed", arg, r.i-2)
	}
	return major, info, arg, nil
}

func (r *cborReader) cut() *MessageError {
	return malformed("CBOR ends inside an item, at byte %d", len(r.b))
}

func (r *cborReader) begin() (int, *MessageError) {
	_, _, n, err := r.head()
	if err != nil {
		return 0, err
	}
	r.left = n
	if n == noEnd {
		return 0, nil
	}
	if n > uint64(r.lim.Records) {
		return 0, tooLarge("%d records, at most %d are taken", n, r.lim.Records)
	}
	// A record takes a byte at least: an announcement alone costs nothing.
	return int(min(n, uint64(len(r.b)-r.i))), nil
}

// atBreak steps over the end of an open-length item.
func (r *cborReader) atBreak() bool {
	if r.i < len(r.b) && r.b[r.i] == cborBreak {
		r.i++
		return true
	}
	return false
}

func (r *cborReader) next(f *fields) (bool, *MessageError) {
	f.reset()
	if r.left == 0 || r.left == noEnd && r.atBreak() {
		if r.i != len(r.b) {
			return false, malformed("%d bytes follow the pack", len(r.b)-r.i)
		}
		return false, nil
	}
	if r.left != noEnd {
		r.left--
	}
	start := r.i
	major, _, pairs, err := r.head()
	if err != nil {
		return false, err
	}
	if major != majorMap {
		f.fail(Malformed, "the record is not a map")
		r.i = start
		return true, r.skip(1)
	}
	for k := uint64(0); k < pairs; k++ {
		if pairs == noEnd && r.atBreak() {
			break
		}
		if err := r.field(f); err != nil {
			return false, err
		}
	}
	return true, nil
}

// field reads one label and its value.
func (r *cborReader) field(f *fields) *MessageError {
	start := r.i
	major, _, arg, err := r.head()
	if err != nil {
		return err
	}
	var l label
	var known bool
	switch major {
	case majorUnsigned:
		l, known = labelOfInteger(int64(min(arg, math.MaxInt64)))
	case majorNegative:
		l, known = labelOfInteger(-1 - int64(min(arg, math.MaxInt64-1)))
	case majorText:
		name, ok, err := r.text(arg)
		if err != nil {
			return err
		}
		if !ok {
			f.fail(TooLarge, "a label is longer than %d bytes or not UTF-8", r.lim.Text)
		} else if l, known = labelOfText(name); !known && mustUnderstand(string(name)) {
			return malformed("field %.40q has to be understood and is not (RFC 8428 section 4.4)", name)
		}
	default:
		f.fail(Malformed, "a label is neither an integer nor text")
		r.i = start
		if err := r.skip(2); err != nil {
			return err
		}
	}
	if !known {
		return r.skip(2)
	}
	f.mark(l)
	return r.fieldValue(f, l)
}

func (r *cborReader) fieldValue(f *fields, l label) *MessageError {
	start := r.i
	switch info := &labelTable[l]; info.shape {
	case numeric:
		n, ok, err := r.number()
		if err != nil {
			return err
		}
		if ok {
			f.setNumber(l, n)
			return nil
		}
		f.fail(info.wrong, "field %s is not a number", l)
	case text:
		major, _, arg, err := r.head()
		if err != nil {
			return err
		}
		if major == majorText {
			b, ok, err := r.text(arg)
			if err != nil {
				return err
			}
			if ok {
				f.setText(l, b)
			} else {
				f.fail(TooLarge, "field %s is longer than %d bytes or not UTF-8", l, r.lim.Text)
			}
			return nil
		}
		f.fail(info.wrong, "field %s is not text", l)
	case texts:
		return r.details(f, l)
	default:
		f.have |= 1 << l
	}
	r.i = start
	return r.skip(2)
}

// text returns the text whose head was just read. ok is false for what is too
// long or not UTF-8; the walk goes on behind it.
func (r *cborReader) text(n uint64) (b []byte, ok bool, err *MessageError) {
	if n == noEnd {
		return r.chunks()
	}
	if n > uint64(len(r.b)-r.i) {
		return nil, false, r.cut()
	}
	b = r.b[r.i : r.i+int(n)]
	r.i += int(n)
	return b, len(b) <= r.lim.Text && utf8.Valid(b), nil
}

// chunks puts a text of open length together (RFC 8949 section 3.2.3).
func (r *cborReader) chunks() (b []byte, ok bool, err *MessageError) {
	ok = true
	for !r.atBreak() {
		major, _, n, err := r.head()
		if err != nil {
			return nil, false, err
		}
		if major != majorText || n == noEnd {
			return nil, false, malformed("CBOR text of open length holds something else, at byte %d", r.i)
		}
		part, good, err := r.text(n)
		if err != nil {
			return nil, false, err
		}
		if ok = ok && good && len(b)+len(part) <= r.lim.Text; ok {
			b = append(b, part...)
		}
	}
	return b, ok, nil
}

// details reads an event's detail, a map of text to text.
func (r *cborReader) details(f *fields, l label) *MessageError {
	start := r.i
	major, _, pairs, err := r.head()
	if err != nil {
		return err
	}
	if major != majorMap {
		f.fail(labelTable[l].wrong, "field %s is not a map of text", l)
		r.i = start
		return r.skip(2)
	}
	for k := uint64(0); k < pairs; k++ {
		if pairs == noEnd && r.atBreak() {
			break
		}
		var pair [2][]byte
		good := true
		for j := range pair {
			at := r.i
			major, _, n, err := r.head()
			if err != nil {
				return err
			}
			if major != majorText {
				good = false
				r.i = at
				if err := r.skip(3); err != nil {
					return err
				}
				continue
			}
			b, ok, err := r.text(n)
			if err != nil {
				return err
			}
			pair[j], good = b, good && ok
		}
		if !good {
			f.fail(Malformed, "field %s is not a map of short texts", l)
			continue
		}
		f.addDetail(pair[0], pair[1])
	}
	f.have |= 1 << l
	return nil
}

// skip steps over one item of any kind that lies depth levels deep.
func (r *cborReader) skip(depth int) *MessageError {
	if depth > r.lim.Depth {
		return tooLarge("CBOR nested deeper than %d, at byte %d", r.lim.Depth, r.i)
	}
	major, _, n, err := r.head()
	if err != nil {
		return err
	}
	switch major {
	case majorBytes, majorText:
		return r.skipString(major, n)
	case majorArray, majorMap:
		perStep := 1
		if major == majorMap {
			perStep = 2
		}
		for k := uint64(0); k < n; k++ {
			if n == noEnd && r.atBreak() {
				return nil
			}
			for range perStep {
				if err := r.skip(depth + 1); err != nil {
					return err
				}
			}
		}
	case majorTag:
		return r.skip(depth + 1)
	}
	return nil
}

func (r *cborReader) skipString(major byte, n uint64) *MessageError {
	if n != noEnd {
		if n > uint64(len(r.b)-r.i) {
			return r.cut()
		}
		r.i += int(n)
		return nil
	}
	for !r.atBreak() {
		inner, _, n, err := r.head()
		if err != nil {
			return err
		}
		if inner != major || n == noEnd {
			return malformed("CBOR string of open length holds something else, at byte %d", r.i)
		}
		if err := r.skipString(major, n); err != nil {
			return err
		}
	}
	return nil
}
