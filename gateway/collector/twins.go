package collector

import (
	"context"
	"fmt"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/state"
	"coldchain/gateway/wire"
)

// twinMemory is how long a box counts as having used a gateway's name.
const twinMemory = time.Hour

// twinFault is what the county adds to the faults of a gateway whose name two
// boxes use.
const twinFault = "gateway name: used by two boxes in turn"

// twins notices that a boot id comes back after another one: boot ids are
// drawn at random at each start, so two boxes run under one name and the
// broker throws each out for the other.
type twins struct {
	boot, before string    // the newest boot id and the one it replaced
	left         time.Time // when before was last heard
	heard        time.Time // when boot was
	until        time.Time // the name is in doubt until then
	alarm        *alerting.Alarm
}

// see takes the boot id of a status and reports whether it has just proved
// that there are two boxes.
func (t *twins) see(boot string, now time.Time) bool {
	if boot == "" {
		return false
	}
	if boot == t.boot {
		t.heard = now
		return false
	}
	back := boot == t.before && now.Sub(t.left) < twinMemory
	t.before, t.left = t.boot, t.heard
	t.boot, t.heard = boot, now
	if back {
		t.until = now.Add(twinMemory)
	}
	return back
}

// restoreTwins takes up the alarms that were present when the collector ended:
// each is over when an hour passes without a new proof.
func (c *Collector) restoreTwins(ctx context.Context, now time.Time) error {
	open, err := c.o.State.Alarms(ctx, state.AlarmFilter{Open: true})
	if err != nil {
		return fmt.Errorf("collector: load the alarms of gateways' names: %w", err)
	}
	gateways := map[string]string{} // site -> gateway
	for gateway, site := range c.o.Registry.Gateways {
		gateways[site] = gateway
	}
	for _, a := range open {
		if gateway, ok := gateways[a.Object]; ok && a.Rule == alerting.GatewayTwin && a.State.Present() {
			c.twins[gateway] = &twins{until: now.Add(twinMemory), alarm: &a.Alarm}
		}
	}
	return nil
}

// ring raises the alarm, or says that it is still so.
func (t *twins) ring(site string, now time.Time) alerting.Transition {
	change := alerting.Updated
	if t.alarm == nil {
		change = alerting.Raised
		t.alarm = &alerting.Alarm{
			ID: alerting.AlarmID(alerting.GatewayTwin, site, now), Rule: alerting.GatewayTwin, Object: site,
			Level: alerting.Warning, Class: alerting.Live, Start: now, Raised: now,
		}
	}
	t.alarm.LastSeen = now
	return alerting.Transition{Change: change, Alarm: *t.alarm, At: now}
}

// endTwins returns the alarms of names that nobody has disputed for an hour.
func (c *Collector) endTwins(now time.Time) (out []alerting.Transition) {
	for _, t := range c.twins {
		if t.alarm == nil || now.Before(t.until) {
			continue
		}
		t.alarm.Returned, t.alarm.LastSeen = now, now
		out = append(out, alerting.Transition{Change: alerting.Returned, Alarm: *t.alarm, At: now})
		t.alarm = nil
	}
	return out
}

// noticeTwins adds the fault to a status while the name is in doubt, raises the
// alarm, and tells both boxes, whichever hears it, to step back.
func (c *Collector) noticeTwins(ctx context.Context, a wire.Address, s *wire.Status, now time.Time) {
	t := c.twins[a.Gateway]
	if t == nil {
		t = &twins{}
		c.twins[a.Gateway] = t
	}
	if s.Online && t.see(s.Boot, now) {
		c.o.Logger.Error("two boxes connect under one gateway's name; switch one off or give it a name of its own", "gateway", a.Gateway, "boot", t.boot, "other_boot", t.before)
		c.command(a, wire.Command{Duplicate: true})
		c.apply(ctx, []alerting.Transition{t.ring(a.Site, now)})
	}
	if now.Before(t.until) {
		s.Faults = append([]string{twinFault}, s.Faults...)
	}
}
