package notify

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCut(t *testing.T) {
	for _, c := range []struct {
		name, text string
		limit      int
		measure    Measure
		want       string
	}{
		{"fits", "羊肉库", 3, Runes, "羊肉库"},
		{"characters", "羊肉库超限", 4, Runes, "羊肉库…"},
		{"bytes fit", "羊肉库", 9, Bytes, "羊肉库"},
		{"bytes, at a boundary", "羊肉库超", 9, Bytes, "羊肉…"},
		{"bytes, between", "羊肉库超", 11, Bytes, "羊肉…"},
		{"an emoji is two units", "😀😀😀", 6, UCS2, "😀😀😀"},
		{"and is not halved", "😀😀😀", 5, UCS2, "😀😀…"},
		{"units, between", "😀😀😀", 4, UCS2, "😀…"},
		{"newlines of JSON are two", "a\nb\nc", 6, JSONBytes, "a\n…"},
		{"and are not halved", "a\nb\nc", 5, JSONBytes, "a…"},
		{"no room for the ellipsis", "羊肉", 2, Bytes, ""},
		{"broken UTF-8", "羊\xff\xff\xff库", 2, Runes, "羊…"},
	} {
		if got := Cut(c.text, c.limit, c.measure); got != c.want || c.measure(got) > c.limit {
			t.Errorf("%s: %q of size %d, want %q", c.name, got, c.measure(got), c.want)
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add("羊肉库 -12.5 ℃", 7)
	f.Add("😀\xed\xa0\x80\xffz", 3)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		for _, m := range []Measure{Runes, Bytes, UCS2} {
			got := Cut(s, limit, m)
			if limit >= 0 && m(got) > limit {
				t.Errorf("%q is longer than %d", got, limit)
			}
			if utf8.ValidString(s) && !utf8.ValidString(got) {
				t.Errorf("%q cut to %q", s, got)
			}
		}
	})
}

func TestFullKeepsTheLink(t *testing.T) {
	m := Message{Title: "标题", Text: strings.Repeat("很长", 100), Link: "https://c.example/a"}
	got := m.Full(40, Runes)
	if !strings.HasSuffix(got, "…\nhttps://c.example/a") || !strings.HasPrefix(got, "标题\n很长") || Runes(got) > 40 {
		t.Errorf("%q", got)
	}
	if got := (Message{Title: "标题", Short: "短"}).Full(40, Runes); got != "标题\n短" {
		t.Errorf("without text: %q", got)
	}
}
