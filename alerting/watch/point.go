package watch

import (
	"coldchain/alerting"
	"coldchain/sensors"
)

// role is what a point tells of its zone.
type role uint8

const (
	other    role = iota
	air           // the temperature of the room
	product       // the temperature in the goods
	humidity      // of the air
	compressor
	setPoint
	door
	defrost
)

// point is what is remembered of one point.
type point struct {
	id    sensors.PointID
	key   string // of its state
	zone  *zone
	role  role
	dirty bool

	newest int64   // measured time of the newest reading; older ones change nothing here
	value  float64 // newest usable
	at     int64   // when that was measured; 0: never
	good   bool    // the newest reading is good

	// Of a switch: since when it is on, or was when it was last; and when that
	// was seen last. Runs with less than the time to recover between them are
	// one.
	on, lastOn int64

	expired bool  // its readings come with an expired calibration
	rise    *rise // nil: not judged
}

// usable reports whether the newest value may stand for what is at t.
func (p *point) usable(t int64) bool {
	return p != nil && p.at != 0 && p.at == p.newest && abs(t-p.at) <= minHole
}

func abs(v int64) int64 { return max(v, -v) }

func (p *point) take(r sensors.Reading, t int64) {
	p.newest = t
	v, usable := r.Value()
	p.good = r.Quality == sensors.Good
	if !usable {
		return
	}
	p.value, p.at = v, t
	if (p.role == door || p.role == defrost) && v > 0.5 {
		after := doorAfter
		if p.role == defrost {
			after = thawedAfter
		}
		if p.on == 0 || t-p.lastOn > after {
			p.on = t
		}
		p.lastOn = t
	}
}

// expiry notes that readings say themselves that their calibration has expired.
func (w *Watch) expiry(p *point, r sensors.Reading, now int64) {
	expired := r.Reason == sensors.CalibrationExpired
	if expired == p.expired || !expired && r.Quality != sensors.Good {
		return
	}
	p.expired = expired
	w.report(Condition{Rule: alerting.CalibrationExpired, Object: string(p.id), Zone: p.zone.id, Present: expired, Reason: Expired}, now)
}
