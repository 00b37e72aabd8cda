package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// readings understands
//
//	08:00[..09:00 every 1m] POINT VALUE [to VALUE] [received 11:00 [every 1s]]
//
// where VALUE is a number, "uncertain NUMBER" or "bad REASON".
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
	if kind == "uncertain" {
		w = w[1:]
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
		return sensors.NewUncertain(id, t, v, sensors.FlatLine), nil
	}
	return sensors.NewGood(id, t, v), nil
}

// time understands 08:00, 08:00:30 and, for the next day, +08:00.
func (s *scenario) time(text string) (time.Time, error) {
	clock, next := strings.CutPrefix(text, "+")
	layout := "15:04"
	if strings.Count(clock, ":") == 2 {
		layout = "15:04:05"
	}
	t, err := time.Parse(layout, clock)
	if err != nil {
		return t, fmt.Errorf("%q is neither a command nor a time such as 08:00", text)
	}
	y, m, d := s.start.Date()
	if next {
		d++
	}
	return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), 0, time.UTC), nil
}

func (s *scenario) clock(t time.Time) string {
	layout := "15:04"
	if t.Second() != 0 {
		layout = "15:04:05"
	}
	if t.YearDay() > s.start.YearDay() {
		layout = "+" + layout
	}
	return t.Format(layout)
}

func (s *scenario) find(name string) (sensors.PointID, error) {
	for _, p := range s.cfg.Points {
		if p.ID.Name() == name || string(p.ID) == name {
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
	if a.HasValue {
		word := "over"
		if strings.HasPrefix(string(a.Rule), "low-") || strings.HasSuffix(string(a.Rule), "-low") {
			word = "under"
		}
		together := ""
		if a.Rule == alerting.HighTotal || a.Rule == alerting.LowTotal {
			together = " all told"
		}
		fmt.Fprintf(&b, ", %s %.4g °C for %s%s, worst %.4g", word, a.Limit, short(a.Delay), together, a.Peak)
	} else {
		if a.Rule == alerting.Silence || a.Rule == alerting.SiteSilent || a.Rule == alerting.Fault {
			fmt.Fprintf(&b, ", nothing for %s", short(a.Delay))
		} else {
			fmt.Fprintf(&b, ", for %s", short(a.Delay))
		}
		if a.Reason != "" {
			fmt.Fprintf(&b, " (%s)", a.Reason)
		}
	}
	if a.Masked != 0 {
		fmt.Fprintf(&b, ", masked for %s", short(a.Masked))
	}
	if c := s.clock(tr.At); c != s.clock(s.now) {
		fmt.Fprintf(&b, "; as of %s", c)
	}
	return b.String()
}

func short(d time.Duration) string {
	if d%time.Minute == 0 {
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
