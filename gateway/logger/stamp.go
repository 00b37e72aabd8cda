package logger

import (
	"strings"
	"time"
	"unicode"
)

// Order is which number of a date is what.
type Order string

// The orders. A year of two digits stands last.
const (
	YMD Order = "ymd"
	DMY Order = "dmy"
	MDY Order = "mdy"
)

// written is a date and a time as they stand in the file, before anybody
// decided which number is the month.
type written struct {
	order Order // empty: first and second may be day and month or the reverse
	date  bool
	n     [3]int // in the order of the text
	clock bool
	hour  int
	min   int
	sec   int
	milli int
	// offset is what stood behind it, in seconds east of Greenwich.
	offset  int
	hasZone bool
}

var months = map[string]int{"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9, "oct": 10, "nov": 11, "dec": 12,
	"january": 1, "february": 2, "march": 3, "april": 4, "june": 6, "july": 7, "august": 8, "september": 9, "october": 10, "november": 11, "december": 12}

var weekdays = map[string]bool{"mon": true, "tue": true, "wed": true, "thu": true, "fri": true, "sat": true, "sun": true}

// token is a run of digits, of letters, or one other sign.
type token struct {
	text  string
	value int // of digits
	digit bool
}

const longestStamp = 40

func tokens(s string) (out []token, ok bool) {
	if len(s) > longestStamp {
		return nil, false
	}
	for i := 0; i < len(s); {
		c := rune(s[i])
		j := i + 1
		switch {
		case c >= '0' && c <= '9':
			value := int(c - '0')
			for ; j < len(s) && s[j] >= '0' && s[j] <= '9'; j++ {
				value = value*10 + int(s[j]-'0')
			}
			if j-i > 9 {
				return nil, false
			}
			out = append(out, token{s[i:j], value, true})
		case unicode.IsLetter(c) && c < 128:
			for j < len(s) && s[j] < 128 && unicode.IsLetter(rune(s[j])) {
				j++
			}
			out = append(out, token{text: strings.ToLower(s[i:j])})
		default:
			out = append(out, token{text: s[i:j]})
		}
		i = j
	}
	return out, true
}

// chinese are the signs and words of Chinese dates.
var chinese = strings.NewReplacer("年", "-", "月", "-", "日", " ", "时", ":", "分", ":", "秒", "", "上午", " AM ", "下午", " PM ", "\u00a0", " ", "／", "/", "：", ":")

// parseStamp understands a date, a time, or both. ok is false when s is none.
func parseStamp(s string) (w written, ok bool) {
	s = strings.Trim(strings.TrimSpace(chinese.Replace(s)), ":-")
	list, ok := tokens(strings.TrimSpace(s))
	if !ok || len(list) == 0 || len(list) > 24 {
		return w, false
	}
	p := &scanner{list: list}
	if p.date(&w) {
		w.date = true
		p.spaces()
		if p.sign("t") || p.sign(",") {
			p.spaces()
		}
	}
	if p.at < len(list) && p.clock(&w) {
		w.clock = true
	}
	p.spaces()
	return w, p.at == len(list) && (w.date || w.clock)
}

type scanner struct {
	list []token
	at   int
}

func (p *scanner) peek(ahead int) token {
	if p.at+ahead < len(p.list) {
		return p.list[p.at+ahead]
	}
	return token{}
}

func (p *scanner) sign(s string) bool {
	if p.peek(0).text != s {
		return false
	}
	p.at++
	return true
}

func (p *scanner) spaces() {
	for p.sign(" ") {
	}
}

// date reads 2026-11-23, 23/11/2026, 23.11.26, 23-Nov-2026 or Nov 23, 2026.
func (p *scanner) date(w *written) bool {
	start := p.at
	if weekdays[p.peek(0).text] {
		p.at++
		p.sign(",")
		p.spaces()
	}
	a := p.peek(0)
	if m, named := months[a.text]; named { // Nov 23, 2026
		p.at++
		p.spaces()
		day := p.peek(0)
		p.at++
		p.sign(",")
		p.spaces()
		year := p.peek(0)
		if !day.digit || !year.digit || len(year.text) != 4 {
			p.at = start
			return false
		}
		p.at++
		w.order, w.n = YMD, [3]int{year.value, m, day.value}
		return true
	}
	separator := p.peek(1).text
	if !a.digit || !strings.Contains("-/. ", separator) || separator == "" {
		p.at = start
		return false
	}
	b, c := p.peek(2), p.peek(4)
	m, named := months[b.text]
	if p.peek(3).text != separator || !c.digit || !b.digit && !named {
		p.at = start
		return false
	}
	switch {
	case named && len(c.text) == 4 && len(a.text) <= 2: // 23-Nov-2026
		w.order, w.n = YMD, [3]int{c.value, m, a.value}
	case named && len(c.text) == 2 && len(a.text) <= 2:
		w.order, w.n = YMD, [3]int{2000 + c.value, m, a.value}
	case named, separator == " ":
		p.at = start
		return false
	case len(a.text) == 4 && len(b.text) <= 2 && len(c.text) <= 2:
		w.order, w.n = YMD, [3]int{a.value, b.value, c.value}
	case len(a.text) <= 2 && len(b.text) <= 2 && len(c.text) == 4:
		w.n = [3]int{a.value, b.value, c.value}
	case len(a.text) <= 2 && len(b.text) <= 2 && len(c.text) == 2:
		w.n = [3]int{a.value, b.value, 2000 + c.value}
	default:
		p.at = start
		return false
	}
	p.at += 5
	return true
}

