package county

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
	"coldchain/gateway/wire"
)

// desk view: the page's Steps, People, Outages and Messages.
var (
	_ web.Steps    = view{}
	_ web.People   = (*office)(nil)
	_ web.Outages  = (*office)(nil)
	_ web.Messages = (*office)(nil)
)

// fill adds what people did, and have to do, to alarms.
func (f *office) fill(ctx context.Context, list []web.Alarm) error {
	if len(list) == 0 {
		return nil
	}
	s, err := f.recent(ctx)
	if err != nil {
		return err
	}
	ids := make([]string, len(list))
	for i, a := range list {
		ids[i] = a.ID
	}
	answers, err := f.state.AnswersTo(ctx, ids...)
	if err != nil {
		return err
	}
	now := f.now()
	for i := range list {
		a := &list[i]
		got := answers[a.ID]
		a.Folded, a.Steps = s.folded[a.ID], f.steps(got.Steps)
		a.Repairer = web.RepairerOf(s.Roster, duty.Alarm{Alarm: a.Alarm}.Site())
		a.Standing = duty.Standing(a.Alarm, s.Situation, s.under[a.ID] != "", now)
		if c := got.Closed; c != nil {
			a.Closing = &web.Closing{Closing: c.Closing, Severe: c.Severe}
			a.Closing.By, a.Closing.Signed = f.places.Person(c.By), f.places.Person(c.Signed)
		}
		if l := got.Looked; l != nil {
			a.Looked = &web.Look{By: f.places.Person(l.By), At: l.At, Note: l.Note, Grown: l.Grown}
		}
		if shelf := shelfOf(s.Situation, *a, now); shelf != nil {
			a.Shelved = shelf
			a.Shelved.By = f.places.Person(shelf.By)
		}
		if k := a.Acknowledged; k != nil {
			a.Acknowledged = &web.Acknowledgement{At: k.At, By: f.places.Person(k.By), Note: k.Note}
		}
	}
	return nil
}

// shelfOf is the shelf under which an alarm lies now; nil when none.
func shelfOf(s duty.Situation, a web.Alarm, now time.Time) *duty.Shelf {
	for _, shelf := range s.Shelves {
		if shelf.Rule == a.Rule && shelf.Object == a.Object && !now.Before(shelf.From) && now.Before(shelf.Until) {
			return &shelf
		}
	}
	return nil
}

func (f *office) steps(list []state.Taken) []web.Step {
	var out []web.Step
	for _, t := range list {
		out = append(out, web.Step{Step: t.Answer, By: f.places.Person(t.Person), At: t.At, Note: t.Note})
	}
	return out
}

// Whole implements web.Steps.
func (v view) Whole(ctx context.Context, id string) (web.Alarm, error) {
	a, err := v.Alarm(ctx, id)
	if err != nil {
		return a, err
	}
	f := v.office
	if a.AtSite, err = v.atSite(ctx, a); err != nil {
		return a, err
	}
	if a.Masked, err = f.state.MaskedFor(ctx, id); err != nil {
		return a, err
	}
	const most = 100
	messages, err := f.state.MessagesAbout(ctx, id, a.Raised.Add(-time.Minute), most)
	if err != nil {
		return a, err
	}
	for _, o := range messages {
		a.Told = append(a.Told, f.told(o)...)
	}
	a.Told = append(a.Told, toldAtSite(a.AtSite)...)
	slices.SortStableFunc(a.Told, func(x, y web.Told) int { return x.At.Compare(y.At) })
	if f.desk == nil || !a.State.Present() {
		return a, nil
	}
	s, err := f.recent(ctx)
	if err != nil {
		return a, err
	}
	a.Next = f.next(s.Situation, id)
	return a, nil
}

// atSite is what the site's own judging said of an alarm.
func (v view) atSite(ctx context.Context, a web.Alarm) (out []web.SiteEvent, err error) {
	events, err := v.state.SiteEvents(ctx, a.Alarm)
	for _, e := range events {
		out = append(out, web.SiteEvent(e))
	}
	return out, err
}

// toldAtSite is whom the site's own modem has told.
func toldAtSite(events []web.SiteEvent) (out []web.Told) {
	for _, e := range events {
		if e.Name == wire.EventAlarmTold {
			out = append(out, web.Told{Person: e.By, Name: e.By, Channel: web.SiteModem, Kind: notify.Raised, At: e.At, State: web.Taken})
		}
	}
	return out
}

// told says what has become of one message, by channel.
func (f *office) told(o state.Outgoing) []web.Told {
	i := o.Intent
	newest := map[string]duty.Attempt{}
	var order []string
	for _, a := range o.Attempts {
		if _, known := newest[a.Channel]; !known {
			order = append(order, a.Channel)
		}
		if before := newest[a.Channel]; before.At.IsZero() || !before.OK() {
			newest[a.Channel] = a
		}
	}
	one := web.Told{Person: i.Person, Name: f.places.Person(i.Person), Kind: i.Kind, At: i.At}
	open := outcome(o, f.now())
	var out []web.Told
	for _, name := range order {
		a := newest[name]
		one.Channel, one.At, one.State, one.Why = name, a.At, web.Taken, ""
		if !a.OK() {
			one.State, one.Why = open, a.Error
			if a.Class != notify.Temporary && a.Class != notify.Muted {
				one.State = web.Failed // by this channel
			}
		}
		out = append(out, one)
	}
	if len(order) == 0 {
		one.Channel, one.State = i.Channels[0], open // AddIntents refuses one without a channel
		out = append(out, one)
	}
	return out
}

// outcome is what is to be expected of a message that was not taken.
func outcome(o state.Outgoing, now time.Time) web.TellingState {
	switch {
	case !o.Cancelled.IsZero():
		return web.Cancelled
	case !o.Next.IsZero():
		return web.Waiting
	case now.Sub(o.Intent.At) >= 4*time.Hour:
		return web.Expired
	}
	return web.Failed
}

