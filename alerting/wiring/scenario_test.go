package wiring

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/engine"
	"coldchain/alerting/storytest"
	"coldchain/sensors"
)

// TestScenarios plays every testdata/*.txt, and plays it again with a restart
// after every change and every seventh look: nothing may change. See testdata/README for the language.
func TestScenarios(t *testing.T) {
	storytest.Run(t, os.DirFS("testdata"), os.WriteFile, func(t *testing.T, text string) string {
		got := play(t, text, false)
		if again := play(t, text, true); again != got {
			t.Errorf("with restarts:\n%s", again)
		}
		return got
	})
}

const silent = 10 * time.Minute

// site is one site being played: an engine, a tree, and devices that are polled
// once a minute, each some seconds after the one before.
type site struct {
	t       *testing.T
	places  []Place
	offset  map[string]time.Duration // of a device within its minute
	engine  *engine.Engine
	tree    *Tree
	start   time.Time
	now     time.Time
	state   map[string][]byte
	open    map[string]alerting.Alarm
	said    []string
	restart bool
	all     []alerting.Transition
}

func play(t *testing.T, text string, restart bool) string {
	s := &site{t: t, offset: map[string]time.Duration{}, state: map[string][]byte{}, open: map[string]alerting.Alarm{}, restart: restart}
	var out []string
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "=> ") {
			continue
		}
		out = append(out, line)
		s.said = nil
		if words := strings.Fields(strings.SplitN(line, "#", 2)[0]); len(words) > 0 {
			s.line(words)
		}
		out = append(out, s.said...)
	}
	return strings.Join(out, "\n")
}

func (s *site) line(w []string) {
	switch {
	case w[0] == "hangs":
		s.hang(w[1], w[2], w[3:]...)
	case w[0] == "start":
		start, err := time.Parse("2006-01-02 15:04", w[1]+" "+w[2])
		if err != nil {
			s.t.Fatal(err)
		}
		s.start, s.now, s.tree = start, start, New()
		s.engine = s.newEngine()
		s.tree.Wire("balagong", s.places)
	case w[0] == "unhangs":
		s.places = slices.DeleteFunc(s.places, func(p Place) bool { return p.Bus == w[1] && p.Device == w[2] })
		s.tree.Wire("balagong", s.places)
	default:
		s.until(w)
	}
}

func (s *site) hang(bus, device string, points ...string) {
	if _, known := s.offset[device]; !known {
		s.offset[device] = time.Duration(len(s.offset)*7%60) * time.Second
	}
	for _, p := range points {
		s.places = append(s.places, Place{sensors.PointID("balagong/" + p), bus, device})
	}
}

