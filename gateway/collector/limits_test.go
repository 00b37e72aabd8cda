package collector

import (
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// A site that judges by other limits than the county's is sent these: when it
// says so, and when goods change them. One that has them, or does not follow,
// is left alone.
func TestASiteIsSentTheLimitsThatHold(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.stop()
		r.limits = map[string]wire.SiteLimits{"balagong": {SilentAfterS: 600, Zones: []wire.ZoneLimits{
			{Zone: air.Zone(), Quantity: "temperature", Hysteresis: 1, Lines: LinesOf([]alerting.Limit{{Side: alerting.High, Level: alerting.Excursion, Value: -15, Delay: time.Minute}})}}}}
		r.start()
		status := func(version string) {
			payload, err := wire.EncodeStatus(wire.Status{Gateway: here.Gateway, Site: here.Site, Online: true, Greeted: true, Limits: version})
			if err != nil {
				t.Fatal(err)
			}
			r.send(here.Topic(wire.ChannelStatus), payload)
		}
		sent := func() *wire.SiteLimits {
			r.wire.mu.Lock()
			defer r.wire.mu.Unlock()
			var out *wire.SiteLimits
			for _, m := range r.wire.all {
				if m.Topic == here.Topic(wire.ChannelCommand) {
					c, err := wire.DecodeCommand(m.Payload)
					if err != nil {
						t.Fatal(err)
					}
					out = c.Limits
				}
			}
			r.wire.all = nil
			return out
		}
		status("")
		if l := sent(); l != nil {
			t.Errorf("an old agent was sent %+v", l)
		}
		status(wire.NoLimits)
		first := sent()
		if first == nil || len(first.Zones) != 1 || first.Zones[0].Lines[0] != (wire.LimitLine{Side: "high", Level: "excursion", Value: -15, DelayMS: 60_000}) {
			t.Fatalf("sent %+v", first)
		}
		status(first.Version)
		if l := sent(); l != nil {
			t.Errorf("sent again: %+v", l)
		}
		if err := r.c.SetLimits(air.Zone(), sensors.Temperature, []alerting.Limit{{Side: alerting.High, Level: alerting.Warning, Value: -18}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * advanceEvery)
		second := sent()
		if second == nil || second.Version == first.Version || second.Zones[0].Lines[0].Value != -18 {
			t.Fatalf("after the goods changed: %+v", second)
		}
		status(first.Version) // it was lost on its way
		if l := sent(); l == nil || l.Version != second.Version {
			t.Errorf("asked again: %+v", l)
		}
	})
}
