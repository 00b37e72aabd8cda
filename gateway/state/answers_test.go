package state

import (
	"errors"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
)

// TestWhatPeopleDidIsReadBack: steps with their notes, the closing, and the
// messages about an alarm; another alarm has none of it.
func TestWhatPeopleDidIsReadBack(t *testing.T) {
	c := open(t)
	ids := []string{}
	var changes []alerting.Transition
	for _, object := range []string{"balagong/mutton/air", "balagong/beef/air"} {
		a := alerting.Alarm{ID: alerting.AlarmID(alerting.HighLimit, object, noon), Rule: alerting.HighLimit, Object: object, Zone: object[:len(object)-4], Level: alerting.Excursion,
			Class: alerting.Live, State: alerting.Unacknowledged, Start: noon, Raised: noon, Returned: noon.Add(time.Minute), LastSeen: noon}
		ids, changes = append(ids, a.ID), append(changes, alerting.Transition{Change: alerting.Raised, Alarm: a, At: noon})
	}
	person := Actor{Kind: Person, ID: "qiqige"}
	_, err := c.Apply(t.Context(), person, changes)
	must(t, err)
	must(t, c.TakeStep(t.Context(), person, ids[0], duty.OnTheWay, "二十分钟", time.Time{}))
	_, err = c.CloseAlarm(t.Context(), person, ids[0], duty.Closing{Cause: duty.Defrost, Action: duty.Waited, Outcome: duty.GoodsFine}, duty.Severe{})
	must(t, err)
	for i, key := range []string{"one", "two"} {
		_, err = c.AddIntents(t.Context(), person, []Outgoing{{Intent: duty.Intent{Key: key, Kind: notify.Raised, Person: "qiqige", At: noon, Channels: []string{"sms"},
			Covers: []duty.Cover{{Alarm: ids[i]}}}}})
		must(t, err)
	}
	_, err = c.AddIntents(t.Context(), person, []Outgoing{{Intent: duty.Intent{Key: "drill/x", Kind: notify.Drill, Person: "qiqige", At: noon, Channels: []string{"sms"}, Subject: "2026-11-25"}}})
	must(t, err)
	must(t, c.AnswerMessage(t.Context(), person, "drill/x", duty.Acknowledged, "", time.Time{}))

	got, err := c.AnswersTo(t.Context(), ids...)
	must(t, err)
	first := got[ids[0]]
	if len(first.Steps) != 2 || first.Closed == nil || first.Closed.Cause != duty.Defrost || len(got) != 1 {
		t.Errorf("%+v", got)
	}
	note := ""
	for _, s := range first.Steps {
		if s.Answer == duty.OnTheWay {
			note = s.Note
		}
	}
	if note != "二十分钟" {
		t.Errorf("steps %+v", first.Steps)
	}
	about, err := c.MessagesAbout(t.Context(), ids[1], noon.Add(-time.Hour), 10)
	if err != nil || len(about) != 1 || about[0].Intent.Key != "two" {
		t.Errorf("%+v, %v", about, err)
	}
	if _, err := c.Message(t.Context(), "three"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a message that is not there: %v", err)
	}
	drills, err := c.DrillMessages(t.Context(), 10)
	if err != nil || len(drills) != 1 || len(drills[0].Steps) != 1 || drills[0].Steps[0].Person != "qiqige" {
		t.Errorf("%+v, %v", drills, err)
	}
	named, err := c.NamedAlarms(t.Context(), ids[1], "none", ids[0])
	if err != nil || len(named) != 2 || named[0].ID != ids[1] || named[1].Object != "balagong/mutton/air" {
		t.Errorf("%+v, %v", named, err)
	}
}
