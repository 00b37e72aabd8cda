package logger

import (
	"math"
	"strconv"
	"strings"
)

// noValue are the words that loggers write where they have no value.
var noValue = map[string]bool{"": true, "-": true, "--": true, "---": true, "----": true, "nc": true, "n/c": true, "n/a": true, "na": true, "nan": true, "null": true, "none": true,
	"ol": true, "o.l": true, "open": true, "short": true, "err": true, "error": true, "fault": true, "fail": true, "lost": true, "no data": true, "no probe": true, "unplugged": true, "disconnected": true,
	"无": true, "空": true, "无数据": true, "未接": true, "未连接": true, "断开": true, "故障": true, "错误": true}

// number is a cell as a number.
type number struct {
	value float64
	comma bool // a comma stood before the decimals
	point bool
	unit  Unit // that stood behind it
}

// parseNumber understands 4.5, 4,5, −4.5 and 4.5 °C.
func parseNumber(cell string) (n number, ok bool) {
	s := clean(cell)
	s, n.unit = cutUnit(s)
	s = strings.ReplaceAll(s, "−", "-")
	switch points, commas := strings.Count(s, "."), strings.Count(s, ","); {
	case points+commas > 1 || len(s) > 30:
		return n, false
	case commas == 1:
		n.comma = true
		s = strings.Replace(s, ",", ".", 1)
	case points == 1:
		n.point = true
	}
	if s == "" || strings.Trim(s, "0123456789.+-eE") != "" { // no inf, nan, 0x1p-2, 1_0
		return n, false
	}
	v, err := strconv.ParseFloat(s, 64)
	n.value = v
	return n, err == nil && !math.IsInf(v, 0)
}

// missing reports whether a cell says that there is no value.
func missing(cell string) bool {
	s := strings.ToLower(clean(cell))
	return noValue[s] || strings.Trim(s, "#") == "" || strings.Trim(s, "*") == ""
}

func clean(cell string) string {
	return strings.TrimSpace(strings.ReplaceAll(cell, "\u00a0", " "))
}

// cutUnit takes a unit of temperature off the end.
func cutUnit(s string) (string, Unit) {
	for _, u := range []struct {
		text string
		unit Unit
	}{{"°c", Celsius}, {"℃", Celsius}, {"ºc", Celsius}, {"°f", Fahrenheit}, {"℉", Fahrenheit}, {"ºf", Fahrenheit}, {"c", Celsius}, {"f", Fahrenheit}} {
		if cut := len(s) - len(u.text); cut >= 0 && strings.EqualFold(s[cut:], u.text) {
			return strings.TrimRight(s[:cut], " °º"), u.unit
		}
	}
	return s, ""
}

// toCelsius converts. 46.4 °F are 8 °C and not a little more, which would be
// beyond a limit of 8.
func (u Unit) toCelsius(v float64) float64 {
	if u == Fahrenheit {
		return math.Round((v-32)/1.8*1e9) / 1e9
	}
	return v
}
