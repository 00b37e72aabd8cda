package duty

import (
	"fmt"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/notify"
)

// Morning says when keepers are told that all is well, or what is not.
type Morning struct {
	At  Clock `json:"at" yaml:"at"` // local
	Off bool  `json:"off,omitempty" yaml:"off"`
}

// Weekly is the exercise in which everybody of the chain is called and answers.
type Weekly struct {
	Day    Weekday  `json:"day" yaml:"day"`
	At     Clock    `json:"at" yaml:"at"`         // local
	Answer Duration `json:"answer" yaml:"answer"` // who answers later has missed it
	Off    bool     `json:"off,omitempty" yaml:"off"`
}

// late is how long after its time a daily or weekly message is still sent,
// when this program did not run or the person slept.
const late = 2 * time.Hour

// Told reports whether the morning's message is told at a local time: only then
// Situation.Stores is looked at.
func (m Morning) Told(local time.Time) bool {
	at := m.At.at(local, 0)
	return !m.Off && !local.Before(at) && local.Sub(at) <= late
}

// mornings tells each keeper once a day how the sites stand.
func (e *evaluation) mornings() {
	m := e.s.Plan.Morning
	today := DateOf(e.local()).String()
	e.reached(m.At.at(e.local(), 1))
	if e.reached(m.At.at(e.local(), 0)); len(e.s.Stores) == 0 || !m.Told(e.local()) {
		return
	}
	for _, p := range e.people {
		key := fmt.Sprintf("all-well/%s/%s", today, p.ID)
		if !p.Has(Keeper) || e.has(p, key) || !e.mayBeTold(p, false) {
			continue
		}
		i := Intent{Key: key, Kind: notify.AllWell, Level: alerting.Warning, Person: p.ID, At: e.now, Take: 1, Subject: today,
			Channels: e.channels(p, e.s.Plan.Warning, false)}
		for _, s := range e.s.Stores {
			if p.Serves(s.Site) {
				i.Reports = append(i.Reports, e.report(s))
			}
		}
		slices.SortFunc(i.Reports, func(x, y Report) int { // what is not well first
			if x.Well != y.Well {
				if y.Well {
					return -1
				}
				return 1
			}
			if x.Site < y.Site {
				return -1
			}
			return 1
		})
		if len(i.Reports) > 0 && len(i.Channels) > 0 {
			e.out = append(e.out, i)
		}
	}
}

// report says all is well only when it is: fresh values, nothing present, also
// not what is shelved or folded.
func (e *evaluation) report(s Store) Report {
	r := Report{Site: s.Site, Fresh: s.Fresh, Problems: s.Problems}
	for _, h := range e.past {
		if h.over.IsZero() && h.alarms[0].Site() == s.Site {
			r.Alarms++
		}
	}
	r.Well = r.Fresh && r.Alarms == 0 && len(r.Problems) == 0
	return r
}

func (e *evaluation) has(p Person, key string) bool {
	return slices.ContainsFunc(e.of(p.ID).intents, func(t Told) bool { return t.Key == key })
}

// drillAt is the time of the newest drill that was due at local time t.
func (w Weekly) drillAt(t time.Time) time.Time {
	for days := range 8 {
		at := w.At.at(t, -days)
		if weekdays[at.Weekday()] == w.Day && !at.After(t) {
			return at
		}
	}
	return time.Time{}
}

// drills calls everybody of the critical chain once a week, by the whole of
// his channels, and tells who did not answer.
func (e *evaluation) drills() {
	w := e.s.Plan.Drill
	if w.Off {
		return
	}
	at := w.drillAt(e.local())
	e.reached(at.AddDate(0, 0, 7))
	if e.now.Sub(at) <= late {
		for _, p := range e.people {
			key := fmt.Sprintf("drill/%s/%s", DateOf(at), p.ID)
			if !e.drilled(p) || e.has(p, key) || !e.mayBeTold(p, false) {
				continue
			}
			e.out = append(e.out, Intent{Key: key, Kind: notify.Drill, Level: alerting.Warning, Person: p.ID, At: e.now,
				Take: e.s.Plan.Critical.Take, Channels: e.channels(p, e.s.Plan.Critical, true), Subject: DateOf(at).String()})
		}
	}
	if !e.reached(at.Add(late+w.Answer.Of())) || e.now.Sub(at) > 24*time.Hour || at.Before(e.s.Began) {
		return
	}
	var missed []string
	for _, r := range Drilled(at, e.s) {
		if r.Missed(w) {
			missed = append(missed, r.Person)
		}
	}
	if len(missed) > 0 || len(Drilled(at, e.s)) == 0 {
		e.trouble(drillSubject+DateOf(at).String(), fmt.Sprintf("drill-missed/%s", DateOf(at)), missed, at, "")
	}
}

// drilled reports whether the critical chain has a place for the person.
func (e *evaluation) drilled(p Person) bool {
	for _, stage := range e.s.Plan.Critical.Stages {
		if slices.ContainsFunc(stage.Roles, p.Has) {
			return true
		}
	}
	return false
}

// Drill is how one person did in one exercise.
type Drill struct {
	Person   string        `json:"person"`
	At       time.Time     `json:"at"`               // when it was decided to call him
	Reached  time.Time     `json:"reached,omitzero"` // when a channel first took it; zero: never
	Answered time.Time     `json:"answered,omitzero"`
	Took     time.Duration `json:"took"` // from being reached to answering
}

// Missed reports whether the person has not answered in time, or was not
// reached at all.
func (d Drill) Missed(w Weekly) bool {
	return d.Reached.IsZero() || d.Answered.IsZero() || d.Took > w.Answer.Of()
}

// Drilled lists how everybody did in the drill of a moment's day, by person.
func Drilled(at time.Time, s Situation) []Drill {
	if s.Location == nil {
		s.Location = time.UTC
	}
	day := DateOf(at.In(s.Location)).String()
	var out []Drill
	seen := map[string]bool{}
	for _, t := range s.Told {
		if t.Kind != notify.Drill || t.Subject != day || seen[t.Key] {
			continue
		}
		seen[t.Key] = true
		d := Drill{Person: t.Person, At: t.At}
		for _, a := range t.Attempts {
			if a.OK() {
				d.Reached = earliest(d.Reached, a.At)
			}
		}
		for _, step := range t.Steps {
			d.Answered = earliest(d.Answered, step.At)
		}
		if !d.Answered.IsZero() && !d.Reached.IsZero() {
			d.Took = max(0, d.Answered.Sub(d.Reached))
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(x, y Drill) int {
		if x.Person < y.Person {
			return -1
		}
		return 1
	})
	return out
}
