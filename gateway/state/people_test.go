package state

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/alerting/wording"
)

var (
	repairer = Actor{Kind: Person, ID: "li"}
	decider  = Actor{Kind: System, ID: "duty"}
)

func message(key string, critical bool) Outgoing {
	return Outgoing{
		Intent: duty.Intent{Key: key, Kind: notify.Raised, Level: alerting.Excursion, Person: "qiqige", At: noon, Channels: []string{"call", "sms"}, Take: 2, Critical: critical,
			Covers: []duty.Cover{{Alarm: "a", Rule: alerting.HighLimit, Object: room + "/air", Level: alerting.Excursion}}},
		Words: wording.Words{Title: "羊肉库", Short: "羊肉库 7.4 °C", Text: "羊肉库 7.4 °C\n关门", Fields: map[string]string{"place": "羊肉库"}},
	}
}

// audited are the actions of the audit, oldest first.
func audited(t *testing.T, c county, prefix string) (out []string) {
	t.Helper()
	rows, err := c.reader.Query("SELECT action FROM audit ORDER BY seq")
	must(t, each(rows, err, func() error {
		var a string
		err := rows.Scan(&a)
		if strings.HasPrefix(a, prefix) {
			out = append(out, a)
		}
		return err
	}))
	return out
}

// TestAnIntentIsInTheOutboxOnce, whoever decides it how often, and after the
// process was killed between deciding and sending.
func TestAnIntentIsInTheOutboxOnce(t *testing.T) {
	c := open(t)
	one, two := message("k1", false), message("k2", true)
	for range 3 {
		_, err := c.AddIntents(t.Context(), decider, []Outgoing{one, two, one})
		must(t, err)
	}
	db := reopen(t, c.path, c.clock)
	due, next, err := db.DueIntents(t.Context(), noon, 10)
	must(t, err)
	if len(due) != 2 || due[0].Intent.Key != "k2" || !next.IsZero() {
		t.Fatalf("due %+v, next %s; want both, what is critical first", due, next)
	}
	if !reflect.DeepEqual(due[1].Intent, one.Intent) || !reflect.DeepEqual(due[1].Words, one.Words) {
		t.Errorf("got %+v\nwant %+v", due[1], one)
	}
	if n, err := db.AddIntents(t.Context(), decider, []Outgoing{{Intent: duty.Intent{Key: "k3"}}, message("k4", false)}); !errors.Is(err, ErrInvalid) || n != 0 {
		t.Errorf("a message to nobody: %d, %v", n, err)
	}
	all, err := db.Outbox(t.Context(), "", 10)
	must(t, err)
	if len(all) != 2 {
		t.Errorf("a refused list left something: %+v", all)
	}
}

func TestAttemptsAreKeptByChannel(t *testing.T) {
	c := open(t)
	_, err := c.AddIntents(t.Context(), decider, []Outgoing{message("k1", true)})
	must(t, err)
	failed := duty.Attempt{Channel: "call", At: noon, Class: notify.Temporary, Code: "503", Error: strings.Repeat("忙", 600), Until: noon.Add(time.Minute)}
	must(t, c.RecordAttempt(t.Context(), decider, []string{"k1"}, failed, "", []time.Time{noon.Add(time.Minute)}))
	due, next, err := c.DueIntents(t.Context(), noon, 10)
	must(t, err)
	if len(due) != 0 || !next.Equal(noon.Add(time.Minute)) {
		t.Errorf("due %d, next %s", len(due), next)
	}
	must(t, c.RecordAttempt(t.Context(), decider, []string{"k1"}, duty.Attempt{Channel: "sms", At: noon.Add(time.Minute)}, "biz-1", []time.Time{{}}))
	if due, next, err = c.DueIntents(t.Context(), noon.Add(time.Hour), 10); err != nil || len(due) != 0 || !next.IsZero() {
		t.Errorf("due %d, next %s, %v: nothing more is to be done", len(due), next, err)
	}
	all, err := c.Outbox(t.Context(), "qiqige", 10)
	must(t, err)
	got := all[0]
	failed.Error = strings.Repeat("忙", 500)
	if !got.Delivered.Equal(noon.Add(time.Minute)) || len(got.Attempts) != 2 || got.Attempts[0] != failed || !got.Attempts[1].OK() {
		t.Errorf("%+v", got)
	}
	recent, err := c.RecentAttempts(t.Context(), noon)
	must(t, err)
	if want := []Recent{{"call", "qiqige", noon, noon.Add(time.Minute)}, {"sms", "qiqige", noon.Add(time.Minute), time.Time{}}}; !slices.Equal(recent, want) {
		t.Errorf("%+v", recent)
	}
	proven, err := c.Channels(t.Context(), noon)
	must(t, err)
	if want := []Proven{{"call", time.Time{}, 0, 1, strings.Repeat("忙", 500)}, {"sms", noon.Add(time.Minute), 1, 0, ""}}; !slices.Equal(proven, want) {
		t.Errorf("%+v", proven)
	}
}

