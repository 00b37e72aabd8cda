package state

import (
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
)

// TestALateAlarmWaitsUntilSomebodyHasLooked: however old it is, and again when it
// has grown; a live one is not looked at but dealt with.
func TestALateAlarmWaitsUntilSomebodyHasLooked(t *testing.T) {
	c, ctx := open(t), t.Context()
	late := alarmAt(noon.Add(-20 * 24 * time.Hour))
	late.Class, late.Returned, late.State = alerting.Late, late.Start.Add(time.Hour), alerting.ReturnedUnacknowledged
	live := alarmAt(noon.Add(-time.Hour))
	_, err := c.Apply(ctx, engine, []alerting.Transition{{Change: alerting.Raised, Alarm: late, At: noon}, {Change: alerting.Raised, Alarm: live, At: noon}})
	must(t, err)
	waiting := func() (ids []string) {
		s, err := c.Situation(ctx, c.clock.now())
		must(t, err)
		for _, a := range duty.Queue(s) {
			ids = append(ids, a.ID)
		}
		return ids
	}
	if got := waiting(); len(got) != 1 || got[0] != late.ID {
		t.Fatalf("waiting: %v", got)
	}
	wantKind(t, c.LookAt(ctx, keeper, live.ID, "看过"), ErrInvalid)
	wantKind(t, c.LookAt(ctx, keeper, late.ID, " "), ErrInvalid)
	wantKind(t, c.LookAt(ctx, keeper, "ffff", "看过"), ErrNotFound)
	_, err = c.Acknowledge(ctx, keeper, late.ID, "", noon) // an answer is no look
	must(t, err)
	if got := waiting(); len(got) != 1 {
		t.Errorf("after an answer: %v", got)
	}
	must(t, c.LookAt(ctx, keeper, late.ID, "货是新入库的，没有影响"))
	if got := waiting(); len(got) != 0 {
		t.Errorf("after a look: %v", got)
	}
	a, err := c.AnswersTo(ctx, late.ID, live.ID)
	must(t, err)
	if l := a[late.ID].Looked; l == nil || l.By != keeper.ID || l.Note != "货是新入库的，没有影响" || l.Grown || !l.At.Equal(noon) || a[live.ID].Looked != nil {
		t.Errorf("%+v", l)
	}
	// More of the backlog comes: it lasted longer.
	late.Returned = late.Returned.Add(time.Hour)
	_, err = c.Apply(ctx, engine, []alerting.Transition{{Change: alerting.Updated, Alarm: late, At: noon}})
	must(t, err)
	a, err = c.AnswersTo(ctx, late.ID)
	must(t, err)
	if got := waiting(); len(got) != 1 || !a[late.ID].Looked.Grown {
		t.Errorf("after it has grown: %v, %+v", got, a[late.ID].Looked)
	}
	must(t, c.LookAt(ctx, keeper, late.ID, "再看过"))
	if got := waiting(); len(got) != 0 {
		t.Errorf("after a second look: %v", got)
	}
	if got := audited(t, c, "alarm.looked"); len(got) != 2 {
		t.Errorf("audit: %v", got)
	}
}
