package collector

import (
	"context"
	"fmt"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/wiring"
	"coldchain/gateway/state"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// lately is how far back the alarms of lines are looked at after a start: one
// that has ended gives what hung on it a moment to follow.
const lately = time.Hour

// restoreWiring finds what hangs where, as the gateways said when they last
// connected, and the alarms about it.
func (c *Collector) restoreWiring(ctx context.Context, now time.Time) error {
	known, err := c.o.State.Gateways(ctx)
	if err != nil {
		return fmt.Errorf("collector: load what hangs where: %w", err)
	}
	for _, g := range known {
		c.wire(g.Inventory)
	}
	alarms, err := c.o.State.Alarms(ctx, state.AlarmFilter{Since: now.Add(-lately)})
	if err != nil {
		return fmt.Errorf("collector: look for alarms about lines: %w", err)
	}
	plain := make([]alerting.Alarm, len(alarms))
	for i, a := range alarms {
		plain[i] = a.Alarm
	}
	c.tree.Restore(plain)
	return nil
}

// wire notes what hangs where at a gateway's site.
func (c *Collector) wire(inv wire.Inventory) {
	if inv.Site == "" {
		return // it has not sent one yet
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tree.Wire(inv.Site, placesOf(inv))
}

func placesOf(inv wire.Inventory) (out []wiring.Place) {
	for _, d := range inv.Devices {
		for _, p := range d.Points {
			out = append(out, wiring.Place{Point: sensors.PointID(p.ID), Bus: d.Bus, Device: d.Name})
		}
	}
	return out
}

// HangsOn returns the bus and device that an alarm is about, or its point hangs
// on; empty what is not known.
func (c *Collector) HangsOn(a alerting.Alarm) (bus, device string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tree.Of(a)
}
