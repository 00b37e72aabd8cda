package county

import (
	"context"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/gateway/collector"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

// deskStore is what the desk reads and writes. Whenever it reads, the alarms
// about telling people itself are brought up to date.
type deskStore struct{ office *office }

// Situation implements outbox.DeskStore.
func (d deskStore) Situation(ctx context.Context, now time.Time) (duty.Situation, error) {
	s, err := d.office.look(ctx, now)
	if err != nil {
		return s, err
	}
	d.office.deciding = make(map[string]alerting.Alarm, len(s.Alarms))
	for _, a := range s.Alarms {
		d.office.deciding[a.ID] = a.Alarm
	}
	changes := ownChanges(now, s)
	if len(changes) == 0 {
		return s, nil
	}
	changed, err := d.office.state.Apply(ctx, state.Actor{Kind: state.System, ID: "duty"}, changes)
	if err != nil {
		return s, err
	}
	for _, a := range changed {
		d.office.hub.Publish(web.AlarmEvent, a.ID)
	}
	return d.office.look(ctx, now)
}

// AddIntents implements outbox.DeskStore.
func (d deskStore) AddIntents(ctx context.Context, actor state.Actor, list []state.Outgoing) (int, error) {
	return d.office.state.AddIntents(ctx, actor, list)
}

// ownChanges compares the open alarms about telling people with how that goes.
func ownChanges(now time.Time, s duty.Situation) []alerting.Transition {
	now = now.UTC().Truncate(time.Millisecond)
	open := map[string]alerting.Alarm{}
	for _, a := range s.Alarms {
		if duty.IsOwn(a.Rule) && a.Returned.IsZero() {
			open[a.ID] = a.Alarm
		}
	}
	var out []alerting.Transition
	for _, a := range duty.Own(now, s) {
		if _, known := open[a.ID]; known {
			delete(open, a.ID)
			continue
		}
		out = append(out, alerting.Transition{Change: alerting.Raised, Alarm: a, At: now})
	}
	for _, a := range open {
		a.Returned, a.LastSeen, a.State = now, now, alerting.ReturnedUnacknowledged
		out = append(out, alerting.Transition{Change: alerting.Returned, Alarm: a, At: now})
	}
	return out
}

// wakingListener wakes the desk when the collector has changed an alarm.
type wakingListener struct {
	hubListener
	changed func()
}

var _ collector.Listener = wakingListener{}

// AlarmsChanged implements collector.Listener.
func (l wakingListener) AlarmsChanged(alarms []state.Alarm) {
	l.hubListener.AlarmsChanged(alarms)
	l.changed()
}
