package wording

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"coldchain/alerting"
	"coldchain/alerting/ageing"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
)

// Names says how places and people are called by those who live there.
type Names interface {
	Site(site string, l Language) string
	// Zone returns the name of "site/zone" without its site, and its kind.
	Zone(zone string, l Language) (name, kind string)
	Person(id string) string
}

// Subject is an alarm as a message tells of it.
type Subject struct {
	alerting.Alarm
	Batches []string
	// Left is how long until the limit or the excursion is reached at this
	// rate; nil when nobody can say.
	Left *time.Duration
	// Ages is what becomes of a batch that grows old; nil when nobody can say.
	Ages *ageing.Outlook
}

// Words is everything that is said.
type Words struct {
	Title  string            // one line
	Short  string            // at most MostShort units
	Text   string            // a few short lines
	Fields map[string]string // place, what, since, left, batches, todo
}

// Composer writes messages.
type Composer struct {
	Names    Names
	Location *time.Location
	Subject  func(alarm string) (Subject, bool)
	// Answer says in the short form that "1" is an answer, before what to do.
	Answer bool
	// Unit is that of a point's values, as people write it; nil: °C.
	Unit func(point string) string
}

// Compose puts an intent into words. It says what is known at that moment: an
// alarm of which nothing is known any more is told from the intent alone.
func (c Composer) Compose(l Language, i duty.Intent) Words {
	switch i.Kind {
	case notify.AllWell:
		return c.morning(l, i)
	case notify.Drill:
		return plain(l.say("drill"), l.say("drill-todo"), l)
	case notify.Review:
		return plain(fmt.Sprintf(l.say("review"), clean(i.Subject)), l.say("review-todo"), l)
	case notify.Trouble:
		return c.trouble(l, i)
	}
	if len(i.Covers) == 0 {
		return plain(string(i.Kind), "", l)
	}
	groups := c.groups(i.Covers)
	if i.Wide != "" || i.Kind == notify.Digest || len(groups) > 1 {
		return c.many(l, i, groups)
	}
	return c.one(l, i)
}

// subject is what is known of a covered alarm.
func (c Composer) subject(v duty.Cover) Subject {
	if s, ok := c.Subject(v.Alarm); ok {
		return s
	}
	return Subject{Alarm: alerting.Alarm{ID: v.Alarm, Rule: v.Rule, Object: v.Object, Level: v.Level}}
}

// site is a site's name, or its slug when it has none.
func (c Composer) site(site string, l Language) string {
	if name := clean(c.Names.Site(site, l)); name != "" {
		return name
	}
	return site
}

// clean takes out of a label what no channel could send.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
}

// place is the site and the room, as people say it: 巴拉贡羊肉库.
func (c Composer) place(l Language, rule alerting.RuleName, object string) string {
	parts := strings.SplitN(object, "/", 3)
	name := c.site(parts[0], l)
	if (rule == duty.BusFault || rule == duty.DeviceFault) && len(parts) > 1 {
		return name + " " + clean(parts[len(parts)-1]) // who mends it looks for that name
	}
	if len(parts) >= 2 && duty.FamilyOf(rule) != duty.Power {
		room, kind := c.Names.Zone(parts[0]+"/"+parts[1], l)
		if room != "" && kind != "technical" {
			if l == English {
				name += " "
			}
			name += clean(room)
		}
	}
	return name
}

func (c Composer) kind(object string) string {
	parts := strings.SplitN(object, "/", 3)
	if len(parts) < 2 {
		return ""
	}
	_, kind := c.Names.Zone(parts[0]+"/"+parts[1], Chinese)
	return kind
}

// what says what is wrong, with value and limit where there are any.
func (c Composer) what(l Language, s Subject) string {
	if text, ok := c.watched(l, s); ok {
		return text
	}
	if !s.HasValue || s.Rule == alerting.Spoilage {
		return l.what(s.Rule)
	}
	unit := " °C"
	switch {
	case c.Unit != nil:
		unit = " " + c.Unit(s.Object)
	case s.Rule == duty.Humidity:
		unit = " %RH"
	}
	way := "over"
	high, low := false, false
	switch s.Rule {
	case alerting.HighLimit, alerting.HighTotal, alerting.ProductHigh, alerting.EstimateHigh:
		high = true
	case alerting.LowLimit, alerting.LowTotal, alerting.ProductLow, alerting.EstimateLow:
		low = true
	}
	if low || !high && s.Peak < s.Limit {
		way = "under"
	}
	value := s.LastValue
	if !s.Returned.IsZero() {
		value = s.Peak
	}
	if s.Rule == alerting.HighTotal || s.Rule == alerting.LowTotal {
		way += "-total"
	}
	whose := ""
	switch s.Rule {
	case alerting.ProductHigh, alerting.ProductLow:
		whose = l.say("goods")
	case alerting.EstimateHigh, alerting.EstimateLow:
		whose = l.say("estimated")
	}
	return whose + Number(value) + unit + l.say("comma") + fmt.Sprintf(l.say(way), Number(s.Limit)+unit)
}

