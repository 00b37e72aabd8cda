package duty

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
)

var cst = time.FixedZone("CST", 8*60*60)

func TestPresence(t *testing.T) {
	night := Span{22 * 60, 6 * 60}
	day := Span{8 * 60, 18 * 60}
	monday := func(clock string) time.Time {
		at, err := time.ParseInLocation("2006-01-02 15:04", "2026-06-29 "+clock, cst)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	worker := Person{Quiet: &night, Hours: map[Weekday][]Span{"mon": {day}}}
	shift := Person{Quiet: &night, Hours: map[Weekday][]Span{"sun": {{20 * 60, 8 * 60}}}}
	for _, c := range []struct {
		name                 string
		p                    Person
		at                   time.Time
		away, onDuty, asleep bool
	}{
		{"at work", worker, monday("08:00"), false, true, false},
		{"the last minute of work", worker, monday("17:59"), false, true, false},
		{"after work", worker, monday("18:00"), false, false, false},
		{"quiet begins", worker, monday("22:00"), false, false, true},
		{"after midnight", worker, monday("05:59"), false, false, true},
		{"quiet is over", worker, monday("06:00"), false, false, false},
		{"night shift of the day before", shift, monday("07:59"), false, true, false},
		{"night shift, in the quiet hours: he works", shift, monday("03:00"), false, true, false},
		{"no shift begins today", shift, monday("21:00"), false, false, false},
		{"no fixed hours", Person{Quiet: &night}, monday("12:00"), false, true, false},
		{"no fixed hours, at night", Person{Quiet: &night}, monday("23:00"), false, false, true},
		{"a holiday", Person{Quiet: &night, Hours: worker.Hours, Holidays: []Date{{2026, time.June, 29}}}, monday("09:00"), false, false, false},
		{"away", Person{Away: monday("12:00")}, monday("11:59"), true, true, false},
		{"back", Person{Away: monday("12:00")}, monday("12:00"), false, true, false},
	} {
		got := c.p.presence(c.at, nil)
		if got.away != c.away || got.onDuty != c.onDuty || got.asleep != c.asleep {
			t.Errorf("%s: %+v", c.name, got)
		}
		// What it says about its next change is true: until then nothing changes.
		for at := c.at; at.Before(got.changes) && at.Sub(c.at) < 48*time.Hour; at = at.Add(7 * time.Minute) {
			if x := c.p.presence(at, nil); x.away != got.away || x.onDuty != got.onDuty || x.asleep != got.asleep {
				t.Errorf("%s: is otherwise at %s, before %s", c.name, at, got.changes)
				break
			}
		}
	}
}

func TestRosterNamesTheFieldThatIsWrong(t *testing.T) {
	good := Person{ID: "qiqige", Name: "其其格", Phone: "8613800000000", Roles: []Role{Keeper}}
	if err := (Roster{Persons: []Person{good}}).Check(nil); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*Person){
		"persons[0].id":           func(p *Person) { p.ID = "其其格" },
		"persons[0].name":         func(p *Person) { p.Name = " " },
		"persons[0].phone":        func(p *Person) { p.Phone = "+86 138" },
		"persons[0].email":        func(p *Person) { p.Email = "a@b, c@d" },
		"persons[0].roles:":       func(p *Person) { p.Roles = nil },
		"persons[0].roles[0]":     func(p *Person) { p.Roles = []Role{"boss"} },
		"persons[0].sites[0]":     func(p *Person) { p.Sites = []string{"atlantis"} },
		"persons[0].hours":        func(p *Person) { p.Hours = map[Weekday][]Span{"monday": nil} },
		"persons[0].hours.mon[0]": func(p *Person) { p.Hours = map[Weekday][]Span{"mon": {{60, 60}}} },
		"persons[0].quiet":        func(p *Person) { p.Quiet = &Span{} },
		"persons[0].language":     func(p *Person) { p.Language = "fr" },
	} {
		p := good
		spoil(&p)
		err := Roster{Persons: []Person{p}}.Check(func(site string) bool { return site == "balagong" })
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := (Roster{Persons: []Person{good, good}}).Check(nil); err == nil || !strings.Contains(err.Error(), "persons[1].id") {
		t.Errorf("the same person twice: %v", err)
	}
}

func TestPlanChecksItself(t *testing.T) {
	p := DefaultPlan()
	if err := p.Check(); err != nil {
		t.Fatalf("the default plan: %v", err)
	}
	for field, spoil := range map[string]func(*Plan){
		"critical.stages:":         func(p *Plan) { p.Critical.Stages = nil },
		"critical.stages[1].delay": func(p *Plan) { p.Critical.Stages[1].Delay = 0 },
		"critical.channels[0]":     func(p *Plan) { p.Critical.Channels = []string{"pigeon"} },
		"critical.take":            func(p *Plan) { p.Critical.Take = 0 },
		"warning.round":            func(p *Plan) { p.Warning.Round = p.Repeat - 1 },
		"ack_pause":                func(p *Plan) { p.AckPause = 0 },
		"cap":                      func(p *Plan) { p.Reserve = p.Cap },
		"drill.day":                func(p *Plan) { p.Drill.Day = "someday" },
		"wide_sites":               func(p *Plan) { p.WideShare = 0 },
	} {
		p := DefaultPlan()
		spoil(&p)
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestPlanAndRosterSurviveJSON(t *testing.T) {
	p := DefaultPlan()
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back Plan
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(back)
	if err != nil || string(again) != string(b) || back.AckPause.Of() != 15*time.Minute || back.Morning.At != 7*60+30 {
		t.Errorf("%v\n%s\n%s", err, b, again)
	}
}

func TestSevere(t *testing.T) {
	rule := DefaultPlan().Severe
	start := time.Date(2026, 7, 1, 8, 0, 0, 0, cst)
	excursion := alerting.Alarm{Rule: alerting.HighLimit, Level: alerting.Excursion, Start: start, Returned: start.Add(2 * time.Hour),
		HasValue: true, Limit: 5, Peak: 10}
	if rule.Is(excursion, 0, start.Add(9*time.Hour)) {
		t.Error("exactly two hours and exactly 5 °C beyond is not yet severe")
	}
	long, hot, cold, warning := excursion, excursion, excursion, excursion
	long.Returned = start.Add(2*time.Hour + time.Second)
	hot.Peak = 10.1
	cold.Rule, cold.Limit, cold.Peak = alerting.LowLimit, 1, -4.1
	warning.Level, warning.Peak = alerting.Warning, 40
	if !rule.Is(long, 0, start) || !rule.Is(hot, 0, start) || !rule.Is(cold, 0, start) || !rule.Is(excursion, 1, start) {
		t.Error("longer, hotter, colder, or with goods: severe")
	}
	if rule.Is(warning, 3, start) {
		t.Error("a warning is not severe")
	}
}

func TestClosingNeedsAnEndAndAReason(t *testing.T) {
	present := alerting.Alarm{ID: "a"}
	over := alerting.Alarm{ID: "a", Returned: time.Unix(1, 0)}
	done := Closing{Cause: DoorLeftOpen, Action: ClosedDoor, Outcome: GoodsFine, By: "qiqige"}
	if err := MayClose(over, done); err != nil {
		t.Error(err)
	}
	if err := MayClose(present, done); err == nil {
		t.Error("a room that is still warm was closed")
	}
	lost := Closing{Cause: SensorFailed, Action: Replaced, Outcome: SensorLost, By: "li"}
	if err := MayClose(present, lost); err == nil || !strings.Contains(err.Error(), "note") {
		t.Errorf("a lost sensor without a reason: %v", err)
	}
	lost.Note = "探头线被叉车压断"
	if err := MayClose(present, lost); err != nil {
		t.Error(err)
	}
	for field, c := range map[string]Closing{"cause": {Action: Waited, Outcome: GoodsFine}, "action": {Cause: Defrost, Outcome: GoodsFine}, "outcome": {Cause: Defrost, Action: Waited}} {
		if err := MayClose(over, c); err == nil || !strings.HasPrefix(err.Error(), field) {
			t.Errorf("without %s: %v", field, err)
		}
	}
}

func TestPausesDoNotCount(t *testing.T) {
	base := time.Date(2026, 7, 1, 8, 0, 0, 0, cst)
	minute := func(n int) time.Time { return base.Add(time.Duration(n) * time.Minute) }
	pauses := []stretch{{minute(3), minute(18)}, {minute(30), minute(40)}}
	for after20, want := range map[int]int{0: 0, 2: 2, 3: 18, 5: 20, 15: 40, 20: 45} {
		if got := after(base, time.Duration(after20)*time.Minute, pauses); !got.Equal(minute(want)) {
			t.Errorf("%d min: %s, want %s", after20, got.Format("15:04"), minute(want).Format("15:04"))
		}
	}
	if got := after(base, 5*time.Minute, []stretch{{minute(-10), minute(4)}}); !got.Equal(minute(9)) {
		t.Errorf("answered before it flapped: %s", got.Format("15:04"))
	}
}

func TestOutageNeedsAnEnd(t *testing.T) {
	from := time.Date(2026, 7, 1, 8, 0, 0, 0, cst)
	good := Outage{Kind: PlannedOutage, Object: "balagong", From: from, Until: from.Add(4 * time.Hour), Reason: "检修", By: "wang"}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for field, spoil := range map[string]func(*Outage){
		"kind": func(o *Outage) { o.Kind = "holiday" }, "object": func(o *Outage) { o.Object = "" },
		"until": func(o *Outage) { o.Until = from }, "reason": func(o *Outage) { o.Reason = " " }, "by": func(o *Outage) { o.By = "" },
	} {
		o := good
		spoil(&o)
		if err := o.Check(); err == nil || !strings.HasPrefix(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// TestWhenTheMorningIsTold: from its time for two hours; sites are asked how they
// stand only then.
func TestWhenTheMorningIsTold(t *testing.T) {
	m := Morning{At: 7*60 + 30}
	for clock, want := range map[string]bool{"07:29": false, "07:30": true, "09:30": true, "09:31": false, "00:10": false, "23:00": false} {
		at, err := time.ParseInLocation("2006-01-02 15:04", "2026-07-01 "+clock, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		if m.Told(at) != want || (Morning{At: m.At, Off: true}).Told(at) {
			t.Errorf("%s: %v", clock, m.Told(at))
		}
	}
}
