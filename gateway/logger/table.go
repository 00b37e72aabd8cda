package logger

import (
	"errors"
	"fmt"
	"strings"
)

// table is a file cut into cells, with what its columns are.
type table struct {
	lines     []string
	delimiter rune
	first     int // line of the first row of data, from 0
	last      int // and of the last one
	header    []string
	above     []string // lines before the data, the header's too
	dateCol   int
	clockCol  int // another column with the time of day; -1: none
}

var delimiters = []rune{',', ';', '\t', '|'}

// probe is how many lines are looked at to find what a file is like; a block
// above the data is shorter.
const probe = 400

// maxCells bounds the columns of a row.
const maxCells = 256

// split cuts a line into cells. A quoted cell may hold the delimiter and
// doubled quotes.
func split(line string, delimiter rune) []string {
	var cells []string
	for len(cells) < maxCells {
		line = strings.TrimLeft(line, " ")
		if strings.HasPrefix(line, `"`) {
			var cell strings.Builder
			rest := line[1:]
			for {
				i := strings.IndexByte(rest, '"')
				if i < 0 {
					cell.WriteString(rest)
					rest = ""
					break
				}
				cell.WriteString(rest[:i])
				rest = rest[i+1:]
				if !strings.HasPrefix(rest, `"`) {
					break
				}
				cell.WriteByte('"')
				rest = rest[1:]
			}
			cells = append(cells, cell.String())
			i := strings.IndexRune(rest, delimiter)
			if i < 0 {
				return cells
			}
			line = rest[i+1:]
			continue
		}
		i := strings.IndexRune(line, delimiter)
		if i < 0 {
			return append(cells, strings.TrimSpace(line))
		}
		cells = append(cells, strings.TrimSpace(line[:i]))
		line = line[i+1:]
	}
	return cells
}

// tableOf finds the delimiter, the columns of time and where the data begins.
func tableOf(lines []string) (*table, error) {
	var best *table
	rows := 0
	for _, d := range delimiters {
		t := &table{lines: lines, delimiter: d}
		if n := t.findTime(); n > rows {
			best, rows = t, n
		}
	}
	if best == nil {
		return nil, errors.New("no line has a date with a time and, behind a comma, semicolon, tab or bar, something measured: is this a logger's CSV?")
	}
	if err := best.findEnds(); err != nil {
		return nil, err
	}
	return best, nil
}

// findTime finds the column that has a date and a time in most rows, or one of
// dates with one of times beside it, and returns in how many rows it has.
func (t *table) findTime() (rows int) {
	whole, dates, clocks := map[int]int{}, map[int]int{}, map[int]int{}
	from := max(0, min(len(t.lines)-probe, probe)) // a second look further down, past any block
	seen := func(lines []string) {
		for _, line := range lines {
			cells := split(line, t.delimiter)
			if len(cells) < 2 {
				continue
			}
			for i, c := range cells {
				w, ok := parseStamp(c)
				switch {
				case !ok:
				case w.date && w.clock:
					whole[i]++
				case w.date:
					dates[i]++
				default:
					clocks[i]++
				}
			}
		}
	}
	seen(t.lines[:min(probe, len(t.lines))])
	if from > 0 {
		seen(t.lines[from:min(from+probe, len(t.lines))])
	}
	t.dateCol, rows = most(whole)
	t.clockCol = -1
	d, n := most(dates)
	c, m := most(clocks)
	if both := min(n, m); both > rows {
		t.dateCol, t.clockCol, rows = d, c, both
	}
	return rows
}

// most returns the column with the most rows, the leftmost of several.
func most(count map[int]int) (column, rows int) {
	for c, n := range count {
		if n > rows || n == rows && n > 0 && c < column {
			column, rows = c, n
		}
	}
	return column, rows
}

// stampOf returns the time of a row; ok is false for a line that is none.
func (t *table) stampOf(cells []string) (w written, ok bool) {
	if t.dateCol >= len(cells) || t.clockCol >= len(cells) || len(cells) < 2 {
		return w, false
	}
	if w, ok = parseStamp(cells[t.dateCol]); !ok || !w.date {
		return w, false
	}
	if t.clockCol < 0 {
		return w, w.clock
	}
	c, ok := parseStamp(cells[t.clockCol])
	return w.join(c), ok && c.clock && !c.date
}

// findEnds finds the first and the last row, and the header above.
func (t *table) findEnds() error {
	t.first = -1
	for i, line := range t.lines {
		if _, ok := t.stampOf(split(line, t.delimiter)); ok {
			if t.first < 0 {
				t.first = i
			}
			t.last = i
		}
	}
	if t.first < 0 {
		return errors.New("no line has a date with a time")
	}
	width := len(split(t.lines[t.first], t.delimiter))
	t.above = t.lines[:t.first]
	for i := t.first - 1; i >= 0; i-- {
		if strings.TrimSpace(t.lines[i]) == "" {
			continue
		}
		// The nearest line above with a name for nearly every column; one of
		// units may stand between.
		cells := split(t.lines[i], t.delimiter)
		if len(cells) < 2 || len(cells) < width-1 || len(cells) > width+1 {
			break
		}
		t.header = pairUp(cells, t.header)
		if t.first-i >= 2 {
			break
		}
	}
	return nil
}

// pairUp puts a line of units under the names that stand above them.
func pairUp(names, units []string) []string {
	out := make([]string, max(len(names), len(units)))
	for i := range out {
		var parts []string
		for _, cells := range [][]string{names, units} {
			if i < len(cells) && cells[i] != "" {
				parts = append(parts, cells[i])
			}
		}
		out[i] = strings.Join(parts, " ")
	}
	return out
}

// title is what a column is called.
func (t *table) title(column int) string {
	if column < len(t.header) && t.header[column] != "" {
		return t.header[column]
	}
	return fmt.Sprintf("column %d", column+1)
}
