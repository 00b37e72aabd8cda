package collector

import (
	"cmp"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/watch"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// How wrong something must be before it is a condition. All are [E].
const (
	conditionEvery  = 10 * time.Second
	conditionLasts  = 10 * time.Minute // before it is an alarm, and before that is over
	clockAhead      = time.Minute      // a clock that is ahead puts readings into the future
	clockBehind     = 5 * time.Minute  // and one behind looks like a slow line
	diskShare       = 10               // a tenth of it free, or less ...
	diskEnough      = 5 << 30          // ... unless that is still so many bytes
	calibrationSoon = 30 * 24 * time.Hour
)

// observeWatch has the watch judge a reading beside the engine. The caller
// holds mu.
func (c *Collector) observeWatch(r sensors.Reading, received time.Time) []alerting.Transition {
	if c.o.Watch == nil {
		return nil
	}
	return c.o.Watch.Observe(r, received)
}

// turnWatch moves the watch's time on and tells it how the county's machinery
// stands. Its clock goes on while the broker is away: nothing in it is counted
// by what is not heard.
func (c *Collector) turnWatch(now time.Time) []alerting.Transition {
	if c.o.Watch == nil {
		return nil
	}
	var conditions []watch.Condition
	if now.Sub(c.conditioned).Abs() >= conditionEvery {
		c.conditioned = now
		conditions = c.conditions(now)
	}
	c.mu.Lock()
	changes := c.o.Watch.Advance(now)
	for _, x := range conditions {
		changes = append(changes, c.o.Watch.Report(x, now)...)
	}
	pulling := c.o.Watch.PullingDown(now)
	c.mu.Unlock()
	if c.o.Pulling != nil && !slices.Equal(pulling, c.pulling) {
		c.pulling = pulling
		c.o.Pulling(pulling) // it sets limits, and so takes mu
	}
	return changes
}

// SetGoods tells the watch what lies in a zone now; see watch.SetGoods.
func (c *Collector) SetGoods(zone string, stays []watch.Stay) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.o.Watch != nil {
		c.o.Watch.SetGoods(zone, stays)
	}
}

// conditions is how the machinery stands, as far as it is known: of a gateway
// that is away nothing is.
func (c *Collector) conditions(now time.Time) (out []watch.Condition) {
	believed := c.believed()
	add := func(rule alerting.RuleName, object string, reason sensors.Reason) {
		out = append(out, watch.Condition{Rule: rule, Object: object, Present: reason != "", Reason: reason, Delay: conditionLasts})
	}
	county := sensors.NoReason
	if !believed {
		county = watch.ClockNone
	}
	add(alerting.ClockWrong, c.o.Registry.County, county)
	if c.o.Disk != nil {
		if free, size, ok := c.o.Disk(); ok {
			add(alerting.DiskFilling, c.o.Registry.County, diskReason(free, size))
		}
	}
	for _, g := range c.Gateways() {
		if !g.Online || c.o.Registry.Gateways[g.Gateway] != g.Site {
			continue
		}
		if reason, known := clockReason(g, believed); known {
			add(alerting.ClockWrong, g.Site, reason)
		}
		if g.DiskSize > 0 {
			add(alerting.DiskFilling, g.Site, diskReason(g.DiskFree, g.DiskSize))
		}
	}
	if believed {
		out = append(out, c.gateways.calibrations(now, c.o.Registry.Points)...)
	}
	return out
}

// clockReason says how a gateway's clock is wrong. How far it is off is known
// by the county's own, if that can be believed.
func clockReason(g GatewayState, believed bool) (why sensors.Reason, known bool) {
	switch {
	case g.Clock == wire.ClockNone:
		return watch.ClockNone, true
	case !believed || !g.SkewKnown:
		return "", g.Clock != "" && believed
	case g.Skew < -clockAhead:
		return watch.ClockAhead, true
	case g.Skew > clockBehind:
		return watch.ClockBehind, true
	}
	return "", true
}

func diskReason(free, size uint64) sensors.Reason {
	if free <= size/diskShare && free < diskEnough {
		return watch.DiskLow
	}
	return ""
}

// calibrations says of each point whose gateway names an end of its calibration
// whether that is near or has come.
func (g *gateways) calibrations(now time.Time, points map[sensors.PointID]sensors.Quantity) (out []watch.Condition) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	for p, until := range g.calibrated {
		if _, known := points[p]; !known {
			continue
		}
		x := watch.Condition{Rule: alerting.CalibrationExpired, Object: string(p), Zone: p.Zone()}
		switch {
		case !now.Before(until):
			x.Present, x.Reason = true, watch.Expired
		case !now.Before(until.Add(-calibrationSoon)):
			x.Present, x.Reason = true, watch.Expiring
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(x, y watch.Condition) int { return cmp.Compare(x.Object, y.Object) })
	return out
}

// noteCalibrations takes the ends that an inventory names. The caller holds mu.
func (g *gateways) noteCalibrations(inv wire.Inventory) {
	for _, d := range inv.Devices {
		for _, p := range d.Points {
			id := sensors.PointID(p.ID)
			if id.Site() != inv.Site {
				continue
			}
			if delete(g.calibrated, id); !p.CalibratedUntil.IsZero() {
				g.calibrated[id] = p.CalibratedUntil
			}
		}
	}
}
