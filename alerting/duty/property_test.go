package duty_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
)

// event is one thing that happens in a random story.
type event struct {
	at time.Time
	do func(s *story)
}

// randomEvents makes a day of alarms, answers, returns, outages and failing
// channels out of a seed.
func randomEvents(r *rand.Rand, start time.Time) []event {
	var out []event
	rules := []alerting.RuleName{alerting.HighLimit, alerting.LowLimit, alerting.Silence, alerting.SiteSilent, alerting.MainsLost, alerting.DoorOpen, alerting.Fault}
	people := []string{"qiqige", "batu", "wang", "li", "zhao"}
	n := 0
	for range 5 + r.IntN(25) {
		at := start.Add(time.Duration(r.IntN(8*3600)) * time.Second)
		rule := rules[r.IntN(len(rules))]
		site := []string{"balagong", "xini", "a", "b"}[r.IntN(4)]
		object := fmt.Sprintf("%s/room-%d/p%d", site, r.IntN(2), r.IntN(2))
		if rule == alerting.SiteSilent {
			object = site
		}
		level := alerting.Warning
		if r.IntN(3) == 0 {
			level = alerting.Excursion
		}
		n++
		id := fmt.Sprintf("%s-%d", alerting.AlarmID(rule, object, at), n)
		find := func(s *story) *duty.Alarm {
			i := slices.IndexFunc(s.alarms, func(a duty.Alarm) bool { return a.ID == id })
			return &s.alarms[i]
		}
		out = append(out, event{at, func(s *story) {
			s.alarms = append(s.alarms, duty.Alarm{Rung: at, Alarm: alerting.Alarm{ID: id, Rule: rule, Object: object, Level: level,
				Class: alerting.Live, State: alerting.Unacknowledged, Start: at, Raised: at, LastSeen: at}})
		}})
		end := at.Add(time.Duration(1+r.IntN(120)) * time.Minute)
		if r.IntN(3) == 0 {
			grown := at.Add(end.Sub(at) / 2).Truncate(time.Second)
			out = append(out, event{grown, func(s *story) {
				if a := find(s); a.Level == alerting.Warning {
					a.Level, a.Rung = alerting.Excursion, grown
				}
			}})
		}
		for range r.IntN(3) {
			step := at.Add(time.Duration(r.IntN(3600)) * time.Second)
			who, answer := people[r.IntN(len(people))], duty.Answers()[r.IntN(4)]
			out = append(out, event{step, func(s *story) {
				a := find(s)
				a.Steps = append(a.Steps, duty.Step{Answer: answer, Person: who, At: step, Level: a.Level})
			}})
		}
		out = append(out, event{end, func(s *story) { find(s).Returned = end }})
	}
	if r.IntN(2) == 0 {
		at := start.Add(time.Duration(r.IntN(4*3600)) * time.Second)
		out = append(out, event{at, func(s *story) {
			s.outages = append(s.outages, duty.Outage{ID: "o", Kind: duty.Maintenance, Object: "balagong", From: at, Until: at.Add(time.Hour), Reason: "修", By: "li"})
		}})
	}
	if r.IntN(2) == 0 {
		at := start.Add(time.Duration(r.IntN(4*3600)) * time.Second)
		out = append(out, event{at, func(s *story) { s.broken["call"] = notify.Temporary }},
			event{at.Add(time.Hour), func(s *story) { delete(s.broken, "call") }})
	}
	slices.SortStableFunc(out, func(x, y event) int { return x.at.Compare(y.at) })
	return out
}

// play goes through the events and on for ten hours.
func playEvents(t *testing.T, shake *rand.Rand, start time.Time, events []event) *story {
	t.Helper()
	s := newStory(shake)
	s.start, s.now, s.sites = start, start, 46
	if err := s.standard(); err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if err := s.pass(e.at); err != nil {
			t.Fatal(err)
		}
		e.do(s)
		s.look()
	}
	if err := s.pass(start.Add(13 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRandomStories: whatever happens, restarts, repetitions, order and looking
// more often change no message; and what is promised about numbers holds.
func TestRandomStories(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 1))
		start := time.Date(2026, 7, 1, 18, 0, 0, 0, here)
		events := randomEvents(r, start)
		plain := playEvents(t, nil, start, events)
		shaken := playEvents(t, rand.New(rand.NewPCG(seed, 2)), start, events)
		x, y := keys(plain.told), keys(shaken.told)
		if !slices.Equal(x, y) {
			for i := range max(len(x), len(y)) {
				if i >= len(x) || i >= len(y) || x[i] != y[i] {
					t.Fatalf("seed %d, message %d of %d and %d:\nplain  %s\nshaken %s", seed, i, len(x), len(y), at(x, i), at(y, i))
				}
			}
		}
		if strings.Contains(strings.Join(plain.happened, "\n"), "again and again") {
			t.Fatalf("seed %d: a message is due for ever", seed)
		}
		promises(t, seed, plain)
	}
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "nothing"
}

// promises checks, over a whole day of messages, what the plan says of their
// numbers.
func promises(t *testing.T, seed uint64, s *story) {
	t.Helper()
	used := map[string]bool{}
	type told struct {
		at    time.Time
		level alerting.Level
		kind  notify.Kind
	}
	last := map[string]told{} // by person and alarm
	hour := map[string][]time.Time{}
	for _, i := range s.told {
		if used[i.Key] {
			t.Errorf("seed %d: key %s was used twice", seed, i.Key)
		}
		used[i.Key] = true
		if len(i.Channels) == 0 || len(i.Covers) == 0 && i.Kind != notify.Trouble {
			t.Errorf("seed %d: %s has no channel or says nothing", seed, i.Key)
		}
		for _, c := range i.Covers {
			key := i.Person + " " + c.Alarm
			for _, x := range i.Covers { // a room is as serious as its worst point
				if duty.IncidentOf(x) == duty.IncidentOf(c) && x.Level.MoreSevere(c.Level) {
					c.Level = x.Level
				}
			}
			before, ok := last[key]
			again := ok && before.kind != notify.Returned && i.Kind != notify.Returned && !c.Level.MoreSevere(before.level)
			if again && i.At.Sub(before.at) < s.plan.Repeat.Of() {
				t.Errorf("seed %d: %s told %s of %s after %s", seed, i.Key, i.Person, c.Object, i.At.Sub(before.at))
			}
			if i.Kind == notify.Returned && (!ok || before.kind == notify.Returned) && before.at.IsZero() && !knew(s, i.Intent, c) {
				t.Errorf("seed %d: %s is told that %s is over and never knew of it", seed, i.Person, c.Object)
			}
			last[key] = told{i.At, c.Level, i.Kind}
		}
		recent := slices.DeleteFunc(hour[i.Person], func(x time.Time) bool { return !x.After(i.At.Add(-time.Hour)) })
		if len(recent) >= s.plan.Cap+5 { // and what a digest each quarter of an hour, and troubles, add
			t.Errorf("seed %d: %s has %d messages in one hour", seed, i.Person, len(recent)+1)
		}
		hour[i.Person] = append(recent, i.At)
	}
}

// knew reports whether the person was told of anything of the same incident
// before.
func knew(s *story, i duty.Intent, c duty.Cover) bool {
	for _, t := range s.told {
		for _, x := range t.Covers {
			if t.Person == i.Person && t.At.Before(i.At) && t.Kind != notify.Returned && duty.IncidentOf(x) == duty.IncidentOf(c) {
				return true
			}
		}
	}
	return false
}
