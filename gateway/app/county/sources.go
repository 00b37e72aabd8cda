package county

import (
	"context"
	"time"

	"coldchain/gateway/collector"
	"coldchain/gateway/config"
	"coldchain/gateway/mqtt"
	"coldchain/gateway/source"
	"coldchain/gateway/web"
	"coldchain/sensors"
)

// sourcesOf turns the configured senders into what the collector decodes by.
func sourcesOf(cfg *config.County) ([]*source.Source, error) {
	zone, err := time.LoadLocation(cfg.Timezone)
	if err != nil {
		return nil, err
	}
	quantities := map[sensors.PointID]sensors.Quantity{}
	for _, p := range cfg.Points() {
		quantities[p.ID] = p.Quantity
	}
	var out []*source.Source
	for _, c := range cfg.Sources {
		o := source.Options{Name: c.Name, Filter: c.Topic, Time: source.Time{Path: c.Time.Field, Unit: c.Time.Unit, Zone: zone}}
		for name, point := range c.Names {
			if o.Names == nil {
				o.Names = map[string]sensors.PointID{}
			}
			o.Names[name] = sensors.PointID(point)
		}
		for _, p := range c.Points {
			f := source.Field{Path: p.Field, Topic: p.Topic, Match: p.Match, Scale: 1,
				Point: sensors.Point{ID: sensors.PointID(p.Point), Quantity: quantities[sensors.PointID(p.Point)]}}
			if p.Scale != nil {
				f.Scale = *p.Scale
			}
			if p.Offset != nil {
				f.Offset = *p.Offset
			}
			o.Fields = append(o.Fields, f)
		}
		s, err := source.New(o)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// connectSources makes the connections of third-party senders, apart from the
// gateways': a sender that the access list refuses must not cut those off. base
// says how to reach the broker.
func (a *App) connectSources(ctx context.Context, base mqtt.Options) error {
	held := a.collector.HeldFilters()
	forget, err := a.state.RememberFilters(ctx, held)
	if err != nil {
		return err
	}
	if len(held)+len(forget) > 0 {
		o := base
		o.ClientID = a.cfg.County + "-sources"
		o.Held = &mqtt.Held{Filters: held, Forget: forget, Deliver: a.collector.Deliver}
		if err := a.addLink(o); err != nil {
			return err
		}
	}
	if live := a.collector.LiveSubscriptions(); len(live) > 0 {
		o := base
		o.ClientID, o.Subscriptions = a.cfg.County+"-sources-live", live
		return a.addLink(o)
	}
	return nil
}

func (a *App) addLink(o mqtt.Options) error {
	link, err := mqtt.New(o)
	if err == nil {
		a.sourceLinks = append(a.sourceLinks, link)
	}
	return err
}

func sourceReport(s collector.SourceState) web.SourceReport {
	out := web.SourceReport{
		Name: s.Name, Live: s.Live, Last: s.Last, Messages: s.Messages, Readings: s.Readings, Empty: s.Empty,
		Unconfirmed: s.Unconfirmed, Left: s.Left, Lost: s.Lost, Refused: map[string]int64{},
	}
	for reason, n := range s.Refused {
		out.Refused[string(reason)] = n
	}
	return out
}