// nextWithin is how far ahead the page looks for who is told next.
const nextWithin = 6 * time.Hour

// next plays what would be told if nothing happened, until it is about the
// alarm.
func (f *office) next(s duty.Situation, alarm string) *web.Next {
	const most = 30
	at, end := f.now(), f.now().Add(nextWithin)
	s.Told = slices.Clone(s.Told)
	for range most {
		var who []string
		for _, i := range duty.Due(at, s) {
			s.Told = append(s.Told, duty.Told{Intent: i})
			about := slices.ContainsFunc(i.Covers, func(c duty.Cover) bool { return c.Alarm == alarm })
			if name := f.places.Person(i.Person); about && answerable(i.Kind) && !slices.Contains(who, name) {
				who = append(who, name)
			}
		}
		if len(who) > 0 {
			return &web.Next{At: at, Who: who}
		}
		next := duty.Next(at, s)
		if next.IsZero() || next.After(end) {
			return nil
		}
		if next.Before(at.Add(time.Millisecond)) {
			next = at.Add(time.Millisecond)
		}
		at = next
	}
	return nil
}

// act finds out who acts, does it, and tells everybody that the alarm changed.
func (v view) act(ctx context.Context, id string, by web.Actor, do func(state.Actor, duty.Plan) error) error {
	p, err := v.office.state.People(ctx)
	if err != nil {
		return err
	}
	who, err := v.office.who(ctx, p.Roster, by)
	if err != nil {
		return err
	}
	if err := do(who, p.Plan); err != nil {
		return refused(err)
	}
	v.office.changed()
	v.hub.Publish(web.AlarmEvent, id)
	return nil
}

// TakeStep implements web.Steps.
func (v view) TakeStep(ctx context.Context, id string, by web.Actor, step duty.Answer, note string, at time.Time) error {
	return v.act(ctx, id, by, func(who state.Actor, _ duty.Plan) error {
		return v.state.TakeStep(ctx, who, id, step, note, at)
	})
}

// CloseAlarm implements web.Steps.
func (v view) CloseAlarm(ctx context.Context, id string, by web.Actor, c duty.Closing) error {
	return v.act(ctx, id, by, func(who state.Actor, p duty.Plan) error {
		_, err := v.state.CloseAlarm(ctx, who, id, c, p.Severe)
		return err
	})
}

// Sign implements web.Steps.
func (v view) Sign(ctx context.Context, id string, by web.Actor) error {
	p, err := v.state.People(ctx)
	if err != nil {
		return err
	}
	// A signature under a name that anybody may invent would be none.
	if _, known := acting(p.Roster, by); !known && len(p.Roster.Persons) > 0 {
		return &web.Refused{Code: string(state.ErrSecondPerson), ZH: "签字的人要在人员名单里", EN: "who signs has to be in the roster"}
	}
	return v.act(ctx, id, by, func(who state.Actor, _ duty.Plan) error { return v.state.SignOff(ctx, who, id) })
}

// LookAt implements web.Steps.
func (v view) LookAt(ctx context.Context, id string, by web.Actor, note string) error {
	return v.act(ctx, id, by, func(who state.Actor, _ duty.Plan) error { return v.state.LookAt(ctx, who, id, note) })
}

// Shelve implements web.Steps.
func (v view) Shelve(ctx context.Context, id string, by web.Actor, until time.Time, reason string) error {
	return v.act(ctx, id, by, func(who state.Actor, _ duty.Plan) error {
		_, err := v.state.Shelve(ctx, who, id, until, reason)
		return err
	})
}

// Unshelve implements web.Steps.
func (v view) Unshelve(ctx context.Context, id string, by web.Actor) error {
	return v.act(ctx, id, by, func(who state.Actor, _ duty.Plan) error {
		a, err := v.state.Alarm(ctx, id)
		if err != nil {
			return err
		}
		shelves, _, err := v.state.Withheld(ctx, v.office.now())
		for _, s := range shelves {
			if err == nil && s.Rule == a.Rule && s.Object == a.Object {
				err = v.state.Unshelve(ctx, who, s.ID)
			}
		}
		return err
	})
}

// Queue implements web.Steps.
func (v view) Queue(ctx context.Context, limit int) ([]web.Alarm, error) {
	s, err := v.office.recent(ctx)
	if err != nil {
		return nil, err
	}
	var out []web.Alarm
	for _, a := range duty.Queue(s.Situation) {
		if len(out) == limit {
			break
		}
		one, err := v.state.Alarm(ctx, a.ID)
		if errors.Is(err, state.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, alarmOf(one))
	}
	return out, v.office.fill(ctx, out)
}

// refused puts a refusal of county.db into words for people.
func refused(err error) error {
	var r *state.Refusal
	if !errors.As(err, &r) || r.Kind == state.ErrNotFound {
		return translate(err)
	}
	zh := map[state.Kind]string{
		state.ErrInvalid:      "内容不对：" + r.Text,
		state.ErrNotOver:      "报警还没有恢复，现在不能关闭；探头坏了请选“探头报废”",
		state.ErrSigned:       "已由第二个人签字，不能再改",
		state.ErrSecondPerson: "要由另一个人签字",
		state.ErrStale:        "别人刚改过，请重新读取后再改",
		state.ErrNoActor:      "请写明是谁",
	}[r.Kind]
	if zh == "" {
		return translate(err)
	}
	return fmt.Errorf("%w", &web.Refused{Code: string(r.Kind), Invalid: r.Kind == state.ErrInvalid || r.Kind == state.ErrNoActor, ZH: zh, EN: r.Text})
}
