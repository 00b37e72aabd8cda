// Package ageing says which batches are about to be lost to age: more of the
// shelf life is used than the product's profile allows before somebody is told,
// all of it is, or the goods will not keep until their delivery at the present
// temperature. It is pure: what is known comes as a parameter, and so does time.
// It guarantees that what is not known neither raises nor ends an alarm.
package ageing

import (
	"math"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/exposure"
	"coldchain/sensors"
)

// The reasons of a spoilage alarm, the most serious first. What is not sure is
// so only if the gaps are counted.
const (
	LifeUsed   sensors.Reason = "life-used" // all of it
	Late                      = sensors.Reason(exposure.LateForDelivery)
	ShareUsed                 = sensors.Reason(exposure.ShareUsed)
	MaybeLate                 = sensors.Reason(exposure.MaybeLateForDelivery)
	MaybeShare                = sensors.Reason(exposure.ShareMaybeUsed)
)

// When an alarm is over again, and when it is told that it goes on. All are [E].
const (
	// Back is how far, as a share of life, the use must be below what was too
	// much: life does not come back, but a stay can have been booked wrongly.
	Back = 0.05
	// spare is the part of the time until the delivery, and leastSpare the time at
	// least, that must be left over for the goods to be in time again.
	spare      = 0.1
	leastSpare = 6 * time.Hour
	// news is what is told between two tellings of an alarm that goes on, in
	// percent of life, and stillEvery how often it is told anyway.
	news       = 0.5
	stillEvery = time.Hour
)

// Goods are a batch as it stands.
type Goods struct {
	Batch string
	Zone  string // "site/zone", where it lies or lay last
	// Gone is since when nobody needs to mind any more: it has left, is closed or
	// was rejected. Zero: somebody does.
	Gone time.Time
	// Life is what it has used; nil: that is not known now.
	Life    *exposure.Life
	Model   exposure.Model
	AlarmAt float64 // of the profile: the share of life after which somebody is told
	// PresentC is how warm it is there now, °C; nil: nobody knows.
	PresentC *float64
	Deliver  time.Time // zero: nobody said
	// Reached returns when a share of life was used up; ok is false when that
	// cannot be told. Nil: never. It is asked when an alarm begins.
	Reached func(share float64) (at time.Time, ok bool)
}

// Object is what the alarm is about: the batch, in the room where it lies.
func (g Goods) Object() string { return g.Zone + "/" + g.Batch }

// BatchOf is the batch of a spoilage alarm.
func BatchOf(a alerting.Alarm) string {
	if a.Rule != alerting.Spoilage || len(a.Object) <= len(a.Zone)+1 {
		return ""
	}
	return a.Object[len(a.Zone)+1:]
}

// Outlook is what has become of goods, and what becomes of them if they stay as
// warm as they are.
type Outlook struct {
	At      time.Time `json:"at"`
	Used    float64   `json:"life_used"`     // share of life, 0 and up
	UsedMax float64   `json:"life_used_max"` // counting the gaps
	AlarmAt float64   `json:"alarm_at"`
	// PresentC is how warm it is there now, °C; nil when nobody knows, and then
	// are the days.
	PresentC *float64 `json:"present_c"`
	// RemainingDays is what is left at PresentC, at least 0; RemainingDaysMin
	// counts the gaps against it. Nil when the model says nothing of PresentC.
	RemainingDays    *float64  `json:"remaining_days"`
	RemainingDaysMin *float64  `json:"remaining_days_min"`
	Deliver          time.Time `json:"deliver_by,omitzero"`
	// Reasons are what is wrong, of exposure's words; LifeUsed stands for itself.
	Reasons []exposure.Spoils `json:"reasons,omitempty"`
	Notes   []string          `json:"notes,omitempty"`
}

// Outlook looks ahead; ok is false when nothing can be said.
func (g Goods) Outlook(now time.Time) (out Outlook, ok bool) {
	if g.Life == nil {
		return out, false
	}
	out = Outlook{At: now.UTC(), Used: g.Life.Used, UsedMax: max(g.Life.Used, g.Life.UsedMax), AlarmAt: g.AlarmAt, Deliver: g.Deliver, Notes: g.Life.Notes}
	warmth, deliver := g.Model.ReferenceC, time.Time{}
	if g.PresentC != nil {
		warmth, deliver = *g.PresentC, g.Deliver
	}
	o, err := exposure.Ahead(*g.Life, g.Model, now, warmth, g.AlarmAt, deliver)
	if err != nil {
		return out, false
	}
	out.Reasons = o.Reasons
	if g.PresentC != nil { // else nothing is said of what is ahead
		out.PresentC, out.RemainingDays, out.RemainingDaysMin = g.PresentC, o.RemainingDays, o.RemainingDaysMin
	}
	return out, true
}

