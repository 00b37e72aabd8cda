package engine

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/profile"
	"coldchain/alerting/storytest"
	"coldchain/sensors"
)

// TestScenarios plays every testdata/*.txt. A scenario is a story: lines that
// say what was measured and when it arrived, and lines beginning with "=>" that
// say what the engine made of it. See testdata/README for the language.
func TestScenarios(t *testing.T) {
	storytest.Run(t, os.DirFS("testdata"), os.WriteFile, func(t *testing.T, text string) string {
		s := newScenario(false)
		got, err := s.play(text)
		if err != nil {
			t.Fatal(err)
		}
		// The same story with a restart after every single step.
		again := newScenario(true)
		if _, err := again.play(text); err != nil {
			t.Fatalf("restarted at every step: %v", err)
		}
		if !slices.Equal(s.all, again.all) {
			t.Errorf("restarts at every step change the transitions:\n%v\nwithout:\n%v", again.all, s.all)
		}
		return got
	})
}

// scenario is one story being played.
type scenario struct {
	cfg     Config
	goodsIn map[string][]alerting.Limit // limits of zones that hold goods
	resting map[string]alerting.Timeline
	engine  *Engine
	now     time.Time
	start   time.Time
	updates bool // show Updated transitions
	all     []alerting.Transition

	restarting bool // at every step
	state      map[string][]byte

	lines []string
}

func newScenario(restarting bool) *scenario {
	return &scenario{restarting: restarting, state: map[string][]byte{}, goodsIn: map[string][]alerting.Limit{}, resting: map[string]alerting.Timeline{}}
}

// play returns the text with its expectations replaced by what happened.
func (s *scenario) play(text string) (string, error) {
	var group []arrival
	return storytest.Play(text, func(words []string) error {
		s.lines = nil
		more, err := s.step(words)
		group = append(group, more...)
		return err
	}, func() ([]string, error) {
		err := s.arrive(group)
		said := s.lines
		group, s.lines = nil, nil
		return said, err
	})
}

type arrival struct {
	reading  sensors.Reading
	received time.Time
}

func (s *scenario) arrive(group []arrival) error {
	slices.SortStableFunc(group, func(x, y arrival) int { return x.received.Compare(y.received) })
	for _, a := range group {
		if err := s.wait(a.received); err != nil {
			return err
		}
		s.heed(s.engine.Observe(a.reading, a.received))
	}
	return nil
}

// wait lets time pass until t, with the engine's clock ticking every 10 s.
func (s *scenario) wait(t time.Time) error {
	if s.engine == nil {
		return fmt.Errorf("the story has no start yet")
	}
	if t.Before(s.now) {
		return fmt.Errorf("%s has passed, it is %s: say when it was received", s.clock(t), s.clock(s.now))
	}
	for s.now.Before(t) {
		s.now = s.now.Add(min(10*time.Second, t.Sub(s.now)))
		s.heed(s.engine.Advance(s.now))
	}
	return nil
}

func (s *scenario) heed(list []alerting.Transition) {
	s.all = append(s.all, list...)
	for _, tr := range list {
		if tr.Change != alerting.Updated || s.updates {
			s.lines = append(s.lines, "=> "+s.say(tr))
		}
	}
	if s.restarting {
		if err := s.restart(s.start); err != nil {
			panic(err)
		}
	}
}

func (s *scenario) restart(start time.Time) error {
	for key, blob := range s.engine.Dirty() {
		if blob == nil {
			delete(s.state, key)
		} else {
			s.state[key] = slices.Clone(blob)
		}
	}
	fresh, err := New(s.cfg, start)
	if err != nil {
		return err
	}
	s.engine = fresh
	for zone, limits := range s.goodsIn {
		if err := fresh.SetLimits(zone, sensors.Temperature, limits); err != nil {
			return err
		}
	}
	for zone := range s.resting {
		if err := s.arm(zone); err != nil {
			return err
		}
	}
	return fresh.Restore(maps.Clone(s.state))
}

// arm tells the engine when a zone's limits hold.
func (s *scenario) arm(zone string) error {
	l := slices.Clone(s.resting[zone])
	slices.SortStableFunc(l, func(x, y alerting.Switch) int { return x.At.Compare(y.At) })
	return s.engine.SetArmed(zone, sensors.Temperature, l)
}

func (s *scenario) step(w []string) ([]arrival, error) {
	if w[0] == "also" {
		w = w[1:]
	}
	switch w[0] {
	case "wait":
		t, err := s.time(word(w, 2)) // wait until 08:30
		if err != nil {
			return nil, err
		}
		return nil, s.wait(t)
	case "restart": // restart [at 08:30]: the collector was down until then
		if len(w) > 2 {
			t, err := s.time(w[2])
			if err != nil || t.Before(s.now) {
				return nil, fmt.Errorf("restart at %q: want a time to come", w[2])
			}
			s.now = t
		}
		s.start = s.now
		return nil, s.restart(s.now)
	case "reconnected":
		s.engine.Reconnected(s.now)
		return nil, nil
	case "status":
		id, err := s.find(word(w, 1))
		if err != nil {
			return nil, err
		}
		st := s.engine.Status(id)
		s.lines = append(s.lines, strings.TrimSpace(fmt.Sprintf("=> %s is %s since %s %s", id.Name(), st.Word, s.clock(st.Since), st.Reason)))
		return nil, nil
	case "estimate": // estimate air: the product's temperature around it
		id, err := s.find(word(w, 1))
		if err != nil {
			return nil, err
		}
		x, ok := s.engine.Estimate(id)
		if !ok {
			s.lines = append(s.lines, "=> the product's temperature is not known")
		} else {
			s.lines = append(s.lines, fmt.Sprintf("=> the product is at about %.1f °C", x.Value))
		}
		return nil, nil
	case "goods": // goods SITE/ZONE profile ...: what lies in the room from now on
		return nil, s.goods(word(w, 1), w[2:])
	case "resting", "armed": // resting SITE/ZONE [from 08:00]: its limits do not hold from then on
		at := s.now
		if len(w) > 2 {
			var err error
			if at, err = s.time(word(w, 3)); err != nil {
				return nil, err
			}
		}
		s.resting[word(w, 1)] = append(s.resting[word(w, 1)], alerting.Switch{At: at, On: w[0] == "armed"})
		return nil, s.arm(word(w, 1))
	case "show":
		s.updates = true
		return nil, nil
	case "site", "zone", "product", "masks", "switches", "limit", "hysteresis", "point", "window", "settle", "start":
		return nil, s.configure(w)
	}
	return s.readings(w)
}

