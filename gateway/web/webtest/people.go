package webtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/gateway/pin"
	"coldchain/gateway/web"
)

// Office is what a Fake tells of people.
type Office struct {
	List      web.Roster
	DrillList []web.Drill // newest first
	Ways      []web.Channel
	Planned   []duty.Outage
	Sent      map[string]web.Message // by key
	Clock     func() time.Time       // default time.Now
	PINs      map[string]pin.PIN     // by person; who is not in it has none
	Wrong     map[string]int         // PINs in a row, by person
	Saw       func(by web.Actor)     // called for everybody who has to prove who he is; may be nil
}

func (o *Office) now() time.Time {
	if o.Clock != nil {
		return o.Clock()
	}
	return time.Now()
}

// change finds an alarm and changes it.
func (f *Fake) change(id string, do func(a *web.Alarm) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := f.alarm(id)
	if i < 0 {
		return fmt.Errorf("alarm %s: %w", id, web.ErrNotFound)
	}
	if f.StateDown != nil {
		return f.StateDown
	}
	return do(&f.AlarmList[i])
}

// Whole implements web.Steps.
func (f *Fake) Whole(ctx context.Context, id string) (web.Alarm, error) {
	a, err := f.Alarm(ctx, id)
	if err == nil && a.HasValue && a.Class == alerting.Live { // as its site saw it, a defrost before
		a.Masked = 25 * time.Minute
		a.AtSite = []web.SiteEvent{
			{Name: "alarm-raised", At: a.Raised, Level: a.Level, Since: a.Start, Same: true},
			{Name: "alarm-silenced", At: a.Raised.Add(2 * time.Minute), Level: a.Level, Since: a.Start, By: "site page, 192.168.1.7", Same: true},
		}
	}
	return a, err
}

// TakeStep implements web.Steps.
func (f *Fake) TakeStep(_ context.Context, id string, by web.Actor, step duty.Answer, note string, at time.Time) error {
	return f.changeBy(by, id, func(a *web.Alarm) error {
		if slices.ContainsFunc(a.Steps, func(s web.Step) bool { return s.Step == step && s.By == by.Name }) {
			return nil
		}
		if at.IsZero() {
			at = f.Office.now()
		}
		a.Steps = append(slices.Clone(a.Steps), web.Step{Step: step, By: by.Name, At: at, Note: note})
		a.Next = nil
		if a.Acknowledged == nil {
			f.answered(a, by.Name, note, at)
		}
		return nil
	})
}

func (f *Fake) answered(a *web.Alarm, by, note string, at time.Time) {
	a.Acknowledged = &web.Acknowledgement{At: at, By: by, Note: note}
	switch a.State {
	case alerting.Unacknowledged:
		a.State = alerting.Acknowledged
	case alerting.ReturnedUnacknowledged:
		a.State = alerting.Normal
	}
}

// CloseAlarm implements web.Steps.
func (f *Fake) CloseAlarm(_ context.Context, id string, by web.Actor, c duty.Closing) error {
	return f.changeBy(by, id, func(a *web.Alarm) error {
		if err := duty.MayClose(a.Alarm, c); err != nil {
			return &web.Refused{Code: "not-over", ZH: "报警还没有恢复，现在不能关闭", EN: err.Error()}
		}
		c.By, c.At = by.Name, f.Office.now()
		a.Closing = &web.Closing{Closing: c, Severe: f.List.Plan.Severe.Is(a.Alarm, len(a.Batches), c.At)}
		if a.Acknowledged == nil {
			f.answered(a, by.Name, c.Note, c.At)
		}
		return nil
	})
}

// Sign implements web.Steps.
func (f *Fake) Sign(_ context.Context, id string, by web.Actor) error {
	return f.changeBy(by, id, func(a *web.Alarm) error {
		switch {
		case a.Closing == nil:
			return fmt.Errorf("closing: %w", web.ErrNotFound)
		case a.Closing.By == by.Name:
			return &web.Refused{Code: "second-person", ZH: "要由另一个人签字", EN: "somebody else has to sign"}
		case a.Closing.Signed == "":
			c := *a.Closing
			c.Signed, c.SignAt = by.Name, f.Office.now()
			a.Closing = &c
		}
		return nil
	})
}

