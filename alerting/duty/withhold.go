package duty

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"coldchain/alerting"
)

// Shelf puts one rule of one object aside for a while (ISA-18.2: shelved). A
// more serious level than the one that was shelved is told all the same.
type Shelf struct {
	ID     string            `json:"id"`
	Rule   alerting.RuleName `json:"rule"`
	Object string            `json:"object"`
	Level  alerting.Level    `json:"level"`
	From   time.Time         `json:"from"`
	Until  time.Time         `json:"until"`
	Reason string            `json:"reason"`
	By     string            `json:"by"`
}

// MaxShelf is the longest a shelf may last: one that has to be forgotten is a
// changed limit.
const MaxShelf = 72 * time.Hour

// OutageKind is what is planned.
type OutageKind string

// The kinds of outage.
const (
	PlannedOutage OutageKind = "planned-outage" // no mains: power and silence are expected
	Maintenance   OutageKind = "maintenance"    // somebody works on it: also faults, doors and warnings
)

// Outage is something planned, with an end. Messages of the matching rules are
// withheld while it lasts. Limits stay armed: an excursion of goods tells.
type Outage struct {
	ID     string              `json:"id"`
	Kind   OutageKind          `json:"kind"`
	Object string              `json:"object"`          // site, "site/zone" or point
	Rules  []alerting.RuleName `json:"rules,omitempty"` // empty: those of the kind
	From   time.Time           `json:"from"`
	Until  time.Time           `json:"until"`
	Reason string              `json:"reason"`
	By     string              `json:"by"`
}

// MaxOutage is the longest an outage may be entered for.
const MaxOutage = 31 * 24 * time.Hour

// Check names the field that is wrong.
func (s Shelf) Check() error {
	if s.Rule == "" || s.Object == "" {
		return fmt.Errorf("rule, object: want what is shelved")
	}
	return checkTerm(s.From, s.Until, s.Reason, s.By, MaxShelf)
}

// Check names the field that is wrong.
func (o Outage) Check() error {
	if o.Kind != PlannedOutage && o.Kind != Maintenance {
		return fmt.Errorf("kind: %q is not planned-outage or maintenance", o.Kind)
	}
	if o.Object == "" || strings.Count(o.Object, "/") > 2 {
		return fmt.Errorf("object: want a site, site/zone or site/zone/point, not %q", o.Object)
	}
	return checkTerm(o.From, o.Until, o.Reason, o.By, MaxOutage)
}

func checkTerm(from, until time.Time, reason, by string, most time.Duration) error {
	switch {
	case from.IsZero() || !until.After(from):
		return fmt.Errorf("until: want an end after the beginning")
	case until.Sub(from) > most:
		return fmt.Errorf("until: %s is too long, at most %s", until.Sub(from), most)
	case strings.TrimSpace(reason) == "" || len([]rune(reason)) > 200:
		return fmt.Errorf("reason: want one, at most 200 characters")
	case strings.TrimSpace(by) == "":
		return fmt.Errorf("by: want who asks for it")
	}
	return nil
}

func (s Shelf) matches(a alerting.Alarm) bool {
	return s.Rule == a.Rule && s.Object == a.Object && !a.Level.MoreSevere(s.Level)
}

func (o Outage) matches(a alerting.Alarm) bool {
	if a.Object != o.Object && !strings.HasPrefix(a.Object, o.Object+"/") {
		return false
	}
	family := FamilyOf(a.Rule)
	switch {
	case family == Goods && a.Level == alerting.Excursion:
		return false
	case len(o.Rules) > 0:
		return slices.Contains(o.Rules, a.Rule)
	case o.Kind == PlannedOutage:
		return family == Power || family == Link || a.Rule == BusFault || a.Rule == DeviceFault || a.Rule == alerting.Fault || a.Rule == NotCooling
	}
	return true
}

// Standing is the alarm's state in ISA-18.2's words, with what is withheld.
// Maintenance is before a shelf, and a shelf before what is suppressed by
// design: a planned outage, or a cause under which the alarm is folded.
// Returned alarms are shown as they are.
func Standing(a alerting.Alarm, s Situation, folded bool, now time.Time) alerting.State {
	if !a.State.Present() {
		return a.State
	}
	state := a.State
	if folded {
		state = alerting.Suppressed
	}
	for _, o := range s.Outages {
		if o.Kind == PlannedOutage && o.matches(a) && (stretch{o.From, o.Until}).holds(now) {
			state = alerting.Suppressed
		}
	}
	if d, held := disused(a, s.Disuses, now); held && d.Kind != SwitchedOff {
		state = d.state()
	}
	for _, shelf := range s.Shelves {
		if shelf.matches(a) && (stretch{shelf.From, shelf.Until}).holds(now) {
			state = alerting.Shelved
		}
	}
	for _, o := range s.Outages {
		if o.Kind == Maintenance && o.matches(a) && (stretch{o.From, o.Until}).holds(now) {
			state = alerting.OutOfService
		}
	}
	if d, held := disused(a, s.Disuses, now); held && d.Kind == SwitchedOff {
		state = d.state()
	}
	return state
}

func (s stretch) holds(t time.Time) bool { return !t.Before(s.from) && t.Before(s.to) }
