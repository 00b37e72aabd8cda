package duty

import (
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/notify"
)

// run is how a channel has failed lately.
type run struct {
	since, last time.Time
	code        string
	n           int
	hopeless    bool // key, signature, template: the same again will fail
}

// runs finds, by channel, the failures since the last success. That a person
// cannot be reached, or that one message is refused, is not the channel's.
func runs(s Situation) map[string]run {
	var all []Attempt
	seen := map[string]bool{}
	for _, t := range s.Told {
		if !seen[t.Key] {
			seen[t.Key] = true
			all = append(all, t.Attempts...)
		}
	}
	slices.SortStableFunc(all, func(x, y Attempt) int { return x.At.Compare(y.At) })
	out := map[string]run{}
	for _, a := range all {
		switch a.Class {
		case "":
			delete(out, a.Channel)
		case notify.Temporary, notify.Muted, notify.Configuration:
			r := out[a.Channel]
			if r.n == 0 {
				r.since = a.At
			}
			r.n, r.last, r.code = r.n+1, a.At, a.Code
			r.hopeless = a.Class == notify.Configuration
			out[a.Channel] = r
		}
	}
	return out
}

// fails reports whether so many failures are more than bad luck.
func (r run) fails() bool { return r.hopeless || r.n >= 2 }

// failing reports whether a channel is to be tried last. After a while without
// a try it gets its place back: it may have been mended.
func (e *evaluation) failing(channel string) bool {
	if e.broken == nil {
		e.broken = runs(e.s)
	}
	r, ok := e.broken[channel]
	return ok && r.fails() && !e.reached(r.last.Add(e.s.Plan.Trouble.Of()))
}

// troubles tells county duty and manager that a channel fails, at most once an
// hour, and again only when it has failed again.
func (e *evaluation) troubles() {
	for _, c := range e.s.Plan.Channels {
		if e.failing(c.Name) {
			e.trouble(c.Name, "channel-fails/"+c.Name, nil, e.broken[c.Name].last, c.Name)
		}
	}
}

// trouble tells of something of this system itself, that was last seen at news,
// by any channel but one.
func (e *evaluation) trouble(subject, key string, missed []string, news time.Time, but string) {
	for _, p := range e.people {
		if !p.Has(CountyDuty) && !p.Has(Manager) || !e.mayBeTold(p, false) {
			continue
		}
		recent := false
		for _, t := range e.of(p.ID).intents {
			if t.Kind == notify.Trouble && t.Subject == subject {
				recent = recent || !news.After(t.At) || !e.reached(t.At.Add(e.s.Plan.Trouble.Of()))
			}
		}
		channels := slices.DeleteFunc(e.channels(p, e.s.Plan.Critical, false), func(name string) bool { return name == but })
		for _, name := range e.channels(p, e.s.Plan.Warning, false) {
			if name != but && !slices.Contains(channels, name) {
				channels = append(channels, name)
			}
		}
		if recent || len(channels) == 0 {
			continue
		}
		e.add(Intent{Key: key + "/" + p.ID, Kind: notify.Trouble, Level: alerting.Warning, Person: p.ID, At: e.now, Take: 1,
			Channels: channels, Subject: subject, Missed: missed})
	}
}

// Own returns the alarms that are about this system itself and present now: a
// channel that fails, a drill that was not answered, a report that was not sent.
// Their messages are part
// of Due; whoever keeps alarms keeps these too, and ends those that are not in
// the list any more.
func Own(now time.Time, s Situation) []alerting.Alarm {
	if s.Location == nil {
		s.Location = time.UTC
	}
	var out []alerting.Alarm
	add := func(rule alerting.RuleName, object string, start, raised time.Time) {
		out = append(out, alerting.Alarm{ID: alerting.AlarmID(rule, object, start), Rule: rule, Object: object, Level: alerting.Warning,
			Class: alerting.Live, State: alerting.Unacknowledged, Start: start, Raised: raised, LastSeen: raised})
	}
	broken := runs(s)
	for _, c := range s.Plan.Channels {
		if r, ok := broken[c.Name]; ok && r.fails() {
			add(ChannelFails, "channel/"+c.Name, r.since, r.last)
		}
	}
	if a, late := s.Filing.unsent(now); late {
		out = append(out, a)
	}
	w := s.Plan.Drill
	at := w.drillAt(now.In(s.Location))
	if w.Off || at.IsZero() || at.Before(s.Began) || now.Before(at.Add(late+w.Answer.Of())) {
		return out
	}
	all := Drilled(at, s)
	for _, d := range all {
		if d.Missed(w) {
			add(DrillMissed, "person/"+d.Person, at, at.Add(late+w.Answer.Of()))
		}
	}
	if len(all) == 0 {
		add(DrillMissed, "county", at, at.Add(late+w.Answer.Of()))
	}
	return out
}