// Shelve implements web.Steps.
func (f *Fake) Shelve(_ context.Context, id string, by web.Actor, until time.Time, reason string) error {
	return f.changeBy(by, id, func(a *web.Alarm) error {
		a.Shelved = &duty.Shelf{ID: id, Rule: a.Rule, Object: a.Object, Level: a.Level, From: f.Office.now(), Until: until, Reason: reason, By: by.Name}
		return nil
	})
}

// Unshelve implements web.Steps.
func (f *Fake) Unshelve(_ context.Context, id string, by web.Actor) error {
	return f.changeBy(by, id, func(a *web.Alarm) error {
		a.Shelved = nil
		return nil
	})
}

// LookAt implements web.Steps.
func (f *Fake) LookAt(_ context.Context, id string, by web.Actor, note string) error {
	return f.changeBy(by, id, func(a *web.Alarm) error {
		if a.Class != alerting.Late {
			return &web.Refused{Code: "invalid", Invalid: true, ZH: "这条报警是现在的，要有人去处理", EN: "this alarm is live: somebody has to go there"}
		}
		a.Looked = &web.Look{By: by.Name, At: f.Office.now(), Note: note}
		if a.Acknowledged == nil {
			f.answered(a, by.Name, note, a.Looked.At)
		}
		return nil
	})
}

// Queue implements web.Steps.
func (f *Fake) Queue(_ context.Context, limit int) ([]web.Alarm, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []web.Alarm
	for _, a := range f.AlarmList {
		if a.Class == alerting.Late && a.Closing == nil && (a.Looked == nil || a.Looked.Grown) && len(out) < limit {
			out = append(out, a)
		}
	}
	return out, f.StateDown
}

// People implements web.People.
func (f *Fake) People(context.Context) (web.Roster, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.List.PINs = slices.Sorted(maps.Keys(f.PINs))
	return f.List, f.StateDown
}

// PutPeople implements web.People.
func (f *Fake) PutPeople(_ context.Context, by web.Actor, version int, r duty.Roster, p duty.Plan) (web.Roster, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.prove(by); err != nil {
		return web.Roster{}, err
	}
	for _, err := range []error{r.Check(nil), p.Check()} {
		if err != nil {
			return web.Roster{}, &web.Refused{Code: "invalid", Invalid: true, ZH: "名单或方案不对：" + err.Error(), EN: err.Error()}
		}
	}
	if version != f.List.Version {
		return web.Roster{}, &web.Refused{Code: "stale", ZH: "别人刚改过，请重新读取后再改", EN: "somebody else has changed it; read it again"}
	}
	channels := f.List.Plan.Channels
	f.List.Version, f.List.Roster, f.List.Plan = version+1, r, p
	f.List.Plan.Channels = channels
	return f.List, f.StateDown
}

// Drills implements web.People.
func (f *Fake) Drills(_ context.Context, most int) ([]web.Drill, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.DrillList[:min(most, len(f.DrillList))], f.StateDown
}

// Channels implements web.People.
func (f *Fake) Channels(context.Context) ([]web.Channel, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.Ways, f.StateDown
}

// Outages implements web.Outages.
func (f *Fake) Outages(context.Context) ([]duty.Outage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.Planned), f.StateDown
}

// PlanOutage implements web.Outages.
func (f *Fake) PlanOutage(_ context.Context, by web.Actor, o duty.Outage) (duty.Outage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.prove(by); err != nil {
		return o, err
	}
	o.ID, o.By = fmt.Sprintf("OUTAGE%d", len(f.Planned)+1), by.Name
	f.Planned = append(f.Planned, o)
	return o, f.StateDown
}

// EndOutage implements web.Outages.
func (f *Fake) EndOutage(_ context.Context, _ web.Actor, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.Planned)
	f.Planned = slices.DeleteFunc(f.Planned, func(o duty.Outage) bool { return o.ID == id })
	if len(f.Planned) == n {
		return fmt.Errorf("outage %s: %w", id, web.ErrNotFound)
	}
	return f.StateDown
}

// Message implements web.Messages.
func (f *Fake) Message(_ context.Context, key string) (web.Message, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m, ok := f.Sent[key]
	if !ok {
		return m, fmt.Errorf("message %s: %w", key, web.ErrNotFound)
	}
	for _, p := range f.List.Roster.Persons {
		m.Names = append(m.Names, p.Name)
	}
	m.First = f.PINs[m.Person] == ""
	return m, f.StateDown
}

