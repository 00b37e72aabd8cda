package state

import (
	"time"

	"coldchain/alerting"
)

// stateOf is the alarm's state in ISA-18.2's words, which depends on nothing
// but whether it is present and whether somebody has answered it.
func stateOf(present, answered bool) alerting.State {
	switch {
	case present && answered:
		return alerting.Acknowledged
	case present:
		return alerting.Unacknowledged
	case answered:
		return alerting.Normal
	default:
		return alerting.ReturnedUnacknowledged
	}
}

// answered reports whether somebody has answered the alarm as serious as it is
// now: an alarm that grows worse asks again, as ISA-18.2 has it for an alarm of
// a higher priority.
func (a Alarm) answered() bool {
	return !a.AckedAt.IsZero() && !a.Level.MoreSevere(a.AckedLevel)
}

// Actions in the audit that an engine's transition can lead to.
const (
	alarmRaised    = "alarm.raised"
	alarmEscalated = "alarm.escalated"
	alarmReturned  = "alarm.returned"
	alarmReopened  = "alarm.reopened"
	alarmWentLive  = "alarm.went-live"
	alarmExtended  = "alarm.extended"
)

// merge adds what the engine says now to what is stored. An excursion only
// ever grows: the earliest start and raising, the worst peak, the most serious
// level and the latest return win, and live wins over late. So a replay, which
// tells again of moments that are already known, changes nothing, and what was
// evidence once stays evidence. Which change the transition calls itself does
// not matter, only what it says.
//
// A returned alarm is present again only by a reading newer than every one
// that was judged for it: a replay has none.
func merge(old Alarm, said alerting.Alarm) (merged Alarm, actions []string) {
	merged = old
	if said.Level.MoreSevere(old.Level) {
		merged.Level, merged.Limit, merged.Delay = said.Level, said.Limit, said.Delay
		actions = append(actions, alarmEscalated)
	}
	if old.Class == alerting.Late && said.Class == alerting.Live {
		merged.Class = alerting.Live
		actions = append(actions, alarmWentLive)
	}
	merged.Start = earlier(old.Start, said.Start)
	merged.Raised = earlier(old.Raised, said.Raised)

	newer := said.LastSeen.After(old.LastSeen)
	switch {
	case old.Returned.IsZero() && !said.Returned.IsZero():
		merged.Returned = said.Returned
		actions = append(actions, alarmReturned)
	case !old.Returned.IsZero() && said.Returned.IsZero() && newer && said.LastSeen.After(old.Returned):
		merged.Returned = time.Time{}
		actions = append(actions, alarmReopened)
	case said.Returned.After(old.Returned):
		merged.Returned = said.Returned
	}
	if newer {
		merged.LastSeen, merged.LastValue, merged.Reason = said.LastSeen, said.LastValue, said.Reason
		if said.Rule == alerting.Spoilage { // it follows its batch from room to room
			merged.Object, merged.Zone = said.Object, said.Zone
		}
	}
	if said.HasValue && old.HasValue {
		if said.Rule.IsLow() {
			merged.Peak = min(old.Peak, said.Peak)
		} else {
			merged.Peak = max(old.Peak, said.Peak)
		}
	}
	merged.State = stateOf(merged.Returned.IsZero(), merged.answered())
	return merged, actions
}

// extended reports whether a known alarm now covers more time than before
// without having returned or reopened; that may name more batches.
func extended(before, after Alarm) bool {
	return !after.Start.Equal(before.Start) ||
		!before.Returned.IsZero() && !after.Returned.IsZero() && !after.Returned.Equal(before.Returned)
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
