package duty

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"coldchain/alerting"
)

// DisuseKind is why nothing in a zone is to be told of.
type DisuseKind string

// The kinds of disuse.
const (
	SwitchedOff DisuseKind = "switched-off" // 停用: for a season, or for repair
	StandsEmpty DisuseKind = "empty"        // 空库: it runs, and nothing lies in it
	EmptyTruck  DisuseKind = "empty-truck"  // a truck whose box is known to be empty; nobody enters it
)

// Disuse is a zone out of use, with an end. While it holds no goods its limits
// do not hold, and nothing is received into it. Mains, doors and silence stay as
// they are; of an empty truck they are nobody's trouble either.
type Disuse struct {
	ID     string     `json:"id"`
	Zone   string     `json:"zone"` // "site/zone"
	Kind   DisuseKind `json:"kind"`
	From   time.Time  `json:"from"`
	Until  time.Time  `json:"until"`
	Reason string     `json:"reason"`
	By     string     `json:"by"`
}

// MaxDisuse is the longest a zone may be out of use before somebody says so
// again: a season and a half.
const MaxDisuse = 400 * 24 * time.Hour

// Check names the field that is wrong.
func (d Disuse) Check() error {
	if d.Kind != SwitchedOff && d.Kind != StandsEmpty {
		return fmt.Errorf("kind: %q is not switched-off or empty", d.Kind)
	}
	if strings.Count(d.Zone, "/") != 1 {
		return fmt.Errorf("zone: want site/zone, not %q", d.Zone)
	}
	return checkTerm(d.From, d.Until, d.Reason, d.By, MaxDisuse)
}

// Holds reports whether it is in force at a time.
func (d Disuse) Holds(t time.Time) bool { return stretch{d.From, d.Until}.holds(t) }

// matches reports whether an alarm is of what nobody is to be told of.
func (d Disuse) matches(a alerting.Alarm) bool {
	if d.Kind == EmptyTruck && siteOf(a.Object) == siteOf(d.Zone) {
		family := FamilyOf(a.Rule)
		return family == Goods && !alone(a.Rule) || family == Link || a.Rule == alerting.DoorOpen
	}
	return a.Zone == d.Zone && FamilyOf(a.Rule) == Goods && !alone(a.Rule)
}

// alone reports whether a rule is about goods that are there, whatever is said of
// the zone.
func alone(rule alerting.RuleName) bool { return rule == OffWithGoods || rule == alerting.Spoilage }

// state is ISA-18.2's word for an alarm that it holds back: out of service by
// somebody's hand, or suppressed by design.
func (d Disuse) state() alerting.State {
	if d.Kind == SwitchedOff {
		return alerting.OutOfService
	}
	return alerting.Suppressed
}

func siteOf(object string) string {
	site, _, _ := strings.Cut(object, "/")
	return site
}

// disused returns the disuse that holds an alarm back now.
func disused(a alerting.Alarm, list []Disuse, now time.Time) (Disuse, bool) {
	i := slices.IndexFunc(list, func(d Disuse) bool { return d.matches(a) && d.Holds(now) })
	if i < 0 {
		return Disuse{}, false
	}
	return list[i], true
}
