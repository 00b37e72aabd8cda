package page

import (
	"slices"
	"strconv"
	"strings"

	"coldchain/sensors"
)

// devicesView is the page for the installer: what every bus and device did
// since the start, and each point as probe shows it.
func (v view) devicesView() node {
	var buses []string
	for _, d := range v.s.Devices {
		if !slices.Contains(buses, d.Bus) {
			buses = append(buses, d.Bus)
		}
	}
	return all(
		v.sirenView(),
		v.healthView(),
		v.linkView(),
		each(buses, v.bus),
		el("section", attrs{"id", "points", "class", "sheet"},
			el("h2", nil, text(v.l.say("point"))),
			v.table([]string{"point", "value", "quality", "raw", "age", "latency", "limit"},
				each(zonesOf(v.s), func(z zone) node { return each(z.points, v.pointRow) }))))
}

func (v view) bus(name string) node {
	var devices []Device
	var polls, failed uint64
	for _, d := range v.s.Devices {
		if d.Bus == name {
			devices = append(devices, d)
			polls += d.Polls
			failed += d.Failed
		}
	}
	return el("section", attrs{"id", "bus-" + name, "class", "sheet"},
		el("h2", nil, text(v.l.say("bus")+" "+name),
			el("span", class("sum"), text(v.l.with("bus-sum", len(devices), polls, failed)+" · "+v.l.say("since")))),
		v.table([]string{"device", "now", "polls", "failed", "failures", "last-good", "latency"}, each(devices, v.deviceRow)))
}

func (v view) table(heads []string, rows node) node {
	return el("table", nil,
		el("thead", nil, el("tr", nil, each(heads, func(h string) node { return el("th", attrs{"scope", "col"}, text(v.l.say(h))) }))),
		el("tbody", nil, rows))
}

// cell carries its column's name for narrow screens, where rows are lists.
func (v view) cell(head, look string, kids ...node) node {
	return el("td", attrs{"data-head", v.l.say(head), "class", look}, kids...)
}

func (v view) deviceRow(d Device) node {
	now, look := v.l.say("works"), "good"
	switch {
	case d.Polls == 0:
		now, look = v.l.say("never"), "none"
	case d.Now != sensors.NoReason:
		now, look = v.l.reason(d.Now), "bad"
	}
	last := "–"
	if !d.LastGood.IsZero() {
		last = v.l.with("ago", v.l.span(v.s.Now.Sub(d.LastGood)))
	}
	return el("tr", nil,
		el("th", attrs{"scope", "row"}, text(d.Name), el("span", class("id"), text(d.Profile))),
		v.cell("now", look, text(now)),
		v.cell("polls", "number", text(strconv.FormatUint(d.Polls, 10))),
		v.cell("failed", "number", text(strconv.FormatUint(d.Failed, 10))),
		v.cell("failures", "", text(v.l.failures(d.Failures))),
		v.cell("last-good", "number", text(last)),
		v.cell("latency", "number", text(v.latency(d))))
}

func (v view) latency(d Device) string {
	if d.Polls == 0 {
		return "–"
	}
	return latency(d.Latency) + " (" + latency(d.Usual) + ")"
}

func (l lang) failures(list []Failure) string {
	if len(list) == 0 {
		return l.say("no-failure")
	}
	parts := make([]string, len(list))
	for i, f := range list {
		parts[i] = l.reason(f.Reason) + " ×" + strconv.FormatUint(f.Count, 10)
	}
	return strings.Join(parts, ", ")
}

func (v view) pointRow(s standing) node {
	value, look := "––", "number none"
	if x, ok := s.Last.Value(); ok && s.Seen {
		value, look = v.l.shown(s, x), "number"
		if s.stale {
			look = "number old"
		}
	}
	quality, raw := v.l.say("never"), "–"
	qualityLook := "none"
	if s.Seen {
		quality, qualityLook = v.l.quality(s.Last), s.Last.Quality.String()
		if s.stale {
			qualityLook = "old"
		}
		if r, ok := s.Last.Raw(); ok {
			raw = short(r)
		}
	}
	took := "–"
	for _, d := range v.s.Devices {
		if d.Name == s.Device {
			took = v.latency(d)
		}
	}
	limits := v.l.limits(s)
	if limits == "" {
		limits = "–"
	}
	return el("tr", nil,
		el("th", attrs{"scope", "row"}, text(string(s.ID)), el("span", class("id"), text(s.Device))),
		v.cell("value", look, text(value)),
		v.cell("quality", qualityLook, text(quality)),
		v.cell("raw", "number", text(raw)),
		v.cell("age", "number", v.age(s)),
		v.cell("latency", "number", text(took)),
		v.cell("limit", "", text(limits)))
}
