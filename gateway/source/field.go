package source

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// The units of Time.
const (
	unitSeconds  = "s"
	unitMillis   = "ms"
	unitRFC3339  = "rfc3339"
	unitLocal    = "local"
	unitReceived = "received"
)

// Seconds below relative are taken for relative to now by RFC 8428 and by
// devices that count from their start; beyond beyondTime is no year of ours.
const (
	relative   = 1 << 28
	beyondTime = 253402300800 // the year 10000
)

type field struct {
	Field
	path  []string
	match []match
}

type match struct {
	path []string
	want string
}

func newField(f Field) field {
	out := field{Field: f, path: strings.Split(f.Path, ".")}
	for path, want := range f.Match {
		out.match = append(out.match, match{strings.Split(path, "."), want})
	}
	return out
}

// wants reports whether the message is of this field's point.
func (f *field) wants(topic string, root map[string]any) bool {
	if f.Topic != "" && !wire.MatchFilter(f.Topic, topic) {
		return false
	}
	for _, m := range f.match {
		if sent, ok := lookup(root, m.path); !ok || textOf(sent) != m.want {
			return false
		}
	}
	return true
}

// textOf is a value as it was written; nothing for what is no single value.
func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// reading makes the field's value a reading. null is a sender's word for a
// probe that gave nothing.
func (f *field) reading(sent any, at time.Time) (sensors.Reading, error) {
	if sent == nil {
		return sensors.NewBad(f.Point.ID, at, sensors.SensorFault), nil
	}
	raw, err := number(sent)
	if err != nil {
		return sensors.Reading{}, err
	}
	v := raw*f.Scale + f.Offset
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return sensors.Reading{}, errNoNumber
	}
	r := sensors.NewGood(f.Point.ID, at, v)
	if v != raw {
		r = r.WithRaw(raw)
	}
	return r, nil
}

// plainNumber is JSON's form of a number, which some senders put in quotes.
var plainNumber = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

func number(sent any) (float64, error) {
	var text string
	switch v := sent.(type) {
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case json.Number:
		text = v.String()
	case string:
		text = v
	}
	if !plainNumber.MatchString(text) {
		return 0, fmt.Errorf("%.40q is %w", text, errNoNumber)
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil { // beyond a float64
		return 0, fmt.Errorf("%.40q is %w", text, errNoNumber)
	}
	return n, nil
}

// timeOf reads when the message was measured, in whole milliseconds.
func (s *Source) timeOf(root map[string]any, received time.Time) (time.Time, *Refused) {
	if s.Live() {
		return received.UTC().Truncate(time.Millisecond), nil
	}
	bad := func(r wire.QuarantineReason, format string, args ...any) (time.Time, *Refused) {
		return time.Time{}, &Refused{Reason: r, Detail: fmt.Sprintf("time in field %s: ", s.o.Time.Path) + fmt.Sprintf(format, args...)}
	}
	sent, there := lookup(root, s.time)
	if !there {
		return bad(wire.BadTime, "the field is not there")
	}
	if s.o.Time.Unit == unitSeconds || s.o.Time.Unit == unitMillis {
		n, err := number(sent)
		if _, isBool := sent.(bool); err != nil || isBool {
			return bad(wire.BadTime, "it is not a number")
		}
		if s.o.Time.Unit == unitSeconds {
			n *= 1000
		}
		switch {
		case n < relative*1000:
			return bad(wire.RelativeTime, "%.40s %s is not counted from 1970; it is not resolved", textOf(sent), s.o.Time.Unit)
		case n >= beyondTime*1000:
			return bad(wire.BadTime, "%.40s %s is beyond the year 9999; is the unit right?", textOf(sent), s.o.Time.Unit)
		}
		return time.UnixMilli(int64(math.Round(n))).UTC(), nil
	}
	text, isText := sent.(string)
	if !isText {
		return bad(wire.BadTime, "it is not text")
	}
	at, err := s.parseTime(text)
	if err != nil || at.Year() < 1 || at.Year() > 9999 {
		return bad(wire.BadTime, "%.40q is not a time of the form %s", text, s.o.Time.Unit)
	}
	return at.Round(time.Millisecond).UTC(), nil
}

func (s *Source) parseTime(text string) (time.Time, error) {
	if s.o.Time.Unit == unitRFC3339 {
		return time.Parse(time.RFC3339, text)
	}
	return time.ParseInLocation("2006-01-02T15:04:05", strings.Replace(text, " ", "T", 1), s.o.Time.Zone)
}
