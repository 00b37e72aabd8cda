package duty_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/sensors"
)

// step carries out one line, without its time.
func (s *story) step(w []string) error {
	switch w[0] {
	case "start":
		t, err := time.ParseInLocation("2006-01-02 15:04", word(w, 1)+" "+word(w, 2), here)
		s.start, s.now = t, t
		return err
	case "sites":
		n, err := strconv.Atoi(word(w, 1))
		s.sites = n
		return err
	case "site": // site balagong 巴拉贡
		s.names[word(w, 1)] = word(w, 2)
	case "room": // room balagong/mutton 羊肉库 chilled
		s.names[word(w, 1)], s.names["kind "+word(w, 1)] = word(w, 2), word(w, 3)
	case "roster":
		return s.standard()
	case "person":
		return s.person(w[1:])
	case "raised", "late":
		return s.raised(w)
	case "grows", "moves", "returned", "reopened", "closed":
		return s.changes(w)
	case "outage", "maintenance", "shelve", "end":
		return s.withhold(w)
	case "switched-off", "empty", "empty-truck": // switched-off balagong/mutton until 12:00
		until, err := s.clock(word(w, 3))
		s.disuses = append(s.disuses, duty.Disuse{Zone: word(w, 1), Kind: duty.DisuseKind(w[0]), From: s.now, Until: until, Reason: "-", By: "qiqige"})
		return err
	case "breaks": // breaks call configuration
		s.broken[word(w, 1)] = notify.Class(word(w, 2))
	case "mended":
		delete(s.broken, word(w, 1))
	case "store": // store balagong fresh|old [problem ...]
		s.stores = append(slices.DeleteFunc(s.stores, func(x duty.Store) bool { return x.Site == word(w, 1) }),
			duty.Store{Site: word(w, 1), Fresh: word(w, 2) == "fresh", Problems: w[3:]})
	case "drafted": // drafted 2026-10-22: today, to be sent within two days
		y, m, d := s.now.In(here).Date()
		s.filing = &duty.Filing{Period: word(w, 1), Ready: time.Date(y, m, d, 0, 0, 0, 0, here), Due: time.Date(y, m, d+2, 0, 0, 0, 0, here)}
	case "reviewed":
		s.filing.Reviewed = true
	case "sent":
		s.filing.Sent = true
	case "mornings":
		s.plan.Morning.Off = false
	case "drills":
		s.plan.Drill.Off = false
	case "cap": // cap 6 reserve 2
		s.plan.Cap, _ = strconv.Atoi(word(w, 1))
		s.plan.Reserve, _ = strconv.Atoi(word(w, 3))
	case "queue":
		for _, a := range duty.Queue(s.situation()) {
			s.happened = append(s.happened, fmt.Sprintf("=> in the quality officer's queue: %s %s %s", a.Level, a.Rule, a.Object))
		}
	case "standing": // standing A
		a, err := s.alarm(word(w, 1))
		if err != nil {
			return err
		}
		_, folded := duty.Folded(s.now, s.situation())[a.ID]
		s.happened = append(s.happened, "=> "+word(w, 1)+" is "+string(duty.Standing(a.Alarm, s.situation(), folded, s.now)))
	case "own":
		for _, a := range duty.Own(s.now, s.situation()) {
			s.happened = append(s.happened, fmt.Sprintf("=> own alarm: %s %s since %s", a.Rule, a.Object, s.stamp(a.Start)))
		}
	case "lacks":
		for _, l := range duty.Lacks(s.now, s.roster, s.plan, w[1:]) {
			s.happened = append(s.happened, "=> "+l.Text)
		}
	case "held": // nothing is sent any more; what is decided waits in the outbox
		s.held = true
	case "flows":
		s.held = false
		s.flow()
	case "wait":
	default:
		return s.answers(w)
	}
	return nil
}

// flow sends what was held, and gives up what is over, as the sender does.
func (s *story) flow() {
	for n := range s.told {
		t := &s.told[n]
		if len(t.Attempts) > 0 || !t.Cancelled.IsZero() {
			continue
		}
		over := !slices.ContainsFunc(t.Covers, func(c duty.Cover) bool {
			return slices.ContainsFunc(s.alarms, func(a duty.Alarm) bool { return a.ID == c.Alarm && a.Returned.IsZero() && a.Closed.IsZero() })
		})
		if over {
			t.Cancelled = s.now
			s.happened = append(s.happened, fmt.Sprintf("=> %s %s given up: what was held is over", s.stamp(s.now), t.Person))
			continue
		}
		s.send(t)
	}
}

