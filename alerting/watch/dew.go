package watch

import (
	"math"
	"time"

	"coldchain/alerting"
)

// Condensation is when water settles on goods: while the dew point of the air
// around them is above their own temperature by more than Margin.
type Condensation struct {
	Margin float64       // °C, 0 or more: what probe and hygrometer are off by
	Delay  time.Duration // 0 to 4 h
	// Warming is the time constant with which goods that were brought in from
	// somewhere colder take on the air's temperature, where no probe is in
	// them.
	Warming time.Duration
}

// Magnus's formula over water with the coefficients of Sonntag (1990), as in
// WMO-No. 8, Guide to Instruments and Methods of Observation, volume I, annex
// 4.B: good from -45 to 60 °C.
const (
	magnusB = 17.62
	magnusC = 243.12 // °C
)

// DewPoint returns the temperature in °C at which air of the given temperature
// (°C) and relative humidity over water (%RH) begins to lose water; ok is false
// for values that no air in this county has. Probes that overshoot in fog, up
// to 105 %RH, count as 100.
func DewPoint(temperature, relative float64) (dewPoint float64, ok bool) {
	if !(temperature >= -45 && temperature <= 60 && relative >= 1 && relative <= 105) {
		return 0, false
	}
	g := math.Log(min(relative, 100)/100) + magnusB*temperature/(magnusC+temperature)
	return magnusC * g / (magnusB - g), true
}

const (
	dewClear = 10 * minute // [E]
	// apart is how old a temperature or humidity may be, and how much older than
	// the other.
	apart = 5 * minute // [E]
	// carried is how old the reading of the room may be that goods came from.
	carried = 30 * minute // [E]
)

// brought is goods that came in from somewhere colder.
type brought struct {
	since int64   // 0: none
	cold  float64 // °C, the air they lay in
}

// surface is what the goods' surface has come to at t in air of the given
// temperature; ok is false when it has taken on the air's.
func (b brought) surface(t int64, air float64, warming time.Duration) (v float64, ok bool) {
	tau := warming.Milliseconds()
	if b.since == 0 || t < b.since || tau <= 0 || t-b.since > 5*tau {
		return 0, false
	}
	return air + (b.cold-air)*math.Exp(-float64(t-b.since)/float64(tau)), true
}

// observeDew judges whether water settles on the goods. Without something that
// is colder than the air around it there is nothing for it to settle on.
func (w *Watch) observeDew(z *zone, t, now int64) {
	rule := z.rules.Condensation
	if rule == nil || z.humid == nil || z.air == nil {
		return
	}
	if b := z.brought.since; b != 0 && t-b > 5*rule.Warming.Milliseconds() {
		z.brought = brought{}
		w.touchZone(z)
	}
	if z.product == nil && z.brought.since == 0 && z.dew.alarm == nil {
		return
	}
	say, dew, cold := unknown, 0.0, 0.0
	if young(z.air, t) && young(z.humid, t) && abs(z.air.at-z.humid.at) <= apart && !z.idle {
		var ok bool
		if dew, ok = DewPoint(z.air.value, z.humid.value); ok {
			say, cold = z.wet(t, dew, rule)
		}
	}
	changed := w.step(&z.dew, say, t, now, dew, terms{
		delay: rule.Delay.Milliseconds(), clear: dewClear, level: alerting.Warning, limit: cold, has: true,
	})
	w.touchIf(z, changed)
}

func young(p *point, t int64) bool { return p.usable(t) && abs(t-p.at) <= apart }

// wet compares the dew point with the coldest goods that are known.
func (z *zone) wet(t int64, dew float64, rule *Condensation) (say verdict, cold float64) {
	found, sure := false, z.air.good && z.humid.good
	if z.product != nil {
		if !young(z.product, t) {
			return unknown, 0
		}
		cold, found, sure = z.product.value, true, sure && z.product.good
	}
	if v, ok := z.brought.surface(t, z.air.value, rule.Warming); ok && (!found || v < cold) {
		cold, found = v, true
	}
	switch {
	case found && dew > cold+rule.Margin:
		return yes, cold
	case !sure, found && dew > cold && z.dew.alarm != nil:
		return unknown, cold
	}
	return no, cold
}
