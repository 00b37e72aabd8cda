package watch

import (
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// Compressor is when a compressor ought to run: while the air is warmer than
// the set point by more than Differential. A set point that is read from the
// controller counts before SetPoint.
type Compressor struct {
	SetPoint     float64       // °C
	Differential float64       // °C, more than 0
	Silent       time.Duration // how long it may stand still all the same, 5 min to 4 h
}

const compressorClear = 5 * minute // [E]: one that starts and trips is not back

// observeCompressor judges whether the room's machine stands still though
// cooling is called for. In winter nobody calls for it.
func (w *Watch) observeCompressor(z *zone, t, now int64) {
	rule := z.rules.Compressor
	if rule == nil || len(z.compressors) == 0 || z.air == nil {
		return
	}
	set := rule.SetPoint
	if p := z.setPoint; p != nil && p.at != 0 {
		set = p.value
	}
	heard, running, sure := 0, false, z.air.good
	for _, c := range z.compressors {
		if c.usable(t) {
			heard++
			running = running || c.value > 0.5
			sure = sure && c.good
		}
	}
	say := no
	switch {
	case z.idle || !z.air.usable(t):
		say = unknown
	case running || z.air.value <= set+rule.Differential:
		if !sure && !running {
			say = unknown
		}
	case heard < len(z.compressors) || z.thawing(t):
		say = unknown
	default:
		say = yes
	}
	s := &z.silent
	changed := w.step(s, say, t, now, z.air.value, terms{
		delay: rule.Silent.Milliseconds(), clear: compressorClear, level: alerting.Warning,
		limit: set + rule.Differential, has: true,
	})
	w.touchIf(z, changed)
}

// roleOf says what a point of a zone tells.
func roleOf(q sensors.Quantity, inGoods bool) role {
	switch q {
	case sensors.Temperature:
		if inGoods {
			return product
		}
		return air
	case sensors.Humidity:
		return humidity
	case sensors.Compressor:
		return compressor
	case sensors.SetPoint:
		return setPoint
	case sensors.Door:
		return door
	case sensors.Defrost:
		return defrost
	}
	return other
}
