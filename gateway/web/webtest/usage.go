package webtest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/trip"
	"coldchain/gateway/web"
)

// Yard is which zones are in use and what trucks do, by zone.
type Yard struct {
	Uses map[string]web.ZoneUse
}

// UseOf implements web.Usage.
func (f *Fake) UseOf(zone string) web.ZoneUse {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.Uses[zone]
}

// Disuses implements web.Usage.
func (f *Fake) Disuses(context.Context) ([]duty.Disuse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []duty.Disuse
	for _, use := range f.Uses {
		if use.Disuse != nil {
			out = append(out, *use.Disuse)
		}
	}
	return out, f.StateDown
}

// Past implements web.Usage: what is out of use now was so all the time.
func (f *Fake) Past(_ context.Context, from, to time.Time) (out web.UsePast, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for zone, use := range f.Uses {
		if use.Disuse != nil {
			out.Disuses = append(out.Disuses, duty.Disuse{Zone: zone, Kind: use.Disuse.Kind, From: from, Until: to})
		}
	}
	return out, f.StateDown
}

// TakeOutOfUse implements web.Usage.
func (f *Fake) TakeOutOfUse(_ context.Context, by web.Actor, d duty.Disuse) (duty.Disuse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d.Kind == duty.StandsEmpty && f.holds(d.Zone) {
		return d, &web.Refused{Code: "holds-goods", ZH: "账上里面还有货：先把货登记到实际所在的地方，再标为空", EN: "the books hold goods in it: book them where they are first"}
	}
	d.ID, d.By, d.From = "d-"+d.Zone, by.Name, time.Now().UTC().Truncate(time.Millisecond)
	f.use(d.Zone, func(u *web.ZoneUse) {
		u.Disuse, u.Resting = &d, alerting.Suppressed
		if d.Kind == duty.SwitchedOff {
			u.Resting = alerting.OutOfService
		}
		if f.holds(d.Zone) {
			u.Resting = ""
		}
	})
	return d, nil
}

// BringIntoUse implements web.Usage.
func (f *Fake) BringIntoUse(_ context.Context, _ web.Actor, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for zone, use := range f.Uses {
		if use.Disuse != nil && use.Disuse.ID == id {
			f.use(zone, func(u *web.ZoneUse) { u.Disuse, u.Resting = nil, "" })
			return nil
		}
	}
	return fmt.Errorf("disuse %s: %w", id, web.ErrNotFound)
}

// SayOfTruck implements web.Usage.
func (f *Fake) SayOfTruck(_ context.Context, by web.Actor, truck string, s trip.Say) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	zone := ""
	for z, use := range f.Uses {
		if use.Truck != nil && strings.HasPrefix(z, truck+"/") {
			zone = z
		}
	}
	if zone == "" {
		return fmt.Errorf("truck %s: %w", truck, web.ErrNotFound)
	}
	if s.Empty && f.holds(zone) {
		return &web.Refused{Code: "holds-goods", ZH: "账上里面还有货：先把货登记到实际所在的地方，再标为空", EN: "the books hold goods in it: book them where they are first"}
	}
	f.use(zone, func(u *web.ZoneUse) {
		now := s.At
		if now.IsZero() {
			now = time.Now().UTC().Truncate(time.Millisecond)
		}
		t := *u.Truck
		if s.Empty {
			t.Load, t.LoadSince, t.Armed, t.Phase, t.Inferred, t.By = trip.Empty, now, false, trip.Idle, trip.Idle, ""
			u.Resting = alerting.Suppressed
		} else {
			t.Phase, t.By, t.Since = s.Phase, by.Name, now
		}
		u.Truck = &t
	})
	return nil
}

func (f *Fake) use(zone string, change func(*web.ZoneUse)) {
	if f.Uses == nil {
		f.Uses = map[string]web.ZoneUse{}
	}
	u := f.Uses[zone]
	change(&u)
	f.Uses[zone] = u
}

// holds reports whether a batch lies in a zone now.
func (f *Fake) holds(zone string) bool {
	for _, b := range f.Lots {
		if n := len(b.Custody); n > 0 && b.Custody[n-1].Zone == zone && b.Custody[n-1].To.IsZero() {
			return true
		}
	}
	return false
}

// yard has some trucks at work and some rooms out of use.
func (s *Scene) yard(now time.Time) {
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	status := func(p trip.Phase, l trip.Load, since time.Duration, place string) web.ZoneUse {
		u := web.ZoneUse{Truck: &trip.Status{Phase: p, Inferred: p, Since: ago(since), Load: l, LoadSince: ago(since + time.Hour), Armed: l != trip.Empty, Moving: place == "", Place: place}}
		if l == trip.Empty {
			u.Resting = alerting.Suppressed
		}
		return u
	}
	s.Uses = map[string]web.ZoneUse{
		"truck-1/box-1":    status(trip.InTransit, trip.Loaded, 90*time.Minute, ""),
		"truck-2/box-1":    status(trip.Loading, trip.LoadUnknown, 12*time.Minute, "centre"),
		"truck-3/icebox-1": status(trip.Idle, trip.Empty, 5*time.Hour, "centre"),
		"truck-4/box-1":    status(trip.Unloading, trip.Loaded, 8*time.Minute, "balagong"),
		"yihewusu/frozen-1": {Resting: alerting.OutOfService, Disuse: &duty.Disuse{ID: "d1", Zone: "yihewusu/frozen-1", Kind: duty.SwitchedOff,
			From: ago(20 * 24 * time.Hour), Until: now.Add(100 * 24 * time.Hour), Reason: "过季停用", By: "其其格"}},
		"duguitala/tomato-1": {Resting: alerting.Suppressed, Disuse: &duty.Disuse{ID: "d2", Zone: "duguitala/tomato-1", Kind: duty.StandsEmpty,
			From: ago(3 * time.Hour), Until: now.Add(40 * time.Hour), Reason: "等货", By: "巴图"}},
	}
	corrected := s.Uses["truck-4/box-1"].Truck
	corrected.Inferred, corrected.By = trip.InTransit, "特木尔"
}
