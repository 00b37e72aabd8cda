package page

import (
	"net/http"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/wording"
	"coldchain/sensors"
)

// alarmView is one alarm of the site: where, what, since when and how long, and
// what to do in three lines.
func (v view) alarmView(a Alarm) node {
	look := attention
	if a.Level == alerting.Excursion || a.Rule == alerting.MainsLost || a.HasValue {
		look = act
	}
	said := v.words().What(a.Rule)
	if text, ok := v.words().Watched(a.told(), v.place); ok {
		said, look = text, attention
		if a.Level == alerting.Excursion {
			look = act
		}
	} else if a.HasValue {
		key := "alarm-over"
		if a.Rule.IsLow() {
			key = "alarm-under"
		}
		u := " " + unit(a.Quantity)
		said = v.l.shown(standing{Point: Point{Quantity: a.Quantity}}, a.Value) + " · " + v.l.with(key, short(a.Limit)+u)
	}
	times := v.l.with("alarm-for", v.l.span(a.Lasts))
	if !a.Since.IsZero() {
		times = v.l.with("alarm-since", v.clock(a.Since), v.l.span(a.Lasts))
	}
	parts := []string{times}
	if a.Folded > 0 {
		parts = append(parts, v.l.with("alarm-folded", a.Folded))
	}
	switch {
	case a.AnsweredBy != "" && a.BySMS:
		parts = append(parts, v.l.with("alarm-answered-sms", a.AnsweredBy))
	case a.AnsweredBy != "":
		parts = append(parts, v.l.with("alarm-answered", a.AnsweredBy))
	case a.Silenced && v.hasSiren:
		parts = append(parts, v.l.say("alarm-silenced"))
	}
	if len(a.Told) > 0 {
		parts = append(parts, v.l.with("alarm-told", strings.Join(a.Told, v.l.say("list"))))
	}
	if a.Masked >= time.Minute {
		parts = append(parts, v.l.with("alarm-masked", v.l.span(a.Masked)))
	}
	todo := v.words().Todo(a.Rule, "")
	return el("article", attrs{"id", "alarm-" + string(a.Rule) + "-" + a.Object, "class", "card notice " + look.name()},
		el("header", nil, el("h2", nil, text(v.where(a))), v.badge(look)),
		el("p", class("why"), text(said)),
		el("p", class("age"), text(strings.Join(parts, " · "))),
		el("ol", class("todo"), each(todo[:], func(line string) node { return el("li", nil, text(line)) })))
}

// told is the alarm in the words of the contract, as far as its words need.
func (a Alarm) told() alerting.Alarm {
	return alerting.Alarm{Rule: a.Rule, Reason: a.Reason, Start: a.Since, Delay: a.Delay, LastValue: a.Value, Limit: a.Limit, HasValue: a.HasValue}
}

// where is what people call the place of an alarm.
func (v view) where(a Alarm) string {
	parts := strings.SplitN(a.Object, "/", 3)
	switch {
	case len(parts) == 3 && a.Quantity != "":
		return v.name(parts[0] + "/" + parts[1])
	case len(parts) > 1: // a line or a device
		return strings.Join(parts[1:], " · ")
	}
	if n := v.l.label(v.labels[a.Object]); n != "" {
		return n
	}
	return a.Object
}

func (v view) words() wording.Language {
	if v.l == en {
		return wording.English
	}
	return wording.Chinese
}

// origin says by which limits the site judges.
func (v view) origin() string {
	switch {
	case v.s.Limits.County:
		return v.l.say("limits-county")
	case v.s.Limits.None:
		return v.l.say("limits-none")
	}
	return v.l.say("limits-own")
}

// alarmJSON is an alarm as /api/alarms tells it.
type alarmJSON struct {
	Rule     alerting.RuleName `json:"rule"`
	Object   string            `json:"object"`
	Level    alerting.Level    `json:"level"`
	Since    *time.Time        `json:"since"` // null: there was no clock then
	LastsS   float64           `json:"lasts_s"`
	Value    *float64          `json:"value"`
	Limit    *float64          `json:"limit"`
	Unit     sensors.Unit      `json:"unit,omitempty"`
	Folded   int               `json:"folded"`
	Silenced bool              `json:"silenced"`
	Answered string            `json:"answered_by,omitempty"` // who, at the county or by SMS
	Told     []string          `json:"told,omitempty"`        // whom the site has told by SMS
}

func (s *Server) alarms(w http.ResponseWriter, r *http.Request) {
	snap := s.o.Source(r.Context())
	out := make([]alarmJSON, len(snap.Alarms))
	for i, a := range snap.Alarms {
		out[i] = alarmJSON{Rule: a.Rule, Object: a.Object, Level: a.Level, Since: moment(a.Since), LastsS: a.Lasts.Seconds(), Folded: a.Folded, Silenced: a.Silenced, Answered: a.AnsweredBy, Told: a.Told}
		if a.HasValue {
			value, limit := a.Value, a.Limit
			out[i].Value, out[i].Limit, out[i].Unit = &value, &limit, a.Quantity.Unit()
		}
	}
	limits := "own"
	switch {
	case snap.Limits.County:
		limits = "county"
	case snap.Limits.None:
		limits = "none"
	}
	writeJSON(w, struct {
		Now      time.Time   `json:"now"`
		Site     string      `json:"site"`
		Limits   string      `json:"limits"` // county, own or none
		LimitsAt *time.Time  `json:"limits_at,omitempty"`
		Alarms   []alarmJSON `json:"alarms"`
	}{millisecond(snap.Now), snap.Site, limits, moment(snap.Limits.At), out})
}