// Judge compares goods with the alarm about them, nil when none is present, and
// returns what changed, if anything did.
func Judge(now time.Time, g Goods, open *alerting.Alarm) (t alerting.Transition, changed bool) {
	if !g.Gone.IsZero() {
		if open == nil {
			return t, false
		}
		return over(g.Gone, now, *open), true
	}
	o, known := g.Outlook(now)
	if !known {
		return t, false
	}
	reason := reasonOf(g, o)
	if open == nil {
		if reason == "" {
			return t, false
		}
		return g.raise(now, reason), true
	}
	if reason == "" {
		if !g.well(now, *open, o) {
			reason = open.Reason // on the way back, and not there yet
		} else {
			return over(now, now, *open), true
		}
	}
	return g.follow(now, reason, *open)
}

// reasonOf is the most serious of what is wrong; empty when nothing is.
func reasonOf(g Goods, o Outlook) sensors.Reason {
	if g.Life.Used >= 1 {
		return LifeUsed
	}
	for _, r := range []sensors.Reason{Late, ShareUsed, MaybeLate, MaybeShare} {
		if slices.Contains(o.Reasons, exposure.Spoils(r)) {
			return r
		}
	}
	return ""
}

// well reports whether nothing that an alarm was raised for is near any more.
func (g Goods) well(now time.Time, open alerting.Alarm, o Outlook) bool {
	if open.Reason != Late && open.Reason != MaybeLate {
		return max(g.Life.Used, g.Life.UsedMax) < g.AlarmAt-Back
	}
	if g.Deliver.IsZero() {
		return true // it is not to be delivered any more
	}
	until := g.Deliver.Sub(now)
	if until <= 0 || o.RemainingDaysMin == nil { // it should have gone; or nobody knows how warm it is
		return false
	}
	need := until + max(leastSpare, time.Duration(spare*float64(until)))
	return *o.RemainingDaysMin*24 >= need.Hours()
}

func levelOf(reason sensors.Reason) alerting.Level {
	if reason == LifeUsed {
		return alerting.Excursion
	}
	return alerting.Warning
}

// raise makes the alarm. Its start is when the share was used up, which
// readings say; of a delivery it is now, when the temperature is what it is.
func (g Goods) raise(now time.Time, reason sensors.Reason) alerting.Transition {
	start := now
	if share, of := shareOf(reason, g.AlarmAt); of && g.Reached != nil {
		if at, ok := g.Reached(share); ok && at.Before(now) {
			start = at
		}
	}
	start = start.UTC().Truncate(time.Millisecond)
	a := alerting.Alarm{
		ID: alerting.AlarmID(alerting.Spoilage, g.Batch, start), Rule: alerting.Spoilage, Object: g.Object(), Zone: g.Zone,
		Level: levelOf(reason), Class: alerting.Live, State: alerting.Unacknowledged, Reason: reason,
		Start: start, Raised: now, LastSeen: now, Limit: 100 * g.AlarmAt, HasValue: true,
	}
	a.LastValue = 100 * g.told(reason)
	a.Peak = a.LastValue
	return alerting.Transition{Change: alerting.Raised, Alarm: a, At: now}
}

func shareOf(reason sensors.Reason, alarmAt float64) (share float64, of bool) {
	switch reason {
	case LifeUsed, ShareUsed: // it grew from the one to the other
		return alarmAt, true
	}
	return 0, false
}

// told is the share of life that an alarm tells: what is used for sure, unless
// it is the gaps that make it one.
func (g Goods) told(reason sensors.Reason) float64 {
	if reason == MaybeShare || reason == MaybeLate {
		return g.Life.UsedMax
	}
	return g.Life.Used
}

// follow tells how an alarm goes on, when there is something to tell.
func (g Goods) follow(now time.Time, reason sensors.Reason, open alerting.Alarm) (t alerting.Transition, changed bool) {
	a := open
	a.Reason, a.LastValue = reason, 100*g.told(reason)
	a.Peak = max(a.Peak, a.LastValue)
	if g.Zone != "" {
		a.Object, a.Zone = g.Object(), g.Zone
	}
	a.LastSeen = now
	t = alerting.Transition{Change: alerting.Updated, Alarm: a, At: now}
	if level := levelOf(reason); level.MoreSevere(open.Level) {
		t.Alarm.Level, t.Change = level, alerting.Escalated
		return t, true
	}
	return t, a.Reason != open.Reason || a.Object != open.Object || math.Abs(a.LastValue-open.LastValue) >= news || now.Sub(open.LastSeen) >= stillEvery
}

// over ends an alarm: at is since when it is, and it is not before its start.
func over(at, now time.Time, open alerting.Alarm) alerting.Transition {
	if at.Before(open.Start) {
		at = open.Start
	}
	open.Returned, open.State = at.UTC().Truncate(time.Millisecond), alerting.ReturnedUnacknowledged
	if now.After(open.LastSeen) {
		open.LastSeen = now
	}
	return alerting.Transition{Change: alerting.Returned, Alarm: open, At: now}
}
