package county

import (
	"coldchain/gateway/config"
	"coldchain/gateway/retention"
	"coldchain/sensors"
)

// rulesOf says for how long each point of the county is kept.
func rulesOf(cfg *config.County) map[sensors.PointID]retention.Rule {
	rules := map[sensors.PointID]retention.Rule{}
	kinds := map[string]config.ZoneKind{}
	for _, s := range cfg.Sites {
		for _, z := range s.Zones {
			kinds[s.ID+"/"+z.ID] = z.Kind
		}
	}
	for _, p := range cfg.Points() {
		profile := cfg.RetentionOf(p.ID.Zone(), kinds[p.ID.Zone()])
		rule := retention.Rule{Quantity: p.Quantity}
		rule.Raw, _ = profile.Raw.Duration() // 0 is for ever there as well
		rule.Rollups, _ = profile.Rollups.Duration()
		rules[p.ID] = rule
	}
	return rules
}
