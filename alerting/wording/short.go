package wording

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// MostShort is how many UTF-16 code units one short message in Chinese holds.
const MostShort = 70

// units is the length of a text as a short message counts it.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r)) // what is no rune is one replacement character
	}
	return n
}

// cut shortens a text to at most so many units; what was cut ends in "…".
func cut(s string, most int) string {
	s = strings.ToValidUTF8(strings.TrimSpace(s), "")
	if units(s) <= most {
		return s
	}
	n := 0
	for i, r := range s {
		n += max(1, utf16.RuneLen(r))
		if n > most-1 {
			return s[:i] + "…"
		}
	}
	return s
}

// join puts parts together until the next one does not fit any more; a later,
// shorter one may still. The first part is cut if it must be.
func join(separator string, most int, parts ...string) string {
	out := ""
	for i, p := range parts {
		switch {
		case p == "":
		case i == 0 || out == "":
			out = cut(p, most)
		case units(out)+units(separator)+units(p) <= most:
			out += separator + p
		}
	}
	return out
}

// Number writes a value with at most one decimal and a real minus sign.
func Number(v float64) string {
	v = math.Round(v*10) / 10
	s := strconv.FormatFloat(math.Abs(v), 'f', -1, 64)
	if v < 0 {
		return "−" + s
	}
	return s
}

// length writes a duration in whole minutes or hours, as far as people care.
func (l Language) length(d time.Duration) string {
	m := int(d.Round(time.Minute) / time.Minute)
	switch {
	case m < 1:
		return l.say("under-a-minute")
	case m < 120:
		return strconv.Itoa(m) + l.say("minutes")
	case m < 48*60:
		return strconv.Itoa((m+30)/60) + l.say("hours")
	}
	return strconv.Itoa((m+12*60)/(24*60)) + l.say("days")
}
