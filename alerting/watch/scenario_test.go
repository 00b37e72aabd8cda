package watch

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/alerting/storytest"
	"coldchain/sensors"
)

// TestScenarios plays every testdata/*.txt, in the engine's language. The limits
// and this package's rules judge side by side, as they do in the collector. See
// testdata/README for what is added to the language.
func TestScenarios(t *testing.T) {
	storytest.Run(t, os.DirFS("testdata"), os.WriteFile, func(t *testing.T, text string) string {
		s := newScenario(false)
		got, err := s.play(text)
		if err != nil {
			t.Fatal(err)
		}
		// The same story with a restart after every reading and every minute.
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
	limits engine.Config
	cfg    Config
	engine *engine.Engine
	watch  *Watch

	stays      map[string][]Stay
	idle       map[string]bool
	estimates  map[string]float64
	conditions []Condition
	pulling    []string

	now, start time.Time
	day        time.Time // the story began
	updates    bool      // show Updated transitions
	all        []alerting.Transition
	restarting bool // at every step
	state      map[string][]byte
	lines      []string
}

func newScenario(restarting bool) *scenario {
	return &scenario{restarting: restarting, state: map[string][]byte{}, stays: map[string][]Stay{}, idle: map[string]bool{}, estimates: map[string]float64{}}
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
		s.heed(s.watch.Observe(a.reading, a.received))
		if err := s.restartIf(true); err != nil {
			return err
		}
	}
	return nil
}

// wait lets time pass until t, with the county's clock ticking every 10 s.
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
		s.heed(s.watch.Advance(s.now))
		for _, c := range s.conditions {
			s.heed(s.watch.Report(c, s.now))
		}
		if err := s.restartIf(s.now.Second() == 0); err != nil {
			return err
		}
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
	// As the collector does: high limits do not count while goods get cold.
	if now := s.watch.PullingDown(s.now); !slices.Equal(now, s.pulling) {
		s.pulling = now
		if err := s.relimit(); err != nil {
			panic(err)
		}
	}
}

// restartIf restarts in the second playing of a story.
func (s *scenario) restartIf(due bool) error {
	if !s.restarting || !due {
		return nil
	}
	return s.restart(s.start)
}

func (s *scenario) relimit() error {
	for _, z := range s.limits.Zones {
		limits := slices.Clone(z.Limits[sensors.Temperature])
		if slices.Contains(s.pulling, z.ID) {
			limits = slices.DeleteFunc(limits, func(l alerting.Limit) bool { return l.Side == alerting.High })
		}
		if err := s.engine.SetLimits(z.ID, sensors.Temperature, limits); err != nil {
			return err
		}
	}
	return nil
}

func (s *scenario) restart(start time.Time) error {
	for _, dirty := range []map[string][]byte{s.engine.Dirty(), s.watch.Dirty()} {
		for key, blob := range dirty {
			if blob == nil {
				delete(s.state, key)
			} else {
				s.state[key] = slices.Clone(blob)
			}
		}
	}
	return s.begin(start)
}

// begin makes both anew, restores them, and tells what is no part of the state.
func (s *scenario) begin(start time.Time) (err error) {
	if s.engine, err = engine.New(s.limits, start); err != nil {
		return err
	}
	s.cfg.Product = func(zone string, _ time.Time) (float64, bool) { v, ok := s.estimates[zone]; return v, ok }
	if len(s.estimates) == 0 {
		s.cfg.Product = nil
	}
	if s.watch, err = New(s.cfg); err != nil {
		return err
	}
	for zone, stays := range s.stays {
		s.watch.SetGoods(zone, stays)
	}
	for zone := range s.idle {
		s.watch.SetInUse(zone, false)
	}
	if err := s.watch.Restore(s.state); err != nil {
		return err
	}
	own := maps.Clone(s.state)
	maps.DeleteFunc(own, func(key string, _ []byte) bool { return strings.HasPrefix(key, Prefix) })
	s.pulling = s.watch.PullingDown(s.now)
	if err := s.relimit(); err != nil {
		return err
	}
	return s.engine.Restore(own)
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
	case "batch": // batch NAME into SITE/ZONE [from SITE/ZONE], batch NAME out
		return nil, s.batch(w[1:])
	case "estimate": // estimate SITE/ZONE 12.5: of the goods, from now on
		return nil, s.estimate(w[1:])
	case "closed", "used": // closed SITE/ZONE: out of use from now on
		s.idle[word(w, 1)] = true
		if w[0] == "used" {
			delete(s.idle, word(w, 1))
		}
		s.watch.SetInUse(word(w, 1), w[0] == "used")
		return nil, nil
	case "condition":
		return nil, s.condition(w[1:])
	case "show":
		s.updates = true
		return nil, nil
	case "site", "zone", "product", "rules", "limit", "point", "start":
		return nil, s.configure(w)
	}
	return s.readings(w)
}

func (s *scenario) batch(w []string) error {
	for zone, stays := range s.stays {
		s.stays[zone] = slices.DeleteFunc(slices.Clone(stays), func(x Stay) bool { return x.Batch == word(w, 0) })
	}
	if word(w, 1) == "into" {
		s.stays[word(w, 2)] = append(s.stays[word(w, 2)], Stay{Batch: w[0], From: s.now, Out: word(w, 4)})
	} else if word(w, 1) != "out" {
		return fmt.Errorf("want batch NAME into SITE/ZONE [from SITE/ZONE], or batch NAME out")
	}
	for zone, stays := range s.stays {
		s.watch.SetGoods(zone, stays)
	}
	return nil
}
