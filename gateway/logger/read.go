package logger

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// row is one line of data.
type row struct {
	line    int // from 1
	stamp   written
	cell    string
	at      time.Time
	missing bool
	c       float64
}

// read makes a log of the table.
func (t *table) read(log *Log, o Options) error {
	column, err := t.temperatureColumn(o.Column)
	if err != nil {
		return err
	}
	log.Column = t.title(column)
	rows, err := t.rows(column)
	if err != nil {
		return err
	}
	if log.Unit, err = t.unitOf(column, o.Unit); err != nil {
		return err
	}
	if log.Dates, err = t.orderOf(rows, o.Dates); err != nil {
		return err
	}
	if err := values(rows, log); err != nil {
		return err
	}
	if rows, err = place(rows, log, t.zoneOf(), o.Zone); err != nil {
		return err
	}
	for _, r := range rows {
		if r.missing {
			log.Missing = append(log.Missing, Missing{Line: r.line, At: r.at, Text: clip(r.cell)})
		} else {
			log.Readings = append(log.Readings, Reading{Line: r.line, At: r.at, C: r.c})
		}
	}
	if len(log.Readings) == 0 {
		return fmt.Errorf("line %d: the logger wrote %d lines and no temperature in any of them", rows[0].line, len(rows))
	}
	return nil
}

func clip(s string) string {
	r := []rune(s)
	return string(r[:min(len(r), 40)])
}

// rows collects the lines of data. One between them that is none is a mistake
// somebody has to look at; what stands after the last one is the logger's.
func (t *table) rows(column int) ([]row, error) {
	out := make([]row, 0, t.last-t.first+1)
	for i := t.first; i <= t.last; i++ {
		if strings.TrimSpace(t.lines[i]) == "" {
			continue
		}
		cells := split(t.lines[i], t.delimiter)
		w, ok := t.stampOf(cells)
		if !ok {
			return nil, fmt.Errorf("line %d: %q has no date with a time where the other lines do", i+1, clip(t.lines[i]))
		}
		r := row{line: i + 1, stamp: w}
		if column < len(cells) {
			r.cell = cells[column]
		}
		out = append(out, r)
	}
	return out, nil
}

// values reads the numbers. All have the same sign before their decimals.
func values(rows []row, log *Log) error {
	comma, point := 0, 0 // the first line with one
	for i := range rows {
		r := &rows[i]
		if missing(r.cell) {
			r.missing = true
			continue
		}
		n, ok := parseNumber(r.cell)
		switch {
		case !ok:
			return fmt.Errorf("line %d: %q is no temperature, and no word for a missing one that we know", r.line, clip(r.cell))
		case n.unit != "" && n.unit != log.Unit:
			return fmt.Errorf("line %d: %q is not in °%s as the other lines are", r.line, clip(r.cell), strings.ToUpper(string(log.Unit)))
		}
		if n.comma && comma == 0 {
			comma = r.line
		}
		if n.point && point == 0 {
			point = r.line
		}
		if comma > 0 && point > 0 {
			return fmt.Errorf("line %d has a decimal comma and line %d a decimal point: one of them is no decimal", comma, point)
		}
		if r.c = log.Unit.toCelsius(n.value); r.c < LowestC || r.c > HighestC {
			r.missing = true // what an instrument writes for a probe that is not there
		}
	}
	return nil
}

