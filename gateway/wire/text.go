package wire

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"coldchain/sensors"
)

func printable(r rune) rune {
	if r != utf8.RuneError && unicode.IsPrint(r) {
		return r
	}
	return -1
}

const (
	maxWord       = 64  // bytes of a boot id, reason, cause, unit or event name
	maxDetailText = 256 // bytes of one value in an event's detail
)

// cleanText reports whether s is short and fit for a page or a log line.
func cleanText(s string, most int) bool {
	if len(s) > most {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' {
			return cleanRunes(s[i:])
		}
	}
	return true
}

func cleanRunes(s string) bool {
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// isName is RFC 8428 section 4.5.1's rule for names, within our length.
func isName(b []byte) bool {
	if len(b) == 0 || len(b) > sensors.MaxIDLength || strings.IndexByte("-:./_", b[0]) >= 0 {
		return false
	}
	for _, c := range b {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && !isDigit(c) && strings.IndexByte("-:./_", c) < 0 {
			return false
		}
	}
	return true
}

// cutText makes any text fit for a message: printable, and at most so long.
func cutText(s string, most int) string {
	s = strings.Map(printable, strings.ToValidUTF8(s, ""))
	for len(s) > most {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