func TestEveryStepHasAPersonATimeAndAnAuditRow(t *testing.T) {
	c := open(t)
	id := c.apply(t, story(noon)[:3]...)[0].ID
	for i, answer := range duty.Answers() {
		for range 2 { // again: a thumb, or a lost answer
			c.set(noon.Add(time.Duration(40+i) * time.Minute))
			must(t, c.TakeStep(t.Context(), keeper, id, answer, "", time.Time{}))
		}
	}
	a, err := c.Alarm(t.Context(), id)
	must(t, err)
	if a.State != alerting.Acknowledged || a.AckedBy != keeper {
		t.Errorf("%+v", a)
	}
	s, err := c.Situation(t.Context(), noon.Add(time.Hour))
	must(t, err)
	if len(s.Alarms) != 1 || len(s.Alarms[0].Steps) != 4 || s.Alarms[0].Steps[3] != (duty.Step{Answer: duty.Handled, Person: "qiqige", At: noon.Add(43 * time.Minute), Level: alerting.Excursion}) {
		t.Errorf("%+v", s.Alarms)
	}
	if got := audited(t, c, "alarm.step"); len(got) != 4 {
		t.Errorf("audit: %v", got)
	}
	if err := c.TakeStep(t.Context(), keeper, "nothing", duty.OnSite, "", time.Time{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("an alarm that is not there: %v", err)
	}
	if err := c.TakeStep(t.Context(), keeper, id, "asleep", "", time.Time{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("a step that is none: %v", err)
	}
	if err := c.TakeStep(t.Context(), keeper, id, duty.OnSite, "", noon.Add(10*time.Hour)); !errors.Is(err, ErrInFuture) {
		t.Errorf("a step of tomorrow: %v", err)
	}
}

// TestTheOldWayOfAcknowledgingHoldsTheEscalationToo: from the page, before
// there were steps.
func TestTheOldWayOfAcknowledgingHoldsTheEscalationToo(t *testing.T) {
	c := open(t)
	id := c.apply(t, raised(noon))[0].ID
	_, err := c.Acknowledge(t.Context(), keeper, id, "", noon)
	must(t, err)
	s, err := c.Situation(t.Context(), noon)
	must(t, err)
	if len(s.Alarms[0].Steps) != 1 || s.Alarms[0].Steps[0].Answer != duty.Acknowledged {
		t.Errorf("%+v", s.Alarms[0].Steps)
	}
}

func TestAnsweringAMessageAnswersAllOfIt(t *testing.T) {
	c := open(t)
	one := c.apply(t, raised(noon))[0].ID
	two := c.apply(t, raised(noon.Add(time.Hour)))[0].ID
	o := message("k", true)
	o.Intent.Covers = []duty.Cover{{Alarm: one}, {Alarm: two}, {Alarm: "of a restored file"}}
	_, err := c.AddIntents(t.Context(), decider, []Outgoing{o})
	must(t, err)
	for range 2 {
		must(t, c.AnswerMessage(t.Context(), keeper, "k", duty.OnTheWay, "", time.Time{}))
	}
	for _, id := range []string{one, two} {
		a, err := c.Alarm(t.Context(), id)
		must(t, err)
		if a.State != alerting.Acknowledged || a.AckedBy != keeper {
			t.Errorf("%+v", a)
		}
	}
	if got := audited(t, c, "alarm.step"); len(got) != 2 {
		t.Errorf("%v", got)
	}
	if err := c.AnswerMessage(t.Context(), keeper, "nothing", duty.OnTheWay, "", time.Time{}); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestRungIsWhenTheCountyHadItAtThisLevel(t *testing.T) {
	c := open(t)
	s := story(noon)
	c.set(noon.Add(25 * time.Minute)) // the link was slow
	c.apply(t, s[:2]...)
	rung := func() time.Time {
		x, err := c.Situation(t.Context(), noon.Add(time.Hour))
		must(t, err)
		return x.Alarms[0].Rung
	}
	if got := rung(); !got.Equal(noon.Add(25 * time.Minute)) {
		t.Errorf("raised: %s", got)
	}
	c.set(noon.Add(35 * time.Minute))
	c.apply(t, s[2])
	c.set(noon.Add(50 * time.Minute))
	c.apply(t, s[2:4]...) // told again: changes nothing
	if got := rung(); !got.Equal(noon.Add(35 * time.Minute)) {
		t.Errorf("escalated: %s", got)
	}
}

func TestClosingASevereOneNeedsASecondPerson(t *testing.T) {
	c := open(t)
	rule := duty.DefaultPlan().Severe
	done := duty.Closing{Cause: duty.Compressor, Action: duty.Repaired, Outcome: duty.GoodsFine}
	s := story(noon)
	s[4].Alarm.Peak = 20 // far beyond
	id := c.apply(t, s[:4]...)[0].ID
	if _, err := c.CloseAlarm(t.Context(), keeper, id, done, rule); !errors.Is(err, ErrNotOver) {
		t.Fatalf("still warm: %v", err)
	}
	c.apply(t, s[4])
	if _, err := c.CloseAlarm(t.Context(), keeper, id, duty.Closing{}, rule); !errors.Is(err, ErrInvalid) {
		t.Errorf("without a cause: %v", err)
	}
	if err := c.SignOff(t.Context(), repairer, id); !errors.Is(err, ErrNotFound) {
		t.Errorf("signed before it was closed: %v", err)
	}
	got, err := c.CloseAlarm(t.Context(), keeper, id, done, rule)
	must(t, err)
	if !got.Severe || got.Done() || got.By != "qiqige" {
		t.Errorf("%+v", got)
	}
	if err := c.SignOff(t.Context(), keeper, id); !errors.Is(err, ErrSecondPerson) {
		t.Errorf("the same person: %v", err)
	}
	if err := c.SignOff(t.Context(), counter, id); !errors.Is(err, ErrSecondPerson) {
		t.Errorf("a token: %v", err)
	}
	must(t, c.SignOff(t.Context(), repairer, id))
	must(t, c.SignOff(t.Context(), repairer, id))
	if got, err = c.Closing(t.Context(), id); err != nil || !got.Done() || got.Signed != "li" || got.Outcome != duty.GoodsFine {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := c.CloseAlarm(t.Context(), keeper, id, done, rule); !errors.Is(err, ErrSigned) {
		t.Errorf("changed after the signature: %v", err)
	}
	if a, err := c.Alarm(t.Context(), id); err != nil || a.State != alerting.Normal {
		t.Errorf("closed and over, and %s, %v", a.State, err)
	}
	if x := audited(t, c, "alarm.closed"); len(x) != 1 {
		t.Errorf("%v", x)
	}
	if x := audited(t, c, "alarm.signed"); len(x) != 1 {
		t.Errorf("%v", x)
	}
}

func TestShelvesAndOutagesHaveAnEndAndAReason(t *testing.T) {
	c := open(t)
	id := c.apply(t, raised(noon))[0].ID
	if _, err := c.Shelve(t.Context(), keeper, id, noon.Add(time.Hour), " "); !errors.Is(err, ErrInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	if _, err := c.Shelve(t.Context(), keeper, id, noon.Add(-time.Hour), "装货"); !errors.Is(err, ErrInvalid) {
		t.Errorf("already over: %v", err)
	}
	shelf, err := c.Shelve(t.Context(), keeper, id, noon.Add(time.Hour), "装货")
	must(t, err)
	outage, err := c.PlanOutage(t.Context(), repairer, duty.Outage{Kind: duty.Maintenance, Object: room, Rules: []alerting.RuleName{alerting.DoorOpen},
		From: noon.Add(time.Hour), Until: noon.Add(2 * time.Hour), Reason: "换风机"})
	must(t, err)
	shelves, outages, err := c.Withheld(t.Context(), noon)
	must(t, err)
	if len(shelves) != 1 || shelves[0] != shelf || len(outages) != 1 || !reflect.DeepEqual(outages[0], outage) {
		t.Errorf("%+v\n%+v", shelves, outages)
	}
	c.set(noon.Add(10 * time.Minute))
	for range 2 {
		must(t, c.Unshelve(t.Context(), keeper, shelf.ID))
		must(t, c.EndOutage(t.Context(), repairer, outage.ID))
	}
	shelves, outages, err = c.Withheld(t.Context(), noon.Add(11*time.Minute))
	must(t, err)
	if len(shelves)+len(outages) != 0 {
		t.Errorf("still there: %+v %+v", shelves, outages)
	}
	if err := c.Unshelve(t.Context(), keeper, "nothing"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	want := []string{"alarm.raised", "alarm.shelved", "alarm.unshelved"}
	if got := audited(t, c, "alarm."); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func TestPeopleAreVersioned(t *testing.T) {
	c := open(t)
	first, err := c.People(t.Context())
	must(t, err)
	if first.Version != 0 || len(first.Plan.Critical.Stages) == 0 {
		t.Errorf("nobody yet: %+v", first)
	}
	roster := duty.Roster{Persons: []duty.Person{{ID: "qiqige", Name: "其其格", Phone: "8613800000000", Roles: []duty.Role{duty.Keeper},
		Quiet: &duty.Span{From: 22 * 60, To: 6 * 60}, Hours: map[duty.Weekday][]duty.Span{"mon": {{From: 480, To: 1080}}}, Holidays: []duty.Date{{Year: 2026, Month: 10, Day: 1}}}}}
	if _, err := c.PutPeople(t.Context(), keeper, 0, duty.Roster{Persons: []duty.Person{{ID: "?"}}}, first.Plan, nil); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "persons[0].phone") && !strings.Contains(err.Error(), "persons[0].id") {
		t.Errorf("a roster that is wrong: %v", err)
	}
	_, err = c.PutPeople(t.Context(), keeper, 0, roster, first.Plan, nil)
	must(t, err)
	if _, err := c.PutPeople(t.Context(), repairer, 0, roster, first.Plan, nil); !errors.Is(err, ErrStale) {
		t.Errorf("two people at once: %v", err)
	}
	got, err := c.People(t.Context())
	must(t, err)
	if got.Version != 1 || got.By != keeper || !reflect.DeepEqual(got.Roster, roster) || !reflect.DeepEqual(got.Plan, first.Plan) {
		t.Errorf("%+v", got)
	}
	var text string
	must(t, c.reader.QueryRow("SELECT detail FROM audit WHERE action = 'people.changed'").Scan(&text))
	if strings.Contains(text, "138") || !strings.Contains(text, `"sha256"`) {
		t.Errorf("audit: %s", text)
	}
}

// TestDecidingOverTheFile: what is due is written down, and then nothing is due,
// also in another process.
func TestDecidingOverTheFile(t *testing.T) {
	c := open(t)
	plan := duty.DefaultPlan()
	plan.Channels = []duty.Channel{{Name: "sms", Medium: duty.SMS}}
	plan.Critical.Channels, plan.Warning.Channels, plan.Morning.Off, plan.Drill.Off = []string{"sms"}, []string{"sms"}, true, true
	_, err := c.PutPeople(t.Context(), keeper, 0, duty.Roster{Persons: []duty.Person{{ID: "qiqige", Name: "其其格", Phone: "8613800000000", Roles: []duty.Role{duty.Keeper}}}}, plan, nil)
	must(t, err)
	c.apply(t, story(noon)[:3]...)
	now := noon.Add(time.Minute)
	s, err := c.Situation(t.Context(), now)
	must(t, err)
	due := duty.Due(now, s)
	if len(due) != 1 {
		t.Fatalf("%+v", due)
	}
	_, err = c.AddIntents(t.Context(), decider, []Outgoing{{Intent: due[0]}})
	must(t, err)
	if s, err = reopen(t, c.path, c.clock).Situation(t.Context(), now); err != nil || len(duty.Due(now, s)) != 0 {
		t.Errorf("due again: %+v, %v", duty.Due(now, s), err)
	}
	// A drill is answered by the key of its message.
	drill := message("drill/2026-11-25/qiqige", false)
	drill.Intent.Kind, drill.Intent.Covers = notify.Drill, nil
	_, err = c.AddIntents(t.Context(), decider, []Outgoing{drill})
	must(t, err)
	must(t, c.TakeStep(t.Context(), keeper, drill.Intent.Key, duty.Acknowledged, "", time.Time{}))
	s, err = c.Situation(t.Context(), now)
	must(t, err)
	if i := slices.IndexFunc(s.Told, func(x duty.Told) bool { return x.Kind == notify.Drill }); i < 0 || len(s.Told[i].Steps) != 1 {
		t.Errorf("%+v", s.Told)
	}
}
