package sim

import (
	"fmt"
	"math"
)

// Season sets the weather of the whole county.
type Season string

// The seasons of the simulated county.
const (
	Autumn Season = "autumn" // about 14 °C by day and 2 °C by night
	Summer Season = "summer" // about 28 and 14 °C
	Winter Season = "winter" // about -25 and -31 °C
)

// ParseSeason checks s; the empty string is Autumn.
func ParseSeason(s string) (Season, error) {
	switch Season(s) {
	case "":
		return Autumn, nil
	case Autumn, Summer, Winter:
		return Season(s), nil
	}
	return "", fmt.Errorf("season %q is not known (autumn, summer or winter)", s)
}

// The county keeps one clock, UTC+8 without summer time.
const localOffset = 8 * 3600

func secondOfDay(t int64) int64 {
	return t + localOffset - floorDiv(t+localOffset, 86400)*86400
}

// climate is the day's mean, half its swing and how far the mean drifts from
// day to day (all °C), and the relative humidity outside (%RH).
type climate struct{ mean, swing, drift, humidity float64 }

func (s Season) climate() climate {
	switch s {
	case Summer:
		return climate{21, 7, 1.5, 45}
	case Winter:
		return climate{-28, 3, 1, 65}
	}
	return climate{8, 6, 1.5, 50}
}

// air is the weather at one minute: the temperature outdoors and inside an
// unheated building with thick walls, and the moisture outdoors (g/m³).
type air struct{ outdoors, building, vapour float64 }

// weatherAt is evaluated once a minute; between minutes it stands still, which
// makes a step independent of how far an advance goes.
func weatherAt(s Season, seed uint64, t int64) air {
	t -= t - floorDiv(t, 60)*60
	c := s.climate()
	hour := float64(secondOfDay(t)) / 3600
	mean := c.mean + c.drift*wander(seed, t, 2*86400)
	// The day is warmest at 15:00; a building follows by three hours and keeps
	// under half of the swing.
	out := mean + c.swing*math.Cos(2*math.Pi*(hour-15)/24)
	in := mean + 0.4*c.swing*math.Cos(2*math.Pi*(hour-18)/24)
	// The water in the air is set by the night: it does not follow the day.
	v := saturation(mean) * c.humidity / 100
	return air{outdoors: out, building: in, vapour: math.Min(v, saturation(out))}
}

// saturation is the water vapour air can hold at t °C over liquid water, in
// g/m³ (Magnus formula, WMO-No. 8 annex 4.B; ideal gas).
func saturation(t float64) float64 {
	return 216.7 * 6.112 * math.Exp(17.62*t/(243.12+t)) / (273.15 + t)
}

// frostPoint is the part of saturation over water that ice allows: below 0 °C
// vapour settles as frost before it reaches 100 %RH over water. The slope
// reproduces e_ice/e_water = 0.82 at -20 °C.
func frostPoint(t float64) float64 {
	if t >= 0 {
		return 1
	}
	return 1 + t*(0.00945+0.00003*t)
}
