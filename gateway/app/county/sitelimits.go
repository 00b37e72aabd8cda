package county

import (
	"cmp"
	"slices"

	"coldchain/alerting"
	"coldchain/gateway/collector"
	"coldchain/gateway/config"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// limitsForSites are the limits that hold at each site now, what lies in its
// rooms included: its gateway judges by them, with or without a network. A
// quantity that is measured and has no limits here has none there.
func limitsForSites(cfg *config.County, g *goods) map[string]wire.SiteLimits {
	zones := map[string]alerting.Zone{}
	for _, z := range cfg.EngineZones() {
		zones[z.ID] = z
	}
	out := map[string]wire.SiteLimits{}
	for _, s := range cfg.Sites {
		if s.Gateway == "" {
			continue
		}
		l := wire.SiteLimits{SilentAfterS: int64(s.SilentAfter.Seconds())}
		for _, p := range cfg.Points() {
			if p.ID.Site() == s.ID {
				l.Zones = append(l.Zones, zoneLimits(zones[p.ID.Zone()], p.Quantity, g))
			}
		}
		slices.SortFunc(l.Zones, func(x, y wire.ZoneLimits) int {
			return cmp.Or(cmp.Compare(x.Zone, y.Zone), cmp.Compare(x.Quantity, y.Quantity))
		})
		l.Zones = slices.CompactFunc(l.Zones, func(x, y wire.ZoneLimits) bool { return x.Zone == y.Zone && x.Quantity == y.Quantity })
		out[s.ID] = l
	}
	return out
}

func zoneLimits(z alerting.Zone, q sensors.Quantity, g *goods) wire.ZoneLimits {
	lines := z.Limits[q]
	if q == sensors.Temperature {
		lines = g.limitsOf(z.ID)
	}
	h, set := z.Hysteresis[q]
	if !set && q == sensors.Temperature {
		h = 0.5 // the engine's default
	}
	return wire.ZoneLimits{Zone: z.ID, Quantity: string(q), Hysteresis: h, Lines: collector.LinesOf(lines)}
}
