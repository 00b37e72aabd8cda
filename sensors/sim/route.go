package sim

import (
	"fmt"
	"math"
	"time"
)

// roadSpeed is a loaded reefer truck's average over county roads, m/s (61 km/h).
const roadSpeed = 17.0

// legs is a route worked out: where the truck is at each second of its circle.
type legs struct {
	stops  []Stop
	arrive []int64 // second of the circle at which stops[i] is reached
	leave  []int64
	period int64
	shift  int64 // so that trucks do not all leave at once
}

func checkRoute(route []Stop) error {
	if len(route) == 1 {
		return fmt.Errorf("a route needs at least two stops")
	}
	for i, s := range route {
		if math.Abs(s.Latitude) > 90 || math.Abs(s.Longitude) > 180 || s.Stay < 0 || s.Stay > 24*time.Hour {
			return fmt.Errorf("stop %d: latitude, longitude or stay is impossible", i+1)
		}
	}
	return nil
}

func newLegs(route []Stop, shift uint64) *legs {
	if len(route) == 0 {
		return nil
	}
	l := &legs{stops: route}
	for i, s := range route {
		l.arrive = append(l.arrive, l.period)
		l.period += int64(s.Stay / time.Second)
		l.leave = append(l.leave, l.period)
		l.period += max(1, int64(distance(s, route[(i+1)%len(route)])/roadSpeed))
	}
	l.shift = int64(shift % uint64(l.period))
	return l
}

// at returns the place at Unix second t and, while the truck stands, for how
// many seconds it has stood (-1 while it drives) and how long it will.
func (l *legs) at(t int64) (lat, lon float64, stood, stay int64) {
	c := t + l.shift
	c -= floorDiv(c, l.period) * l.period
	for i, s := range l.stops {
		if c < l.arrive[i] {
			continue
		}
		if c < l.leave[i] {
			return s.Latitude, s.Longitude, c - l.arrive[i], l.leave[i] - l.arrive[i]
		}
		next, end := l.stops[(i+1)%len(l.stops)], l.period
		if i+1 < len(l.stops) {
			end = l.arrive[i+1]
		}
		if c < end {
			f := float64(c-l.leave[i]) / float64(end-l.leave[i])
			return s.Latitude + f*(next.Latitude-s.Latitude), s.Longitude + f*(next.Longitude-s.Longitude), -1, 0
		}
	}
	return l.stops[0].Latitude, l.stops[0].Longitude, -1, 0 // not reached: the legs cover the circle
}

// doorOpen: at a stop the box is opened three minutes after arriving, for two
// minutes, and again every quarter of an hour while more than five minutes of
// the stay remain.
func doorAtStop(stood, stay int64) bool {
	return stood >= 180 && stay-stood > 300 && (stood-180)%900 < 120
}

// distance is the great circle's, times 1.25 for roads that bend, in metres.
func distance(a, b Stop) float64 {
	const earth, rad = 6371e3, math.Pi / 180
	h := math.Pow(math.Sin((b.Latitude-a.Latitude)*rad/2), 2) +
		math.Cos(a.Latitude*rad)*math.Cos(b.Latitude*rad)*math.Pow(math.Sin((b.Longitude-a.Longitude)*rad/2), 2)
	return 1.25 * 2 * earth * math.Asin(math.Sqrt(h))
}
