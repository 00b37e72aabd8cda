package duty_test

import (
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
)

// TestWhatIsForgottenDoesNotStandInTheWay: an alarm is told, is withheld for
// ten days, and is there still. The message of ten days ago is not in the
// history any more, but its key is in the outbox: the new one needs another.
func TestWhatIsForgottenDoesNotStandInTheWay(t *testing.T) {
	s := newStory(nil)
	s.start = time.Date(2026, 7, 1, 8, 0, 0, 0, here)
	s.now = s.start
	if err := s.standard(); err != nil {
		t.Fatal(err)
	}
	s.alarms = []duty.Alarm{{Rung: s.start, Alarm: alerting.Alarm{ID: "m", Rule: alerting.MainsLost, Object: "balagong/plant/mains",
		Level: alerting.Warning, Class: alerting.Live, Start: s.start, Raised: s.start}}}
	s.look()
	if len(s.told) != 1 {
		t.Fatalf("told %d times", len(s.told))
	}
	end := s.start.Add(10 * 24 * time.Hour)
	s.outages = []duty.Outage{{ID: "o", Kind: duty.PlannedOutage, Object: "balagong", From: s.start.Add(time.Minute), Until: end, Reason: "改造", By: "wang"}}
	before := s.told[0].Key
	s.told, s.now = nil, end // Memory is shorter
	s.look()
	if len(s.told) != 1 || s.told[0].Key == before {
		t.Errorf("told %d times, key %s as before", len(s.told), before)
	}
}
