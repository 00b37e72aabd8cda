package watch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/sensors"
)

func (s *scenario) estimate(w []string) error {
	v, err := strconv.ParseFloat(word(w, 1), 64)
	if err != nil {
		return fmt.Errorf("estimate %q is not a number", word(w, 1))
	}
	s.estimates[word(w, 0)] = v
	zone := s.estimates
	s.watch.product = func(z string, _ time.Time) (float64, bool) { v, ok := zone[z]; return v, ok }
	s.cfg.Product = s.watch.product
	return nil
}

// condition understands "RULE OBJECT REASON [for 10m]", which holds from now
// on, "RULE OBJECT over" and "RULE OBJECT unknown".
func (s *scenario) condition(w []string) error {
	c := Condition{Rule: alerting.RuleName(word(w, 0)), Object: word(w, 1), Present: true, Reason: sensors.Reason(word(w, 2))}
	if p := sensors.PointID(c.Object); strings.Count(c.Object, "/") == 2 {
		c.Zone = p.Zone()
	}
	before := slices.IndexFunc(s.conditions, func(x Condition) bool { return x.Rule == c.Rule && x.Object == c.Object })
	if before >= 0 {
		c.Delay = s.conditions[before].Delay
		s.conditions = slices.Delete(s.conditions, before, before+1)
	}
	switch c.Reason {
	case "unknown": // nobody reports it
		return nil
	case "over":
		c.Present, c.Reason = false, ""
	}
	if word(w, 3) == "for" {
		var err error
		if c.Delay, err = time.ParseDuration(word(w, 4)); err != nil {
			return err
		}
	}
	s.conditions = append(s.conditions, c)
	return nil
}

func (s *scenario) configure(w []string) error {
	var err error
	duration := func(text string) time.Duration {
		d, e := time.ParseDuration(text)
		if e != nil {
			err = e
		}
		return d
	}
	number := func(text string) float64 {
		v, e := strconv.ParseFloat(text, 64)
		if e != nil {
			err = e
		}
		return v
	}
	switch w[0] {
	case "site": // site NAME silent 10m
		s.limits.Sites = append(s.limits.Sites, engine.Site{ID: word(w, 1), SilentAfter: duration(word(w, 3))})
	case "zone": // zone site/zone [kind]
		limits, hysteresis, _ := alerting.DefaultLimits(word(w, 2))
		s.limits.Zones = append(s.limits.Zones, alerting.Zone{
			ID:         word(w, 1),
			Limits:     map[sensors.Quantity][]alerting.Limit{sensors.Temperature: limits},
			Hysteresis: map[sensors.Quantity]float64{sensors.Temperature: hysteresis},
		})
		s.cfg.Zones = append(s.cfg.Zones, Zone{ID: word(w, 1), Rules: DefaultRules(word(w, 2))})
	case "product": // product NAME: that point of the last zone stands in the goods
		z := &s.cfg.Zones[len(s.cfg.Zones)-1]
		z.Product = sensors.PointID(z.ID + "/" + word(w, 1))
	case "rules": // rules none: the last zone has limits only
		s.cfg.Zones[len(s.cfg.Zones)-1].Rules = Rules{}
	case "limit": // limit humidity high warning 90 for 30m, of the last zone
		z, q := &s.limits.Zones[len(s.limits.Zones)-1], sensors.Quantity(word(w, 1))
		z.Limits[q] = append(z.Limits[q], alerting.Limit{
			Side: alerting.Side(word(w, 2)), Level: alerting.Level(word(w, 3)), Value: number(word(w, 4)), Delay: duration(word(w, 6)),
		})
	case "point": // point site/zone/name quantity
		id, q := sensors.PointID(word(w, 1)), sensors.Quantity(word(w, 2))
		s.limits.Points = append(s.limits.Points, engine.Point{ID: id, Quantity: q, Zone: id.Zone(), Site: id.Site()})
		for i := range s.cfg.Zones {
			if s.cfg.Zones[i].ID == id.Zone() {
				s.cfg.Zones[i].Points = append(s.cfg.Zones[i].Points, sensors.Point{ID: id, Quantity: q})
			}
		}
	case "start": // start 2026-07-01 08:00
		s.start, err = time.Parse("2006-01-02 15:04", word(w, 1)+" "+word(w, 2))
		s.now = s.start
		if err == nil {
			err = s.begin(s.start)
		}
	}
	return err
}

// readings understands
//
//	08:00[..09:00 every 1m] POINT VALUE [to VALUE] [received 11:00 [every 1s]]
//
// where VALUE is a number, "uncertain NUMBER [REASON]" or "bad REASON".
func (s *scenario) readings(w []string) ([]arrival, error) {
	from, to, isRange := strings.Cut(w[0], "..")
	first, err := s.time(from)
	if err != nil {
		return nil, err
	}
	last, step := first, time.Minute
	w = w[1:]
	if isRange {
		if last, err = s.time(to); err != nil {
			return nil, err
		}
		if step, err = time.ParseDuration(word(w, 1)); err != nil || word(w, 0) != "every" || step <= 0 {
			return nil, fmt.Errorf("want from..to every 1m")
		}
		w = w[2:]
	}
	id, err := s.find(word(w, 0))
	if err != nil {
		return nil, err
	}
	w = w[1:]
	var received time.Time
	var apart time.Duration
	if i := slices.Index(w, "received"); i >= 0 {
		if received, err = s.time(word(w, i+1)); err != nil {
			return nil, err
		}
		if len(w) > i+2 {
			if apart, err = time.ParseDuration(word(w, i+3)); err != nil {
				return nil, err
			}
		}
		w = w[:i]
	}
	var out []arrival
	for t := first; !t.After(last); t = t.Add(step) {
		share := 0.0
		if last.After(first) {
			share = float64(t.Sub(first)) / float64(last.Sub(first))
		}
		r, err := reading(id, t, w, share)
		if err != nil {
			return nil, err
		}
		at := t
		if !received.IsZero() {
			at = received.Add(time.Duration(len(out)) * apart)
		}
		out = append(out, arrival{r, at})
	}
	return out, nil
}