func (s *scenario) goods(zone string, names []string) error {
	set, err := profile.Builtin()
	if err != nil {
		return err
	}
	var goods []profile.Profile
	for _, name := range names {
		p, ok := set[name]
		if !ok {
			return fmt.Errorf("there is no profile %q", name)
		}
		goods = append(goods, p)
	}
	for _, z := range s.cfg.Zones {
		if z.ID == zone {
			limits, _ := profile.Strictest(z.Limits[sensors.Temperature], goods)
			s.goodsIn[zone] = limits
			return s.engine.SetLimits(zone, sensors.Temperature, limits)
		}
	}
	return fmt.Errorf("zone %q is not declared", zone)
}

func (s *scenario) configure(w []string) error {
	var err error
	duration := func(i int) time.Duration {
		d, e := time.ParseDuration(word(w, i))
		if e != nil {
			err = e
		}
		return d
	}
	number := func(i int) float64 {
		v, e := strconv.ParseFloat(word(w, i), 64)
		if e != nil {
			err = e
		}
		return v
	}
	switch w[0] {
	case "site": // site NAME silent 10m
		s.cfg.Sites = append(s.cfg.Sites, Site{ID: word(w, 1), SilentAfter: duration(3)})
	case "zone": // zone site/zone [kind]
		limits, hysteresis, _ := alerting.DefaultLimits(word(w, 2))
		s.cfg.Zones = append(s.cfg.Zones, alerting.Zone{
			ID:         word(w, 1),
			Limits:     map[sensors.Quantity][]alerting.Limit{sensors.Temperature: limits},
			Hysteresis: map[sensors.Quantity]float64{sensors.Temperature: hysteresis},
		})
	case "switches": // switches [moving], of the last zone: the default delays
		z := &s.cfg.Zones[len(s.cfg.Zones)-1]
		for _, q := range sensors.Quantities() {
			if limits := alerting.SwitchLimits(q, word(w, 1) == "moving"); limits != nil {
				z.Limits[q] = limits
			}
		}
	case "limit": // limit high warning 4 for 15m [within 24h] [reached], of the last zone
		z := &s.cfg.Zones[len(s.cfg.Zones)-1]
		l := alerting.Limit{Side: alerting.Side(word(w, 1)), Level: alerting.Level(word(w, 2)), Value: number(3), Delay: duration(5)}
		if word(w, 6) == "within" {
			l.Within = duration(7)
		}
		l.Reached = w[len(w)-1] == "reached"
		z.Limits[sensors.Temperature] = append(z.Limits[sensors.Temperature], l)
	case "product": // product air 90m [high excursion 7 for 0m], or product core probe high excursion 7 for 0m, of the last zone
		z := &s.cfg.Zones[len(s.cfg.Zones)-1]
		if z.Product == nil {
			z.Product = &alerting.Product{}
		}
		id := sensors.PointID(z.ID + "/" + word(w, 1))
		if word(w, 2) == "probe" {
			z.Product.Probe = id
		} else {
			z.Product.Air, z.Product.TimeConstant = id, duration(2)
		}
		if len(w) > 3 {
			z.Product.Limits = append(z.Product.Limits, alerting.Limit{Side: alerting.Side(word(w, 3)), Level: alerting.Level(word(w, 4)), Value: number(5), Delay: duration(7)})
		}
	case "masks": // of the last zone: its defrost and door hold back warnings, as by default
		z := &s.cfg.Zones[len(s.cfg.Zones)-1]
		z.Masks = map[sensors.Quantity]alerting.Mask{}
		for _, q := range []sensors.Quantity{sensors.Defrost, sensors.Door} {
			z.Masks[q], _ = alerting.DefaultMask(q)
		}
	case "hysteresis":
		s.cfg.Zones[len(s.cfg.Zones)-1].Hysteresis[sensors.Temperature] = number(1)
	case "point": // point site/zone/name quantity [every 15m]
		p := Point{ID: sensors.PointID(word(w, 1)), Quantity: sensors.Quantity(word(w, 2))}
		p.Zone, p.Site = p.ID.Zone(), p.ID.Site()
		if len(w) > 3 {
			p.Period = duration(4)
		}
		s.cfg.Points = append(s.cfg.Points, p)
	case "window":
		s.cfg.LiveWindow = duration(1)
	case "settle":
		s.cfg.Settle = duration(1)
	case "start": // start 2026-07-01 08:00
		s.start, err = time.Parse("2006-01-02 15:04", word(w, 1)+" "+word(w, 2))
		s.now = s.start
		if err == nil {
			s.engine, err = New(s.cfg, s.start)
		}
	}
	return err
}
