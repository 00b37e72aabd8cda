package page

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"coldchain/sensors"
)

// unit is how people write a quantity's unit; switches have none.
func unit(q sensors.Quantity) string {
	switch q.Unit() {
	case sensors.Celsius:
		return "°C"
	case sensors.PercentRH:
		return "%RH"
	case sensors.Volt:
		return "V"
	case sensors.LatDegree, sensors.LonDegree:
		return "°"
	}
	return ""
}

func digits(q sensors.Quantity) int {
	switch q {
	case sensors.Humidity:
		return 0
	case sensors.Latitude, sensors.Longitude:
		return 5
	}
	return 1
}

// fixed writes a number with a real minus sign, and never "−0".
func fixed(v float64, digits int) string {
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Trim(s, "-0.") == "" {
		return strings.TrimPrefix(s, "-")
	}
	return strings.Replace(s, "-", "−", 1)
}

// short writes a number with as many digits as it has, at most four after the
// point: limits and raw values.
func short(v float64) string {
	if math.Abs(v) < 1e15 {
		v = math.Round(v*1e4) / 1e4
	}
	if v == 0 {
		v = 0 // no negative zero
	}
	return strings.Replace(strconv.FormatFloat(v, 'f', -1, 64), "-", "−", 1)
}

// number writes a value of a point. A value outside its limit is given more
// digits where rounding would put it on the limit.
func (s standing) number(v float64) string {
	n := digits(s.Quantity)
	for _, limit := range []*float64{s.High, s.Low} {
		for limit != nil && s.side != inside && v != *limit && n < 4 && fixed(v, n) == fixed(*limit, n) {
			n++
		}
	}
	return fixed(v, n)
}

// shown is a value in words: a number with its unit, or a switch's word.
func (l lang) shown(s standing, v float64) string {
	if s.Quantity.IsState() {
		return l.switched(s.Quantity, v != 0)
	}
	if u := unit(s.Quantity); u == "°" {
		return s.number(v) + u
	} else if u != "" {
		return s.number(v) + " " + u
	}
	return s.number(v)
}

// span is a duration in words, with the two largest units that matter.
func (l lang) span(d time.Duration) string {
	seconds := int64(max(d, 0) / time.Second)
	switch {
	case seconds < 60:
		return l.with("seconds", seconds)
	case seconds < 600:
		return l.with("minutes+seconds", seconds/60, seconds%60)
	case seconds < 3600:
		return l.with("minutes", seconds/60)
	case seconds < 86400:
		return l.with("hours+minutes", seconds/3600, seconds/60%60)
	}
	return l.with("days+hours", seconds/86400, seconds/3600%24)
}

// latency is a short duration as technicians read it.
func latency(d time.Duration) string {
	if d <= 0 {
		return "–"
	}
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}
