package state

import (
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/gateway/wire"
)

// siteSaid is an event of the site about the alarm of alarmAt(start), seen by
// the site as beginning a little later or earlier.
func siteSaid(seq uint64, name string, at time.Time, age time.Duration, by string) JournalEntry {
	a := alarmAt(at.Add(-age))
	return JournalEntry{Site: "balagong", Gateway: "balagong-gw", Epoch: 1, Record: wire.Record{Seq: seq, Kind: wire.EventRecord, Boot: "b", Event: wire.Event{
		At: at, Name: name, Object: a.Object, Detail: wire.AlarmDetail(wire.SiteAlarm{ID: a.ID, Rule: string(a.Rule), Level: string(a.Level), Age: age, By: by})}}}
}

func (c county) entries(t *testing.T, list ...JournalEntry) {
	t.Helper()
	must(t, c.Commit(t.Context(), Commit{Generation: "store-1", Entries: list}))
}

// answersOf are the steps of an alarm, and whether it counts as acknowledged.
func (c county) answersOf(t *testing.T, id string) ([]Taken, Alarm) {
	t.Helper()
	got, err := c.AnswersTo(t.Context(), id)
	must(t, err)
	a, err := c.Alarm(t.Context(), id)
	must(t, err)
	return got[id].Steps, a
}

// What somebody silenced at a site is one step of the county's alarm, whichever
// of the two comes first, and however often either comes.
func TestASilencedSirenIsAnAnswer(t *testing.T) {
	start := noon.Add(-time.Hour)
	silenced := siteSaid(1, wire.EventAlarmSilenced, noon.Add(-20*time.Minute), 40*time.Minute+3*time.Second, "site page, 192.168.1.7")
	for name, order := range map[string]func(c county){
		"the alarm first": func(c county) { c.apply(t, raised(start)); c.entries(t, silenced) },
		"the event first": func(c county) { c.entries(t, silenced); c.apply(t, raised(start)) },
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t)
			c.load(t)
			for range 2 {
				order(c)
			}
			id := alarmAt(start).ID
			steps, a := c.answersOf(t, id)
			if len(steps) != 1 || steps[0].Answer != duty.Acknowledged || steps[0].Person != "site/balagong" || !steps[0].At.Equal(noon.Add(-20*time.Minute)) || !strings.Contains(steps[0].Note, "192.168.1.7") {
				t.Errorf("steps %+v", steps)
			}
			if a.State != alerting.Acknowledged || a.AckedBy != (Actor{Kind: System, ID: "site/balagong"}) {
				t.Errorf("%s by %s", a.State, a.AckedBy)
			}
			if all, err := c.Alarms(t.Context(), AlarmFilter{}); err != nil || len(all) != 1 {
				t.Errorf("%d alarms, %v; want one", len(all), err)
			}
			if got := audited(t, c, "alarm."); !slices.Equal(got, []string{"alarm.raised", "alarm.acknowledged", "alarm.step"}) {
				t.Errorf("audit %v", got)
			}
			must(t, c.VerifyAudit(t.Context()))
			// It has grown since: the answer was to the milder level.
			c.apply(t, story(start)[2])
			if _, a = c.answersOf(t, id); a.State != alerting.Unacknowledged {
				t.Errorf("grown: %s", a.State)
			}
		})
	}
}

