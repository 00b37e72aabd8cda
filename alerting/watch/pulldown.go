package watch

import (
	"errors"
	"math"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/forecast"
	"coldchain/sensors"
)

// PullDown is how fast warm goods must get cold: Target °C inside them, Within
// this time of loading.
type PullDown struct {
	Target float64       // °C; a value equal to it is reached
	Within time.Duration // 1 h to 72 h
}

// What a pull-down is judged by; the reason of its alarm.
const (
	ByProbe    sensors.Reason = "by-product-probe"
	ByEstimate sensors.Reason = "by-product-estimate"
	// ByAir says that nobody knows the goods' temperature. That the air is cold
	// is then no more than a sign.
	ByAir sensors.Reason = "by-air"
)

const (
	coreBucket  = 5 * minute  // of the means that tell the rate
	coreBuckets = 8           // more than forecast looks at
	airHeld     = 60 * minute // how long the air must be at the target where it stands for the goods [E]
	tooSlowFor  = 30 * minute // before "at this rate" is an alarm, and before it is over [E]
	// graceShare of the whole time nothing is said of the rate: the heart of a
	// carcass does not feel the cold at once.
	graceShare = 4 // [E]
)

// pullDown is one loading of a room, until its goods are cold.
type pullDown struct {
	within int64 // ms that it may take; 0: the room has no such rule
	slot   slot

	first, since int64 // the first and the newest loading of this run; 0 when there is none
	booked       bool  // a batch was received; else it was seen by door and air
	reached      int64
	cold         int64 // of a shadow: when it was reached by what came in time; 0: it was not

	n   int
	at  [coreBuckets]int64 // middle of each mean, oldest first
	v   [coreBuckets]float64
	cur bucket

	below run // of the air at the target
}

// bucket is a mean in the making.
type bucket struct {
	number, count int64
	sum           float64
}

// deadline is when it must be done. A further load gives it time, but not for
// ever: the first goods have waited since the first.
func (p *pullDown) deadline() int64 { return min(p.since+p.within, p.first+2*p.within) }

// running reports whether goods are being cooled at t. After twice its time one
// that never got there is given up: the room's own limits judge it again.
func (p *pullDown) running(t int64) bool {
	return p.since != 0 && p.reached == 0 && t < p.since+2*p.within && (p.cold == 0 || t < p.cold)
}

// again is the pull-down of a room before anything was loaded.
func (p *pullDown) again() pullDown {
	s := p.slot
	s.pending = run{}
	return pullDown{within: p.within, slot: s}
}

// anew is the same loading before anything was read of it, for late readings.
func (p *pullDown) anew() pullDown {
	out := p.again()
	out.slot = slot{rule: p.slot.rule, object: p.slot.object, zone: p.slot.zone}
	out.first, out.since, out.booked, out.cold = p.first, p.since, p.booked, p.reached
	return out
}

// load begins a pull-down at t, or adds a load to one that runs. By late readings a
// room that is known to cool something is given no more time.
func (w *Watch) load(z *zone, t int64, booked bool) {
	p := &z.pull
	if w.isShadow && p.since != 0 {
		return
	}
	if p.running(t) {
		if t > p.since {
			p.since = t
		}
		p.booked = p.booked || booked
		w.touchZone(z)
		return
	}
	if t <= p.since || t <= p.reached {
		return // of the past
	}
	*p = p.again()
	p.first, p.since, p.booked = t, t, booked
	w.touchZone(z)
}

// observePull takes what the goods, or what stands for them, have at t.
func (w *Watch) observePull(z *zone, from *point, t, now int64) {
	rule, p := z.rules.PullDown, &z.pull
	if rule == nil || p.since == 0 || p.reached != 0 || t < p.since || p.cold != 0 && t >= p.cold || z.idle {
		return
	}
	v, by, known := w.core(z, from, t)
	if !known {
		return
	}
	w.touchZone(z)
	if by == ByAir {
		p.air(t, v <= rule.Target && from.good)
	}
	full, mean := p.cur.add(t, v)
	if !full {
		if p.reached != 0 {
			w.arrive(z, t)
		}
		return
	}
	if p.n == coreBuckets {
		copy(p.at[:], p.at[1:])
		copy(p.v[:], p.v[1:])
		p.n--
	}
	p.at[p.n], p.v[p.n] = p.cur.number*coreBucket-coreBucket/2, mean
	p.n++
	if by != ByAir && mean <= rule.Target {
		p.reached = t
	}
	if p.reached != 0 {
		w.arrive(z, t)
		return
	}
	w.judgePull(z, mean, by, t, now)
}

// add takes a value; when it begins a new bucket, full is true and mean that of
// the one before.
func (b *bucket) add(t int64, v float64) (full bool, mean float64) {
	if n := t / coreBucket; n != b.number {
		full, mean = b.count > 0 && n == b.number+1, b.sum/float64(max(b.count, 1))
		*b = bucket{number: n}
	}
	b.sum, b.count = b.sum+v, b.count+1
	return full, mean
}

