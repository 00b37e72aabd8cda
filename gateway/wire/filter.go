package wire

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxFilter bounds a topic filter; MQTT would allow 65535 bytes.
const maxFilter = 200

// CheckFilter says why s cannot be subscribed to, or nil (MQTT 3.1.1 section
// 4.7): + and # stand for whole levels, # for the last one alone. Shared
// subscriptions and the broker's own topics ($) are refused too.
func CheckFilter(s string) error {
	switch {
	case s == "":
		return fmt.Errorf("it is empty")
	case len(s) > maxFilter:
		return fmt.Errorf("it has %d bytes, at most %d are taken", len(s), maxFilter)
	case s[0] == '$':
		return fmt.Errorf("topics that begin with $ are the broker's own")
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return fmt.Errorf("it holds a control character or is not UTF-8")
	}
	levels := strings.Split(s, "/")
	for i, l := range levels {
		switch {
		case l == "#" && i != len(levels)-1:
			return fmt.Errorf("# may stand in the last level alone")
		case len(l) > 1 && strings.ContainsAny(l, "+#"):
			return fmt.Errorf("+ and # stand for a whole level, not for a part of %q", l)
		}
	}
	return nil
}

// MatchFilter reports whether a message with this topic comes by this filter.
func MatchFilter(filter, topic string) bool {
	return !strings.HasPrefix(topic, "$") && overlap(strings.Split(filter, "/"), strings.Split(topic, "/"), false)
}

// FiltersOverlap reports whether some topic comes by both filters.
func FiltersOverlap(a, b string) bool {
	return overlap(strings.Split(a, "/"), strings.Split(b, "/"), true)
}

// overlap walks level by level; wild says that b is a filter too. "a/#" catches
// "a" itself.
func overlap(a, b []string, wild bool) bool {
	for i := 0; ; i++ {
		switch {
		case i < len(a) && a[i] == "#", wild && i < len(b) && b[i] == "#":
			return true
		case i == len(a) || i == len(b):
			return len(a) == len(b) ||
				i == len(b) && i+1 == len(a) && a[i] == "#" ||
				wild && i == len(a) && i+1 == len(b) && b[i] == "#"
		case a[i] != b[i] && a[i] != "+" && !(wild && b[i] == "+"):
			return false
		}
	}
}