func (s *site) newEngine() *engine.Engine {
	cfg := engine.Config{Sites: []engine.Site{{ID: "balagong", SilentAfter: silent}}}
	for _, p := range s.places {
		cfg.Points = append(cfg.Points, engine.Point{ID: p.Point, Quantity: sensors.Temperature, Zone: p.Point.Zone(), Site: "balagong"})
	}
	e, err := engine.New(cfg, s.start)
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

// until lets time pass; words are "08:30", then what fails meanwhile: buses and
// devices that answer nothing, after "gone" such that are not even asked.
func (s *site) until(w []string) {
	clock, err := time.Parse("15:04", w[0])
	if err != nil {
		s.t.Fatalf("%v: want a time", w)
	}
	end := s.now.Truncate(24 * time.Hour).Add(time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute)
	gone := len(w)
	if i := slices.Index(w, "gone"); i >= 0 {
		gone = i
	}
	for s.now.Before(end) {
		s.now = s.now.Add(time.Second)
		before := len(s.all)
		for _, p := range s.places {
			if s.now.Sub(s.now.Truncate(time.Minute)) != s.offset[p.Device] {
				continue
			}
			is := func(list []string) bool { return slices.Contains(list, p.Bus) || slices.Contains(list, p.Device) }
			r := sensors.NewGood(p.Point, s.now, 2)
			if is(w[1:min(gone, len(w))]) {
				r = sensors.NewBad(p.Point, s.now, sensors.Timeout)
			}
			if gone < len(w) && is(w[gone:]) {
				continue
			}
			s.heed(s.engine.Observe(r, s.now))
		}
		s.heed(s.engine.Advance(s.now))
		s.heed(s.tree.Turn(s.engine, s.now))
		if s.restart && (len(s.all) > before || s.now.Unix()%7 == 0) {
			s.again()
		}
	}
}

// again starts the program anew from what it has written down.
func (s *site) again() {
	maps.Copy(s.state, s.engine.Dirty())
	s.engine = s.newEngine() // a start in the middle of a silence is the engine's own test
	if err := s.engine.Restore(s.state); err != nil {
		s.t.Fatal(err)
	}
	s.tree = New()
	s.tree.Restore(slices.Collect(maps.Values(s.open)))
	s.tree.Wire("balagong", s.places)
}

func (s *site) heed(list []alerting.Transition) {
	s.all = append(s.all, list...)
	for _, x := range list {
		a := x.Alarm
		switch x.Change {
		case alerting.Raised:
			s.open[a.ID] = a
		case alerting.Returned:
			s.open[a.ID] = a
		}
		s.said = append(s.said, fmt.Sprintf("=> %s %-8s %s %s since %s", x.At.Format("15:04:05"), x.Change, a.Rule, a.Object, a.Start.Format("15:04:05")))
	}
}

// A bus that dies tells a keeper once, whatever hangs on it.
func TestADeadBusIsOneMessage(t *testing.T) {
	s := &site{t: t, offset: map[string]time.Duration{}, state: map[string][]byte{}, open: map[string]alerting.Alarm{}}
	for d := range 60 {
		device := fmt.Sprintf("probe-%d", d)
		for n := range 50 { // 3,000 points
			s.hang("rs485", device, fmt.Sprintf("room-%d/p-%d", d, n))
		}
	}
	s.line([]string{"start", "2026-07-01", "14:00"})
	s.line([]string{"14:05"})
	s.line([]string{"14:20", "rs485"})
	raised := map[alerting.RuleName]int{}
	var told []duty.Told
	situation := func(now time.Time) duty.Situation {
		plan := duty.DefaultPlan()
		plan.Channels = []duty.Channel{{Name: "sms", Medium: duty.SMS}}
		plan.Critical.Channels, plan.Warning.Channels = []string{"sms"}, []string{"sms"}
		plan.Morning.Off, plan.Drill.Off = true, true
		x := duty.Situation{Plan: plan, Sites: 46, Location: time.UTC, Told: told,
			Roster: duty.Roster{Persons: []duty.Person{{ID: "qiqige", Name: "其其格", Phone: "8613800000001", Roles: []duty.Role{duty.Keeper}, Sites: []string{"balagong"}}}}}
		for _, tr := range s.all {
			if tr.Change == alerting.Raised && !tr.At.After(now) {
				a := duty.Alarm{Alarm: tr.Alarm, Rung: tr.At}
				a.Place.Bus, a.Place.Device = s.tree.Of(tr.Alarm)
				x.Alarms = append(x.Alarms, a)
			}
		}
		return x
	}
	for _, tr := range s.all {
		raised[tr.Alarm.Rule]++
	}
	if raised[duty.BusFault] != 1 || raised[duty.DeviceFault] != 0 || raised[alerting.Fault] != 3000 {
		t.Fatalf("raised %v; want one dead bus and 3000 probes behind it", raised)
	}
	// Looked at each second from the first alarm on.
	for at := s.all[0].At; at.Before(s.all[0].At.Add(3 * time.Minute)); at = at.Add(time.Second) {
		for _, i := range duty.Due(at, situation(at)) {
			told = append(told, duty.Told{Intent: i})
		}
	}
	if len(told) != 1 || told[0].Covers[0].Rule != duty.BusFault || told[0].Folded == 0 {
		t.Errorf("%d messages, the first %+v; want one of the bus with what is behind it counted", len(told), told)
	}
}
