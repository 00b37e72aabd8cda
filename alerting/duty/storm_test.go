package duty_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
)

// storm is a county of sites that all lose power at one moment: each with a
// mains alarm, and every one of its points silent behind it.
func storm(sites, points int, at time.Time) []duty.Alarm {
	var out []duty.Alarm
	add := func(rule alerting.RuleName, object, zone string, level alerting.Level) {
		out = append(out, duty.Alarm{Rung: at, Alarm: alerting.Alarm{ID: alerting.AlarmID(rule, object, at), Rule: rule, Object: object,
			Zone: zone, Level: level, Class: alerting.Live, State: alerting.Unacknowledged, Start: at, Raised: at, LastSeen: at}})
	}
	for s := range sites {
		site := fmt.Sprintf("site-%d", s)
		add(alerting.MainsLost, site+"/plant/mains", site+"/plant", alerting.Warning)
		add(alerting.SiteSilent, site, "", alerting.Warning)
		for p := range points {
			zone := fmt.Sprintf("%s/room-%d", site, p%5)
			add(alerting.Silence, fmt.Sprintf("%s/p%d", zone, p), zone, alerting.Warning)
		}
	}
	return out
}

// TestStormIsOneMessageForEachPerson: 3,000 points of 50 sites lose power at
// once. In the first half hour, everybody who is to be told at all is told once.
func TestStormIsOneMessageForEachPerson(t *testing.T) {
	s := newStory(nil)
	s.start = time.Date(2026, 7, 1, 3, 0, 0, 0, here)
	s.sites = 50
	if err := s.standard(); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		for _, p := range []string{"keeper", "deputy"} {
			s.roster.Persons = append(s.roster.Persons, duty.Person{ID: fmt.Sprintf("%s-%d", p, i), Name: "某", Phone: fmt.Sprintf("861390000%02d%02d", i, len(p)),
				Roles: []duty.Role{duty.Role(p)}, Sites: []string{fmt.Sprintf("site-%d", i)}})
		}
	}
	s.alarms = storm(50, 60, s.start)
	if len(s.alarms) < 3000 {
		t.Fatalf("%d alarms are no storm", len(s.alarms))
	}
	s.now = s.start
	s.look()
	if err := s.pass(s.start.Add(29 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, told := range s.told {
		count[told.Person]++
	}
	for person, n := range count {
		if n != 1 {
			t.Errorf("%s was told %d times", person, n)
		}
	}
	// Every keeper and deputy, county duty, the repairer and the manager; those
	// of the standard roster who serve a site that has power are left alone.
	if len(count) != 103 || count["wang"] != 1 || count["qiqige"] != 0 {
		t.Errorf("%d people were told, wang %d times", len(count), count["wang"])
	}
	if i := slices.IndexFunc(s.told, func(x duty.Told) bool { return x.Person == "wang" }); i < 0 || s.told[i].Sites != 50 {
		t.Errorf("county duty was not told of 50 sites")
	}
}

func BenchmarkDueInAStorm(b *testing.B) {
	at := time.Date(2026, 7, 1, 3, 0, 0, 0, here)
	s := newStory(nil)
	if err := s.standard(); err != nil {
		b.Fatal(err)
	}
	s.sites, s.alarms = 50, storm(50, 60, at)
	now := s.situation()
	for b.Loop() {
		if len(duty.Due(at.Add(20*time.Minute), now)) == 0 {
			b.Fatal("nobody is told")
		}
	}
}
