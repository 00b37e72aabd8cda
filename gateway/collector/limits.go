package collector

import (
	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/sensors"
)

// SetLimits changes the limits of a quantity in a zone from now on, as goods
// come and go; see engine.SetLimits.
func (c *Collector) SetLimits(zone string, q sensors.Quantity, limits []alerting.Limit) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.o.Engine.SetLimits(zone, q, limits)
}

// Estimate returns the temperature of the goods around a point, as it follows
// from the air; see engine.Estimate.
func (c *Collector) Estimate(air sensors.PointID) (engine.Estimate, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.o.Engine.Estimate(air)
}