// one tells of one incident.
func (c Composer) one(l Language, i duty.Intent) Words {
	s := c.subject(i.Covers[0])
	if i.Kind == notify.Returned { // of all that was one incident: from the first to the last, and how far it went
		for _, v := range i.Covers {
			o := c.subject(v)
			if o.HasValue && s.HasValue && math.Abs(o.Peak-o.Limit) > math.Abs(s.Peak-s.Limit) {
				s.Peak, s.Limit = o.Peak, o.Limit
			}
			if !o.Start.IsZero() && o.Start.Before(s.Start) {
				s.Start = o.Start
			}
			if o.Returned.After(s.Returned) {
				s.Returned = o.Returned
			}
		}
	}
	place, what := c.place(l, s.Rule, s.Object), c.what(l, s)
	f := map[string]string{"place": place, "what": what, "batches": l.batches(s.Batches, 2)}
	switch {
	case s.Start.IsZero():
	case i.Kind == notify.Returned && !s.Returned.IsZero():
		f["since"] = fmt.Sprintf(l.say("until"), c.clock(s.Start), c.clock(s.Returned))
	default:
		f["since"] = fmt.Sprintf(l.say("since"), c.clock(s.Start))
	}
	prefix, lines := "", [3]string{}
	ages := s.Rule == alerting.Spoilage
	switch i.Kind {
	case notify.Returned:
		prefix = l.say("returned")
		if ages { // it has gone, or something was decided: nothing came back
			prefix = l.say("settled")
		}
		if s.Returned.IsZero() && !s.Start.IsZero() { // a person has closed it: it is not well, it is dealt with
			prefix = l.say("closed")
		}
	case notify.Grown:
		prefix = l.say("grown")
	case notify.Reminder:
		prefix = l.say("reminder")
	}
	if i.Kind != notify.Returned {
		lines = l.Todo(s.Rule, c.kind(s.Object))
		f["todo"] = lines[0]
		if ages {
			f["left"] = c.keeps(l, s)
		} else if s.Left != nil && *s.Left >= 0 {
			f["left"] = fmt.Sprintf(l.say("left"), l.length(*s.Left))
		} else if out := i.At.Sub(s.Start); !s.Start.IsZero() && out >= 2*time.Minute {
			f["left"] = fmt.Sprintf(l.say("lasting"), l.length(out))
		}
	}
	var again, folded string
	if i.Count > 1 && i.Kind != notify.Returned {
		again = fmt.Sprintf(l.say("again"), i.Count)
	}
	if n := i.Folded; n > 0 {
		folded = fmt.Sprintf(l.say("folded"), n)
	}
	head, comma := l.head(prefix, place, what), l.say("comma")
	text := []string{head, join(comma, 200, f["since"], f["left"], again, folded), f["batches"]}
	for n, line := range lines {
		if line != "" {
			text = append(text, fmt.Sprintf("%d. %s", n+1, line))
		}
	}
	since := f["since"]
	if ages { // since when is no matter: there is no room for it
		since = ""
	}
	short := join(comma, MostShort, head, since, f["left"], f["batches"])
	if n := len(s.Batches); n > 0 && !strings.Contains(short, f["batches"]) { // no room for codes: how many
		short = join(comma, MostShort, short, fmt.Sprintf(l.say("batch-count"), n))
	}
	short = join(comma, MostShort, short, c.answer(l), f["todo"], again, folded)
	return Words{
		Title:  head,
		Short:  short,
		Text:   lineup(text),
		Fields: f,
	}
}

// answer says how a short message is answered.
func (c Composer) answer(l Language) string {
	if !c.Answer {
		return ""
	}
	return l.say("reply-1")
}

// head is place and what is wrong; of a long place so much is cut that what is
// wrong still stands there whole.
func (l Language) head(prefix, place, what string) string {
	gap := ""
	if l == English || what != "" && (what[0] >= '0' && what[0] <= '9' || strings.HasPrefix(what, "−")) {
		gap = " "
	}
	what = cut(what, 40)
	return prefix + cut(place, MostShort-units(prefix)-units(gap)-units(what)) + gap + what
}

func (c Composer) clock(t time.Time) string { return t.In(c.Location).Format("15:04") }

// batches names the first ones and says how many there are.
func (l Language) batches(codes []string, most int) string {
	if len(codes) == 0 {
		return ""
	}
	list := clean(strings.Join(codes[:min(most, len(codes))], l.say("list")))
	if len(codes) > most {
		list = fmt.Sprintf(l.say("more"), list, len(codes))
	}
	return fmt.Sprintf(l.say("batches"), list)
}

// lineup joins what is not empty, a line each.
func lineup(lines []string) string {
	var out []string
	for _, s := range lines {
		if s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, "\n")
}

func plain(head, todo string, l Language) Words {
	head = cut(clean(head), MostShort)
	return Words{Title: head, Short: join(l.say("comma"), MostShort, head, todo), Text: lineup([]string{head, todo}),
		Fields: map[string]string{"place": "", "what": head, "todo": todo}}
}