// AnswerMessage implements web.Messages.
func (f *Fake) AnswerMessage(_ context.Context, key string, by web.Actor, step duty.Answer) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.prove(by); err != nil {
		return err
	}
	name := by.Name
	m, ok := f.Sent[key]
	if !ok {
		return fmt.Errorf("message %s: %w", key, web.ErrNotFound)
	}
	if name == "" {
		name = m.Name
	}
	m.Answered = append(slices.Clone(m.Answered), web.Step{Step: step, By: name, At: f.Office.now()})
	f.Sent[key] = m
	return f.StateDown
}

// office draws the people of the scene's county and what they were told.
func (s *Scene) office(now time.Time) {
	plan := duty.DefaultPlan()
	plan.Channels = []duty.Channel{{Name: "call", Medium: duty.Voice}, {Name: "sms", Medium: duty.SMS}, {Name: "wecom", Medium: duty.Robot}}
	plan.Critical.Channels, plan.Warning.Channels = []string{"call", "sms", "wecom"}, []string{"wecom", "sms"}
	night, week := &duty.Span{From: 22 * 60, To: 6 * 60}, map[duty.Weekday][]duty.Span{}
	for _, day := range []duty.Weekday{"mon", "tue", "wed", "thu", "fri"} {
		week[day] = []duty.Span{{From: 8 * 60, To: 18 * 60}}
	}
	handle := func(id string) map[string]string { return map[string]string{"wecom": id} }
	s.List = web.Roster{Version: 3, Telling: true, Plan: plan, Roster: duty.Roster{
		Holidays: []duty.Date{{Year: 2027, Month: 1, Day: 1}},
		Persons: []duty.Person{
			{ID: "qiqige", Name: "其其格", Phone: "8613800000001", Handle: handle("qiqige"), Roles: []duty.Role{duty.Keeper}, Sites: []string{"balagong", "jirigalangtu"}, Quiet: night, Language: "zh"},
			{ID: "batu", Name: "巴图", Phone: "8613800000002", Handle: handle("batu"), Roles: []duty.Role{duty.Deputy}, Sites: []string{"balagong"}, Language: "zh"},
			{ID: "narisu", Name: "那日苏", Phone: "8613800000003", Handle: handle("narisu"), Roles: []duty.Role{duty.CountyDuty}, Hours: week, Quiet: night},
			{ID: "zhanggong", Name: "张工", Phone: "8613800000004", Roles: []duty.Role{duty.Repairer}},
			{ID: "wangzhuren", Name: "王主任", Phone: "8613800000005", Email: "wang@example.com", Roles: []duty.Role{duty.Manager}, Quiet: night},
			{ID: "lina", Name: "李娜", Email: "lina@example.com", Roles: []duty.Role{duty.Quality}},
		},
	}, Lacks: []web.Lack{{Site: "xini", ZH: "锡尼：没有库管，第 1 级直接到下一级", EN: "xini: nobody is keeper, stage 1 goes to the next one at once"}}}
	s.Ways = []web.Channel{
		{Name: "call", Kind: "aliyun-voice", Proved: now.Add(-26 * time.Hour), Taken: 9, Failed: 1, LastError: "aliyun: isv.BUSINESS_LIMIT_CONTROL"},
		{Name: "sms", Kind: "aliyun-sms", Proved: now.Add(-22 * time.Minute), Taken: 31},
		{Name: "wecom", Kind: "wecom", Failed: 4, LastError: "wecom: 93000 invalid webhook url"},
	}
	for week := range 5 {
		at := time.Date(now.Year(), now.Month(), now.Day(), 2, 0, 0, 0, time.UTC).AddDate(0, 0, -7*week-2)
		d := web.Drill{At: at}
		for i, p := range s.List.Roster.Persons[:5] {
			one := web.Drilled{Person: p.ID, Name: p.Name, Told: at.Add(4 * time.Second), Answered: at.Add(time.Duration(40+37*i+11*week) * time.Second)}
			if (i+week)%6 == 4 {
				one.Answered = time.Time{}
			}
			d.Persons = append(d.Persons, one)
		}
		s.DrillList = append(s.DrillList, d)
	}
	s.Planned = []duty.Outage{{ID: "OUTAGE0", Kind: duty.PlannedOutage, Object: "xini", From: now.Add(15 * time.Hour), Until: now.Add(19 * time.Hour), Reason: "供电局检修", By: "那日苏"}}
	s.Sent = map[string]web.Message{}
	s.PINs = map[string]pin.PIN{"qiqige": "4711", "narisu": "2580", "wangzhuren": "1357", "lina": "8024"} // 巴图 has none yet
	s.answers(now)
}

