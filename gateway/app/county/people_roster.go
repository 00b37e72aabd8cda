package county

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

// People implements web.People.
func (f *office) People(ctx context.Context) (web.Roster, error) {
	p, err := f.state.People(ctx)
	if err != nil {
		return web.Roster{}, err
	}
	return f.shown(ctx, p)
}

func (f *office) shown(ctx context.Context, p state.People) (web.Roster, error) {
	f.roster.Store(&p.Roster)
	out := web.Roster{Version: p.Version, Roster: p.Roster, Plan: f.plan(p.Plan), Telling: f.desk != nil}
	var err error
	if out.PINs, err = f.state.PINs(ctx); err != nil {
		return out, err
	}
	if !out.Telling {
		out.Lacks = append(out.Lacks, web.Lack{ZH: "没有配置通知渠道，谁也不会被通知", EN: "nobody is told: no channel is configured"})
	}
	for _, l := range duty.Lacks(f.now(), p.Roster, out.Plan, f.siteIDs()) {
		out.Lacks = append(out.Lacks, web.Lack{Site: l.Site, ZH: l.ZH, EN: l.Text})
	}
	return out, nil
}

func (f *office) siteIDs() []string {
	out := make([]string, 0, len(f.cfg.Sites))
	for _, s := range f.cfg.Sites {
		out = append(out, s.ID)
	}
	return out
}

// PutPeople implements web.People.
func (f *office) PutPeople(ctx context.Context, by web.Actor, version int, r duty.Roster, p duty.Plan) (web.Roster, error) {
	p = f.plan(p)
	for name, chain := range map[string]duty.Chain{"critical": p.Critical, "warning": p.Warning} {
		for i, c := range chain.Channels {
			if _, ok := f.channels.ByName[c]; !ok {
				field := fmt.Sprintf("plan.%s.channels[%d]", name, i)
				known := strings.Join(slices.Sorted(maps.Keys(f.channels.ByName)), ", ")
				return web.Roster{}, &web.Refused{Code: "invalid", Invalid: true, ZH: fmt.Sprintf("%s：没有名为 %.40q 的渠道（配置里有：%s）", field, c, known),
					EN: fmt.Sprintf("%s: there is no channel %.40q (the configuration has: %s)", field, c, known)}
			}
		}
	}
	before, err := f.state.People(ctx)
	if err != nil {
		return web.Roster{}, err
	}
	who, err := f.who(ctx, before.Roster, by)
	if err != nil {
		return web.Roster{}, err
	}
	knows := func(site string) bool { _, ok := f.places.sites[site]; return ok }
	after, err := f.state.PutPeople(ctx, who, version, r, p, knows)
	if err != nil {
		return web.Roster{}, refused(err)
	}
	f.changed()
	f.hub.Publish(web.PeopleEvent, "roster")
	return f.shown(ctx, after)
}

// Channels implements web.People.
func (f *office) Channels(ctx context.Context) ([]web.Channel, error) {
	found, err := f.state.Channels(ctx, f.now().Add(-7*24*time.Hour))
	if err != nil {
		return nil, err
	}
	by := map[string]state.Proven{}
	for _, p := range found {
		by[p.Channel] = p
	}
	var out []web.Channel
	for _, name := range slices.Sorted(maps.Keys(f.channels.ByName)) {
		p := by[name]
		out = append(out, web.Channel{Name: name, Kind: strings.ReplaceAll(f.cfg.Notify.Channels[name].Kind(), "_", "-"),
			Proved: p.Last, Taken: p.Taken, Failed: p.Failed, LastError: p.Error})
	}
	return out, nil
}

// Drills implements web.People.
func (f *office) Drills(ctx context.Context, most int) ([]web.Drill, error) {
	const perDrill = 50 // persons, at most
	told, err := f.state.DrillMessages(ctx, most*perDrill)
	if err != nil {
		return nil, err
	}
	began := map[string]time.Time{} // by day
	for _, t := range told {
		if at, ok := began[t.Subject]; !ok || t.At.Before(at) {
			began[t.Subject] = t.At
		}
	}
	var out []web.Drill
	for _, day := range slices.SortedFunc(maps.Keys(began), func(x, y string) int { return cmp.Compare(y, x) }) {
		if len(out) == most {
			break
		}
		d := web.Drill{At: began[day]}
		for _, p := range duty.Drilled(d.At, duty.Situation{Told: told, Location: f.location}) {
			d.Persons = append(d.Persons, web.Drilled{Person: p.Person, Name: f.places.Person(p.Person), Told: p.Reached, Answered: p.Answered})
		}
		out = append(out, d)
	}
	return out, nil
}

// Outages implements web.Outages.
func (f *office) Outages(ctx context.Context) ([]duty.Outage, error) {
	_, out, err := f.state.Withheld(ctx, f.now().Add(time.Millisecond))
	for i := range out {
		out[i].By = f.places.Person(out[i].By)
	}
	return out, err
}

