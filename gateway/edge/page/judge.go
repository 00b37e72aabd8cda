package page

import (
	"cmp"
	"slices"
	"time"

	"coldchain/sensors"
)

// staleIntervals is after how many sampling intervals a value is old.
const staleIntervals = 3

// state is how a zone stands, worst first, in the same order and with the same
// words as on the county's pages.
type state uint8

const (
	act       state = iota // outside its limits, or without mains
	attention              // something is doubtful or fails
	noData                 // no value of now
	normal
)

// name is the state's name in style sheets and JSON.
func (s state) name() string {
	return [...]string{"act", "attention", "nodata", "ok"}[s]
}

// side is where a value lies.
type side int8

const (
	below  side = -1
	inside side = 0
	above  side = 1
)

// standing is a point as it is judged at a moment.
type standing struct {
	Point
	age   time.Duration // of the newest reading, at least 0
	stale bool          // older than three intervals, or never read
	value float64       // of now
	ok    bool          // value holds: fresh and not bad
	side  side          // of the value of now, or of the last one while there is none
	name  string
}

// judge looks at a point at now.
func judge(p Point, now time.Time) standing {
	s := standing{Point: p, stale: true, name: p.ID.Name()}
	if !p.Seen {
		return s
	}
	s.age = ageOf(p.Last.Time, p.At, now)
	s.stale = s.age > staleIntervals*p.Interval
	s.value, s.ok = p.Last.Value()
	s.ok = s.ok && !s.stale
	// Missing data ends nothing: what was outside when it was last seen counts
	// as outside until it is seen inside.
	if v, ok := p.Valued.Value(); ok {
		s.side = sideOf(v, p.Low, p.High)
	}
	return s
}

// ageOf never makes a reading younger than the moment it was taken over, so
// that a device's clock that is ahead cannot make an old value look new.
func ageOf(measured, taken, now time.Time) time.Duration {
	return max(now.Sub(measured), now.Sub(taken), 0)
}

func sideOf(v float64, low, high *float64) side {
	switch {
	case high != nil && v > *high:
		return above
	case low != nil && v < *low:
		return below
	}
	return inside
}

// state is how one point stands.
func (s standing) state() state {
	v, known := s.Valued.Value()
	switch {
	case s.Quantity == sensors.Mains && known && v == 0, s.side != inside:
		return act
	case !s.ok:
		return noData
	case s.Last.Quality == sensors.Uncertain, s.Quantity == sensors.BatteryOK && v == 0:
		return attention
	}
	return normal
}

// zone is a room or truck box with its points.
type zone struct {
	id     string
	state  state
	points []standing // what the card is about first
}

// main is the point in huge digits: the worst temperature. It is nil for a zone
// without one.
func (z zone) main() *standing {
	if len(z.points) > 0 && z.points[0].Quantity == sensors.Temperature {
		return &z.points[0]
	}
	return nil
}

// zonesOf judges every zone and puts the worst first.
func zonesOf(s Snapshot) []zone {
	at := map[string]int{}
	var zones []zone
	for _, p := range s.Points {
		id := p.ID.Zone()
		i, ok := at[id]
		if !ok {
			i = len(zones)
			at[id] = i
			zones = append(zones, zone{id: id, state: normal})
		}
		zones[i].points = append(zones[i].points, judge(p, s.Now))
	}
	for i := range zones {
		slices.SortFunc(zones[i].points, byWeight)
		zones[i].state = stateOf(zones[i].points)
	}
	slices.SortFunc(zones, func(a, b zone) int {
		return cmp.Or(cmp.Compare(a.state, b.state), cmp.Compare(a.id, b.id))
	})
	return zones
}

// stateOf is the worst of the points, but a zone is without data only when all
// of its temperatures are (or, without any, all of its points); else a missing
// one asks for attention.
func stateOf(points []standing) state {
	worst, counted, dark := normal, 0, 0
	hasTemperature := points[0].Quantity == sensors.Temperature
	for _, p := range points {
		s := p.state()
		if p.Quantity == sensors.Temperature || !hasTemperature {
			counted++
			if s == noData {
				dark++
			}
		}
		if s == noData {
			s = attention
		}
		worst = min(worst, s)
	}
	if worst != act && dark == counted {
		return noData
	}
	return worst
}

// byWeight puts temperatures first, the worst of them at the head.
func byWeight(a, b standing) int {
	return cmp.Or(
		cmp.Compare(rank(a.Quantity), rank(b.Quantity)),
		cmp.Compare(a.state(), b.state()),
		-cmp.Compare(a.beyond(), b.beyond()),
		cmp.Compare(a.ID, b.ID),
	)
}

func rank(q sensors.Quantity) int {
	if i := slices.Index(order, q); i >= 0 {
		return i
	}
	return len(order)
}

// order is in which a card shows its quantities.
var order = []sensors.Quantity{
	sensors.Temperature, sensors.Humidity, sensors.Door, sensors.Defrost, sensors.Compressor,
	sensors.Mains, sensors.Generator, sensors.BatteryOK, sensors.BatteryVoltage, sensors.SetPoint,
	sensors.Latitude, sensors.Longitude,
}

// beyond is how far the last value lies outside its limits, 0 inside.
func (s standing) beyond() float64 {
	v, _ := s.Valued.Value()
	switch s.side {
	case above:
		return v - *s.High
	case below:
		return *s.Low - v
	}
	return 0
}
