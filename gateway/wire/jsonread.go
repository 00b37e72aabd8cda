package wire

import (
	"bytes"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

var errSyntax = errors.New("not a JSON number")

// jsonReader walks over a SenML pack in JSON (RFC 8259). It is strict but for
// one thing: the words NaN and Infinity, which some senders write where a
// number belongs, spoil the record they stand in and not the whole message.
type jsonReader struct {
	b       []byte
	i       int
	lim     Limits
	started bool
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// peek steps over white space and returns the next byte, 0 at the end.
func (r *jsonReader) peek() byte {
	for r.i < len(r.b) && isSpace(r.b[r.i]) {
		r.i++
	}
	if r.i == len(r.b) {
		return 0
	}
	return r.b[r.i]
}

func (r *jsonReader) expect(c byte) *MessageError {
	if r.peek() != c {
		return r.syntax()
	}
	r.i++
	return nil
}

func (r *jsonReader) syntax() *MessageError {
	if r.i >= len(r.b) {
		return malformed("JSON ends too early, at byte %d", len(r.b))
	}
	return malformed("JSON is not well-formed at byte %d, near %.20q", r.i, r.b[r.i:])
}

func (r *jsonReader) begin() (int, *MessageError) { return 0, r.expect('[') }

// another steps over what stands between the elements of an array or object.
func (r *jsonReader) another(first bool, end byte) (bool, *MessageError) {
	switch c := r.peek(); {
	case c == end:
		r.i++
		return false, nil
	case first:
		return true, nil
	case c == ',':
		r.i++
		return true, nil
	}
	return false, r.syntax()
}

func (r *jsonReader) next(f *fields) (bool, *MessageError) {
	f.reset()
	more, err := r.another(!r.started, ']')
	if err != nil {
		return false, err
	}
	r.started = true
	if !more {
		if r.peek(); r.i != len(r.b) {
			return false, malformed("%d bytes follow the pack", len(r.b)-r.i)
		}
		return false, nil
	}
	if r.peek() != '{' {
		f.fail(Malformed, "the record is not an object")
		return true, r.skip(1)
	}
	r.i++
	for first := true; ; first = false {
		more, err := r.another(first, '}')
		if err != nil || !more {
			return true, err
		}
		if err := r.field(f); err != nil {
			return true, err
		}
	}
}

func (r *jsonReader) field(f *fields) *MessageError {
	name, ok, err := r.text()
	if err != nil {
		return err
	}
	if err := r.expect(':'); err != nil {
		return err
	}
	if !ok {
		f.fail(TooLarge, "a label is longer than %d bytes", r.lim.Text)
		return r.skip(2)
	}
	l, known := labelOfText(name)
	if !known && mustUnderstand(string(name)) {
		return malformed("field %.40q has to be understood and is not (RFC 8428 section 4.4)", name)
	}
	if !known {
		return r.skip(2)
	}
	f.mark(l)
	return r.fieldValue(f, l)
}

func (r *jsonReader) fieldValue(f *fields, l label) *MessageError {
	info := &labelTable[l]
	c := r.peek()
	switch {
	case info.shape == numeric && (c == '-' || isDigit(c)) && !r.notANumber():
		n, length, err := parseNumber(r.b[r.i:])
		if err != nil {
			return r.syntax()
		}
		r.i += length
		f.setNumber(l, n)
		return nil
	case info.shape == text && c == '"':
		b, ok, err := r.text()
		if err != nil {
			return err
		}
		if ok {
			f.setText(l, b)
		} else {
			f.fail(TooLarge, "field %s is longer than %d bytes", l, r.lim.Text)
		}
		return nil
	case info.shape == texts && c == '{':
		return r.details(f, l)
	case info.shape == anything:
		f.have |= 1 << l
	case info.shape == numeric:
		f.fail(info.wrong, "field %s is not a number", l)
	default:
		f.fail(info.wrong, "field %s is not text", l)
	}
	return r.skip(2)
}

// details reads an event's detail, an object of texts.
func (r *jsonReader) details(f *fields, l label) *MessageError {
	r.i++
	for first := true; ; first = false {
		more, err := r.another(first, '}')
		if err != nil {
			return err
		}
		if !more {
			f.have |= 1 << l
			return nil
		}
		key, good, err := r.text()
		if err != nil {
			return err
		}
		if err := r.expect(':'); err != nil {
			return err
		}
		if r.peek() != '"' {
			f.fail(Malformed, "field %s is not an object of texts", l)
			if err := r.skip(3); err != nil {
				return err
			}
			continue
		}
		value, fits, err := r.text()
		if err != nil {
			return err
		}
		if !good || !fits {
			f.fail(TooLarge, "field %s holds a text longer than %d bytes", l, r.lim.Text)
			continue
		}
		f.addDetail(key, value)
	}
}

// notANumber reports whether one of the words that are not JSON stands here.
func (r *jsonReader) notANumber() bool { return r.notJSON() != 0 }

func (r *jsonReader) notJSON() int {
	for _, w := range []string{"NaN", "-NaN", "Infinity", "-Infinity"} {
		if bytes.HasPrefix(r.b[r.i:], []byte(w)) {
			return len(w)
		}
	}
	return 0
}

// text reads a string. What has no escapes is returned in place. ok is false
// for one that is too long.
func (r *jsonReader) text() (b []byte, ok bool, err *MessageError) {
	if err := r.expect('"'); err != nil {
		return nil, false, err
	}
	start := r.i
	for r.i < len(r.b) {
		switch c := r.b[r.i]; {
		case c == '"':
			b = r.b[start:r.i]
			r.i++
			if !utf8.Valid(b) {
				return nil, false, malformed("JSON text at byte %d is not UTF-8", start)
			}
			return b, len(b) <= r.lim.Text, nil
		case c == '\\':
			return r.escapedText(start)
		case c < 0x20:
			return nil, false, r.syntax()
		}
		r.i++
	}
	return nil, false, r.syntax()
}

// escapedText goes on where text met the first backslash.
func (r *jsonReader) escapedText(start int) (b []byte, ok bool, err *MessageError) {
	b = bytes.Clone(r.b[start:r.i])
	for r.i < len(r.b) {
		c := r.b[r.i]
		switch {
		case c == '"':
			r.i++
			if !utf8.Valid(b) {
				return nil, false, malformed("JSON text at byte %d is not UTF-8", start)
			}
			return b, len(b) <= r.lim.Text, nil
		case c < 0x20:
			return nil, false, r.syntax()
		case c != '\\':
			b = append(b, c)
			r.i++
		default:
			rest := r.b[r.i:]
			if b, ok = r.escape(b, rest); !ok {
				return nil, false, r.syntax()
			}
		}
	}
	return nil, false, r.syntax()
}

// escape appends what the escape at the start of rest stands for and steps
// over it. A lone surrogate becomes U+FFFD, as with every other reader.
func (r *jsonReader) escape(b, rest []byte) ([]byte, bool) {
	if len(rest) < 2 {
		return b, false
	}
	short := map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}
	if c, ok := short[rest[1]]; ok {
		r.i += 2
		return append(b, c), true
	}
	first, ok := unicodeEscape(rest)
	if !ok {
		return b, false
	}
	r.i += 6
	if utf16.IsSurrogate(first) {
		if second, ok := unicodeEscape(rest[6:]); ok {
			if both := utf16.DecodeRune(first, second); both != utf8.RuneError {
				r.i += 6
				return utf8.AppendRune(b, both), true
			}
		}
		first = utf8.RuneError
	}
	return utf8.AppendRune(b, first), true
}

func unicodeEscape(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var v rune
	for _, c := range b[2:6] {
		v <<= 4
		switch {
		case isDigit(c):
			v |= rune(c - '0')
		case c >= 'a' && c <= 'f':
			v |= rune(c-'a') + 10
		case c >= 'A' && c <= 'F':
			v |= rune(c-'A') + 10
		default:
			return 0, false
		}
	}
	return v, true
}

// skip steps over one value of any kind that lies depth levels deep.
func (r *jsonReader) skip(depth int) *MessageError {
	if depth > r.lim.Depth {
		return tooLarge("JSON nested deeper than %d, at byte %d", r.lim.Depth, r.i)
	}
	c := r.peek()
	switch {
	case c == '"':
		_, _, err := r.text()
		return err
	case c == '[':
		return r.skipEach(depth, ']')
	case c == '{':
		return r.skipEach(depth, '}')
	}
	if n := r.notJSON(); n > 0 {
		r.i += n
		return nil
	}
	if c == '-' || isDigit(c) {
		_, length, err := parseNumber(r.b[r.i:])
		if err != nil {
			return r.syntax()
		}
		r.i += length
		return nil
	}
	for _, w := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(r.b[r.i:], []byte(w)) {
			r.i += len(w)
			return nil
		}
	}
	return r.syntax()
}

func (r *jsonReader) skipEach(depth int, end byte) *MessageError {
	r.i++
	for first := true; ; first = false {
		more, err := r.another(first, end)
		if err != nil || !more {
			return err
		}
		if end == '}' {
			if _, _, err := r.text(); err != nil {
				return err
			}
			if err := r.expect(':'); err != nil {
				return err
			}
		}
		if err := r.skip(depth + 1); err != nil {
			return err
		}
	}
}