// PlanOutage implements web.Outages.
func (f *office) PlanOutage(ctx context.Context, by web.Actor, o duty.Outage) (duty.Outage, error) {
	p, err := f.state.People(ctx)
	if err != nil {
		return o, err
	}
	who, err := f.who(ctx, p.Roster, by)
	if err != nil {
		return o, err
	}
	made, err := f.state.PlanOutage(ctx, who, o)
	if err != nil {
		return o, refused(err)
	}
	f.changed()
	f.hub.Publish(web.PeopleEvent, "outages")
	made.By = f.places.Person(made.By)
	return made, nil
}

// EndOutage implements web.Outages.
func (f *office) EndOutage(ctx context.Context, by web.Actor, id string) error {
	p, err := f.state.People(ctx)
	if err != nil {
		return err
	}
	who, err := f.who(ctx, p.Roster, by)
	if err != nil {
		return err
	}
	if err := f.state.EndOutage(ctx, who, id); err != nil {
		return refused(err)
	}
	f.changed()
	f.hub.Publish(web.PeopleEvent, "outages")
	return nil
}

// Message implements web.Messages.
func (f *office) Message(ctx context.Context, key string) (web.Message, error) {
	o, err := f.state.Message(ctx, key)
	if err != nil {
		return web.Message{}, translate(err)
	}
	out := web.Message{Person: o.Intent.Person, Name: f.places.Person(o.Intent.Person), Title: o.Words.Title, Text: o.Words.Text, At: o.Intent.At}
	people, err := f.state.People(ctx)
	if err != nil {
		return web.Message{}, err
	}
	kept, err := f.state.PIN(ctx, o.Intent.Person, "")
	if err != nil {
		return web.Message{}, err
	}
	out.Names, out.First = namesFor(people.Roster, sitesOf(o.Intent)), kept.Hash == ""
	about := aboutOf(o.Intent)
	answers, err := f.state.AnswersTo(ctx, about...)
	for _, id := range about {
		for _, step := range f.steps(answers[id].Steps) {
			same := func(s web.Step) bool { return s.Step == step.Step && s.By == step.By }
			if !slices.ContainsFunc(out.Answered, same) {
				out.Answered = append(out.Answered, step)
			}
		}
	}
	return out, err
}

// sitesOf are the sites that a message tells of.
func sitesOf(i duty.Intent) []string {
	var out []string
	for _, c := range i.Covers {
		out = append(out, c.Site())
	}
	return out
}

// aboutOf is what an answer to a message answers.
func aboutOf(i duty.Intent) []string {
	if i.Kind == notify.Drill {
		return []string{i.Key}
	}
	var out []string
	for _, c := range i.Covers {
		out = append(out, c.Alarm)
	}
	return out
}

// AnswerMessage implements web.Messages.
func (f *office) AnswerMessage(ctx context.Context, key string, by web.Actor, step duty.Answer) error {
	o, err := f.state.Message(ctx, key)
	if err != nil {
		return translate(err)
	}
	p, err := f.state.People(ctx)
	if err != nil {
		return err
	}
	if by.Name == "" {
		by.Name = o.Intent.Person
	}
	// The link may have been forwarded, or lie open on a shared telephone.
	who, err := f.who(ctx, p.Roster, by)
	if err != nil {
		return err
	}
	return f.answer(ctx, who, o.Intent, step)
}

// answer takes a step for all that a message told of.
func (f *office) answer(ctx context.Context, who state.Actor, i duty.Intent, step duty.Answer) error {
	if err := f.state.AnswerMessage(ctx, who, i.Key, step, "", time.Time{}); err != nil {
		return refused(err)
	}
	f.changed()
	if i.Kind != notify.Drill {
		f.hub.Publish(web.AlarmEvent, aboutOf(i)...)
	}
	return nil
}

// reply takes an answer by SMS: it is to the newest message that had gone to
// this number by then. What is no answer is let go. An error brings it again.
func (f *office) reply(ctx context.Context, r notify.Reply) error {
	step, ok := duty.Reply(r.Text)
	if !ok {
		f.log.Info("a short message is no answer and was let go", "length", len(r.Text))
		return nil
	}
	people, err := f.state.People(ctx)
	if err != nil {
		return err
	}
	for _, p := range people.Roster.Persons {
		if p.Phone == "" || p.Phone != r.From {
			continue
		}
		const recent = 50
		messages, err := f.state.Outbox(ctx, p.ID, recent)
		if err != nil {
			return err
		}
		// A network's clock may be a little off.
		wasThere := func(o state.Outgoing) bool {
			return answerable(o.Intent.Kind) && !o.Delivered.IsZero() && (r.At.IsZero() || o.Delivered.Before(r.At.Add(time.Minute)))
		}
		i := slices.IndexFunc(messages, wasThere)
		if i < 0 {
			continue
		}
		return f.answer(ctx, state.Actor{Kind: state.Person, ID: p.ID}, messages[i].Intent, step)
	}
	f.log.Warn("an answer by SMS belongs to no message: its number is nobody's in the roster, or nothing was sent to it")
	return nil
}