// answers draws who was told of the alarms and what they did.
func (s *Scene) answers(now time.Time) {
	for i := range s.AlarmList {
		a := &s.AlarmList[i]
		a.Repairer = &web.Contact{Name: "张工", Phone: "+8613800000004"}
		a.Told = []web.Told{
			{Person: "qiqige", Name: "其其格", Channel: "call", Kind: notify.Raised, At: a.Raised.Add(2 * time.Second), State: web.Failed, Why: "aliyun: isv.BUSINESS_LIMIT_CONTROL"},
			{Person: "qiqige", Name: "其其格", Channel: "sms", Kind: notify.Raised, At: a.Raised.Add(4 * time.Second), State: web.Taken},
			{Person: "batu", Name: "巴图", Channel: "sms", Kind: notify.Raised, At: a.Raised.Add(5 * time.Minute), State: web.Waiting, Why: "sms: time-out"},
		}
		s.Sent["raised/"+a.ID] = web.Message{Person: "qiqige", Name: "其其格", Title: "冷链报警", Text: string(a.Rule) + " " + a.Object, At: a.Raised}
		switch {
		case a.Acknowledged != nil:
			a.Steps = []web.Step{{Step: duty.Acknowledged, By: "其其格", At: a.Acknowledged.At}, {Step: duty.OnSite, By: "其其格", At: a.Acknowledged.At.Add(19 * time.Minute)},
				{Step: duty.Handled, By: "其其格", At: a.Acknowledged.At.Add(51 * time.Minute), Note: "除霜后恢复"}}
		case a.Level == alerting.Excursion:
			a.Next = &web.Next{At: now.Add(4 * time.Minute), Who: []string{"那日苏", "张工"}}
			a.Told = append(a.Told, web.Told{Person: "narisu", Name: "那日苏", Channel: "wecom", Kind: notify.Raised, At: a.Raised.Add(10 * time.Minute), State: web.Expired, Why: "wecom: 93000 invalid webhook url"})
		case a.Rule == alerting.SiteSilent:
			a.Folded = 3
			a.Steps = []web.Step{{Step: duty.Acknowledged, By: "巴图", At: a.Raised.Add(6 * time.Minute)}, {Step: duty.OnTheWay, By: "巴图", At: a.Raised.Add(8 * time.Minute), Note: "二十分钟后到"}}
		default:
			a.Next = &web.Next{At: now.Add(22 * time.Minute), Who: []string{"巴图"}}
		}
	}
	s.late(now)
}

// late draws an alarm that was over before the county learned of it.
func (s *Scene) late(now time.Time) {
	for _, r := range s.rooms {
		main, ok := r.zone.Main()
		if r.fate != lost || !ok {
			continue
		}
		start := now.Add(-26 * time.Hour)
		s.AlarmList = append(s.AlarmList, web.Alarm{Alarm: alerting.Alarm{ID: alerting.AlarmID(alerting.HighLimit, string(main.ID), start), Rule: alerting.HighLimit,
			Object: string(main.ID), Zone: r.zone.ID, Level: alerting.Excursion, Class: alerting.Late, State: alerting.ReturnedUnacknowledged,
			Start: start, Raised: start.Add(30 * time.Minute), Returned: start.Add(70 * time.Minute), LastSeen: start.Add(70 * time.Minute),
			Limit: 5, Delay: 30 * time.Minute, Peak: 6.2, LastValue: 4.6, HasValue: true}})
		again := s.AlarmList[len(s.AlarmList)-1]
		again.Start, again.Raised, again.Returned = start.Add(-50*time.Hour), start.Add(-20*time.Hour), start.Add(-46*time.Hour)
		again.ID, again.Peak, again.State = alerting.AlarmID(again.Rule, again.Object, again.Start), 9.4, alerting.Normal
		again.Acknowledged = &web.Acknowledgement{At: start.Add(-19 * time.Hour), By: "李娜"}
		again.Looked = &web.Look{By: "李娜", At: start.Add(-19 * time.Hour), Note: "已核对，货品没有影响", Grown: true}
		if len(s.Lots) > 0 {
			b := s.Lots[0]
			again.Batches = []web.ExposedBatch{{Batch: b.Batch, Custody: b.Custody[0]}}
		}
		s.AlarmList = append(s.AlarmList, again)
		return
	}
}
