package alarms

import (
	"fmt"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/gateway/edge"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// config is what the engine watches: the site's own limits, and in place of
// them the county's for every zone and quantity that it names.
func (j *Judge) config(county *wire.SiteLimits) engine.Config {
	cfg := engine.Config{Sites: []engine.Site{{ID: j.o.Site, SilentAfter: j.o.SilentAfter}}}
	zones := map[string]*alerting.Zone{}
	var order []string
	zone := func(id string) *alerting.Zone {
		if zones[id] == nil {
			zones[id] = &alerting.Zone{ID: id, Limits: map[sensors.Quantity][]alerting.Limit{}, Hysteresis: map[sensors.Quantity]float64{}}
			order = append(order, id)
		}
		return zones[id]
	}
	for _, z := range j.o.Zones {
		for q, lines := range z.Limits {
			zone(z.ID).Limits[q] = lines
		}
		for q, h := range z.Hysteresis {
			zone(z.ID).Hysteresis[q] = h
		}
	}
	for _, p := range j.o.Points {
		cfg.Points = append(cfg.Points, engine.Point{ID: p.ID, Quantity: p.Quantity, Zone: p.ID.Zone(), Site: j.o.Site, Period: p.Period})
		zone(p.ID.Zone())
	}
	if county != nil {
		cfg.Sites[0].SilentAfter = time.Duration(county.SilentAfterS) * time.Second
		for _, z := range county.Zones {
			if zones[z.Zone] == nil {
				continue // nothing measures it here
			}
			q := sensors.Quantity(z.Quantity)
			zones[z.Zone].Limits[q], zones[z.Zone].Hysteresis[q] = linesOf(z), z.Hysteresis
		}
	}
	for _, id := range order {
		j.goods(zones[id])
		cfg.Zones = append(cfg.Zones, *zones[id])
	}
	return cfg
}

func linesOf(z wire.ZoneLimits) []alerting.Limit {
	lines := make([]alerting.Limit, len(z.Lines))
	for i, l := range z.Lines {
		lines[i] = alerting.Limit{Side: alerting.Side(l.Side), Level: alerting.Level(l.Level), Value: l.Value, Delay: time.Duration(l.DelayMS) * time.Millisecond,
			Within: time.Duration(l.WithinMS) * time.Millisecond, Reached: l.Reached}
	}
	return lines
}

// Follow judges by the county's limits from now on. Alarms that are open go on
// by the limits they were raised by. On error those of before hold.
func (j *Judge) Follow(l wire.SiteLimits) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.county != nil && j.county.Version == l.Version {
		return nil
	}
	if err := j.rebuild(&l); err != nil {
		return fmt.Errorf("the county's limits %s: %w", l.Version, err)
	}
	j.countyAt, j.changed = j.line.At, true
	j.o.Logger.Info("judging by the county's limits", "version", l.Version, "zones", len(l.Zones))
	return nil
}

// Version names the county's limits that are followed; empty: none.
func (j *Judge) Version() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.county == nil {
		return ""
	}
	return j.county.Version
}

// Bounds implements edge.Bounds: the mildest line of each side. Of switches only
// the supply has any: that it is away is to be durable and delivered first.
func (j *Judge) Bounds(k edge.LimitKey) (edge.Limits, bool) {
	l, known := (*j.bounds.Load())[k]
	return l, known
}

func boundsOf(cfg engine.Config) map[edge.LimitKey]edge.Limits {
	out := map[edge.LimitKey]edge.Limits{}
	for _, z := range cfg.Zones {
		for q, lines := range z.Limits {
			if q.IsState() && q != sensors.Mains || len(lines) == 0 {
				continue
			}
			var l edge.Limits
			for _, line := range lines {
				v := line.Value
				switch {
				case line.Side == alerting.High && (l.High == nil || v < *l.High):
					l.High = &v
				case line.Side == alerting.Low && (l.Low == nil || v > *l.Low):
					l.Low = &v
				}
			}
			out[edge.LimitKey{Zone: z.ID, Quantity: q}] = l
		}
	}
	return out
}
