// Package blob is how judging keeps its state: small JSON objects, written by
// hand because they are written at every commit, and read once, strictly. It
// guarantees that what was read is what this version writes: another version, an
// unknown field or a time outside 1970 to 9999 is refused.
package blob

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// MaxTime is the end of the year 9999 in ms since 1970.
const MaxTime = int64(253_402_300_799_999)

// Object writes one JSON object behind what is in B, leaving out what is zero.
type Object struct {
	B    []byte
	many bool
}

// Begin starts an object behind b.
func Begin(b []byte) Object { return Object{B: append(b, '{')} }

// End returns the bytes with the object complete.
func (o *Object) End() []byte { return append(o.B, '}') }

// Key writes a name; its value is what is appended to B next. A name needs no
// escapes.
func (o *Object) Key(k string) {
	if o.many {
		o.B = append(o.B, ',')
	}
	o.many = true
	o.B = append(o.B, '"')
	o.B = append(o.B, k...)
	o.B = append(o.B, '"', ':')
}

// Int writes a number.
func (o *Object) Int(k string, v int64) {
	if v != 0 {
		o.Key(k)
		o.B = strconv.AppendInt(o.B, v, 10)
	}
}

// Float writes the shortest digits that read back as v.
func (o *Object) Float(k string, v float64) {
	if v != 0 {
		o.Key(k)
		o.B = strconv.AppendFloat(o.B, v, 'g', -1, 64)
	}
}

// Bool writes a truth.
func (o *Object) Bool(k string, v bool) {
	if v {
		o.Key(k)
		o.B = append(o.B, "true"...)
	}
}

// Text writes a string.
func (o *Object) Text(k, v string) {
	if v == "" {
		return
	}
	o.Key(k)
	for i := range len(v) {
		if c := v[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(v) // a string cannot fail
			o.B = append(o.B, quoted...)
			return
		}
	}
	o.B = append(append(append(o.B, '"'), v...), '"')
}

// Decode reads one object strictly: what this version does not know, it must
// not lose. found is the field of into that holds its version, want the one that
// is read.
func Decode(b []byte, into any, found *int, want int) error {
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	if d.More() {
		return fmt.Errorf("decode: something follows the object")
	}
	if *found != want {
		return fmt.Errorf("version %d; this program reads version %d", *found, want)
	}
	return nil
}

// Time is a time or a length in ms. Decoding bounds it, so that no state can make
// the arithmetic overflow.
type Time int64

// UnmarshalJSON implements json.Unmarshaler.
func (t *Time) UnmarshalJSON(b []byte) error {
	var v int64
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	if v < 0 || v > MaxTime {
		return fmt.Errorf("time %d is not between 1970 and 9999", v)
	}
	*t = Time(v)
	return nil
}