// orderOf decides which number of the dates is the day: what makes every date
// a day of the calendar, then what agrees with a line above that names the
// month, then which order does not make time run back. More is a guess.
func (t *table) orderOf(rows []row, asked Order) (Order, error) {
	if asked != "" && asked != DMY && asked != MDY && asked != YMD {
		return "", fmt.Errorf("dates %.10q: want %s, %s or %s", asked, DMY, MDY, YMD)
	}
	open := false
	var wrong [2]row
	candidates := []Order{DMY, MDY}
	for _, r := range rows {
		if r.stamp.order != "" {
			if _, _, _, ok := r.stamp.day(""); !ok {
				return "", fmt.Errorf("line %d: there is no such day", r.line)
			}
			continue
		}
		open = true
		for i, o := range candidates {
			if _, _, _, ok := r.stamp.day(o); !ok && wrong[i].line == 0 {
				wrong[i] = r
			}
		}
	}
	if !open {
		if asked != "" && asked != YMD {
			return "", fmt.Errorf("the dates say by themselves what is the month, and %s was asked for", asked)
		}
		return "", nil
	}
	var fit []Order
	for i, o := range candidates {
		if wrong[i].line == 0 {
			fit = append(fit, o)
		}
	}
	if len(fit) == 0 {
		return "", fmt.Errorf("lines %d and %d: their dates are neither day/month nor month/day", wrong[0].line, wrong[1].line)
	}
	if asked != "" {
		if !slices.Contains(fit, asked) {
			return "", fmt.Errorf("line %d: there is no such day when dates are read as %s", max(wrong[0].line, wrong[1].line), asked)
		}
		return asked, nil
	}
	if len(fit) == 1 {
		return fit[0], nil
	}
	if o := t.namedDay(rows); o != "" {
		return o, nil
	}
	var forward []Order
	for _, o := range fit {
		if ascending(rows, o) || descending(rows, o) {
			forward = append(forward, o)
		}
	}
	if len(forward) == 1 {
		return forward[0], nil
	}
	return "", &Undecided{What: "dates", Why: fmt.Sprintf("line %d: the dates can be day/month or month/day, and nothing in the file decides", rows[0].line), Choices: []string{string(DMY), string(MDY)}}
}

// namedDay finds a line above that names a month in letters and has the time
// of the first or the last row, as loggers note when they were started.
func (t *table) namedDay(rows []row) Order {
	for _, line := range t.above {
		_, text, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		year, month, day, ok := dayNamed(text)
		if !ok {
			continue
		}
		for _, r := range []row{rows[0], rows[len(rows)-1]} {
			var fit []Order
			for _, o := range []Order{DMY, MDY} {
				if y, m, d, ok := r.stamp.day(o); ok && y == year && m == month && d == day {
					fit = append(fit, o)
				}
			}
			if len(fit) == 1 {
				return fit[0]
			}
		}
	}
	return ""
}

// dayNamed reads "Thu Oct 11 12:11:00 CST 2012" and other texts with a month in
// letters, a day and a year.
func dayNamed(text string) (year int, month time.Month, day int, ok bool) {
	if w, ok := parseStamp(text); ok && w.date && w.order == YMD {
		y, m, d, ok := w.day("")
		return y, m, d, ok
	}
	fields := strings.Fields(text)
	for i := range fields {
		m, named := months[strings.ToLower(strings.Trim(fields[i], ",."))]
		if !named || i+1 >= len(fields) {
			continue
		}
		w, ok := parseStamp(fields[i] + " " + strings.Trim(fields[i+1], ",") + ", " + fields[len(fields)-1])
		if ok && w.order == YMD && w.n[1] == m {
			y, m, d, ok := w.day("")
			return y, m, d, ok
		}
	}
	return 0, 0, 0, false
}

func ascending(rows []row, o Order) bool {
	return slices.IsSortedFunc(rows, func(a, b row) int { return plain(a.stamp, o).Compare(plain(b.stamp, o)) })
}

func descending(rows []row, o Order) bool {
	return slices.IsSortedFunc(rows, func(a, b row) int { return plain(b.stamp, o).Compare(plain(a.stamp, o)) })
}

// plain is a stamp as if its clock were Greenwich's.
func plain(w written, o Order) time.Time {
	y, m, d, _ := w.day(o)
	return time.Date(y, m, d, w.hour, w.min, w.sec, w.milli*1_000_000, time.UTC)
}