// core is the temperature inside the goods at t, and by what it is known. Where
// a probe is in them nothing else stands for it: the air is cold at once, and
// would say that the goods are.
func (w *Watch) core(z *zone, from *point, t int64) (v float64, by sensors.Reason, known bool) {
	if z.product != nil {
		return from.value, ByProbe, from == z.product && from.at == t
	}
	if from != z.air || from.at != t {
		return 0, "", false
	}
	if w.estimated { // nobody reckons what the goods were like then
		return 0, "", false
	}
	if w.product != nil {
		if v, known := w.product(z.id, at(t)); known && !math.IsNaN(v) {
			return v, ByEstimate, true
		}
	}
	return from.value, ByAir, true
}

func (p *pullDown) air(t int64, cold bool) {
	if !cold {
		p.below = run{}
		return
	}
	p.below.count(t, minHole)
	if p.below.lasted() >= airHeld {
		p.reached = t
	}
}

// arrive ends a pull-down that has reached its target.
func (w *Watch) arrive(z *zone, t int64) {
	p := &z.pull
	p.slot.pending = run{}
	w.end(&p.slot, p.reached, t)
}

// judgePull says whether the target is out of reach: the time is up, or at the
// rate of now it will be before the goods are there.
func (w *Watch) judgePull(z *zone, v float64, by sensors.Reason, t, now int64) {
	rule, p := z.rules.PullDown, &z.pull
	deadline := p.deadline()
	k := terms{
		delay: tooSlowFor, clear: tooSlowFor, level: alerting.Warning, limit: rule.Target,
		span: deadline - p.since, start: p.since, reason: by, has: true,
	}
	if t >= deadline {
		k.delay, k.level = 0, alerting.Excursion
		w.step(&p.slot, yes, t, now, v, k)
		return
	}
	if a := p.slot.alarm; a != nil && a.level == alerting.Excursion {
		w.step(&p.slot, unknown, t, now, v, k) // a further load gives no time back
		return
	}
	say := no // cold air that is waited for, until it is believed
	if v > rule.Target {
		say = p.rate(rule, t, deadline)
	}
	w.step(&p.slot, say, t, now, v, k)
}

// rate says whether the goods get cold fast enough to be there in time.
func (p *pullDown) rate(rule *PullDown, t, deadline int64) verdict {
	if t < p.since+p.within/graceShare {
		return unknown
	}
	samples := make([]forecast.Sample, 0, coreBuckets)
	for i := range p.n {
		if p.at[i] > p.since {
			samples = append(samples, forecast.Sample{At: at(p.at[i]), Value: p.v[i]})
		}
	}
	if i := lastHole(samples); i > 0 {
		samples = samples[i:]
	}
	e, err := forecast.TimeTo(rule.Target, samples, math.NaN(), forecast.Constant{})
	switch {
	case errors.Is(err, forecast.ErrAway), errors.Is(err, forecast.ErrOutOfTime):
		return yes
	case err != nil:
		return unknown
	case e.Earliest.Milliseconds() > deadline-t:
		return yes
	}
	return no
}

// lastHole is where the samples begin that have no hole between them.
func lastHole(s []forecast.Sample) int {
	for i := len(s) - 1; i > 0; i-- {
		if s[i].At.Sub(s[i-1].At) > millis(2*coreBucket) {
			return i
		}
	}
	return 0
}

// Stay is a batch that lies in a zone now.
type Stay struct {
	Batch string
	From  time.Time // since when
	Out   string    // the zone that it came from; empty: not known, or from outside
}

// SetGoods tells what lies in a zone now, as it is booked. It is no part of the
// state: the owner tells it before the first reading, and at every booking.
func (w *Watch) SetGoods(zone string, stays []Stay) {
	if z := w.zones[zone]; z != nil {
		z.stays, z.told = slices.Clone(stays), true
		slices.SortFunc(z.stays, func(x, y Stay) int { return x.From.Compare(y.From) })
	}
}

// book looks at what was received since it last looked.
func (w *Watch) book(z *zone, now int64) {
	if !z.told {
		return
	}
	for _, s := range z.stays {
		from := s.From.UnixMilli()
		if from <= z.booked || from > now {
			continue
		}
		z.booked = from
		w.touchZone(z)
		if now-from < z.pull.within {
			w.load(z, from, true)
		}
		w.carry(z, s, from)
	}
	if p := &z.pull; len(z.stays) == 0 && p.booked && p.since != 0 {
		// The goods have gone: nobody waits for them to get cold.
		w.end(&p.slot, now, now)
		*p = p.again()
		w.touchZone(z)
	}
}

// carry notes that goods came from somewhere colder, by the air they lay in.
func (w *Watch) carry(z *zone, s Stay, from int64) {
	rule, out := z.rules.Condensation, w.zones[s.Out]
	if rule == nil || out == nil || out.air == nil || out.air.at == 0 || abs(out.air.at-from) > carried {
		return
	}
	if have, ok := z.brought.surface(from, out.air.value, rule.Warming); ok && have < out.air.value {
		return // what lies here already is colder
	}
	z.brought = brought{since: from, cold: out.air.value}
}
