package logger

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// The words of headers. A column that says what else it is cannot be the
// temperature.
var (
	titleTemperature = regexp.MustCompile(`(?i)temp|温度|库温|°\s?[cf]\b|℃|℉|celsius|fahrenheit|摄氏|华氏|^t\d*$|^[cf]$`)
	titleOther       = regexp.MustCompile(`(?i)humid|湿度|^rh|%\s?rh|dew|露点|press|气压|volt|batt|电压|电量|rssi|signal|信号|accel|加速|counter|sequence|序号|编号|^no\.?$|^nr\.?$|^#$|^id$|index|record|sample|serial|limit|上限|下限|alarm|报警|set ?point|设定|mkt|min|max|avg|average|平均|最高|最低|lat|lon|speed|lux|light|co2|uncert|status|event|unit|单位`)
	titleUnit        = regexp.MustCompile(`(?i)^(unit|units|单位|temp(erature)? unit)$`)
	titleValue       = regexp.MustCompile(`(?i)^(value|reading|data|测量值|读数|值|数值)$`)
	celsiusWord      = regexp.MustCompile(`(?i)°\s?c\b|º\s?c\b|℃|celsius|摄氏|deg\s?c\b|[([{]\s?c\s?[)\]}]|\btemp\w*[ _.-]+c$`)
	fahrenheitWord   = regexp.MustCompile(`(?i)°\s?f\b|º\s?f\b|℉|fahrenheit|华氏|deg\s?f\b|[([{]\s?f\s?[)\]}]|\btemp\w*[ _.-]+f$`)
	unitLine         = regexp.MustCompile(`(?i)\bunits?\b|单位`)
	plainUnit        = regexp.MustCompile(`(?i)[:=,;\t ]\s*"?([cf])"?\s*$`)
)

// temperatureColumn finds the column to judge, or says which there are.
func (t *table) temperatureColumn(asked string) (int, error) {
	cells := split(t.lines[t.first], t.delimiter)
	if asked != "" {
		for i, h := range t.header {
			if strings.EqualFold(clean(h), clean(asked)) {
				return t.own(i)
			}
		}
		if n, err := strconv.Atoi(asked); err == nil && n >= 1 && n <= len(cells) {
			return t.own(n - 1)
		}
		return 0, fmt.Errorf("there is no column %.60q; there are %s", asked, strings.Join(t.titles(len(cells)), ", "))
	}
	var named, open, values []int
	for i := range max(len(cells), len(t.header)) {
		if i == t.dateCol || i == t.clockCol || !t.numeric(i) {
			continue
		}
		title := t.title(i)
		switch has := i < len(t.header) && t.header[i] != ""; {
		case has && titleTemperature.MatchString(title) && !titleOther.MatchString(title):
			named = append(named, i)
		case has && titleValue.MatchString(title):
			values = append(values, i)
		case has && titleOther.MatchString(title):
		default:
			open = append(open, i)
		}
	}
	for _, list := range [][]int{named, values, open} {
		switch len(list) {
		case 0:
			continue
		case 1:
			return list[0], nil
		}
		u := &Undecided{What: "column", Why: fmt.Sprintf("%d columns can be the temperature", len(list))}
		for _, i := range list {
			u.Choices = append(u.Choices, strconv.Quote(t.title(i)))
		}
		return 0, u
	}
	return 0, fmt.Errorf("line %d: no column of numbers can be a temperature; there are %s", t.first+1, strings.Join(t.titles(len(cells)), ", "))
}

func (t *table) own(column int) (int, error) {
	if column == t.dateCol || column == t.clockCol {
		return 0, fmt.Errorf("column %q holds the times", t.title(column))
	}
	return column, nil
}

func (t *table) titles(n int) (out []string) {
	for i := range max(n, len(t.header)) {
		out = append(out, strconv.Quote(t.title(i)))
	}
	return out
}

// numeric reports whether a column has numbers where it has anything.
func (t *table) numeric(column int) bool {
	numbers, others := 0, 0
	for i := t.first; i <= t.last && i < t.first+probe; i++ {
		cells := split(t.lines[i], t.delimiter)
		if column >= len(cells) || missing(cells[column]) {
			continue
		}
		if _, ok := parseNumber(cells[column]); ok {
			numbers++
		} else {
			others++
		}
	}
	return numbers > others
}

// unitOf finds the unit of a column: in its header, in its cells, in a column
// of units, or in the block above.
func (t *table) unitOf(column int, asked Unit) (Unit, error) {
	if asked != "" && asked != Celsius && asked != Fahrenheit {
		return "", fmt.Errorf("unit %.10q: want c or f", asked)
	}
	found, where := t.foundUnit(column)
	switch {
	case found != "" && asked != "" && found != asked:
		return "", fmt.Errorf("the file says that its temperatures are in °%s (%s), and °%s was asked for", strings.ToUpper(string(found)), where, strings.ToUpper(string(asked)))
	case found != "":
		return found, nil
	case asked != "":
		return asked, nil
	}
	return "", &Undecided{What: "unit", Why: fmt.Sprintf("nothing in the file says whether %q is in °C or °F", t.title(column)), Choices: []string{"c", "f"}}
}

func (t *table) foundUnit(column int) (Unit, string) {
	if u := unitIn(t.title(column)); u != "" {
		return u, "header " + t.title(column)
	}
	cells := split(t.lines[t.first], t.delimiter)
	if column < len(cells) {
		if n, ok := parseNumber(cells[column]); ok && n.unit != "" {
			return n.unit, fmt.Sprintf("line %d", t.first+1)
		}
	}
	for i, c := range cells {
		if i < len(t.header) && titleUnit.MatchString(clean(t.header[i])) {
			if rest, u := cutUnit(clean(c)); rest == "" && u != "" {
				return u, "column " + t.header[i]
			}
		}
	}
	var all Unit
	for _, line := range t.above {
		u := unitIn(line)
		if u == "" && unitLine.MatchString(line) {
			if m := plainUnit.FindStringSubmatch(line); m != nil {
				u = Unit(strings.ToLower(m[1]))
			}
		}
		if u != "" && all != "" && u != all {
			return "", "" // the block contradicts itself
		}
		if u != "" {
			all = u
		}
	}
	if all != "" {
		return all, "the lines above the readings"
	}
	if known := t.knownFormat(); known != "" {
		return Celsius, known
	}
	return "", ""
}

func unitIn(text string) Unit {
	c, f := celsiusWord.MatchString(text), fahrenheitWord.MatchString(text)
	switch {
	case c && !f:
		return Celsius
	case f && !c:
		return Fahrenheit
	}
	return ""
}

// knownFormat names a maker's format whose unit its description fixes, though
// the file does not say it.
func (t *table) knownFormat() string {
	all := strings.ToLower(strings.Join(t.header, "|"))
	// Ruuvi's data format 5: temperature in units of 0.005 °C.
	if strings.Contains(all, "measurement sequence number") && strings.Contains(all, "movement counter") {
		return "a RuuviTag's columns"
	}
	return ""
}
