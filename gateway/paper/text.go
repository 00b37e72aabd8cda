package paper

import "strings"

// missing stands for a character that a PDF cannot show (the geta mark, which
// Chinese and Japanese printers use for it): the library knows the first 65,536
// alone.
const missing = '〓'

// Printable is text as a PDF can show it: on one line, without controls.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff:
			return -1 // controls, and what turns the direction of text round
		case r > 0xffff || r >= 0xe000 && r <= 0xf8ff:
			return missing
		}
		return r
	}, text)
}

// Wrap breaks text into lines of at most w mm: between Chinese characters, at
// spaces, and within a word that is longer than a line.
func (s *Sheet) Wrap(size float64, style, text string, w float64) (lines []string) {
	s.SetFont("n", style, size)
	for _, paragraph := range strings.Split(text, "\n") {
		lines = append(lines, s.wrapOne([]rune(Printable(paragraph)), w)...)
	}
	return lines
}

func (s *Sheet) wrapOne(text []rune, w float64) (lines []string) {
	start, space, used := 0, -1, 0.0
	for i := 0; i < len(text); i++ {
		r := text[i]
		if used += s.GetStringWidth(string(r)); used > w && i > start {
			end := i
			if space > start && !wide(r) {
				end = space
			}
			for end > start+1 && strings.ContainsRune("，。；：、）》”’！？,.;:)%", text[end]) {
				end-- // no line begins with these
			}
			lines = append(lines, strings.TrimRight(string(text[start:end]), " "))
			for end < len(text) && text[end] == ' ' {
				end++
			}
			start, space, used, i = end, -1, 0, end-1
			continue
		}
		if r == ' ' || wide(r) || r == '/' || r == '·' {
			space = i + 1
		}
	}
	return append(lines, string(text[start:]))
}

func wide(r rune) bool { return r >= 0x2e80 }

// Shorten is the beginning of a line that fits.
func (s *Sheet) Shorten(size float64, style, text string, w float64) string {
	text = Printable(text)
	s.SetFont("n", style, size)
	if s.GetStringWidth(text) <= w {
		return text
	}
	used := s.GetStringWidth("…")
	for i, r := range text {
		if used += s.GetStringWidth(string(r)); used > w {
			return text[:i] + "…"
		}
	}
	return text
}