// What is about another alarm, another time, or nothing that can be read, is an
// event and no answer.
func TestWhatIsNoAnswer(t *testing.T) {
	start := noon.Add(-time.Hour)
	at := noon.Add(-20 * time.Minute)
	other := siteSaid(1, wire.EventAlarmSilenced, at, 40*time.Minute, "")
	other.Event.Object = room + "/core"
	rule := siteSaid(2, wire.EventAlarmSilenced, at, 40*time.Minute, "")
	rule.Event.Detail["rule"] = string(alerting.LowLimit)
	broken := siteSaid(3, wire.EventAlarmSilenced, at, 40*time.Minute, "")
	broken.Event.Detail["age_ms"] = "-5"
	for name, e := range map[string]JournalEntry{
		"of another point": other, "of another rule": rule, "cannot be read": broken,
		"over before":         siteSaid(4, wire.EventAlarmSilenced, start.Add(-time.Hour), time.Hour, ""),
		"only raised":         siteSaid(5, wire.EventAlarmRaised, at, 40*time.Minute, ""),
		"not come yet":        siteSaid(6, wire.EventAlarmSilenced, noon.Add(24*time.Hour), 25*time.Hour, ""),
		"of a clock in 1970":  siteSaid(7, wire.EventAlarmSilenced, time.Unix(1000, 0), time.Second, ""),
		"of the alarm before": siteSaid(8, wire.EventAlarmSilenced, start.Add(-3*time.Minute), time.Minute, ""),
	} {
		t.Run(name, func(t *testing.T) {
			for _, first := range []bool{true, false} {
				c := open(t)
				c.load(t)
				if first {
					c.entries(t, e)
				}
				c.apply(t, raised(start))
				c.entries(t, e)
				if steps, a := c.answersOf(t, alarmAt(start).ID); len(steps) != 0 || a.State != alerting.Unacknowledged {
					t.Errorf("event first %v: steps %+v, %s", first, steps, a.State)
				}
				if got, err := c.Entries(t.Context(), EntryFilter{}); err != nil || len(got) != 1 {
					t.Errorf("%d events, %v; want it kept", len(got), err)
				}
				if got, err := c.Events(t.Context(), EntryFilter{}); err != nil || len(got) != 0 {
					t.Errorf("%d events of gateways, %v; want the alarms' among themselves", len(got), err)
				}
			}
		})
	}
}

// What the site said is in the alarm's history, also where it judged otherwise.
func TestAnAlarmKeepsWhatItsSiteSaid(t *testing.T) {
	c := open(t)
	c.load(t)
	start := noon.Add(-2 * time.Hour)
	c.apply(t, story(start)...)
	c.entries(t,
		siteSaid(1, wire.EventAlarmRaised, start.Add(15*time.Minute), 15*time.Minute, ""),
		siteSaid(2, wire.EventAlarmSilenced, start.Add(25*time.Minute), 24*time.Minute, "keeper"), // by other limits: it began later
		siteSaid(3, wire.EventAlarmReturned, start.Add(75*time.Minute), 74*time.Minute, ""),
		siteSaid(4, wire.EventAlarmRaised, start.Add(110*time.Minute), 5*time.Minute, ""), // the next one
	)
	a, err := c.Alarm(t.Context(), alarmAt(start).ID)
	must(t, err)
	got, err := c.SiteEvents(t.Context(), a.Alarm)
	if err != nil || len(got) != 3 {
		t.Fatalf("%+v %v; want three", got, err)
	}
	if !got[0].Same || got[1].Same || got[1].By != "keeper" || got[2].Name != wire.EventAlarmReturned || !got[1].Since.Equal(start.Add(time.Minute)) {
		t.Errorf("%+v", got)
	}
}

// What a site has raised and the county has not is found: it judges otherwise.
func TestAlarmsThatOnlyTheSiteHas(t *testing.T) {
	c := open(t)
	c.load(t)
	start := noon.Add(-2 * time.Hour)
	c.apply(t, story(start)...)
	apart := siteSaid(2, wire.EventAlarmRaised, noon.Add(-10*time.Minute), 15*time.Minute, "") // the county's was over an hour after it began
	c.entries(t, siteSaid(1, wire.EventAlarmRaised, start.Add(15*time.Minute), 15*time.Minute, ""), apart,
		siteSaid(3, wire.EventAlarmSilenced, noon.Add(-9*time.Minute), 16*time.Minute, ""))
	got, err := c.SiteAlarmsApart(t.Context(), noon.Add(-24*time.Hour), 10)
	must(t, err)
	if len(got) != 1 || got[0].Seq != 2 || got[0].Event.Object != apart.Event.Object || got[0].Event.Detail["level"] != "warning" {
		t.Errorf("%+v; want the second alone", got)
	}
	if got, err = c.SiteAlarmsApart(t.Context(), noon, 10); err != nil || len(got) != 0 {
		t.Errorf("later: %+v %v", got, err)
	}
}
