package engine

import (
	"math"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// SetTimeConstant says how slowly what lies in a zone takes on the temperature of
// the air, as goods come and go; 0 is the zone's own. Like SetLimits it is said
// again after a restart.
func (e *Engine) SetTimeConstant(zone string, d time.Duration) {
	for _, p := range e.points {
		if p.zone != zone || p.goods == nil {
			continue
		}
		p.goods.tau = p.goods.own
		if d >= alerting.MinTimeConstant && d <= alerting.MaxTimeConstant {
			p.goods.tau = float64(d.Milliseconds())
		}
	}
}

// Received says how warm goods were, °C, when they came to a zone, as it was
// measured at the handover: from then on the estimate rests on that and not on the
// air of hours before. Beside what lies there already the worse counts: the warmer,
// or the colder where only cold harms. It is part of the state. A temperature that
// cannot be, and a zone where nothing is estimated, change nothing.
func (e *Engine) Received(zone string, when time.Time, celsius float64) {
	lowest, highest := sensors.Temperature.Range()
	t := when.UnixMilli()
	if !(celsius >= lowest && celsius <= highest) || t <= 0 || t > maxTime {
		return
	}
	for _, p := range e.points {
		if p.zone == zone && p.goods != nil {
			p.goods.receive(t, celsius, p.onlyCold())
			e.touch(p)
		}
	}
}

// onlyCold reports whether the goods have limits below and none above.
func (p *point) onlyCold() bool {
	warm, cold := false, false
	for i := range p.sides {
		warm = warm || p.sides[i].band.kind == estimateHigh
		cold = cold || p.sides[i].band.kind == estimateLow
	}
	return cold && !warm
}

// receive lets the estimate go on from a temperature that was measured at t.
func (g *goods) receive(t int64, celsius float64, onlyCold bool) {
	had, known := g.value()
	if g.at == 0 { // no air was ever read: until it is, they are as they came
		g.lag = lag{at: t, air: celsius, product: celsius}
		g.came, g.hole = t, holeInAir{}
		return
	}
	if gone := float64(g.at - t); gone > 0 { // booked afterwards: the air since was about that of now
		celsius = g.air + (celsius-g.air)*math.Exp(-gone/g.tau)
	}
	if known && (onlyCold && had < celsius || !onlyCold && had > celsius) {
		celsius = had
	}
	g.product, g.unknown, g.came, g.hole = celsius, 0, t, holeInAir{}
}
