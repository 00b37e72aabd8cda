package engine

import (
	"cmp"

	"coldchain/alerting"
	"coldchain/sensors"
)

// observeLive judges a reading ahead of the point's watermark. It may be old
// all the same: a backlog that arrives in order. What matures in old readings
// is held back until it is known whether it is over (late) or goes on (live).
func (e *Engine) observeLive(p *point, r sensors.Reading, t, now int64) {
	fresh := now-t <= e.liveWindow
	p.newest, p.heard = t, max(p.heard, now)
	v, usable := r.Value()
	good := r.Quality == sensors.Good
	if good && p.goods != nil {
		p.goods.observe(t, v, p.least)
	}
	if good && p.thaw != nil {
		p.thaw.Observe(r.Time, v)
	}
	var inside [2]bool
	outside, above := false, p.above(t)
	on, since := p.armed.at(t)
	for i := range p.sides {
		s := &p.sides[i]
		v, usable := v, usable
		if s.band.kind.isEstimate() {
			v, usable = p.goods.value()
			usable = usable && good && on && p.goods.follows(t, since)
		}
		if usable {
			what, a := e.judgeArmed(p, s, &sample{t, v, good, p.least, p.value.at, above}, p.told(s.band.kind))
			e.tell(p, s, a, what, t)
			if i < len(inside) {
				inside[i] = !on || good && s.inside(v)
				outside = outside || on && s.outside(v)
			}
		} else {
			s.freeze(t)
		}
		if a := s.alarm; fresh && a != nil && a.class != alerting.Live && a.clear.since == 0 {
			e.reveal(p, s, a, alerting.Live, t)
		}
	}
	if usable {
		p.value = value{v, t}
	}
	p.recent.add(t, inside)
	switch {
	case !usable:
		p.ok, p.reason = 0, r.Reason
		if p.bad == 0 {
			p.bad = t
		}
	case outside:
		p.ok, p.bad, p.reason = 0, 0, ""
	default:
		p.bad, p.reason = 0, ""
		if p.ok == 0 {
			p.ok = t
		}
	}
}

// settleLive decides about what was held back once no more readings come:
// still outside is live, whatever its age; on its way back it is shown to the
// quality officer, who need not be woken.
func (e *Engine) settleLive(p *point, now int64) {
	for i := range p.sides {
		s := &p.sides[i]
		a := s.alarm
		if a == nil || a.class == alerting.Live || now-p.heard < e.settle {
			continue
		}
		if a.clear.since == 0 {
			e.reveal(p, s, a, alerting.Live, a.seen)
		} else if a.class == "" {
			e.reveal(p, s, a, alerting.Late, a.seen)
		}
	}
}

// stayOff lets a power cut grow more serious while nothing is heard. The
// supply takes the network with it: that no reading says it is still away is
// no sign that it is back.
func (e *Engine) stayOff(p *point, now int64) {
	s := &p.sides[1]
	a := s.alarm
	if a == nil || s.band.rule != alerting.MainsLost || a.class != alerting.Live || a.clear.since != 0 {
		return
	}
	for _, line := range s.band.lines {
		due := a.start + line.Delay.Milliseconds()
		if now >= due && moreSevere(line, a.line) {
			a.line, a.escalated, a.told = line, due, due
			e.touch(p)
			e.emit(alerting.Escalated, p.limitAlarm(s, a, 0), due)
		}
	}
}

// tell reports what a reading at t did to an alarm of the live track.
func (e *Engine) tell(p *point, s *side, a *open, what change, t int64) {
	switch {
	case a == nil:
		return
	case what == returned:
		if a.class == "" { // begun and over in old readings
			e.reveal(p, s, a, alerting.Late, t)
		}
		e.emit(alerting.Returned, p.limitAlarm(s, a, a.clear.since), t)
		p.spend(s.band.kind, a)
		e.touch(p)
	case a.class == "":
		return // held back
	case what == escalated:
		a.told = t
		e.emit(alerting.Escalated, p.limitAlarm(s, a, 0), t)
	case what == peaked, what == followed && t-a.told >= minute:
		a.told = t
		e.emit(alerting.Updated, p.limitAlarm(s, a, 0), t)
	}
}

// reveal tells an alarm for the first time, or again when it turns out that
// what was told as late still goes on: as it was raised, and then as it has
// escalated since.
func (e *Engine) reveal(p *point, s *side, a *open, class alerting.Class, t int64) {
	a.class, a.told = class, t
	e.touch(p)
	al := p.limitAlarm(s, a, 0)
	al.Level, al.Limit, al.Delay = a.first.Level, a.first.Value, a.first.Delay
	e.emit(alerting.Raised, al, a.raised)
	if a.escalated != 0 {
		e.emit(alerting.Escalated, p.limitAlarm(s, a, 0), a.escalated)
	}
}

func (e *Engine) emit(c alerting.Change, a alerting.Alarm, t int64) {
	e.out = append(e.out, alerting.Transition{Change: c, Alarm: a, At: at(t)})
}

// limitAlarm says an alarm in the words of the contract; over is the first
// reading inside again, 0 while it is present.
func (p *point) limitAlarm(s *side, a *open, over int64) alerting.Alarm {
	if a.id == "" {
		a.id = alerting.AlarmID(s.band.rule, string(p.id), at(cmp.Or(a.born, a.start)))
	}
	al := alerting.Alarm{
		ID:   a.id,
		Rule: s.band.rule, Object: string(p.id), Zone: p.zone,
		Level: a.line.Level, Class: a.class, State: alerting.Unacknowledged,
		Start: at(a.start), Raised: at(a.raised), LastSeen: at(a.seen),
		Masked: millis(a.masked),
		Limit:  a.line.Value, Delay: a.line.Delay,
		Peak: a.peak, LastValue: a.last, HasValue: true,
	}
	if p.quantity.IsState() {
		al.Limit, al.Peak, al.LastValue, al.HasValue = 0, 0, 0, false
	}
	if over != 0 {
		al.State, al.Returned = alerting.ReturnedUnacknowledged, at(over)
	}
	return al
}
