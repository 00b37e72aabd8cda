package output

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Trouble is the kind of what may be wrong.
type Trouble uint8

// What the local alarm knows.
const (
	Outside   Trouble = iota // a room is outside its limits
	MainsLost                // the supply, or a phase of it, is away
)

// Cause is one thing that may be wrong: a room, a phase.
type Cause struct {
	Trouble Trouble
	Name    string // of the zone or point
}

// Presence is what is known of a cause.
type Presence uint8

// Unknown freezes a cause as it is: missing data neither raises an alarm here
// nor ends one.
const (
	Absent Presence = iota
	Present
	Unknown
)

// Timing of the local alarm. Zero fields take the defaults.
type Timing struct {
	Outside time.Duration // from outside the limits to the siren; default 5 min
	Mains   time.Duration // from the loss of the mains to the siren; default 30 s
	Silence time.Duration // for which an acknowledgement silences the siren; default 15 min
}

func (t Timing) withDefaults() Timing {
	set := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	set(&t.Outside, 5*time.Minute)
	set(&t.Mains, 30*time.Second)
	set(&t.Silence, 15*time.Minute)
	return t
}

func (t Timing) delay(of Trouble) time.Duration {
	if of == MainsLost {
		return t.Mains
	}
	return t.Outside
}

// Desired is what the outputs ought to do, and why.
type Desired struct {
	Siren  bool
	Beacon bool
	// Sounding and Silenced are the causes for which the siren sounds and for
	// which it would, had nobody acknowledged; sorted.
	Sounding []Cause
	Silenced []Cause
	// Next is when the answer may change by itself; zero when it will not.
	Next time.Time
}

// Alarm decides when the siren sounds and the beacon shines. The beacon shines
// as long as any cause is present. The siren sounds for a cause that has been
// present for its delay, and an acknowledgement silences the causes present at
// that time for a while, but not one that comes later. It reads no clock, has
// no goroutine and is used by one at a time.
type Alarm struct {
	timing Timing
	causes map[Cause]*onset
}

// onset is a cause that is present.
type onset struct {
	since    time.Time
	silenced time.Time // until when; zero when nobody acknowledged
}

// NewAlarm returns an alarm with nothing wrong.
func NewAlarm(t Timing) *Alarm {
	return &Alarm{timing: t.withDefaults(), causes: map[Cause]*onset{}}
}

// Observe tells what is known of a cause at a time.
func (a *Alarm) Observe(at time.Time, c Cause, p Presence) {
	switch p {
	case Absent:
		delete(a.causes, c)
	case Present:
		if a.causes[c] == nil {
			a.causes[c] = &onset{since: at}
		}
	}
}

// Acknowledge silences the siren for the causes present now. It returns how
// many there are; the beacon shines on.
func (a *Alarm) Acknowledge(at time.Time) int {
	for _, o := range a.causes {
		o.silenced = at.Add(a.timing.Silence)
	}
	return len(a.causes)
}

// Advance returns what the outputs ought to do at now.
func (a *Alarm) Advance(now time.Time) Desired {
	d := Desired{Beacon: len(a.causes) > 0}
	soonest := func(t time.Time) {
		if d.Next.IsZero() || t.Before(d.Next) {
			d.Next = t
		}
	}
	for _, c := range slices.SortedFunc(maps.Keys(a.causes), byName) {
		o := a.causes[c]
		due := o.since.Add(a.timing.delay(c.Trouble))
		switch {
		case now.Before(o.silenced):
			soonest(later(o.silenced, due))
			if !now.Before(due) {
				d.Silenced = append(d.Silenced, c)
			}
		case now.Before(due):
			soonest(due)
		default:
			d.Siren = true
			d.Sounding = append(d.Sounding, c)
		}
	}
	return d
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func byName(a, b Cause) int {
	if a.Trouble != b.Trouble {
		return int(a.Trouble) - int(b.Trouble)
	}
	return strings.Compare(a.Name, b.Name)
}
