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
	EventAlarmTold      = "alarm-told"     // the site has told somebody of it by SMS: the county did not
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
	By  string // of EventAlarmSilenced: who; of EventAlarmTold: whom
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

// EventTruckSaid is the name of the event by which a driver's word about the
// truck travels: what it is doing, or that its box is empty. Its object is the
// box, its detail TruckDetail's, its time the moment at which it was said.
const EventTruckSaid = "truck-said"

// TruckWord is what a driver said at the truck. Its phases are those of package
// trip.
type TruckWord struct {
	Empty    bool   // somebody has looked, and nothing is in the box
	Phase    string // empty when it is about the load alone
	Inferred string // what the evidence said
	// Unready is how the box stood when loading began though it was not ready for
	// goods, as "12.3 °C" or "unknown"; Reason is why it began all the same.
	Unready string
	Reason  string
	By      string
}

// TruckDetail is the detail of an EventTruckSaid.
func TruckDetail(w TruckWord) map[string]string {
	d := map[string]string{}
	for key, text := range map[string]string{"phase": w.Phase, "inferred": w.Inferred, "unready": w.Unready, "reason": w.Reason, "by": w.By} {
		if text != "" {
			d[key] = text
		}
	}
	if w.Empty {
		d["empty"] = "yes"
	}
	return d
}

// ParseTruck reads what TruckDetail wrote.
func ParseTruck(detail map[string]string) (TruckWord, error) {
	w := TruckWord{Empty: detail["empty"] == "yes", Phase: detail["phase"], Inferred: detail["inferred"], Unready: detail["unready"], Reason: detail["reason"], By: detail["by"]}
	if !w.Empty && w.Phase == "" {
		return TruckWord{}, fmt.Errorf("a word about a truck that says neither a phase nor that it is empty")
	}
	return w, nil
}

// EventGoodsSaid is the name of the event by which a driver books a batch into
// the truck's box, at the truck. Its object is the box, its detail GoodsDetail's,
// its time the moment at which it was loaded.
const EventGoodsSaid = "goods-said"

// GoodsWord is a batch that a driver has loaded: by its id, or by six digits
// (package batch), one of the two.
type GoodsWord struct{ Batch, Code, By string }

// GoodsDetail is the detail of an EventGoodsSaid.
func GoodsDetail(w GoodsWord) map[string]string {
	d := map[string]string{}
	for key, text := range map[string]string{"batch": w.Batch, "code": w.Code, "by": w.By} {
		if text != "" {
			d[key] = text
		}
	}
	return d
}

// ParseGoods reads what GoodsDetail wrote.
func ParseGoods(detail map[string]string) (GoodsWord, error) {
	w := GoodsWord{Batch: detail["batch"], Code: detail["code"], By: detail["by"]}
	if (w.Batch == "") == (w.Code == "") {
		return GoodsWord{}, fmt.Errorf("goods were loaded that are named by a batch %.64q and by six digits %.6q: want one of the two", w.Batch, w.Code)
	}
	return w, nil
}
