package trip

import "math"

const (
	moved   = 300.0         // metres: less is a receiver's wandering, or a yard
	settled = int64(180000) // ms within that: it stands
	near    = 2000.0        // metres from a place's middle, if it does not say: it is there
	paired  = int64(5000)   // ms between the halves of one fix
)

// motion tells from fixes whether a truck moves. Late fixes say nothing.
type motion struct {
	At     int64   `json:"at,omitempty"` // newest fix
	Lat    float64 `json:"lat,omitempty"`
	Lon    float64 `json:"lon,omitempty"`
	Anchor anchor  `json:"anchor,omitzero"`
	Moving bool    `json:"moving,omitempty"`
	Since  int64   `json:"since,omitempty"`

	// The half of a fix that waits for the other.
	LatAt int64   `json:"lat_at,omitempty"`
	LonAt int64   `json:"lon_at,omitempty"`
	LatTo float64 `json:"lat_to,omitempty"`
	LonTo float64 `json:"lon_to,omitempty"`
}

// anchor is where the truck was when it was last away from where it was before.
type anchor struct {
	At  int64   `json:"at"`
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// half notes one half of a fix.
func (m *motion) half(at int64, lat, lon *float64) {
	if lat != nil {
		m.LatAt, m.LatTo = at, *lat
	} else {
		m.LonAt, m.LonTo = at, *lon
	}
	if m.LatAt == 0 || m.LonAt == 0 || abs(m.LatAt-m.LonAt) > paired {
		return
	}
	t := max(m.LatAt, m.LonAt)
	m.LatAt, m.LonAt = 0, 0
	if t > m.At {
		m.fix(t, m.LatTo, m.LonTo)
	}
}

func (m *motion) fix(t int64, lat, lon float64) {
	before := m.At
	m.At, m.Lat, m.Lon = t, lat, lon
	here := anchor{t, lat, lon}
	switch {
	case before == 0:
		m.Anchor, m.Since = here, t
	case distance(m.Anchor, here) > moved:
		m.Anchor = here
		if !m.Moving {
			m.Moving, m.Since = true, before // it stood there for the last time then
		}
	case m.Moving && t-m.Anchor.At >= settled:
		m.Moving, m.Since = false, m.Anchor.At
	}
}

// place returns the nearest place that the truck stands at; "" when it moves or
// is at none.
func (m *motion) place(list []Place) string {
	if m.At == 0 || m.Moving {
		return ""
	}
	return nearest(list, m.Anchor)
}

// distance is in metres, along the great circle.
func distance(a, b anchor) float64 {
	const earth, rad = 6371e3, math.Pi / 180
	h := math.Pow(math.Sin((b.Lat-a.Lat)*rad/2), 2) +
		math.Cos(a.Lat*rad)*math.Cos(b.Lat*rad)*math.Pow(math.Sin((b.Lon-a.Lon)*rad/2), 2)
	return 2 * earth * math.Asin(math.Sqrt(h))
}

func abs(x int64) int64 { return max(x, -x) }
