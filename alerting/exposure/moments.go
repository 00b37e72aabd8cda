package exposure

import (
	"math"

	"coldchain/alerting/sums"
)

// moments adds up a temperature and its square over time, from an origin near
// the values: a constant has a deviation of exactly nothing.
type moments struct {
	seconds float64
	origin  float64  // °C, the first value
	v, vv   sums.Sum // °C·s, °C²·s, from the origin
}

// add takes a straight course from a to b, in °C.
func (m *moments) add(a, b, seconds float64) {
	if m.seconds == 0 {
		m.origin = a
	}
	a, b = a-m.origin, b-m.origin
	m.seconds += seconds
	m.v.Add((a + b) / 2 * seconds)
	m.vv.Add((a*a + a*b + b*b) / 3 * seconds)
}

func (m *moments) join(o moments) {
	if m.seconds == 0 {
		*m = o
		return
	}
	d := o.origin - m.origin
	m.seconds += o.seconds
	m.vv.Join(o.vv)
	m.vv.Add(2*d*o.v.Value() + d*d*o.seconds)
	m.v.Join(o.v)
	m.v.Add(d * o.seconds)
}

// value returns mean and standard deviation in °C; ok is false when nothing
// lasted any time.
func (m moments) value() (mean, sd float64, ok bool) {
	if m.seconds <= 0 {
		return 0, 0, false
	}
	d := m.v.Value() / m.seconds
	return m.origin + d, math.Sqrt(max(0, m.vv.Value()/m.seconds-d*d)), true
}
