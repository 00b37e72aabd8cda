package engine

import (
	"coldchain/alerting"
	"coldchain/sensors"
)

// silence is a silence alarm that is present. It lives in arrival time: it is
// raised and returned when that is noticed; only its start is a measured time.
type silence struct {
	start, raised int64
	reason        sensors.Reason
	fault         bool // the device answers, or is asked, and has no value
}

// hearSite notes that something arrived, of whatever age and quality: the
// site's gateway is alive. Its points get their whole time again to follow.
func (e *Engine) hearSite(s *site, t, now int64) {
	if s.silence != nil {
		e.emit(alerting.Returned, s.alarm(s.silence, now), now)
		s.silence, s.back = nil, now
	}
	s.heard, s.newest = max(s.heard, now), max(s.newest, t)
	e.touchSite(s)
}

// hearPoint notes a usable reading. A fresh one proves that the point lives. A
// backlog in order shows only that more is coming: no new alarm, but none is
// over. Old readings behind the watermark show nothing.
func (e *Engine) hearPoint(p *point, t, now int64) {
	fresh := now-t <= p.window
	if !fresh && t < p.newest {
		return
	}
	if fresh && p.silence != nil {
		e.emit(alerting.Returned, p.silenceAlarm(p.silence, now), now)
		p.silence = nil
	}
	p.arrival, p.usable = max(p.arrival, now), max(p.usable, t)
}

func (e *Engine) checkSite(s *site, now int64) {
	due := max(s.heard, e.start, e.reconnected) + s.silentAfter
	if s.silence != nil || now < due {
		return
	}
	// A stamp may be ahead of the clock; a silence never begins after it was heard.
	start := s.born
	if s.heard != 0 {
		start = min(s.newest, s.heard)
	}
	s.silence = &silence{start: start, raised: due}
	e.touchSite(s)
	e.emit(alerting.Raised, s.alarm(s.silence, 0), due)
}

// checkPoint raises a point's silence, unless its whole site is silent. When
// the point's time is up but nothing has come from its site since, the site
// may be falling silent too: that is known soon, and is then one alarm.
func (e *Engine) checkPoint(p *point, now int64) {
	s := p.site
	if p.silence != nil || s.silence != nil {
		return
	}
	due := max(p.arrival, e.start, e.reconnected, s.back) + s.silentAfter
	if now < due || s.heard < due {
		return
	}
	start := p.born
	if p.usable != 0 {
		start = min(p.usable, p.arrival)
	}
	// Bad readings that keep coming say more than nothing at all.
	fault := p.bad != 0 && now-p.heard < s.silentAfter
	p.silence, p.ok = &silence{start: start, raised: due, reason: p.reason, fault: fault}, 0
	e.touch(p)
	e.emit(alerting.Raised, p.silenceAlarm(p.silence, 0), due)
}

func (p *point) silenceAlarm(s *silence, over int64) alerting.Alarm {
	rule := alerting.Silence
	if s.fault {
		rule = alerting.Fault
	}
	a := silenceAlarm(rule, string(p.id), s, p.site.silentAfter, over)
	a.Zone = p.zone
	if p.usable != 0 {
		a.LastSeen = at(p.usable)
	}
	return a
}

func (s *site) alarm(x *silence, over int64) alerting.Alarm {
	a := silenceAlarm(alerting.SiteSilent, s.id, x, s.silentAfter, over)
	if s.newest != 0 {
		a.LastSeen = at(s.newest)
	}
	return a
}

func silenceAlarm(rule alerting.RuleName, object string, s *silence, after, over int64) alerting.Alarm {
	a := alerting.Alarm{
		ID:   alerting.AlarmID(rule, object, at(s.start)),
		Rule: rule, Object: object,
		Level: alerting.Warning, Class: alerting.Live, State: alerting.Unacknowledged,
		Reason: s.reason, Start: at(s.start), Raised: at(s.raised),
		Delay: millis(after),
	}
	if over != 0 {
		a.State, a.Returned = alerting.ReturnedUnacknowledged, at(over)
	}
	return a
}
