package duty_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/alerting/storytest"
	"coldchain/alerting/wording"
)

// TestScenarios plays every testdata/*.txt: stories of alarms and people, with
// lines beginning with "=>" that say who was told what, when and how. See
// testdata/README for the language. Each is played again with everything that
// must not matter.
func TestScenarios(t *testing.T) {
	storytest.Run(t, os.DirFS("testdata"), os.WriteFile, func(t *testing.T, text string) string {
		s := newStory(nil)
		got, err := s.play(text)
		if err != nil {
			t.Fatal(err)
		}
		// Restarted at every step, everything told twice and in any order, and
		// looked at more often than asked for: the same messages.
		for seed := range uint64(3) {
			again := newStory(rand.New(rand.NewPCG(seed, 7)))
			if _, err := again.play(text); err != nil {
				t.Fatalf("shaken: %v", err)
			}
			if x, y := keys(s.told), keys(again.told); !slices.Equal(x, y) {
				t.Errorf("shaken with seed %d:\n%s\nwithout:\n%s", seed, strings.Join(y, "\n"), strings.Join(x, "\n"))
			}
		}
		return got
	})
}

func keys(told []duty.Told) []string {
	out := make([]string, len(told))
	for i, t := range told {
		out[i] = fmt.Sprintf("%s %s %v %v", t.At.Format("15:04:05"), t.Key, t.Channels, t.Covers)
	}
	return out
}

// story is one scenario being played.
type story struct {
	plan     duty.Plan
	roster   duty.Roster
	sites    int
	names    names
	now      time.Time
	start    time.Time
	alarms   []duty.Alarm
	letters  map[string]string // as the story calls them -> ID
	left     map[string]time.Duration
	told     []duty.Told
	shelves  []duty.Shelf
	disuses  []duty.Disuse
	outages  []duty.Outage
	stores   []duty.Store
	filing   *duty.Filing
	broken   map[string]notify.Class
	held     bool       // nothing is sent
	shake    *rand.Rand // nil: as it is
	happened []string
}

var here = time.FixedZone("CST", 8*60*60)

func newStory(shake *rand.Rand) *story {
	p := duty.DefaultPlan()
	p.Channels = []duty.Channel{
		{Name: "call", Medium: duty.Voice, Rates: []notify.Rate{{Count: 1, Per: time.Minute, PerRecipient: true},
			{Count: 5, Per: time.Hour, PerRecipient: true}, {Count: 20, Per: 24 * time.Hour, PerRecipient: true}}},
		{Name: "sms", Medium: duty.SMS},
		{Name: "wecom", Medium: duty.Robot},
	}
	p.Critical.Channels = []string{"call", "sms", "wecom"}
	p.Warning.Channels = []string{"wecom", "sms"}
	p.Morning.Off, p.Drill.Off = true, true
	return &story{plan: p, names: names{}, letters: map[string]string{}, left: map[string]time.Duration{}, broken: map[string]notify.Class{}, shake: shake}
}

// play returns the text with its expectations replaced by what happened.
func (s *story) play(text string) (string, error) {
	var out []string
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "=> ") {
			continue
		}
		words := strings.Fields(strings.SplitN(line, "#", 2)[0])
		s.happened = nil
		if len(words) > 0 {
			if at, err := s.clock(words[0]); err == nil {
				if err := s.pass(at); err != nil {
					return "", fmt.Errorf("line %d: %w", i+1, err)
				}
				words = words[1:]
			}
		}
		out = append(out, s.happened...)
		s.happened = nil
		out = append(out, line)
		if len(words) > 0 {
			if err := s.step(words); err != nil {
				return "", fmt.Errorf("line %d: %q: %w", i+1, line, err)
			}
		}
		// Lines that begin with "also" happen before anybody looks again.
		if !s.start.IsZero() && len(words) > 0 && !(words[len(words)-1] == "...") {
			s.look()
		}
		out = append(out, s.happened...)
	}
	return strings.Join(out, "\n"), nil
}

// situation is what is known; shaken, it is what was written down and read
// again, twice, in any order.
func (s *story) situation() duty.Situation {
	out := duty.Situation{Alarms: slices.Clone(s.alarms), Shelves: s.shelves, Outages: s.outages, Disuses: s.disuses, Roster: s.roster, Plan: s.plan,
		Told: slices.Clone(s.told), Sites: s.sites, Location: here, Stores: s.stores, Filing: s.filing, Began: s.start}
	if s.shake == nil {
		return out
	}
	var copied duty.Situation
	b, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	if err := json.Unmarshal(b, &copied); err != nil {
		panic(err)
	}
	copied.Location = here
	for i := range copied.Plan.Channels { // rates are the carriers', not the plan's
		copied.Plan.Channels[i].Rates = s.plan.Channels[i].Rates
	}
	copied.Alarms = append(copied.Alarms, copied.Alarms...)
	copied.Told = append(copied.Told, copied.Told...)
	s.shake.Shuffle(len(copied.Alarms), func(i, j int) { copied.Alarms[i], copied.Alarms[j] = copied.Alarms[j], copied.Alarms[i] })
	s.shake.Shuffle(len(copied.Told), func(i, j int) { copied.Told[i], copied.Told[j] = copied.Told[j], copied.Told[i] })
	p := copied.Roster.Persons
	s.shake.Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] })
	return copied
}

