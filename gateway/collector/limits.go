package collector

import (
	"maps"
	"slices"

	"coldchain/alerting"
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
		out[i] = wire.LimitLine{Side: string(l.Side), Level: string(l.Level), Value: l.Value, DelayMS: l.Delay.Milliseconds()}
	}
	return out
}

// spreadLimits sends the sites whose limits have changed the new ones. One that
// is not there asks by its next status.
func (c *Collector) spreadLimits() {
	c.mu.Lock()
	changed := slices.Sorted(maps.Keys(c.limits.changed))
	clear(c.limits.changed)
	c.mu.Unlock()
	if len(changed) == 0 {
		return
	}
	for _, gateway := range slices.Sorted(maps.Keys(c.o.Registry.Gateways)) {
		if site := c.o.Registry.Gateways[gateway]; slices.Contains(changed, site) && c.gateways.follows(gateway) {
			c.sendLimits(wire.Address{County: c.o.Registry.County, Site: site, Gateway: gateway}, "")
		}
	}
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
