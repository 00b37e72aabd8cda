package watch

import (
	"cmp"

	"coldchain/alerting"
	"coldchain/sensors"
)

// verdict is what a rule says at one moment.
type verdict uint8

const (
	no      verdict = iota
	yes             // it is as it should not be
	unknown         // nobody can say: a hole, a doubtful value, a mask
)

// slot is one rule on one object: what is pending, and the alarm when there is
// one. Every rule of this package comes to it with a verdict; what it does with
// that, it does for all of them alike.
type slot struct {
	rule    alerting.RuleName
	object  string
	zone    string
	pending run
	alarm   *open
	fine    int64   // since when the newest verdicts say no; 0 when they do not
	past    []span  // of the newest alarms that are over
	over    []ended // of a shadow alone
}

// ended is an alarm that is over.
type ended struct {
	open
	end int64
}

// open is an alarm that is present. What it was judged by is frozen into it.
type open struct {
	start, raised, escalated int64
	named                    int64          // the start it was first told with, if that has moved: its identity
	first, level             alerting.Level // when raised, and now
	limit                    float64
	delay                    int64
	reason                   sensors.Reason
	has                      bool // a value means something

	peak, last float64
	seen       int64 // newest answer
	heard      int64 // arrival of it
	clear      run
	class      alerting.Class // "" while nothing was told
	told       int64
}

// terms are how a verdict becomes an alarm.
type terms struct {
	delay, clear int64 // ms that yes and no must last
	level        alerting.Level
	limit        float64
	span         int64 // told as the alarm's delay; 0: delay
	start        int64 // of the alarm; 0: the first yes
	reason       sensors.Reason
	has          bool
}

// step lets a verdict of time t count, with the value it came from. It reports
// whether anything changed that has to be remembered.
func (w *Watch) step(s *slot, say verdict, t, now int64, v float64, k terms) (changed bool) {
	was := s.fine
	switch {
	case say != no:
		s.fine = 0
	case s.fine == 0:
		s.fine = t
	}
	if say == no && s.alarm == nil && s.pending.since == 0 {
		return s.fine != was
	}
	switch say {
	case yes:
		s.pending.count(t, hole(k.delay))
	case no:
		s.pending = run{}
	case unknown:
		s.pending.freeze(t)
	}
	fresh := now-t <= w.liveWindow
	a := s.alarm
	if a == nil {
		if say != yes || s.pending.lasted() < k.delay {
			return true
		}
		a = &open{
			start: cmp.Or(k.start, s.pending.since), raised: t, first: k.level, level: k.level, limit: k.limit,
			delay: cmp.Or(k.span, k.delay), reason: k.reason, has: k.has, peak: v, last: v, seen: t, heard: now,
		}
		s.alarm = a
		if fresh {
			w.reveal(s, alerting.Live, t)
		}
		return true
	}
	w.follow(s, say, t, now, v, k)
	return true
}

// follow lets a verdict count for an alarm that is present.
func (w *Watch) follow(s *slot, say verdict, t, now int64, v float64, k terms) {
	a := s.alarm
	a.heard = max(a.heard, now)
	if say == unknown {
		a.clear.freeze(t)
		return
	}
	a.last, a.seen = v, t
	if say == no {
		a.clear.count(t, hole(k.clear))
		if a.clear.lasted() >= k.clear {
			w.end(s, a.clear.since, t)
		}
		return
	}
	a.clear = run{}
	a.peak = max(a.peak, v)
	if now-t <= w.liveWindow && a.class != alerting.Live {
		w.reveal(s, alerting.Live, t)
	}
	switch {
	case k.level.MoreSevere(a.level):
		a.level, a.limit, a.escalated, a.reason = k.level, k.limit, t, k.reason
		if k.start != 0 { // a further load has moved the end, and not the beginning
			a.delay = k.start + k.span - a.start
		}
		if a.class != "" {
			a.told = t
			w.emit(alerting.Escalated, s.told(a, 0), t)
		}
	case a.class == "": // held back
	case a.reason != k.reason || t-a.told >= minute:
		a.reason, a.told = k.reason, t
		w.emit(alerting.Updated, s.told(a, 0), t)
	}
}

// end returns the alarm: over is the first moment at which it was, t that at
// which this is known.
func (w *Watch) end(s *slot, over, t int64) {
	a := s.alarm
	if a == nil {
		return
	}
	if w.isShadow {
		s.over = append(s.over, ended{*a, over})
	}
	if a.class == "" { // begun and over in old readings
		w.reveal(s, alerting.Late, t)
	}
	a.seen = max(a.seen, over)
	over = max(over, a.start)
	w.emit(alerting.Returned, s.told(a, over), t)
	s.remember(a.start, over)
	s.alarm = nil
}

// reveal tells an alarm for the first time, or again when what was told as late
// still goes on.
func (w *Watch) reveal(s *slot, class alerting.Class, t int64) {
	a := s.alarm
	a.class, a.told = class, t
	al := s.told(a, 0)
	al.Level = a.first
	w.emit(alerting.Raised, al, a.raised)
	if a.escalated != 0 {
		w.emit(alerting.Escalated, s.told(a, 0), a.escalated)
	}
}

// settle decides about what was held back once no more readings come: late is
// not over, so what is not on its way back rings.
func (w *Watch) settle(s *slot, now int64) bool {
	a := s.alarm
	if a == nil || a.class == alerting.Live || now-a.heard < w.settleAfter {
		return false
	}
	switch {
	case a.clear.since == 0:
		w.reveal(s, alerting.Live, a.seen)
	case a.class == "":
		w.reveal(s, alerting.Late, a.seen)
	default:
		return false
	}
	return true
}

// told says an alarm in the words of the contract; over is when it was over, 0
// while it is present.
func (s *slot) told(a *open, over int64) alerting.Alarm {
	al := alerting.Alarm{
		ID:   alerting.AlarmID(s.rule, s.object, at(cmp.Or(a.named, a.start))),
		Rule: s.rule, Object: s.object, Zone: s.zone,
		Level: a.level, Class: a.class, State: alerting.Unacknowledged, Reason: a.reason,
		Start: at(a.start), Raised: at(a.raised), LastSeen: at(a.seen), Delay: millis(a.delay),
	}
	if a.has {
		al.Limit, al.Peak, al.LastValue, al.HasValue = a.limit, a.peak, a.last, true
	}
	if over != 0 {
		al.State, al.Returned = alerting.ReturnedUnacknowledged, at(over)
	}
	return al
}

func (w *Watch) emit(c alerting.Change, a alerting.Alarm, t int64) {
	w.out = append(w.out, alerting.Transition{Change: c, Alarm: a, At: at(t)})
}
