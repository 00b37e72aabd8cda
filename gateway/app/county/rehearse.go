package county

import (
	"context"
	"fmt"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/rehearsal"
	"coldchain/alerting/trip"
	"coldchain/alerting/watch"
	"coldchain/gateway/config"
	"coldchain/gateway/web"
)

// RehearsalRules are what a configuration judges by, for a rehearsal: its own
// product profiles included.
func RehearsalRules(cfg *config.County) (rehearsal.Rules, error) {
	out := rehearsal.Rules{Engine: EngineConfig(cfg), Watch: cfg.WatchZones(), Cools: coolingRooms(cfg)}
	var err error
	if out.Goods, err = cfg.Goods(); err != nil {
		return out, fmt.Errorf("product profiles: %w", err)
	}
	bands := bandsOf(cfg)
	for _, s := range cfg.Sites {
		if s.Kind != config.Truck {
			continue
		}
		if box, t, measures, boxes := followed(s, bands, nil); boxes == 1 {
			out.Trucks = append(out.Trucks, rehearsal.Truck{Box: box, Config: t, Measures: measures})
		}
	}
	return out, nil
}

// RehearsalPast is how the zones of a configuration were used, from what the
// collector says of it.
func RehearsalPast(rules rehearsal.Rules, said web.PastJSON) rehearsal.Past {
	out := rehearsal.Past{Uses: map[string]alerting.Timeline{}, Stays: map[string][]rehearsal.Stay{}, Said: map[string][]trip.Say{}}
	held := map[string][]trip.Stay{}
	for _, s := range said.Stays {
		out.Stays[s.Zone] = append(out.Stays[s.Zone], rehearsal.Stay{Stay: watch.Stay{Batch: s.Batch, From: s.From, Out: s.Out}, To: s.To, Profile: s.Profile})
		held[s.Zone] = append(held[s.Zone], trip.Stay{From: s.From, To: s.To})
	}
	boxes := map[string]string{} // by site
	for _, t := range rules.Trucks {
		site, _ := siteOf(t.Box)
		boxes[site] = t.Box
	}
	disuses := map[string][]duty.Disuse{}
	for _, d := range said.Disuses {
		if site, _ := siteOf(d.Zone); boxes[site] != d.Zone { // a truck is never at rest by a word alone
			disuses[d.Zone] = append(disuses[d.Zone], duty.Disuse{Zone: d.Zone, From: d.From, Until: d.Until})
		}
	}
	for zone, list := range disuses {
		if inUse := notWhile(list); len(inUse) > 0 {
			out.Uses[zone] = inUse.Either(whileHeld(held[zone]))
		}
	}
	for _, t := range said.Trucks {
		for _, w := range t.Words {
			out.Said[boxes[t.Truck]] = append(out.Said[boxes[t.Truck]], trip.Say{At: w.At, By: w.By, Empty: w.Empty, Phase: w.Phase, Inferred: w.Inferred})
		}
	}
	return out
}

// Past implements web.Usage.
func (v view) Past(ctx context.Context, from, to time.Time) (out web.UsePast, err error) {
	if out.Disuses, err = v.state.Disuses(ctx, from); err != nil {
		return out, err
	}
	stays, err := v.state.ZoneStays(ctx, from, to)
	if err != nil {
		return out, err
	}
	for _, s := range stays {
		out.Stays = append(out.Stays, web.ZoneStay{Batch: s.Batch, Zone: s.Zone, From: s.From, To: s.To, Out: s.Out, Profile: s.Profile})
	}
	// A truck's load follows from the last word before as well.
	for _, site := range sortedTrucks(v.goods.usage.trucks) {
		said, err := v.state.SaidOfTruck(ctx, site)
		if err != nil {
			return out, err
		}
		words := web.TruckWords{Truck: site, Words: []web.TruckWord{}}
		for _, s := range said {
			if s.At.Before(to) {
				words.Words = append(words.Words, web.TruckWord{At: s.At, By: s.By, Empty: s.Empty, Phase: s.Phase, Inferred: s.Inferred})
			}
		}
		out.Words = append(out.Words, words)
	}
	return out, nil
}