func reading(id sensors.PointID, t time.Time, w []string, share float64) (sensors.Reading, error) {
	kind := word(w, 0)
	if kind == "bad" {
		return sensors.NewBad(id, t, sensors.Reason(word(w, 1))), nil
	}
	why := sensors.FlatLine
	if kind == "uncertain" {
		w = w[1:]
		if len(w) == 2 {
			why, w = sensors.Reason(w[1]), w[:1]
		}
	}
	v, err := strconv.ParseFloat(word(w, 0), 64)
	if err != nil {
		return sensors.Reading{}, fmt.Errorf("value %q is not a number", word(w, 0))
	}
	if word(w, 1) == "to" {
		end, err := strconv.ParseFloat(word(w, 2), 64)
		if err != nil {
			return sensors.Reading{}, fmt.Errorf("value %q is not a number", word(w, 2))
		}
		v += (end - v) * share
	} else if len(w) > 1 {
		return sensors.Reading{}, fmt.Errorf("%q is not understood", strings.Join(w[1:], " "))
	}
	if kind == "uncertain" {
		return sensors.NewUncertain(id, t, v, why), nil
	}
	return sensors.NewGood(id, t, v), nil
}

// time understands 08:00, 08:00:30 and, for the next day, +08:00; the one after
// that is ++08:00.
func (s *scenario) time(text string) (time.Time, error) {
	clock := strings.TrimLeft(text, "+")
	layout := "15:04"
	if strings.Count(clock, ":") == 2 {
		layout = "15:04:05"
	}
	t, err := time.Parse(layout, clock)
	if err != nil {
		return t, fmt.Errorf("%q is neither a command nor a time such as 08:00", text)
	}
	y, m, d := s.start0().Date()
	return time.Date(y, m, d+len(text)-len(clock), t.Hour(), t.Minute(), t.Second(), 0, time.UTC), nil
}

// start0 is the day the story began, whatever was restarted since.
func (s *scenario) start0() time.Time {
	if s.day.IsZero() {
		s.day = s.start
	}
	return s.day
}

func (s *scenario) clock(t time.Time) string {
	layout := "15:04"
	if t.Second() != 0 {
		layout = "15:04:05"
	}
	return strings.Repeat("+", max(0, t.YearDay()-s.start0().YearDay())) + t.Format(layout)
}

func (s *scenario) find(name string) (sensors.PointID, error) {
	for _, p := range s.limits.Points {
		if p.ID.Name() == name || string(p.ID) == name || strings.HasSuffix(string(p.ID), "/"+name) {
			return p.ID, nil
		}
	}
	return "", fmt.Errorf("point %q is not declared", name)
}

// say puts a transition into words.
func (s *scenario) say(tr alerting.Transition) string {
	a := tr.Alarm
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %-9s %-4s %-9s %-11s %s: ", s.clock(s.now), strings.ToUpper(string(tr.Change)), a.Class, a.Level, a.Rule, a.Object)
	if tr.Change == alerting.Returned {
		fmt.Fprintf(&b, "%s to %s", s.clock(a.Start), s.clock(a.Returned))
	} else {
		fmt.Fprintf(&b, "since %s", s.clock(a.Start))
	}
	due := s.clock(a.Start.Add(a.Delay))
	switch {
	case a.Rule == alerting.RateOfRise:
		fmt.Fprintf(&b, ", more than %.4g °C warmer in %s, worst %.1f", a.Limit, short(a.Delay), a.Peak)
	case a.Rule == alerting.PullDown:
		fmt.Fprintf(&b, ", %.1f °C, must be %.4g °C at %s", a.LastValue, a.Limit, due)
	case a.Rule == alerting.Condensation:
		fmt.Fprintf(&b, ", dew point %.1f °C, goods %.1f °C", a.LastValue, a.Limit)
	case a.Rule == alerting.CompressorSilent:
		fmt.Fprintf(&b, ", for %s, air %.1f °C, to be cooled over %.4g °C", short(a.Delay), a.LastValue, a.Limit)
	case a.HasValue:
		word := "over"
		if a.Rule == alerting.LowLimit {
			word = "under"
		}
		fmt.Fprintf(&b, ", %s %.4g for %s, worst %.4g", word, a.Limit, short(a.Delay), a.Peak)
	default:
		fmt.Fprintf(&b, ", for %s", short(a.Delay))
	}
	if a.Reason != "" {
		fmt.Fprintf(&b, " (%s)", a.Reason)
	}
	if c := s.clock(tr.At); c != s.clock(s.now) {
		fmt.Fprintf(&b, "; as of %s", c)
	}
	return b.String()
}

func short(d time.Duration) string {
	switch {
	case d >= 2*time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return d.String()
}

func word(w []string, i int) string {
	if i < len(w) {
		return w[i]
	}
	return ""
}
