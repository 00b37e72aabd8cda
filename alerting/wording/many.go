package wording

import (
	"fmt"

	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
)

// groups keeps the first cover of each thing that is told: of several points
// of one room, or several phases of one site, one.
func (c Composer) groups(covers []duty.Cover) []duty.Cover {
	var out []duty.Cover
	seen := map[string]bool{}
	for _, v := range covers {
		key := duty.IncidentOf(v)
		if !seen[key] {
			seen[key] = true
			out = append(out, v)
		}
	}
	return out
}

// many tells of several incidents, worst first: as many as there is room for.
func (c Composer) many(l Language, i duty.Intent, groups []duty.Cover) Words {
	head := fmt.Sprintf(l.say("digest"), len(groups))
	separator := l.say("semicolon")
	name := func(v duty.Cover) string { return l.head("", c.place(l, v.Rule, v.Object), l.what(v.Rule)) }
	switch {
	case i.Kind == notify.Returned:
		head = fmt.Sprintf(l.say("over-many"), len(groups))
	case i.Wide != "":
		head = fmt.Sprintf(l.say("wide"), i.Sites, l.what(i.Covers[0].Rule))
		separator = l.say("list")
		name = func(v duty.Cover) string { return c.site(v.Site(), l) }
	}
	if i.Kind == notify.Reminder {
		head = l.say("reminder") + head
	}
	short, title := head, head
	lines := []string{head}
	seen := map[string]bool{}
	full := false
	for _, v := range groups {
		text := name(v)
		if seen[text] {
			continue
		}
		seen[text] = true
		if len(lines) < 9 {
			lines = append(lines, text)
		}
		glue := separator
		if short == head {
			glue = ""
			title = head + cut(text, 40)
		}
		if full || units(short)+units(glue)+units(text) > MostShort-1 {
			full = true
			continue
		}
		short += glue + text
	}
	if full {
		short = cut(short, MostShort-1) + "…"
	}
	short = join(l.say("comma"), MostShort, short, c.answer(l))
	if n := len(seen) + 1 - len(lines); n > 0 {
		lines = append(lines, fmt.Sprintf("+ %d", n))
	}
	todo := l.Todo(i.Covers[0].Rule, c.kind(i.Covers[0].Object))[0]
	f := map[string]string{"place": head, "what": short, "todo": todo}
	if i.Kind == notify.Returned {
		delete(f, "todo")
	} else {
		lines = append(lines, todo)
	}
	return Words{Title: title, Short: short, Text: lineup(lines), Fields: f}
}

// morning says how the person's sites stand, what is not well first.
func (c Composer) morning(l Language, i duty.Intent) Words {
	var lines, shorts []string
	for _, r := range i.Reports {
		line := l.head("", c.site(r.Site, l), l.say("well"))
		short := line
		if !r.Well {
			line = l.head("", c.site(r.Site, l), l.say("not-well")) + l.say("comma")
			why := l.whyNotWell(r)
			line, short = line+join(l.say("list"), 200, why...), line+join(l.say("list"), 30, why...)
		}
		lines, shorts = append(lines, line), append(shorts, short)
	}
	w := plain(l.say("morning")+join(l.say("semicolon"), MostShort-units(l.say("morning")), shorts...), "", l)
	w.Text = lineup(append([]string{l.say("morning")}, lines...))
	return w
}

// whyNotWell lists what is not well at a site, alarms first.
func (l Language) whyNotWell(r duty.Report) []string {
	var why []string
	if r.Alarms > 0 {
		why = append(why, fmt.Sprintf(l.say("alarms"), r.Alarms))
	}
	counted := false
	for _, p := range r.Problems {
		code, n := duty.Problem(p)
		counted = counted || code == "silent" || code == "fault"
		if n > 0 {
			why = append(why, fmt.Sprintf(l.say(code+"-n"), n))
		} else {
			why = append(why, l.say(code))
		}
	}
	if !r.Fresh && !counted {
		why = append(why, l.say("stale"))
	}
	return why
}

// trouble tells of this system itself.
func (c Composer) trouble(l Language, i duty.Intent) Words {
	if period, is := duty.AboutReport(i); is {
		return plain(fmt.Sprintf(l.say("report-late"), clean(period)), l.say("report-late-todo"), l)
	}
	if len(i.Missed) == 0 && !duty.AboutDrill(i) {
		return plain(fmt.Sprintf(l.say("channel-fails"), i.Subject), "", l)
	}
	if len(i.Missed) == 0 {
		return plain(l.say("drill-nobody"), "", l)
	}
	names := make([]string, len(i.Missed))
	for n, id := range i.Missed {
		names[n] = clean(c.Names.Person(id))
	}
	w := plain(fmt.Sprintf(l.say("drill-missed"), join(l.say("list"), 50, names...)), "", l)
	w.Text = fmt.Sprintf(l.say("drill-missed"), join(l.say("list"), 1000, names...))
	return w
}

// Merge makes one message of several that could not go apart, in their order.
func Merge(l Language, list []Words) Words {
	if len(list) == 1 {
		return list[0]
	}
	head := fmt.Sprintf(l.say("messages"), len(list))
	shorts, texts, titles := []string{}, []string{head}, []string{}
	for _, w := range list {
		titles = append(titles, w.Title)
		shorts = append(shorts, w.Short)
		texts = append(texts, w.Text)
	}
	// Titles leave more of them room in one short message than whole ones.
	short := head + join(l.say("semicolon"), MostShort-units(head), titles...)
	if whole := join(l.say("semicolon"), MostShort, shorts...); len(list) == 2 && whole == shorts[0]+l.say("semicolon")+shorts[1] {
		short = whole
	}
	return Words{Title: cut(head+titles[0], MostShort), Short: short, Text: lineup(texts), Fields: map[string]string{"place": head, "what": short, "todo": list[0].Fields["todo"]}}
}
