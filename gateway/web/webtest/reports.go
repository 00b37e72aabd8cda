package webtest

import (
	"context"
	"slices"
	"strings"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/duty"
	"coldchain/alerting/exposure"
	"coldchain/gateway/config"
	"coldchain/gateway/report"
	"coldchain/gateway/store"
	"coldchain/gateway/web"
	"coldchain/sensors"
)

// Reports makes reports of what the fake holds.
func (f *Fake) Reports(c web.County) report.Maker {
	zone, err := time.LoadLocation(c.Timezone)
	if err != nil {
		zone = time.UTC
	}
	out := report.County{Name: c.Name, Notice: c.Notice, Zone: zone}
	for _, s := range c.Sites {
		site := report.Site{ID: s.ID, Kind: s.Kind, Name: s.Name}
		for _, z := range s.Zones {
			if z.Kind == config.Technical {
				site.Others = append(site.Others, z.Points...)
				continue
			}
			measured := slices.DeleteFunc(slices.Clone(z.Points), func(p sensors.Point) bool { return p.Quantity.IsState() })
			site.Rooms = append(site.Rooms, report.Room{ID: z.ID, Name: z.Name, Points: measured, Limits: z.Limits[sensors.Temperature]})
		}
		out.Sites = append(out.Sites, site)
	}
	return report.Maker{County: out, Series: f, Records: papers{f}, Goods: written{f}, Trips: runs{f, c}}
}

// ReadRollups implements report.Series: there are none.
func (f *Fake) ReadRollups(context.Context, store.RollupQuery, func(store.Rollup) bool) error {
	return nil
}

// Stale implements report.Series: all of it.
func (f *Fake) Stale(_ context.Context, _ sensors.PointID, from, to time.Time) ([]store.Stretch, error) {
	return []store.Stretch{{From: from, To: to}}, nil
}

// papers shows the fake to reports.
type papers struct{ fake *Fake }

// Alarms implements report.Records.
func (p papers) Alarms(ctx context.Context, site string, from, to time.Time) (out []report.Alarm, err error) {
	found, err := p.fake.Alarms(ctx, web.AlarmFilter{Limit: 10_000})
	for _, a := range found {
		over := !a.Returned.IsZero() && a.Returned.Before(from)
		if over || !a.Start.Before(to) || site != "" && !strings.HasPrefix(a.Object, site+"/") {
			continue
		}
		line := report.Alarm{Alarm: a.Alarm}
		for _, b := range a.Batches {
			line.Batches = append(line.Batches, b.Batch.ID)
		}
		if k := a.Acknowledged; k != nil {
			line.Answered = &report.Answer{By: k.By, At: k.At, Note: k.Note}
		}
		out = append(out, line)
	}
	slices.Reverse(out)
	return out, err
}

// Gaps implements report.Records.
func (p papers) Gaps(context.Context, string, time.Time, time.Time) ([]report.Gap, error) {
	return []report.Gap{}, nil
}

// Disuses implements report.Records.
func (p papers) Disuses(ctx context.Context, _, _ time.Time) ([]duty.Disuse, error) {
	return p.fake.Disuses(ctx)
}

// Stays implements report.Records.
func (p papers) Stays(_ context.Context, from, to time.Time) (out []batch.Custody, err error) {
	p.fake.mu.Lock()
	defer p.fake.mu.Unlock()
	for _, b := range p.fake.Lots {
		for _, c := range b.Custody {
			if c.Overlaps(from, to) {
				out = append(out, c)
			}
		}
	}
	return out, p.fake.StateDown
}

// written shows the fake's batches to reports.
type written struct{ fake *Fake }

// Dossier implements report.Goods.
func (w written) Dossier(ctx context.Context, id string) (batch.Dossier, error) {
	d, err := w.fake.Dossier(ctx, id)
	return d.Dossier, err
}

// Exposure implements report.Goods: the stays, without a reading.
func (w written) Exposure(ctx context.Context, id string) (exposure.Batch, error) {
	d, err := w.Dossier(ctx, id)
	out := exposure.Batch{Batch: id, Version: 1}
	for _, c := range d.Stays {
		out.Intervals = append(out.Intervals, exposure.Interval{Zone: c.Zone + c.Place, Kind: exposure.Store, From: c.From, To: c.To})
	}
	return out, err
}
