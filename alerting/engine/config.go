package engine

import (
	"fmt"
	"math"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// Config is what the engine watches.
type Config struct {
	Points []Point
	Zones  []alerting.Zone
	Sites  []Site
	// LiveWindow is how old a reading may be when it arrives and still tell
	// what is happening now; default 10 minutes.
	LiveWindow time.Duration
	// Settle is how long the arrival of readings must pause before what has
	// arrived is taken to be all there is for now; default 30 s.
	Settle time.Duration
}

// Point is one measured quantity at one place.
type Point struct {
	ID       sensors.PointID
	Quantity sensors.Quantity
	Zone     string // "site/zone"
	Site     string
	// Period is how often the point is measured, if that is known. A point that
	// is measured more rarely than every 10 minutes needs it: see hole.
	Period time.Duration
}

// Site is a place with one gateway.
type Site struct {
	ID string
	// SilentAfter is how long nothing usable may arrive from a point, or
	// nothing at all from the site, before that is an alarm of its own.
	SilentAfter time.Duration
}

// Defaults of Config.
const (
	DefaultLiveWindow = 10 * time.Minute
	DefaultSettle     = 30 * time.Second
)

// kind is what one side judges. High and low are of every point; the others are
// there when there are lines for them.
type kind uint8

const (
	high kind = iota
	low
	highTotal // times beyond a limit, added up
	lowTotal
	estimateHigh // the product's temperature as it follows from the air
	estimateLow
	kinds
)

// keys name the kinds in the state.
var keys = [kinds]string{"high", "low", "high-total", "low-total", "estimate-high", "estimate-low"}

func (k kind) isTotal() bool { return k == highTotal || k == lowTotal }

func (k kind) isEstimate() bool { return k >= estimateHigh }

// way is high or low.
func (k kind) way() int { return int(k % 2) }

func (k kind) side() alerting.Side {
	if k.way() == 0 {
		return alerting.High
	}
	return alerting.Low
}

// band is the limits of one side, mildest first.
type band struct {
	kind       kind
	rule       alerting.RuleName
	side       alerting.Side
	quantity   sensors.Quantity
	lines      []alerting.Limit
	hysteresis float64
}

// ruleName says what it is called when a quantity is beyond a limit.
func ruleName(k kind, q sensors.Quantity) alerting.RuleName {
	switch {
	case k == estimateHigh:
		return alerting.EstimateHigh
	case k == estimateLow:
		return alerting.EstimateLow
	case k == highTotal:
		return alerting.HighTotal
	case k == lowTotal:
		return alerting.LowTotal
	case k == high && q == sensors.Door:
		return alerting.DoorOpen
	case k == high && q == sensors.Defrost:
		return alerting.DefrostLong
	case k == high:
		return alerting.HighLimit
	case q == sensors.Mains:
		return alerting.MainsLost
	case q == sensors.BatteryOK, q == sensors.BatteryVoltage:
		return alerting.BatteryLow
	}
	return alerting.LowLimit
}

// switchClear is how long a switch must be back before its alarm is over: a
// supply that comes and goes within seconds is not back.
const switchClear = time.Minute

// totalClear is how long a value must be inside before a total is told as over.
const totalClear = 10 * time.Minute

// clears is the line that decides the return: the mildest. A value must be
// inside for as long as it had to be outside.
func (b *band) clears() alerting.Limit {
	line := b.lines[0]
	switch {
	case b.quantity.IsState():
		line.Delay = switchClear
	case b.kind.isTotal():
		line.Delay, line.Within = totalClear, 0
	}
	return line
}

// bands holds a quantity's sides in a zone, by kind: high and low always, the
// others only with lines.
type bands []*band

func newBands(q sensors.Quantity, limits []alerting.Limit, hysteresis float64) bands {
	var all [kinds]*band
	named := func(k kind) *band {
		if all[k] == nil {
			all[k] = &band{kind: k, rule: ruleName(k, q), side: k.side(), hysteresis: hysteresis, quantity: q}
		}
		return all[k]
	}
	named(high)
	named(low)
	for _, l := range limits {
		l.Delay, l.Within = l.Delay.Truncate(time.Millisecond), l.Within.Truncate(time.Millisecond) // what times and state can say
		k := high
		if l.Side == alerting.Low {
			k = low
		}
		if l.Within != 0 {
			k += highTotal
		}
		named(k).lines = append(all[k].lines, l)
	}
	return sorted(slices.DeleteFunc(all[:], func(b *band) bool { return b == nil }))
}

// sorted puts the lines of each band into their order, mildest first.
func sorted(b bands) bands {
	for i := range b {
		slices.SortStableFunc(b[i].lines, func(x, y alerting.Limit) int {
			switch {
			case moreSevere(y, x):
				return -1
			case moreSevere(x, y):
				return 1
			}
			return int((y.Delay - x.Delay) / time.Millisecond) // the more patient is the milder
		})
	}
	return b
}

// moreSevere reports whether line l is more serious than line than of the same
// side: by level, then by value.
func moreSevere(l, than alerting.Limit) bool {
	if l.Level != than.Level {
		return l.Level.MoreSevere(than.Level)
	}
	return worse(l.Side, l.Value, than.Value)
}

// worse reports whether v lies further out than than.
func worse(s alerting.Side, v, than float64) bool {
	if s == alerting.High {
		return v > than
	}
	return v < than
}

// zoneBands checks a zone's limits and sorts them by quantity and side.
func zoneBands(z alerting.Zone) (map[sensors.Quantity]bands, error) {
	out := make(map[sensors.Quantity]bands, len(z.Limits))
	for q, limits := range z.Limits {
		if _, err := sensors.ParseQuantity(string(q)); err != nil {
			return nil, fmt.Errorf("zone %s: %w", z.ID, err)
		}
		for _, l := range limits {
			if l.Side != alerting.High && l.Side != alerting.Low {
				return nil, fmt.Errorf("zone %s: %s limit %g: side %q is not high or low", z.ID, q, l.Value, l.Side)
			}
			if l.Level != alerting.Warning && l.Level != alerting.Excursion {
				return nil, fmt.Errorf("zone %s: %s limit %g: level %q is not warning or excursion", z.ID, q, l.Value, l.Level)
			}
		}
		if err := alerting.CheckLimits(q, limits); err != nil {
			return nil, fmt.Errorf("zone %s: %s: %w", z.ID, q, err)
		}
		h, ok := z.Hysteresis[q]
		if !ok {
			h = defaultHysteresis(q)
		}
		if !(h >= 0) || math.IsInf(h, 0) {
			return nil, fmt.Errorf("zone %s: %s hysteresis %g: want 0 or more", z.ID, q, h)
		}
		out[q] = newBands(q, limits, h)
	}
	for q, m := range z.Masks {
		if err := alerting.CheckMask(q, m); err != nil {
			return nil, fmt.Errorf("zone %s: %w", z.ID, err)
		}
	}
	if z.Product != nil {
		if err := alerting.CheckProduct(*z.Product); err != nil {
			return nil, fmt.Errorf("zone %s: %w", z.ID, err)
		}
	}
	return out, nil
}

// defaultHysteresis is that of a chilled room; a frozen one sets 1.0 °C.
func defaultHysteresis(q sensors.Quantity) float64 {
	switch q {
	case sensors.Temperature:
		return 0.5
	case sensors.Humidity:
		return 3
	}
	return 0
}
