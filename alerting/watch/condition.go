package watch

import (
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// Condition is something that stands wrong with the county's own machinery, as
// its owner sees it now. What is not known is not reported: then nothing
// changes.
type Condition struct {
	Rule    alerting.RuleName
	Object  string // county, site or point
	Zone    string // "site/zone" of a point, else empty
	Present bool
	Reason  sensors.Reason // which of the rule's ways
	// Delay is how long it must last before it is an alarm, and be gone before
	// that is over.
	Delay time.Duration
}

// The reasons of conditions.
const (
	ClockNone   sensors.Reason = "clock-none"   // nothing has set it
	ClockAhead  sensors.Reason = "clock-ahead"  // of the county's
	ClockBehind sensors.Reason = "clock-behind" // or a slow line
	Expiring    sensors.Reason = "calibration-expiring"
	Expired     sensors.Reason = sensors.CalibrationExpired
	DiskLow     sensors.Reason = "disk-low"
)

// Report judges a condition at now, which is the time it is of.
func (w *Watch) Report(c Condition, now time.Time) []alerting.Transition {
	t := now.UnixMilli()
	if t <= 0 || t > maxTime {
		return nil
	}
	w.out = nil
	w.report(c, t)
	return w.out
}

func (w *Watch) report(c Condition, t int64) {
	if p := w.byID[sensors.PointID(c.Object)]; p != nil && p.expired && !c.Present && c.Rule == alerting.CalibrationExpired {
		return // its readings know better
	}
	id := conditionID{c.Rule, c.Object}
	s := w.conditions[id]
	if s == nil {
		if !c.Present {
			return
		}
		s = &slot{rule: c.Rule, object: c.Object, zone: c.Zone}
		w.conditions[id] = s
	}
	say := no
	if c.Present {
		say = yes
	}
	delay := c.Delay.Milliseconds()
	if w.step(s, say, t, t, 0, terms{delay: delay, clear: delay, level: alerting.Warning, reason: c.Reason}) {
		w.dirtyConditions[id] = true
	}
	if s.alarm == nil && s.pending.since == 0 {
		delete(w.conditions, id)
	}
}

type conditionID struct {
	rule   alerting.RuleName
	object string
}

func (id conditionID) key() string { return conditionPrefix + string(id.rule) + "/" + id.object }

func parseConditionID(s string) (conditionID, bool) {
	rule, object, ok := strings.Cut(s, "/")
	return conditionID{alerting.RuleName(rule), object}, ok && rule != "" && object != ""
}
