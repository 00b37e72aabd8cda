package config

import (
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// The defaults of an edge agent's file.
const (
	DefaultInterval        = time.Minute      // sampling.interval
	DefaultOutsideInterval = 15 * time.Second // sampling.outside_interval, never above interval
	DefaultCommit          = time.Second      // journal.commit
	DefaultKeep            = 30 * 24 * time.Hour
	DefaultBacklogRate     = 50               // delivery.backlog_rate, records a second
	DefaultSpread          = 30 * time.Second // delivery.spread
	DefaultJournalSize     = 1 << 30          // journal.max_bytes
	DefaultBusTimeout      = time.Second
)

// The defaults of a county's file.
const (
	DefaultTimezone         = "Asia/Shanghai"
	DefaultWebListen        = "127.0.0.1:8080"
	DefaultSilentAfter      = 10 * time.Minute
	DefaultTruckSilentAfter = 20 * time.Minute
	DefaultHumidityMargin   = 3.0 // %RH of hysteresis
	DefaultModemBaud        = 115200
)

// ApplyDefaults fills what was left out: the sampling, journal and delivery
// settings and the time-out of each bus, as the constants say. What is there stays. It may be
// called again.
func (e *Edge) ApplyDefaults() {
	fill(&e.Sampling.Interval, DefaultInterval)
	fill(&e.Sampling.OutsideInterval, min(DefaultOutsideInterval, e.Sampling.Interval))
	fill(&e.Journal.Commit, DefaultCommit)
	fill(&e.Journal.Keep, DefaultKeep)
	fill(&e.Journal.MaxBytes, DefaultJournalSize)
	fill(&e.Delivery.BacklogRate, DefaultBacklogRate)
	fill(&e.Delivery.Spread, DefaultSpread)
	if e.Modem != nil {
		e.Modem.applyDefaults()
	}
	for i := range e.Buses {
		fill(&e.Buses[i].Timeout, DefaultBusTimeout)
	}
}

// ApplyDefaults fills what was left out: time zone, the page's address, names
// for people (the other language, else the id), each site's silent_after, and
// each zone's limits and hysteresis of the quantities that its points measure
// (alerting.DefaultLimits of the zone's kind; technical zones have none). What
// is there stays, an empty list of limits too. It may be called again.
func (c *County) ApplyDefaults() {
	fill(&c.Timezone, DefaultTimezone)
	fill(&c.Web.Listen, DefaultWebListen)
	c.Name.fill(c.County)
	c.Retention.applyDefaults()
	c.Notify.applyDefaults()
	c.fillTrips()
	for i := range c.Sites {
		s := &c.Sites[i]
		s.Name.fill(s.ID)
		if s.Kind == Truck {
			fill(&s.SilentAfter, DefaultTruckSilentAfter)
		}
		fill(&s.SilentAfter, DefaultSilentAfter)
		for j := range s.Zones {
			z := &s.Zones[j]
			z.Name.fill(z.ID)
			z.Limits, z.Hysteresis = z.resolvedLimits(), z.resolvedHysteresis()
		}
	}
}

func fill[T comparable](value *T, standard T) {
	var zero T
	if *value == zero {
		*value = standard
	}
}

func (l *Label) fill(id string) {
	fill(&l.ZH, l.EN)
	fill(&l.EN, l.ZH)
	fill(&l.ZH, id)
	fill(&l.EN, id)
}

// resolvedLimits returns the zone's limits by quantity, the kind's defaults
// where the zone says nothing. The zone is not changed.
func (z *Zone) resolvedLimits() map[string][]Limit {
	resolved := map[string][]Limit{}
	for q, limits := range z.Limits {
		resolved[q] = limits
	}
	temperature := string(sensors.Temperature)
	if _, own := resolved[temperature]; own || !z.measures(sensors.Temperature) {
		return resolved
	}
	standard, _, ok := alerting.DefaultLimits(string(z.Kind))
	for _, l := range standard {
		resolved[temperature] = append(resolved[temperature], Limit{Side: string(l.Side), Level: string(l.Level), Value: l.Value, Delay: l.Delay, Within: l.Within})
	}
	if !ok {
		delete(resolved, temperature)
	}
	return resolved
}

// resolvedHysteresis returns the zone's hysteresis by quantity, with defaults
// for those it measures.
func (z *Zone) resolvedHysteresis() map[string]float64 {
	resolved := map[string]float64{}
	if _, standard, ok := alerting.DefaultLimits(string(z.Kind)); ok && z.measures(sensors.Temperature) {
		resolved[string(sensors.Temperature)] = standard
	}
	if z.measures(sensors.Humidity) {
		resolved[string(sensors.Humidity)] = DefaultHumidityMargin
	}
	for q, h := range z.Hysteresis {
		resolved[q] = h
	}
	return resolved
}

func (z *Zone) measures(q sensors.Quantity) bool {
	for _, measured := range z.Points {
		if measured == string(q) {
			return true
		}
	}
	return false
}
