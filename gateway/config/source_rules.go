package config

import (
	"maps"
	"slices"
	"strings"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// ours is what gateways publish under, in every version of the protocol.
const ours = "coldchain/#"

const (
	maxPathLevels = 8   // of a dotted path
	maxSources    = 100 // each is held against each
)

// checkSources checks the third-party senders against one another and against
// the county's points.
func (c *County) checkSources(r *report) {
	if len(c.Sources) > maxSources {
		r.bad("sources", "let several senders share a topic and a format", "there are %d sources, at most %d are taken", len(c.Sources), maxSources)
		return
	}
	points := map[sensors.PointID]bool{}
	for _, p := range c.Points() {
		points[p.ID] = true
	}
	names, owners := unique[string]{}, unique[string]{}
	for i := range c.Sources {
		s, p := &c.Sources[i], place("sources").index(i)
		if r.name(p.key("name"), s.Name) {
			if before, taken := names.take(s.Name, p.key("name")); taken {
				r.bad(p.key("name"), "give each source its own name", "source %q is already there %s", s.Name, r.at(before))
			}
		}
		if s.checkTopic(r, p.key("topic")) {
			for j := range i {
				if o := c.Sources[j].Topic; wire.CheckFilter(o) == nil && wire.FiltersOverlap(o, s.Topic) {
					r.bad(p.key("topic"), "make one of them narrower, or one source of both", "topic %.100q also catches messages of the source %s", s.Topic, r.at(place("sources").index(j).key("topic")))
					break
				}
			}
		}
		point := func(at place, id string) {
			if !r.required(at, id, "balagong/mutton-1/air") {
				return
			}
			if !points[sensors.PointID(id)] && r.understood("sites") {
				want := "name a point of sites as site/zone/point"
				if near := nearest(id, pointNames(points)); near != "" {
					want = "did you mean " + near + "?"
				}
				r.bad(at, want, "there is no point %.150q", id)
				return
			}
			if before, taken := owners.take(id, at); taken {
				r.bad(at, "a point has one sender", "point %.150q already comes from a source %s", id, r.at(before))
			}
		}
		if r.oneOf(p.key("format"), s.Format, SenML, FlatJSON) {
			s.checkFormat(r, p, point)
		}
	}
}

func pointNames(points map[sensors.PointID]bool) (names []string) {
	for _, id := range slices.Sorted(maps.Keys(points)) {
		names = append(names, string(id))
	}
	return names
}

func (s *Source) checkTopic(r *report, p place) bool {
	const example = "senders/mutton-logger/#"
	if !r.required(p, s.Topic, example) {
		return false
	}
	if err := wire.CheckFilter(s.Topic); err != nil {
		r.bad(p, "write for example "+example, "topic %.100q cannot be subscribed to: %v", s.Topic, err)
		return false
	}
	if wire.FiltersOverlap(ours, s.Topic) {
		r.bad(p, "give the sender a topic of its own, e.g. "+example, "topic %.100q catches what gateways publish under coldchain/", s.Topic)
		return false
	}
	return true
}

// checkFormat checks what belongs to one format and that nothing of the other
// is there. point checks the name of a point.
func (s *Source) checkFormat(r *report, p place, point func(place, string)) {
	if s.Format == SenML {
		if s.Time != (SourceTime{}) {
			r.bad(p.key("time"), "remove it: SenML has its own t and bt", "time is for format json")
		}
		if len(s.Points) > 0 {
			r.bad(p.key("points"), "use names, from SenML name to point", "points is for format json")
		}
		if len(s.Names) == 0 {
			r.bad(p.key("names"), `add it, e.g. names: {"urn:dev:mac:0024befffe804ff1:temp": balagong/mutton-1/air}`, "source %.60q names no points", s.Name)
		}
		for _, name := range slices.Sorted(maps.Keys(s.Names)) {
			at := p.key("names").key(name)
			if len(name) > sensors.MaxIDLength {
				r.bad(at, "at most 120, bn and n together", "a SenML name has %d characters", len(name))
			}
			point(at, s.Names[name])
		}
		return
	}
	if len(s.Names) > 0 {
		r.bad(p.key("names"), "use points, each with its field", "names is for format senml")
	}
	if len(s.Points) == 0 {
		r.bad(p.key("points"), "add them, e.g. points: [{point: balagong/mutton-1/air, field: temperature}]", "source %.60q names no points", s.Name)
	}
	s.checkTime(r, p.key("time"))
	for i := range s.Points {
		at := p.key("points").index(i)
		point(at.key("point"), s.Points[i].Point)
		s.Points[i].validate(r, at, s.Topic)
	}
}

func (s *Source) checkTime(r *report, p place) {
	if !r.oneOf(p.key("unit"), s.Time.Unit, TimeSeconds, TimeMillis, TimeRFC3339, TimeLocal, TimeReceived) {
		return
	}
	switch {
	case s.Time.Unit != TimeReceived:
		r.path(p.key("field"), s.Time.Field, "time")
	case s.Time.Field != "":
		r.bad(p.key("field"), "remove it, or say which unit the field's time has", "a time that is received has no field")
	}
}

func (s *SourcePoint) validate(r *report, p place, topic string) {
	r.path(p.key("field"), s.Field, "temperature or object.temperature")
	if s.Topic != "" {
		if err := wire.CheckFilter(s.Topic); err != nil {
			r.bad(p.key("topic"), "write the whole topic of the point's messages", "topic %.100q: %v", s.Topic, err)
		} else if wire.CheckFilter(topic) == nil && !wire.FiltersOverlap(topic, s.Topic) {
			r.bad(p.key("topic"), "write the whole topic of the point's messages, not its end alone", "the source's topic %.100q never catches %.100q", topic, s.Topic)
		}
	}
	for _, field := range slices.Sorted(maps.Keys(s.Match)) {
		r.path(p.key("match").key(field), field, "devEUI")
	}
	if s.Scale != nil && (*s.Scale == 0 || !plausible(*s.Scale)) {
		r.bad(p.key("scale"), "want 0.000001 to 1000000, or negative, e.g. 0.1", "scale %g is out of range", *s.Scale)
	}
	if s.Offset != nil && *s.Offset != 0 && !plausible(*s.Offset) {
		r.bad(p.key("offset"), "want -1000000 to 1000000, e.g. -40", "offset %g is out of range", *s.Offset)
	}
}

// plausible holds for factors that people mean.
func plausible(f float64) bool {
	return f >= 1e-6 && f <= 1e6 || f <= -1e-6 && f >= -1e6
}

// path demands a dotted path.
func (r *report) path(p place, s, example string) {
	if !r.required(p, s, example) {
		return
	}
	levels := strings.Split(s, ".")
	if slices.Contains(levels, "") || len(levels) > maxPathLevels {
		r.bad(p, "join 1 to 8 names of fields by dots, e.g. "+example, "%.100q is not a path", s)
	}
}
