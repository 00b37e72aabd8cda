package wire

import (
	"fmt"
	"strconv"
	"time"
)

// The names of events by which a site tells of its own alarms. Their object is
// the alarm's, their detail AlarmDetail's.
const (
	EventAlarmRaised    = "alarm-raised"
	EventAlarmEscalated = "alarm-escalated"
	EventAlarmReturned  = "alarm-returned"
	EventAlarmSilenced  = "alarm-silenced" // somebody at the site has answered it
)

// SiteAlarm is an alarm as a site tells of it.
type SiteAlarm struct {
	// ID is the alarm's identity where the site knew the time of its start, and
	// then the one that the county derives from the same readings; else empty.
	ID    string
	Rule  string
	Level string
	// Age is how long before the event it began, by the monotonic clock: it
	// holds for an event that was placed in time afterwards, too.
	Age time.Duration
	By  string // of EventAlarmSilenced: who
}

// AlarmDetail is the detail of an event about an alarm.
func AlarmDetail(a SiteAlarm) map[string]string {
	d := map[string]string{"rule": a.Rule, "level": a.Level, "age_ms": strconv.FormatInt(a.Age.Milliseconds(), 10)}
	if a.ID != "" {
		d["id"] = a.ID
	}
	if a.By != "" {
		d["by"] = a.By
	}
	return d
}

// ParseAlarm reads what AlarmDetail wrote.
func ParseAlarm(detail map[string]string) (SiteAlarm, error) {
	age, err := strconv.ParseInt(detail["age_ms"], 10, 64)
	const most = 10 * 366 * 24 * 3600 * 1000
	if err != nil || age < 0 || age > most {
		return SiteAlarm{}, fmt.Errorf("an alarm of a site that began %.40q ms ago: not a number of 0 to ten years", detail["age_ms"])
	}
	if detail["rule"] == "" {
		return SiteAlarm{}, fmt.Errorf("an alarm of a site without a rule")
	}
	return SiteAlarm{ID: detail["id"], Rule: detail["rule"], Level: detail["level"], Age: time.Duration(age) * time.Millisecond, By: detail["by"]}, nil
}
