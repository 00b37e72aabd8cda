package tool

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The largest log that is read: years of minutes.
const (
	maxLogBytes = 64 << 20
	maxLogRows  = 2_000_000
	maxLogHours = 1e7 // from any beginning: a thousand years
)

// courseRow is one row of a log of temperatures.
type courseRow struct {
	line  int
	hours float64 // since the log's own beginning
	tempC float64
}

// readCourse reads a CSV with a header and the columns temp_c and hours or time.
// What comes back has at least two rows, in strict order of time. An error names
// the file and the line.
func readCourse(name string, r io.Reader) ([]courseRow, error) {
	limited := &io.LimitedReader{R: r, N: maxLogBytes + 1}
	in := bufio.NewReader(limited)
	if bom, err := in.Peek(3); err == nil && string(bom) == "\ufeff" {
		_, _ = in.Discard(3) // what was peeked is there
	}
	c := csv.NewReader(in)
	c.FieldsPerRecord = -1
	c.ReuseRecord = true
	head, err := c.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: empty: want a header with temp_c and hours or time", name)
	} else if err != nil {
		return nil, badCSV(name, err)
	}
	columns, err := courseColumns(head)
	if err != nil {
		return nil, fmt.Errorf("%s:1: %w", name, err)
	}
	var rows []courseRow
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, badCSV(name, err)
		}
		line, _ := c.FieldPos(0)
		if len(rows) == maxLogRows || limited.N == 0 {
			return nil, fmt.Errorf("%s:%d: longer than %d rows or %d MiB: cut it in pieces", name, line, maxLogRows, maxLogBytes>>20)
		}
		row, err := columns.row(record)
		if err == nil && len(rows) > 0 && !(row.hours > rows[len(rows)-1].hours) {
			err = fmt.Errorf("not later than the row before it (line %d): want rows in order of time, each time once", rows[len(rows)-1].line)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
		row.line = line
		rows = append(rows, row)
	}
	if len(rows) < 2 {
		return nil, fmt.Errorf("%s: %d rows of data: want at least two, for one alone has no duration", name, len(rows))
	}
	return rows, nil
}

func badCSV(name string, err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return fmt.Errorf("%s:%d: %w", name, p.Line, p.Err)
	}
	return fmt.Errorf("read %s: %w", name, err)
}

// courseLayout is which column is what, and how times are written.
type courseLayout struct {
	width, temp, when int
	isTime            bool
	zoned             *bool // whether times have a zone, told by the first
	begin             time.Time
}

func courseColumns(head []string) (*courseLayout, error) {
	names := make([]string, len(head))
	for i, h := range head {
		names[i] = strings.ToLower(strings.TrimSpace(h))
	}
	find := func(name string) (int, bool, error) {
		at := slices.Index(names, name)
		if at >= 0 && slices.Contains(names[at+1:], name) {
			return 0, false, fmt.Errorf("there are two columns %s", name)
		}
		return at, at >= 0, nil
	}
	temp, hasTemp, err := find("temp_c")
	hours, hasHours, err2 := find("hours")
	at, hasTime, err3 := find("time")
	if err := errors.Join(err, err2, err3); err != nil {
		return nil, err
	}
	switch {
	case !hasTemp || !hasHours && !hasTime:
		return nil, fmt.Errorf("the header is %.80q: want the columns temp_c and hours or time, with commas between", strings.Join(head, ","))
	case hasHours && hasTime:
		return nil, errors.New("there is a column hours and a column time: leave one out, nobody can tell which counts")
	case hasHours:
		return &courseLayout{width: len(head), temp: temp, when: hours}, nil
	}
	return &courseLayout{width: len(head), temp: temp, when: at, isTime: true}, nil
}

func (l *courseLayout) row(record []string) (courseRow, error) {
	if len(record) != l.width {
		return courseRow{}, fmt.Errorf("%d columns, the header has %d; numbers want a decimal point, no comma", len(record), l.width)
	}
	text := strings.TrimSpace(record[l.temp])
	c, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(c) || math.IsInf(c, 0) {
		return courseRow{}, fmt.Errorf("temp_c %.40q is not a number; leave out rows without a reading", text)
	}
	when := strings.TrimSpace(record[l.when])
	if l.isTime {
		hours, err := l.since(when)
		return courseRow{hours: hours, tempC: c}, err
	}
	h, err := strconv.ParseFloat(when, 64)
	if err != nil || !(math.Abs(h) <= maxLogHours) { // NaN too
		return courseRow{}, fmt.Errorf("hours %.40q: want a number of hours, at most %g", when, maxLogHours)
	}
	return courseRow{hours: h, tempC: c}, nil
}

// since is the hours from the first time to this one. Times without a zone are
// taken as they are, for only their differences count.
func (l *courseLayout) since(text string) (float64, error) {
	zoned := true
	at, err := time.Parse(time.RFC3339, text)
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04"} {
		if err == nil {
			break
		}
		zoned = false
		at, err = time.Parse(layout, text)
	}
	if err != nil {
		return 0, fmt.Errorf("time %.40q: want one such as 2026-11-23T08:00:00+08:00 or 2026-11-23 08:00:00", text)
	}
	if l.zoned == nil {
		l.zoned, l.begin = &zoned, at
	}
	if *l.zoned != zoned {
		return 0, fmt.Errorf("time %.40q: some times have a zone and some have none", text)
	}
	return at.Sub(l.begin).Hours(), nil
}