// clock reads 12:00, 12:00:05.250, 1:11:00 PM, and an offset behind it.
func (p *scanner) clock(w *written) bool {
	early, late := false, false
	half := func() {
		p.spaces()
		switch p.peek(0).text {
		case "am":
			early = true
			p.at++
		case "pm":
			late = true
			p.at++
		}
	}
	half() // 下午 1:11
	p.spaces()
	h, m := p.peek(0), p.peek(2)
	if !h.digit || len(h.text) > 2 || p.peek(1).text != ":" || !m.digit || len(m.text) != 2 {
		return false
	}
	w.hour, w.min = h.value, m.value
	p.at += 3
	if p.peek(0).text == ":" && p.peek(1).digit && len(p.peek(1).text) == 2 {
		w.sec = p.peek(1).value
		p.at += 2
		if dot := p.peek(0).text; (dot == "." || dot == ",") && p.peek(1).digit {
			f := (p.peek(1).text + "000")[:3]
			w.milli = int(f[0]-'0')*100 + int(f[1]-'0')*10 + int(f[2]-'0')
			p.at += 2
		}
	}
	half()
	if early || late {
		if w.hour < 1 || w.hour > 12 {
			return false
		}
		w.hour %= 12
		if late {
			w.hour += 12
		}
	}
	return w.hour < 24 && w.min < 60 && w.sec < 60 && p.offset(w)
}

// offset reads Z, UTC, +08:00, +0800 or +08; nothing is an offset as well.
func (p *scanner) offset(w *written) bool {
	p.spaces()
	switch p.peek(0).text {
	case "z", "utc", "gmt":
		w.hasZone = true
		p.at++
		if p.peek(0).text != "+" && p.peek(0).text != "-" {
			return true
		}
	case "+", "-":
	default:
		return true
	}
	sign, n := p.peek(0).text, p.peek(1)
	if !n.digit {
		return false
	}
	hours, minutes := n.value, 0
	p.at += 2
	switch len(n.text) {
	case 4:
		hours, minutes = n.value/100, n.value%100
	case 1, 2:
		if p.peek(0).text == ":" && p.peek(1).digit && len(p.peek(1).text) == 2 {
			minutes = p.peek(1).value
			p.at += 2
		}
	default:
		return false
	}
	if hours > 14 || minutes > 59 {
		return false
	}
	w.offset, w.hasZone = hours*3600+minutes*60, true
	if sign == "-" {
		w.offset = -w.offset
	}
	return true
}

// join puts a date and a time of two columns together.
func (w written) join(clock written) written {
	w.clock, w.hour, w.min, w.sec, w.milli = true, clock.hour, clock.min, clock.sec, clock.milli
	w.offset, w.hasZone = clock.offset, clock.hasZone
	return w
}

// day returns year, month and day in an order; ok is false when there is no
// such day.
func (w written) day(o Order) (year int, month time.Month, day int, ok bool) {
	if w.order != "" {
		o = w.order
	}
	var m int
	switch o {
	case YMD:
		year, m, day = w.n[0], w.n[1], w.n[2]
	case DMY:
		day, m, year = w.n[0], w.n[1], w.n[2]
	default:
		m, day, year = w.n[0], w.n[1], w.n[2]
	}
	if m < 1 || m > 12 || day < 1 || year < 1970 || year > 2200 {
		return 0, 0, 0, false
	}
	t := time.Date(year, time.Month(m), day, 0, 0, 0, 0, time.UTC)
	return year, time.Month(m), day, t.Day() == day
}

// in returns the moments that a clock in a place showed this: none in the hour
// that is left out in spring, two in the one that comes twice in autumn.
func (w written) in(o Order, place *time.Location) []time.Time {
	y, m, d, ok := w.day(o)
	if !ok {
		return nil
	}
	nano := w.milli * 1_000_000
	if w.hasZone {
		return []time.Time{time.Date(y, m, d, w.hour, w.min, w.sec, nano, time.UTC).Add(-time.Duration(w.offset) * time.Second)}
	}
	first := time.Date(y, m, d, w.hour, w.min, w.sec, nano, place)
	var out []time.Time
	for _, shift := range []time.Duration{-time.Hour, 0, time.Hour} {
		t := first.Add(shift)
		if t.Day() == d && t.Hour() == w.hour && t.Minute() == w.min {
			out = append(out, t.UTC())
		}
	}
	return out
}