// pass lets time go by, looking when Next says so, and shaken also in between.
func (s *story) pass(until time.Time) error {
	if until.Before(s.now) {
		return fmt.Errorf("%s has passed, it is %s", until.Format("15:04"), s.now.Format("15:04"))
	}
	for !s.now.IsZero() {
		next := duty.Next(s.now, s.situation())
		if !next.IsZero() && !next.After(s.now) {
			return fmt.Errorf("next at %s is not after now", next)
		}
		if s.shake != nil && (next.IsZero() || next.Sub(s.now) > 3*time.Second) {
			step := min(time.Duration(1+s.shake.IntN(600))*time.Second, until.Sub(s.now))
			if between := s.now.Add(step); next.IsZero() || between.Before(next) {
				next = between
			}
		}
		if next.IsZero() || !next.Before(until) {
			break
		}
		s.now = next
		s.look()
	}
	s.now = until
	return nil
}

// look asks what is due, sends it and writes down what became of it.
func (s *story) look() {
	for range 3 {
		due := duty.Due(s.now, s.situation())
		if len(due) == 0 {
			return
		}
		for _, i := range due {
			t := duty.Told{Intent: i}
			s.send(&t)
			s.told = append(s.told, t)
		}
	}
	s.happened = append(s.happened, "=> the same is due again and again")
}

// send hands a message to its channels, unless it is held.
func (s *story) send(t *duty.Told) {
	i, ways := t.Intent, []string(nil)
	for _, name := range i.Channels {
		if len(ways) == i.Take || s.held {
			break
		}
		a := duty.Attempt{Channel: name, At: s.now, Class: s.broken[name]}
		t.Attempts = append(t.Attempts, a)
		if a.OK() {
			ways = append(ways, name)
		} else {
			ways = append(ways, name+"!")
			i.Take++
		}
	}
	if s.held {
		ways = []string{"held"}
	}
	p, _ := s.roster.Person(i.Person)
	w := s.composer().Compose(wording.LanguageOf(p.Language), t.Intent)
	s.happened = append(s.happened, fmt.Sprintf("=> %s %s %s: %s", s.stamp(s.now), i.Person, strings.Join(ways, "+"), w.Short))
}

func (s *story) composer() wording.Composer {
	return wording.Composer{Names: s.names, Location: here, Subject: func(id string) (wording.Subject, bool) {
		for _, a := range s.alarms {
			if a.ID == id {
				out := wording.Subject{Alarm: a.Alarm, Batches: a.Batches}
				if left, ok := s.left[id]; ok {
					out.Left = &left
				}
				return out, true
			}
		}
		return wording.Subject{}, false
	}}
}

// names are labels by site, zone or person.
type names map[string]string

func (n names) Site(site string, _ wording.Language) string { return n.or(site) }
func (n names) Person(id string) string                     { return n.or(id) }
func (n names) Zone(zone string, _ wording.Language) (string, string) {
	return n.or(zone), n["kind "+zone]
}

func (n names) or(key string) string {
	if v, ok := n[key]; ok {
		return v
	}
	return key
}

// clock understands 08:00, 08:00:05 and, for days later, +08:00 and ++08:00.
func (s *story) clock(text string) (time.Time, error) {
	clock := strings.TrimLeft(text, "+")
	layout := "15:04"
	if strings.Count(clock, ":") == 2 {
		layout = "15:04:05"
	}
	t, err := time.Parse(layout, clock)
	if err != nil {
		return t, err
	}
	y, m, d := s.start.Date()
	return time.Date(y, m, d+len(text)-len(clock), t.Hour(), t.Minute(), t.Second(), 0, here), nil
}

func (s *story) stamp(t time.Time) string {
	t = t.In(here)
	layout := "15:04"
	if t.Second() != 0 {
		layout = "15:04:05"
	}
	y, m, d := s.start.Date()
	days := int(t.Sub(time.Date(y, m, d, 0, 0, 0, 0, here)) / (24 * time.Hour))
	return strings.Repeat("+", days) + t.Format(layout)
}

func (s *story) alarm(letter string) (*duty.Alarm, error) {
	for i := range s.alarms {
		if s.alarms[i].ID == s.letters[letter] {
			return &s.alarms[i], nil
		}
	}
	return nil, fmt.Errorf("no alarm is called %q", letter)
}
