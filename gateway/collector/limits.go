package collector

import (
	"maps"
	"slices"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// SetLimits changes the limits of a quantity in a zone from now on, as goods
// come and go; see engine.SetLimits. The zone's site is told.
func (c *Collector) SetLimits(zone string, q sensors.Quantity, limits []alerting.Limit) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.o.Engine.SetLimits(zone, q, limits); err != nil {
		return err
	}
	return c.limits.set(zone, q, limits)
}

// SetTimeConstant says how slowly what lies in a zone follows the air; see
// engine.SetTimeConstant.
func (c *Collector) SetTimeConstant(zone string, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.o.Engine.SetTimeConstant(zone, d)
}

// Received says how warm goods were when they came to a zone; see engine.Received.
func (c *Collector) Received(zone string, when time.Time, celsius float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.o.Engine.Received(zone, when, celsius)
}

// siteLimits are the limits of each site, as they are sent to it. Collector.mu
// guards them.
type siteLimits struct {
	by      map[string]wire.SiteLimits
	changed map[string]bool // since they were last sent
}

// newSiteLimits names the limits of each site by their content.
func newSiteLimits(list map[string]wire.SiteLimits) (siteLimits, error) {
	s := siteLimits{by: map[string]wire.SiteLimits{}, changed: map[string]bool{}}
	for site, l := range list {
		var err error
		if l.Version, err = wire.VersionOf(l); err != nil {
			return s, err
		}
		s.by[site] = l
	}
	return s, nil
}

func (s *siteLimits) set(zone string, q sensors.Quantity, limits []alerting.Limit) (err error) {
	site := sensors.PointID(zone + "/x").Site()
	l, known := s.by[site]
	i := slices.IndexFunc(l.Zones, func(z wire.ZoneLimits) bool { return z.Zone == zone && z.Quantity == string(q) })
	if !known || i < 0 {
		return nil // no gateway measures it
	}
	l.Zones = slices.Clone(l.Zones) // what is being sent stays as it is
	l.Zones[i].Lines = LinesOf(limits)
	if l.Version, err = wire.VersionOf(l); err != nil {
		return err
	}
	s.by[site], s.changed[site] = l, true
	return nil
}

// LinesOf puts limits into the words of the wire.
func LinesOf(limits []alerting.Limit) []wire.LimitLine {
	out := make([]wire.LimitLine, len(limits))
	for i, l := range limits {
		out[i] = wire.LimitLine{Side: string(l.Side), Level: string(l.Level), Value: l.Value, DelayMS: l.Delay.Milliseconds(), WithinMS: l.Within.Milliseconds(), Reached: l.Reached}
	}
	return out
}

// spreadLimits sends the sites whose limits have changed the new ones. One that
// is not there asks by its next status.
func (c *Collector) spreadLimits() {
	c.spread(c.limits.changed, c.gateways.follows, func(a wire.Address) { c.sendLimits(a, "") })
}

// sendLimits sends a gateway its site's limits, unless it has them.
func (c *Collector) sendLimits(a wire.Address, has string) {
	c.mu.Lock()
	l, known := c.limits.by[a.Site]
	c.mu.Unlock()
	if known && l.Version != has {
		c.command(a, wire.Command{Limits: &l})
	}
}

// follows reports whether a gateway that is online judges by the county's
// limits.
func (g *gateways) follows(gateway string) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	s := g.by[gateway]
	return s.Online && s.Limits != ""
}

// Judging does something with the engine while nothing is judged.
func (c *Collector) Judging(do func(*engine.Engine) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return do(c.o.Engine)
}

// Usage knows from readings when limits hold, and says so to the engine. It is
// called while nothing else is judged, and keeps its state beside the engine's:
// committed with the readings that it comes from.
type Usage interface {
	// Observe notes a reading before any of its message is judged.
	Observe(r sensors.Reading, e *engine.Engine)
	// Dirty returns the state that changed since the last call, by key; the keys
	// begin with UsagePrefix.
	Dirty() map[string][]byte
	// Restore takes what Dirty once returned, before the engine's own state.
	Restore(tracks map[string][]byte, e *engine.Engine) error
}

// UsagePrefix begins the keys of a Usage's state among the tracks.
const UsagePrefix = "usage/"

// divide takes the state of the usage out of the tracks.
func divide(tracks map[string][]byte) (usage map[string][]byte) {
	usage = map[string][]byte{}
	for key, state := range tracks {
		if strings.HasPrefix(key, UsagePrefix) {
			usage[key] = state
			delete(tracks, key)
		}
	}
	return usage
}

// judge has readings of one message judged: doors and positions tell first when
// limits held, since a backlog comes point by point. The caller holds mu.
func (c *Collector) judge(list []sensors.Reading, received time.Time) (changes []alerting.Transition) {
	if c.o.Usage != nil {
		for _, r := range list {
			c.o.Usage.Observe(r, c.o.Engine)
		}
	}
	for _, r := range list {
		changes = append(changes, c.o.Engine.Observe(r, received)...)
		changes = append(changes, c.observeWatch(r, received)...)
	}
	return changes
}

// dirty returns the state of judging that has changed. The caller holds mu.
func (c *Collector) dirty() map[string][]byte {
	tracks := c.o.Engine.Dirty()
	if c.o.Usage != nil {
		maps.Copy(tracks, c.o.Usage.Dirty())
	}
	if c.o.Watch != nil {
		maps.Copy(tracks, c.o.Watch.Dirty())
	}
	return tracks
}

// Estimate returns the temperature of the goods around a point, as it follows
// from the air; see engine.Estimate.
func (c *Collector) Estimate(air sensors.PointID) (engine.Estimate, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.o.Engine.Estimate(air)
}
