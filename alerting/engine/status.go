package engine

import (
	"time"

	"coldchain/sensors"
)

// Word is one of the four things that can be said of a point.
type Word string

// The words. An alarm stays "out" through any loss of data; "unknown" and
// "fault" never mean that all is well.
const (
	OK      Word = "ok"      // newest reading inside its limits
	Out     Word = "out"     // newest reading outside, or an alarm is present
	Unknown Word = "unknown" // nothing usable for too long, or never
	Fault   Word = "fault"   // the newest readings are bad
)

// PointStatus says how a point stands.
type PointStatus struct {
	Word   Word
	Since  time.Time      // measured time from which it stands so
	Reason sensors.Reason // of unknown and fault, if the device gave one
	Seen   time.Time      // measured time of the newest usable reading; zero when none
	// Arrived is when a usable reading last arrived, Lost when a silence or
	// fault alarm was raised that is present; zero when there is none. What
	// hangs together is told by them: see wiring.
	Arrived, Lost time.Time
}

// Status says how a point stands as of the last Observe and Advance. A point
// that is not configured is unknown.
func (e *Engine) Status(id sensors.PointID) PointStatus {
	p := e.byID[id]
	if p == nil {
		return PointStatus{Word: Unknown}
	}
	st := PointStatus{Word: OK, Since: at(p.ok), Reason: p.reason}
	if p.usable != 0 {
		st.Seen = at(p.usable)
	}
	if on, since := p.armed.at(p.value.at); !on && p.ok == 0 {
		st.Since = at(since)
	}
	if p.arrival != 0 {
		st.Arrived = at(p.arrival)
	}
	if p.silence != nil {
		st.Lost = at(p.silence.raised)
	}
	switch since := p.outSince(); {
	case since != 0:
		st.Word, st.Since, st.Reason = Out, at(since), ""
	case p.usable == 0:
		st.Word, st.Since = Unknown, at(p.born)
	case p.silence != nil && p.silence.fault && p.bad != 0:
		st.Word, st.Since = Fault, at(p.bad)
	case p.silence != nil:
		st.Word, st.Since = Unknown, at(p.silence.start)
	case p.site.silence != nil:
		st.Word, st.Since = Unknown, at(p.usable)
	case p.bad != 0:
		st.Word, st.Since = Fault, at(p.bad)
	}
	return st
}

// SilentAfter is how long a point of a site may say nothing; 0 when the site is
// not listed.
func (e *Engine) SilentAfter(site string) time.Duration {
	for _, s := range e.sites {
		if s.id == site {
			return millis(s.silentAfter)
		}
	}
	return 0
}

// outSince returns since when a point is out: the start of its alarm, or, while
// its newest readings are usable, of the run outside that may become one.
func (p *point) outSince() int64 {
	var since int64
	first := func(t int64) {
		if t != 0 && (since == 0 || t < since) {
			since = t
		}
	}
	for i := range p.sides {
		s := &p.sides[i]
		if s.alarm != nil {
			first(s.alarm.start)
		}
		on, armed := p.armed.at(p.value.at)
		if !on || p.bad != 0 || p.silence != nil || p.site.silence != nil {
			continue
		}
		for k := range s.pending {
			if since := s.pending[k].since; since != 0 {
				first(max(since, armed))
			}
		}
	}
	return since
}

func millis(ms int64) time.Duration { return time.Duration(ms) * time.Millisecond }