func (s *story) standard() error {
	s.names["balagong"], s.names["xini"] = "巴拉贡", "锡尼"
	s.names["balagong/mutton"], s.names["kind balagong/mutton"] = "羊肉库", "chilled"
	s.names["balagong/veg"], s.names["kind balagong/veg"] = "菜库", "potato"
	s.names["kind balagong/plant"] = "technical"
	for slug, name := range map[string]string{"a": "一号库", "b": "二号库", "c": "三号库", "d": "四号库", "e": "五号库", "beef": "牛肉库", "milk": "奶库", "fish": "鱼库"} {
		s.names["balagong/"+slug], s.names["kind balagong/"+slug] = name, "frozen"
	}
	s.names["xini/beef"], s.names["kind xini/beef"] = "牛肉库", "frozen"
	for _, p := range []string{
		"qiqige 其其格 keeper at balagong quiet 22:00-06:00",
		"batu 巴图 deputy at balagong quiet 22:00-06:00",
		"wang 王值班 county-duty",
		"li 李师傅 repairer",
		"zhao 赵经理 manager quiet 22:00-07:00",
	} {
		if err := s.person(strings.Fields(p)); err != nil {
			return err
		}
	}
	return nil
}

// person qiqige 其其格 keeper,deputy [at SITES] [quiet 22:00-06:00]
// [hours mon,tue 08:00-18:00] [away 2026-07-03] [holiday 2026-10-01] [without phone|wecom] [english]
func (s *story) person(w []string) error {
	p := duty.Person{ID: word(w, 0), Name: word(w, 1), Phone: fmt.Sprintf("86138000000%02d", len(s.roster.Persons)),
		Handle: map[string]string{"wecom": word(w, 0)}}
	for _, r := range strings.Split(word(w, 2), ",") {
		p.Roles = append(p.Roles, duty.Role(r))
	}
	for i := 3; i < len(w); i += 2 {
		value := word(w, i+1)
		switch w[i] {
		case "at":
			p.Sites = strings.Split(value, ",")
		case "quiet":
			q, err := span(value)
			if err != nil {
				return err
			}
			p.Quiet = &q
		case "hours":
			h, err := span(word(w, i+2))
			if err != nil {
				return err
			}
			if p.Hours == nil {
				p.Hours = map[duty.Weekday][]duty.Span{}
			}
			for _, d := range strings.Split(value, ",") {
				p.Hours[duty.Weekday(d)] = append(p.Hours[duty.Weekday(d)], h)
			}
			i++
		case "away":
			t, err := time.ParseInLocation("2006-01-02", value, here)
			if err != nil {
				return err
			}
			p.Away = t
		case "holiday":
			var d duty.Date
			if err := d.UnmarshalText([]byte(value)); err != nil {
				return err
			}
			p.Holidays = append(p.Holidays, d)
		case "without":
			if value == "phone" {
				p.Phone = ""
			} else {
				delete(p.Handle, value)
			}
		case "language":
			p.Language = value
		default:
			return fmt.Errorf("person: %q is not understood", w[i])
		}
	}
	s.names[p.ID] = p.Name
	s.roster.Persons = append(slices.DeleteFunc(s.roster.Persons, func(x duty.Person) bool { return x.ID == p.ID }), p)
	return s.roster.Check(nil)
}

func span(text string) (duty.Span, error) {
	from, to, _ := strings.Cut(text, "-")
	var s duty.Span
	if err := s.From.UnmarshalText([]byte(from)); err != nil {
		return s, err
	}
	return s, s.To.UnmarshalText([]byte(to))
}

