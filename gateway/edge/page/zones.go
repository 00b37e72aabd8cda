package page

import (
	"strings"
	"unicode/utf8"

	"coldchain/sensors"
)

// zonesView is the page for the keeper and the driver: one card a zone, worst
// first.
func (v view) zonesView() node {
	zones := zonesOf(v.s)
	return all(
		v.sirenView(),
		v.healthView(),
		each(v.s.Alarms, v.alarmView),
		v.boxView(zones),
		v.truckView(),
		v.loadView(),
		when(len(zones) == 0, el("p", attrs{"id", "empty", "class", "note"}, text(v.l.say("no-zones")))),
		each(zones, func(z zone) node {
			if v.isBox(z) {
				return nil // above
			}
			return v.card(z, len(zones))
		}),
		v.linkView(),
	)
}

// card is one zone. Few zones have larger cards: a truck's display has one.
func (v view) card(z zone, of int) node {
	size := "of-many"
	switch of {
	case 1:
		size = "of-one"
	case 2:
		size = "of-two"
	}
	rest := z.points
	main := z.main()
	if main != nil {
		rest = rest[1:]
	}
	return el("article", attrs{"id", "zone-" + z.id, "class", "card " + size + " " + z.state.name()},
		el("header", nil,
			el("h2", nil, text(v.name(z.id))),
			v.badge(z.state)),
		v.mainView(main),
		when(len(rest) > 0, el("ul", class("rows"), each(rest, v.row))))
}

// badge is a state as a shape, a colour and a word.
func (v view) badge(s state) node {
	return el("p", class("badge "+s.name()), el("span", attrs{"class", "shape", "aria-hidden", "true"}), text(v.l.say(s.name())))
}

// mainView is the temperature in huge digits, with all that belongs to it.
func (v view) mainView(s *standing) node {
	if s == nil {
		return nil
	}
	number, look := "––", "big none"
	if s.Seen {
		if value, ok := s.Last.Value(); ok { // an old value is shown as an old one
			number, look = s.number(value), "big"
			if s.stale {
				look = "big old"
			}
		}
	}
	if utf8.RuneCountInString(number) > 5 {
		look += " long"
	}
	return el("div", class("main"),
		el("p", class(look), el("span", class("digits"), text(number)), el("span", class("unit"), text(unit(s.Quantity)))),
		v.why(*s),
		el("p", class("age"), v.age(*s), text(limitsAfter(v.l.limits(*s))), el("span", class("id"), text(s.name))))
}

func limitsAfter(limits string) string {
	if limits == "" {
		return ""
	}
	return " · " + limits
}

// row is one further point of a zone.
func (v view) row(s standing) node {
	look, value := "value", "––"
	if x, ok := s.Last.Value(); ok && s.Seen {
		value = v.l.shown(s, x)
		if notable(s.Quantity, x) && !s.Since.IsZero() && !s.stale {
			value = v.l.with("for", value, v.l.span(v.s.Now.Sub(s.Since)))
		}
	} else {
		look += " none"
	}
	if s.stale {
		look += " old"
	}
	if st := s.state(); st == act || st == attention {
		look += " " + st.name()
	}
	label := v.l.quantity(s.Quantity)
	return el("li", nil,
		el("span", class("what"), text(label), when(s.name != string(s.Quantity), el("span", class("id"), text(s.name)))),
		el("span", class(look), text(value)),
		el("span", class("age"), v.age(s)),
		v.why(s))
}

// notable reports whether it matters how long a switch has stood so.
func notable(q sensors.Quantity, v float64) bool {
	switch q {
	case sensors.Door, sensors.Defrost, sensors.Generator:
		return v != 0
	case sensors.Compressor, sensors.Mains, sensors.BatteryOK:
		return v == 0
	}
	return false
}

// age is how long ago a point was read; it stands with every value.
func (v view) age(s standing) node {
	if !s.Seen {
		return text(v.l.say("never"))
	}
	if s.stale {
		return all(el("b", class("stale"), text(v.l.say("old"))), text(" "+v.l.with("ago", v.l.span(s.age))))
	}
	return text(v.l.with("ago", v.l.span(s.age)))
}

// why says in words what is not as it should be: the side of the limit, the
// reason of the quality, and what was last known.
func (v view) why(s standing) node {
	var parts []string
	if s.side != inside {
		parts = append(parts, v.l.outside(s))
	}
	if s.Seen && s.Last.Quality != sensors.Good {
		parts = append(parts, v.l.quality(s.Last))
	}
	if value, ok := s.Valued.Value(); ok && s.Last.Quality == sensors.Bad {
		parts = append(parts, v.l.with("last-valued", v.l.shown(s, value), v.l.span(ageOf(s.Valued.Time, s.Valued.Time, v.s.Now))))
	}
	if len(parts) == 0 {
		return nil
	}
	return el("p", class("why"), text(strings.Join(parts, " · ")))
}

func (l lang) outside(s standing) string {
	limit, key := s.High, "above"
	if s.side == below {
		limit, key = s.Low, "below"
	}
	if !s.ok {
		key = "was-" + key
	}
	return l.with(key, short(*limit)+" "+unit(s.Quantity))
}

// limits are a point's limits in words, "" without any.
func (l lang) limits(s standing) string {
	u := unit(s.Quantity)
	switch {
	case s.High != nil && s.Low != nil:
		return l.with("limits", short(*s.Low), short(*s.High), u)
	case s.High != nil:
		return l.with("limit-high", short(*s.High), u)
	case s.Low != nil:
		return l.with("limit-low", short(*s.Low), u)
	}
	return ""
}

// sirenView is the button that silences the siren, while it sounds.
func (v view) sirenView() node {
	if !v.siren {
		return nil
	}
	return el("form", attrs{"id", "siren", "class", "alarm", "method", "post", "action", "/siren/acknowledge", "role", "alert"},
		el("div", nil, el("h2", nil, text(v.l.say("siren"))), el("p", nil, text(v.l.say("siren-text")))),
		void("input", attrs{"type", "hidden", "name", "token", "value", v.token}),
		el("button", attrs{"id", "silence", "type", "submit"}, text(v.l.say("siren-button"))))
}

// healthView says that readings do not become durable, while they do not.
func (v view) healthView() node {
	if v.s.Health == nil {
		return nil
	}
	return el("p", attrs{"id", "health", "class", "alarm", "role", "alert"}, text(v.l.with("not-durable", v.s.Health)))
}

// linkView is one line about the way to the county.
func (v view) linkView() node {
	look, parts := "link up", []string{v.l.say("link-up")}
	if !v.s.Link.Connected {
		look, parts = "link down", []string{v.l.say("link-down")}
	}
	if v.s.Link.Undelivered == 0 {
		parts = append(parts, v.l.say("all-sent"))
	} else {
		parts = append(parts, v.l.with("waiting", v.s.Link.Undelivered))
	}
	if t := v.s.Link.Oldest; !t.IsZero() {
		parts = append(parts, v.l.with("oldest", v.clock(t), v.l.span(v.s.Now.Sub(t))))
	}
	parts = append(parts, v.origin(), v.l.with("clock", v.l.clockSource(v.s.Clock)), v.l.with("as-of", v.clock(v.s.Now)))
	return el("p", attrs{"id", "link", "class", look}, each(parts, func(s string) node { return el("span", nil, text(s)) }))
}

func (l lang) clockSource(s string) string {
	if _, ok := words["clock-"+s]; ok {
		return l.say("clock-" + s)
	}
	return l.say("clock-other")
}
