package state

import (
	"slices"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
)

// TestMessagesThatAreNotTrueAnyMoreAreGivenUp: when all they tell of is over, or
// when something is back of which they say that it is over. What has gone out,
// what is about no alarm and what is about one that nobody can find stays.
func TestMessagesThatAreNotTrueAnyMoreAreGivenUp(t *testing.T) {
	c, ctx := open(t), t.Context()
	over, still := alarmAt(noon.Add(-2*time.Hour)), alarmAt(noon.Add(-time.Hour))
	over.Returned, over.State = noon.Add(-time.Minute), alerting.ReturnedUnacknowledged
	_, err := c.Apply(ctx, engine, []alerting.Transition{{Change: alerting.Raised, Alarm: over, At: noon}, {Change: alerting.Raised, Alarm: still, At: noon}})
	must(t, err)
	var keys []string
	put := func(key string, kind notify.Kind, alarms ...string) {
		o := message(key, true)
		o.Intent.Kind, o.Intent.Covers = kind, nil
		for _, id := range alarms {
			o.Intent.Covers = append(o.Intent.Covers, duty.Cover{Alarm: id})
		}
		keys = append(keys, key)
		_, err := c.AddIntents(ctx, decider, []Outgoing{o})
		must(t, err)
	}
	put("raised, over", notify.Raised, over.ID)
	put("raised, one is still there", notify.Raised, over.ID, still.ID)
	put("reminder, over", notify.Reminder, over.ID)
	put("raised, unknown", notify.Raised, "ffff")
	put("over, and so it is", notify.Returned, over.ID)
	put("over, but one is back", notify.Returned, over.ID, still.ID)
	put("a drill", notify.Drill)
	put("raised, over, sent", notify.Raised, over.ID)
	must(t, c.RecordAttempt(ctx, decider, []string{"raised, over, sent"}, duty.Attempt{Channel: "call", At: noon}, "", []time.Time{{}}))
	got, err := c.CancelUntrue(ctx, decider, keys)
	must(t, err)
	slices.Sort(got)
	if want := []string{"over, but one is back", "raised, over", "reminder, over"}; !slices.Equal(got, want) {
		t.Errorf("given up: %q, want %q", got, want)
	}
	if again, err := c.CancelUntrue(ctx, decider, keys); err != nil || len(again) != 0 {
		t.Errorf("again: %v, %v", again, err)
	}
	o, err := c.Message(ctx, "raised, over")
	must(t, err)
	if !o.Next.IsZero() || !o.Cancelled.Equal(noon) || !o.Delivered.IsZero() {
		t.Errorf("%+v", o)
	}
	s, err := c.Situation(ctx, noon)
	must(t, err)
	for _, told := range s.Told {
		if told.Cancelled.IsZero() == slices.Contains(got, told.Key) {
			t.Errorf("%s: cancelled %s", told.Key, told.Cancelled)
		}
	}
}
