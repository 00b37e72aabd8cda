package config

import (
	"maps"
	"slices"
	"strings"
	"time"

	"coldchain/alerting/watch"
	"coldchain/sensors"
)

// Watch is what of the watch's rules a county sets itself, for a kind of zone
// or for one zone. What is left out is the kind's, and then the default; see
// watch.DefaultRules.
type Watch struct {
	RateOfRise   *RateOfRise   `yaml:"rate_of_rise"`
	PullDown     *PullDown     `yaml:"pull_down"`
	Condensation *Condensation `yaml:"condensation"`
	Compressor   *Compressor   `yaml:"compressor"`
	// Off names rules that the zone does not have: rate_of_rise, pull_down,
	// condensation, compressor.
	Off []string `yaml:"off"`
}

// RateOfRise is how fast the air may warm.
type RateOfRise struct {
	Rise   *float64      `yaml:"rise"` // °C
	Within time.Duration `yaml:"within"`
}

// PullDown is how fast what was loaded must get cold.
type PullDown struct {
	Target *float64      `yaml:"target"` // °C, inside the goods
	Within time.Duration `yaml:"within"`
}

// Condensation is when water settles on goods.
type Condensation struct {
	Margin  *float64      `yaml:"margin"` // °C of the dew point above the goods
	Delay   time.Duration `yaml:"delay"`
	Warming time.Duration `yaml:"warming"` // time constant of goods that were brought in cold
}

// Compressor is when a compressor ought to run.
type Compressor struct {
	SetPoint     *float64      `yaml:"set_point"`    // °C, where no point reads it from the controller
	Differential *float64      `yaml:"differential"` // °C above it
	Silent       time.Duration `yaml:"silent"`
}

var watchRules = []string{"rate_of_rise", "pull_down", "condensation", "compressor"}

// WatchZones returns the county's zones as the watch judges them, in the order
// of the file. It takes a configuration that Validate has nothing against.
func (c *County) WatchZones() []watch.Zone {
	var zones []watch.Zone
	for _, s := range c.Sites {
		for _, z := range s.Zones {
			id := s.ID + "/" + z.ID
			out := watch.Zone{ID: id, Rules: c.rulesOf(&z)}
			for _, name := range slices.Sorted(maps.Keys(z.Points)) {
				if s.Outdoor != z.ID+"/"+name { // the weather is not the room's air
					out.Points = append(out.Points, sensors.Point{ID: sensors.PointID(id + "/" + name), Quantity: sensors.Quantity(z.Points[name])})
				}
			}
			if product := z.probe(); product != "" {
				out.Product = sensors.PointID(id + "/" + product)
			}
			zones = append(zones, out)
		}
	}
	return zones
}

// rulesOf are a zone's rules: its own before its kind's before the defaults.
func (c *County) rulesOf(z *Zone) watch.Rules {
	return z.Watch.over(c.Watch[string(z.Kind)].over(watch.DefaultRules(string(z.Kind))))
}

// over lays what is written over rules.
func (w Watch) over(r watch.Rules) watch.Rules {
	if x := w.RateOfRise; x != nil {
		r.RateOfRise = own(r.RateOfRise)
		number(&r.RateOfRise.Rise, x.Rise)
		span(&r.RateOfRise.Within, x.Within)
	}
	if x := w.PullDown; x != nil {
		r.PullDown = own(r.PullDown)
		number(&r.PullDown.Target, x.Target)
		span(&r.PullDown.Within, x.Within)
	}
	if x := w.Condensation; x != nil {
		r.Condensation = own(r.Condensation)
		number(&r.Condensation.Margin, x.Margin)
		span(&r.Condensation.Delay, x.Delay)
		span(&r.Condensation.Warming, x.Warming)
	}
	if x := w.Compressor; x != nil {
		r.Compressor = own(r.Compressor)
		number(&r.Compressor.SetPoint, x.SetPoint)
		number(&r.Compressor.Differential, x.Differential)
		span(&r.Compressor.Silent, x.Silent)
	}
	for _, name := range w.Off {
		switch name {
		case "rate_of_rise":
			r.RateOfRise = nil
		case "pull_down":
			r.PullDown = nil
		case "condensation":
			r.Condensation = nil
		case "compressor":
			r.Compressor = nil
		}
	}
	return r
}

// own is a rule of one's own to write to.
func own[T any](r *T) *T {
	out := new(T)
	if r != nil {
		*out = *r
	}
	return out
}

func number(to *float64, written *float64) {
	if written != nil {
		*to = *written
	}
}

func span(to *time.Duration, written time.Duration) {
	if written != 0 {
		*to = written
	}
}

func (c *County) checkWatch(r *report) {
	for _, kind := range slices.Sorted(maps.Keys(c.Watch)) {
		p := place("watch").key(kind)
		if r.oneOf(p, kind, kindNames()...) {
			c.Watch[kind].check(r, p, watch.DefaultRules(kind))
		}
	}
	for i := range c.Sites {
		for j := range c.Sites[i].Zones {
			z, p := &c.Sites[i].Zones[j], place("sites").index(i).key("zones").index(j)
			z.Watch.check(r, p.key("watch"), c.Watch[string(z.Kind)].over(watch.DefaultRules(string(z.Kind))))
		}
	}
}

// check reports what is wrong in what is written, over the rules it lies on.
func (w Watch) check(r *report, p place, base watch.Rules) {
	for i, name := range w.Off {
		r.oneOf(p.key("off").index(i), name, watchRules...)
	}
	if w.RateOfRise == nil && w.PullDown == nil && w.Condensation == nil && w.Compressor == nil || !r.understood(p) {
		return
	}
	missing := func(rule, key, example string, written *float64, there bool) bool {
		if written != nil || there {
			return false
		}
		r.bad(p.key(rule).key(key), "add it, e.g. "+example, "%s is missing, and this kind of zone has no default", p.key(rule).key(key))
		return true
	}
	lacks := false
	if x := w.PullDown; x != nil {
		lacks = missing("pull_down", "target", "target: 7", x.Target, base.PullDown != nil) || lacks
	}
	if x := w.Compressor; x != nil {
		lacks = missing("compressor", "set_point", "set_point: 2", x.SetPoint, base.Compressor != nil) || lacks
	}
	w.Off = nil // a rule that is off as well is checked all the same
	if err := w.over(base).Check(); err != nil && !lacks {
		what, want, _ := strings.Cut(err.Error(), ": ")
		at, _, _ := strings.Cut(what, " ")
		rule, key, _ := strings.Cut(at, ".")
		r.bad(p.key(rule).key(key), want, "%s", what)
	}
}
