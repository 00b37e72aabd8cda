package alarms

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/watch"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// goods adds to a zone what the county's book says of the goods in it: the limits
// that hold while nothing is being cooled, how the product is judged, and which
// switches excuse it. Without a book the excuses are the defaults.
func (j *Judge) goods(z *alerting.Zone) {
	b, told := j.room(z.ID)
	if !told {
		z.Masks = j.defaultMasks(z.ID)
		return
	}
	if b.Watch != nil && b.Watch.PullDown != nil {
		z.Limits[sensors.Temperature] = linesOf(wire.ZoneLimits{Lines: b.Usual})
		if slices.Contains(j.pulling, z.ID) {
			z.Limits[sensors.Temperature] = slices.DeleteFunc(z.Limits[sensors.Temperature], func(l alerting.Limit) bool { return l.Side == alerting.High })
		}
	}
	z.LearnsDefrost = b.Learns
	if p := b.Product; p != nil {
		z.Product = &alerting.Product{Probe: sensors.PointID(p.Probe), Air: sensors.PointID(p.Air), TimeConstant: time.Duration(p.TimeConstantMS) * time.Millisecond, Limits: linesOf(wire.ZoneLimits{Lines: p.Lines})}
	}
	for _, m := range b.Masks {
		if z.Masks == nil {
			z.Masks = map[sensors.Quantity]alerting.Mask{}
		}
		z.Masks[sensors.Quantity(m.Quantity)] = alerting.Mask{For: time.Duration(m.ForMS) * time.Millisecond, After: time.Duration(m.AfterMS) * time.Millisecond, Above: m.Above}
	}
}

// room is what the book says of a zone.
func (j *Judge) room(zone string) (wire.ZoneBook, bool) {
	if j.book == nil {
		return wire.ZoneBook{}, false
	}
	i := slices.IndexFunc(j.book.Zones, func(z wire.ZoneBook) bool { return z.Zone == zone })
	if i < 0 {
		return wire.ZoneBook{}, false
	}
	return j.book.Zones[i], true
}

// defaultMasks are those of the switches of a zone whose temperature is measured.
func (j *Judge) defaultMasks(zone string) map[sensors.Quantity]alerting.Mask {
	out, warm := map[sensors.Quantity]alerting.Mask{}, false
	for _, p := range j.o.Points {
		if p.ID.Zone() != zone {
			continue
		}
		warm = warm || p.Quantity == sensors.Temperature
		if m, ok := alerting.DefaultMask(p.Quantity); ok {
			out[p.Quantity] = m
		}
	}
	if !warm {
		return nil
	}
	return out
}

// newWatch makes the watch over the rooms that the book has rules for, in the
// state of the one before.
func (j *Judge) newWatch() (*watch.Watch, error) {
	var cfg watch.Config
	if j.book != nil {
		for _, b := range j.book.Zones {
			z := watch.Zone{ID: b.Zone, Rules: rulesOf(b.Watch)}
			for _, p := range j.o.Points {
				if p.ID.Zone() == b.Zone && string(p.ID) != b.Outdoor {
					z.Points = append(z.Points, p.Point)
					if b.Product != nil && string(p.ID) == b.Product.Probe && p.Quantity == sensors.Temperature {
						z.Product = p.ID
					}
				}
			}
			if len(z.Points) > 0 {
				cfg.Zones = append(cfg.Zones, z)
			}
		}
	}
	w, err := watch.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("the site's own watch: %w", err)
	}
	if j.watch != nil {
		maps.Copy(j.watched, j.watch.Dirty())
	}
	if err := w.Restore(j.watched); err != nil {
		return nil, fmt.Errorf("the site's own watch: %w", err)
	}
	return w, nil
}

// rulesOf are the rules of the book in the watch's words.
func rulesOf(b *wire.BookRules) (r watch.Rules) {
	if b == nil {
		return r
	}
	ms := func(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
	if x := b.Rise; x != nil {
		r.RateOfRise = &watch.RateOfRise{Rise: x.Rise, Within: ms(x.WithinMS)}
	}
	if x := b.PullDown; x != nil {
		r.PullDown = &watch.PullDown{Target: x.Target, Within: ms(x.WithinMS)}
	}
	if x := b.Condensation; x != nil {
		r.Condensation = &watch.Condensation{Margin: x.Margin, Delay: ms(x.DelayMS), Warming: ms(x.WarmingMS)}
	}
	if x := b.Compressor; x != nil {
		r.Compressor = &watch.Compressor{SetPoint: x.SetPoint, Differential: x.Differential, Silent: ms(x.SilentMS)}
	}
	return r
}

// stock tells a watch what lies in the rooms. A stay that no clock here can place
// is left out: then door and air tell of a loading.
func (j *Judge) stock(w *watch.Watch) {
	if j.book == nil {
		return
	}
	for _, z := range j.book.Zones {
		stays := []watch.Stay{}
		for _, s := range z.Stays {
			if t, known := j.line.of(s.FromMS); known {
				stays = append(stays, watch.Stay{Batch: s.Batch, From: at(t), Out: s.Out})
			}
		}
		w.SetGoods(z.Zone, stays)
	}
}

// inUse tells the watch which zones are in use at t.
func (j *Judge) inUse(t time.Time) {
	uses := j.useOf()
	for _, z := range j.zones {
		on, _ := uses[z].At(t)
		j.watch.SetInUse(z, on)
	}
}

// turn moves the watch on. Where warm goods are being cooled, high limits do not
// count; and do again by themselves when that is over, whoever can be reached.
func (j *Judge) turn(t time.Time) {
	j.inUse(t)
	j.heedWatch(j.watch.Advance(t))
	if pulling := j.watch.PullingDown(t); !slices.Equal(pulling, j.pulling) {
		before := j.pulling
		j.pulling = pulling
		if err := j.rebuild(j.county); err != nil {
			j.pulling = before
			j.o.Logger.Error("limits do not follow what is being cooled", "error", err)
		}
	}
}

// heedWatch takes what the watch has to say of the rooms. What looks after the
// county's machinery is nobody's at the site.
func (j *Judge) heedWatch(changes []alerting.Transition) {
	j.heed(slices.DeleteFunc(changes, func(c alerting.Transition) bool { return c.Alarm.Rule == alerting.CalibrationExpired }))
}
