package exposure

import "math"

// sum adds up without losing what is small beside what is large (Neumaier's
// form of Kahan's sum): a season of minutes is hundreds of thousands of terms.
type sum struct{ total, lost float64 }

func (s *sum) add(x float64) {
	t := s.total + x
	if math.Abs(s.total) >= math.Abs(x) {
		s.lost += (s.total - t) + x
	} else {
		s.lost += (x - t) + s.total
	}
	s.total = t
}

func (s *sum) join(o sum) {
	s.add(o.total)
	s.add(o.lost)
}

func (s sum) value() float64 { return s.total + s.lost }

// moments adds up a temperature and its square over time, from an origin near
// the values: a constant has a deviation of exactly nothing.
type moments struct {
	seconds float64
	origin  float64 // °C, the first value
	v, vv   sum     // °C·s, °C²·s, from the origin
}

// add takes a straight course from a to b, in °C.
func (m *moments) add(a, b, seconds float64) {
	if m.seconds == 0 {
		m.origin = a
	}
	a, b = a-m.origin, b-m.origin
	m.seconds += seconds
	m.v.add((a + b) / 2 * seconds)
	m.vv.add((a*a + a*b + b*b) / 3 * seconds)
}

func (m *moments) join(o moments) {
	if m.seconds == 0 {
		*m = o
		return
	}
	d := o.origin - m.origin
	m.seconds += o.seconds
	m.vv.join(o.vv)
	m.vv.add(2*d*o.v.value() + d*d*o.seconds)
	m.v.join(o.v)
	m.v.add(d * o.seconds)
}

// value returns mean and standard deviation in °C; ok is false when nothing
// lasted any time.
func (m moments) value() (mean, sd float64, ok bool) {
	if m.seconds <= 0 {
		return 0, 0, false
	}
	d := m.v.value() / m.seconds
	return m.origin + d, math.Sqrt(max(0, m.vv.value()/m.seconds-d*d)), true
}