// raised A RULE OBJECT [excursion] [7.4 over 5 | 0.2 under 1] [since 07:40]
// [batches X,Y] [left 40m] [on BUS/DEVICE] [until 07:50 (late)] [...]
func (s *story) raised(w []string) error {
	a := duty.Alarm{Alarm: alerting.Alarm{Rule: alerting.RuleName(word(w, 2)), Object: word(w, 3), Level: alerting.Warning,
		Class: alerting.Live, State: alerting.Unacknowledged, Start: s.now, Raised: s.now, LastSeen: s.now}, Rung: s.now}
	if w[0] == "late" {
		a.Class = alerting.Late
	}
	if parts := strings.Split(a.Object, "/"); len(parts) == 3 {
		a.Zone = parts[0] + "/" + parts[1]
	}
	for i := 4; i < len(w); i++ {
		value := word(w, i+1)
		switch w[i] {
		case "excursion":
			a.Level = alerting.Excursion
		case "warning", "...":
		case "over", "under":
			v, err1 := strconv.ParseFloat(w[i-1], 64)
			limit, err2 := strconv.ParseFloat(value, 64)
			if err1 != nil || err2 != nil {
				return fmt.Errorf("want VALUE over LIMIT")
			}
			a.HasValue, a.LastValue, a.Peak, a.Limit = true, v, v, limit
			i++
		case "because":
			a.Reason = sensors.Reason(value)
			i++
		case "since":
			t, err := s.clock(value)
			if err != nil {
				return err
			}
			a.Start = t
			i++
		case "batches":
			a.Batches = strings.Split(value, ",")
			i++
		case "on":
			a.Place.Bus, a.Place.Device, _ = strings.Cut(value, "/")
			i++
		case "left":
			d, err := time.ParseDuration(value)
			if err != nil {
				return err
			}
			defer func() { s.left[s.letters[word(w, 1)]] = d }()
			i++
		default:
			if _, err := strconv.ParseFloat(w[i], 64); err != nil {
				return fmt.Errorf("raised: %q is not understood", w[i])
			}
		}
	}
	a.ID = alerting.AlarmID(a.Rule, a.Object, a.Start)
	s.letters[word(w, 1)] = a.ID
	s.alarms = append(s.alarms, a)
	return nil
}

// grows A 8.1 over 7 | returned A [at 08:10] | closed A
func (s *story) changes(w []string) error {
	a, err := s.alarm(word(w, 1))
	if err != nil {
		return err
	}
	switch w[0] {
	case "grows":
		a.Level, a.Rung = alerting.Excursion, s.now
		if a.Rule == alerting.Spoilage {
			a.Reason = "life-used"
		}
		a.LastValue, _ = strconv.ParseFloat(word(w, 2), 64)
		a.Limit, _ = strconv.ParseFloat(word(w, 4), 64)
		a.Peak = a.LastValue
	case "returned":
		a.Returned, a.State = s.now, alerting.ReturnedUnacknowledged
		if word(w, 2) == "at" {
			if a.Returned, err = s.clock(word(w, 3)); err != nil {
				return err
			}
		}
	case "closed":
		a.Closed = s.now
	case "moves": // moves A site/zone
		a.Zone = word(w, 2)
		a.Object = a.Zone + a.Object[strings.LastIndex(a.Object, "/"):]
	}
	return nil
}

// outage balagong until 12:00 because 检修 | maintenance ... | shelve A until
// 10:00 because ... | end: whatever is planned ends now
func (s *story) withhold(w []string) error {
	if w[0] == "end" {
		for i := range s.outages {
			s.outages[i].Until = s.now
		}
		for i := range s.shelves {
			s.shelves[i].Until = s.now
		}
		return nil
	}
	until, err := s.clock(word(w, 3))
	if err != nil {
		return err
	}
	if w[0] == "shelve" {
		a, err := s.alarm(word(w, 1))
		if err != nil {
			return err
		}
		x := duty.Shelf{ID: "s", Rule: a.Rule, Object: a.Object, Level: a.Level, From: s.now, Until: until, Reason: word(w, 5), By: "qiqige"}
		s.shelves = append(s.shelves, x)
		return x.Check()
	}
	kind := duty.PlannedOutage
	if w[0] == "maintenance" {
		kind = duty.Maintenance
	}
	x := duty.Outage{ID: "o", Kind: kind, Object: word(w, 1), From: s.now, Until: until, Reason: word(w, 5), By: "wang"}
	s.outages = append(s.outages, x)
	return x.Check()
}

// answers: qiqige acknowledged A | qiqige acknowledged drill
func (s *story) answers(w []string) error {
	answer := duty.Answer(word(w, 1))
	if !slices.Contains(duty.Answers(), answer) {
		return fmt.Errorf("not understood")
	}
	if word(w, 2) == "drill" {
		for i := range s.told {
			if s.told[i].Kind == notify.Drill && s.told[i].Person == w[0] {
				s.told[i].Steps = append(s.told[i].Steps, duty.Step{Answer: answer, Person: w[0], At: s.now})
			}
		}
		return nil
	}
	for _, letter := range strings.Split(word(w, 2), ",") {
		a, err := s.alarm(letter)
		if err != nil {
			return err
		}
		a.Steps = append(a.Steps, duty.Step{Answer: answer, Person: w[0], At: s.now, Level: a.Level})
	}
	return nil
}

func word(w []string, i int) string {
	if i < len(w) {
		return w[i]
	}
	return ""
}
