package notify

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Measure counts a text as a far end does.
type Measure func(string) int

// Runes counts characters.
func Runes(s string) int { return utf8.RuneCountInString(s) }

// Bytes counts the bytes of UTF-8, as WeCom, DingTalk and Feishu do: a Chinese
// character is three.
func Bytes(s string) int { return len(s) }

// UCS2 counts the 16-bit units of an SMS: 70 in one; a character beyond the
// basic plane, such as an emoji, is two.
func UCS2(s string) int {
	n := 0
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

const ellipsis = "…"

// Cut returns s when it is not longer than limit, else its beginning up to a
// character's boundary with an ellipsis, together not longer than limit. What
// is no UTF-8 becomes a question mark.
func Cut(s string, limit int, measure Measure) string {
	s = strings.ToValidUTF8(s, "?")
	if measure(s) <= limit {
		return s
	}
	room, end := limit-measure(ellipsis), 0
	if room < 0 {
		return ""
	}
	for i, r := range s {
		size := measure(string(r))
		if room -= size; room < 0 {
			break
		}
		end = i + utf8.RuneLen(r)
	}
	return s[:end] + ellipsis
}

// Full is the message as robots and e-mail carry it: title, text, link, each
// on lines of its own, at most limit long. What is too long is cut at the
// text, so that the link stays whole. A message without text says Short.
func (m Message) Full(limit int, measure Measure) string {
	text := m.Text
	if text == "" {
		text = m.Short
	}
	head := strings.TrimSpace(m.Title + "\n" + text)
	if m.Link == "" {
		return Cut(head, limit, measure)
	}
	tail := "\n" + m.Link
	if measure(tail) >= limit {
		return Cut(head, limit, measure)
	}
	return Cut(head, limit-measure(tail), measure) + tail
}

// JSON encodes v as chat robots like it: no HTML escapes, no final newline.
func JSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// JSONBytes counts the bytes of a text inside a JSON string, quotes apart.
func JSONBytes(s string) int {
	b, err := JSON(s)
	if err != nil {
		return len(s) // cannot be: every string can be encoded
	}
	return len(b) - len(`""`)
}
