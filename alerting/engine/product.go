package engine

import (
	"math"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// lag is a product's temperature as it follows from the air around it, by
// dT/dt = (air - T) / tau. Between two readings the air went straight from one
// to the other, and for that the solution is exact, however far apart they are.
type lag struct {
	at      int64   // the newest reading; 0 when there was none
	air     float64 // its value, °C
	product float64 // °C
	// unknown is the share of the product's temperature that rests on what nobody
	// has measured: all of it in the beginning, more after each hole, and less
	// the longer the air is known.
	unknown float64
}

// mostUnknown is up to which share an estimate is one: were the air 5 °C off in
// what nobody measured, the product would be 0.5 °C off.
const mostUnknown = 0.1

// step goes on to a reading of the air.
func (g *lag) step(t int64, air, tau float64, hole int64) {
	if g.at == 0 {
		*g = lag{at: t, air: air, product: air, unknown: 1}
		return
	}
	dt := t - g.at
	if dt <= 0 {
		return
	}
	stays := math.Exp(-float64(dt) / tau)
	behind := (air - g.air) / float64(dt) * tau // by how much the product trails a steady rise
	g.product = air - behind + (g.product-g.air+behind)*stays
	g.unknown *= stays
	if dt > hole {
		g.unknown += 1 - stays
	}
	g.at, g.air = t, air
}

// goods is the product around a point.
type goods struct {
	tau float64 // ms
	own float64 // that of the zone, where nobody says another
	lag
	hole holeInAir
	came int64 // when goods came whose temperature was measured; 0: never
}

// holeInAir is the newest hole: the estimate before it and at its end, so that
// late data that fills it can mend what came of it.
type holeInAir struct{ before, end lag }

// observe goes on to a live reading.
func (g *goods) observe(t int64, air float64, hole int64) {
	before := g.lag
	g.step(t, air, g.tau, hole)
	if before.at != 0 && t-before.at > hole {
		g.hole = holeInAir{before, g.lag}
	}
}

// fill takes a late reading into the newest hole. The product of now depends on
// that of the hole's end only by what of it stays.
func (g *goods) fill(t int64, air float64, hole int64) {
	h := &g.hole
	if h.end.at == 0 || t <= h.before.at || t >= h.end.at {
		return
	}
	h.before.step(t, air, g.tau, hole)
	end := h.before
	end.step(h.end.at, h.end.air, g.tau, hole)
	stays := math.Exp(-float64(g.at-h.end.at) / g.tau)
	g.product += (end.product - h.end.product) * stays
	g.unknown += (end.unknown - h.end.unknown) * stays
	h.end = end
}

// value is the estimate; ok is false when too much of it rests on nothing.
func (g *goods) value() (v float64, ok bool) {
	if g == nil || g.at == 0 || g.unknown > mostUnknown {
		return 0, false
	}
	return g.product, true
}

// follows reports whether goods that came when limits began to hold, at since,
// are as warm by t as the air says. Before that nobody knows how they came; 0
// is always.
func (g *goods) follows(t, since int64) bool {
	return since == 0 || g != nil && g.came >= since || g != nil && float64(t-since) >= -math.Log(mostUnknown)*g.tau
}

// carry lets a point stand for the goods of its zone, as their probe or as the
// air from which they are estimated.
func (p *point) carry(x *alerting.Product) {
	switch p.id {
	case x.Probe:
		p.probe = true
		all := newBands(sensors.Temperature, x.Limits, p.hysteresis)
		all[high].rule, all[low].rule = alerting.ProductHigh, alerting.ProductLow
		p.sides = []side{newSide(all[high]), newSide(all[low])}
	case x.Air:
		if x.Probe != "" {
			return
		}
		tau := float64(x.TimeConstant.Milliseconds())
		p.goods = &goods{tau: tau, own: tau}
		all := newBands(sensors.Temperature, x.Limits, p.hysteresis)
		for i, k := range []kind{estimateHigh, estimateLow} {
			if b := all[i]; len(b.lines) > 0 {
				b.kind, b.rule = k, ruleName(k, sensors.Temperature)
				p.side(k, b)
			}
		}
	}
}

// Estimate is a product's temperature as it follows from the air.
type Estimate struct {
	Value float64   // °C
	At    time.Time // of the reading of the air up to which it was worked out
	// Unknown is the share, 0 to 1, that rests on what nobody has measured.
	Unknown float64
}

// Estimate returns the temperature of the goods around a point; ok is false when
// none is estimated there, or when so much of it rests on unmeasured time that it
// would be a guess.
func (e *Engine) Estimate(air sensors.PointID) (x Estimate, ok bool) {
	p := e.byID[air]
	if p == nil {
		return Estimate{}, false
	}
	v, ok := p.goods.value()
	if !ok {
		return Estimate{}, false
	}
	return Estimate{Value: v, At: at(p.goods.at), Unknown: p.goods.unknown}, true
}
