// Package webtest is a county in memory for looking at the page and for
// testing the server: what gateway/web needs, without broker, store or
// database. It guarantees nothing beyond what web.Deps asks for, and is never
// part of a real collector.
package webtest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/ageing"
	"coldchain/alerting/batch"
	"coldchain/gateway/access"
	"coldchain/gateway/store"
	"coldchain/gateway/web"
	"coldchain/sensors"
)

// Fake answers as a collector, a store and a state database would. Change its
// fields before it is used, or through Do.
type Fake struct {
	mu sync.Mutex

	Newest    map[sensors.PointID]web.Latest
	Boxes     []web.Gateway
	Stored    map[sensors.PointID][]store.Record // oldest first
	AlarmList []web.Alarm                        // newest first
	Lots      []web.BatchHistory                 // newest first
	Products  map[string]web.Product             // estimated, by zone
	Ages      map[string]ageing.Outlook          // what is ahead, by batch
	Stalled   error                              // what Health answers
	StoreDown error                              // what Read answers
	StateDown error                              // what Alarms and Batches answer
	Machinery
	Office
	Yard
	Road
	Records
	Desk
	Trails

	Certificates Signed

	// Door and Accounts may be set: else the token alone lets in.
	Door     web.Door
	Accounts web.Accounts

	keys map[string]string // idempotency key -> request
}

// NewFake returns an empty one.
func NewFake() *Fake {
	return &Fake{Newest: map[sensors.PointID]web.Latest{}, Stored: map[sensors.PointID][]store.Record{}, keys: map[string]string{}}
}

// Do changes the fake while it is in use.
func (f *Fake) Do(change func(*Fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

// Deps offers the fake as everything a server needs.
func (f *Fake) Deps(c web.County, hub *web.Hub) web.Deps {
	f.shown = f.Reports(c)
	return web.Deps{County: c, Live: f, Readings: f, Alarms: f, Batches: f, Health: f, Operations: f, Hub: hub, Rooms: rooms{f, c},
		Steps: f, People: f, Outages: f, Messages: f, Usage: f, Custody: f, Files: f.Papers, Intake: f, Traces: f, Reports: f.shown, Trips: runs{f, c}, Filing: f, Inspections: f, Audit: f, Calibrations: f, Ages: f, Exposures: exposures{f, c}, Door: f.Door, Accounts: f.Accounts,
		Certificates: certificates{f}, Public: noPublicPages()}
}

// rooms judges every room by its own limits.
type rooms struct {
	fake   *Fake
	county web.County
}

// Limits implements web.Rooms.
func (r rooms) Limits(zone string) map[sensors.Quantity][]alerting.Limit {
	for _, s := range r.county.Sites {
		for _, z := range s.Zones {
			if z.ID == zone {
				return z.Limits
			}
		}
	}
	return nil
}

// Product implements web.Rooms.
func (r rooms) Product(zone string) (web.Product, bool) {
	r.fake.mu.Lock()
	defer r.fake.mu.Unlock()
	p, ok := r.fake.Products[zone]
	return p, ok
}

// Put stores a reading and makes it the newest of its point.
func (f *Fake) Put(r sensors.Reading, q sensors.Quantity, status web.PointStatus, received time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Stored[r.Point] = append(f.Stored[r.Point], store.Record{Reading: r, Quantity: q})
	f.Newest[r.Point] = web.Latest{Reading: r, Received: received, Status: status}
}

// Latest implements web.Live.
func (f *Fake) Latest(p sensors.PointID) (web.Latest, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l, ok := f.Newest[p]
	return l, ok
}

// Gateways implements web.Live.
func (f *Fake) Gateways() []web.Gateway {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.Boxes)
}

// Read implements web.Readings.
func (f *Fake) Read(ctx context.Context, q store.Query, yield func(store.Record) bool) error {
	f.mu.Lock()
	all, down := f.Stored[q.Point], f.StoreDown
	f.mu.Unlock()
	if down != nil {
		return down
	}
	n := 0
	for _, r := range all {
		if r.Time.Before(q.From) || !r.Time.Before(q.To) {
			continue
		}
		if n++; q.Limit > 0 && n > q.Limit || !yield(r) {
			return ctx.Err()
		}
	}
	return ctx.Err()
}

// Alarms implements web.Alarms.
func (f *Fake) Alarms(_ context.Context, filter web.AlarmFilter) ([]web.Alarm, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []web.Alarm
	for _, a := range f.AlarmList {
		inZone := filter.Zone == "" || a.Zone == filter.Zone
		names := filter.Batch == "" || slices.ContainsFunc(a.Batches, func(b web.ExposedBatch) bool { return b.Batch.ID == filter.Batch })
		if inZone && names && reaches(filter.Reach, placeOfAlarm(a)) && (web.Open(a.Alarm) || !filter.OpenOnly) {
			out = append(out, a)
		}
	}
	slices.SortStableFunc(out, func(a, b web.Alarm) int {
		if web.Open(a.Alarm) != web.Open(b.Alarm) {
			if web.Open(a.Alarm) {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.Start.UnixMilli(), a.Start.UnixMilli()), cmp.Compare(a.ID, b.ID))
	})
	if m := filter.After; m != nil {
		i := slices.IndexFunc(out, func(a web.Alarm) bool { return a.ID == m.ID })
		out = out[i+1:]
	}
	return out[:min(len(out), filter.Limit)], f.StateDown
}

// Alarm implements web.Alarms.
func (f *Fake) Alarm(_ context.Context, id string) (web.Alarm, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := f.alarm(id)
	if i < 0 {
		return web.Alarm{}, fmt.Errorf("alarm %s: %w", id, web.ErrNotFound)
	}
	return f.AlarmList[i], f.StateDown
}

func (f *Fake) alarm(id string) int {
	return slices.IndexFunc(f.AlarmList, func(a web.Alarm) bool { return a.ID == id })
}

// Acknowledge implements web.Alarms.
func (f *Fake) Acknowledge(_ context.Context, id string, by web.Actor, at time.Time, note string) (web.Alarm, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := f.alarm(id)
	if i < 0 {
		return web.Alarm{}, fmt.Errorf("alarm %s: %w", id, web.ErrNotFound)
	}
	a := &f.AlarmList[i]
	if a.Acknowledged == nil {
		a.Acknowledged = &web.Acknowledgement{At: at, By: by.String(), Note: note}
		switch a.State {
		case alerting.Unacknowledged:
			a.State = alerting.Acknowledged
		case alerting.ReturnedUnacknowledged:
			a.State = alerting.Normal
		}
	}
	return *a, f.StateDown
}

// Batches implements web.Batches.
func (f *Fake) Batches(_ context.Context, filter web.BatchFilter) ([]web.BatchHistory, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []web.BatchHistory
	for _, b := range f.Lots {
		text := strings.ToLower(b.ID + " " + b.Product + " " + b.Owner)
		lies := filter.Zone == "" || slices.ContainsFunc(b.Custody, func(c batch.Custody) bool { return c.Zone == filter.Zone && c.To.IsZero() })
		site := filter.Site == "" || slices.ContainsFunc(b.Custody, func(c batch.Custody) bool { return strings.HasPrefix(c.Zone, filter.Site+"/") && c.To.IsZero() })
		x := f.standing(b)
		stands := (filter.Decision == "" || x.Decision == filter.Decision) && (!filter.Alarmed || x.Open > 0) && (!filter.Exceeded || x.Excursions > 0)
		short := filter.Short == "" || b.Short == filter.Short && b.Closed.IsZero()
		if lies && site && stands && short && reaches(filter.Reach, placeOfBatch(b)) && strings.Contains(text, strings.ToLower(filter.Search)) {
			out = append(out, b)
		}
	}
	if m := filter.After; m != nil {
		out = slices.DeleteFunc(out, func(b web.BatchHistory) bool {
			return cmp.Or(cmp.Compare(m.Time.UnixMilli(), b.Created.UnixMilli()), cmp.Compare(b.ID, m.ID)) <= 0
		})
	}
	return out[:min(len(out), filter.Limit)], f.StateDown
}

// Standings implements web.Batches.
func (f *Fake) Standings(_ context.Context, ids []string) (map[string]web.Standing, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string]web.Standing{}
	for _, id := range ids {
		if i := f.lot(id); i >= 0 {
			out[id] = f.standing(f.Lots[i])
		}
	}
	return out, f.StateDown
}

func (f *Fake) standing(b web.BatchHistory) web.Standing {
	var all []batch.Verdict
	if d := f.Files[b.ID]; d != nil {
		all = d.Verdicts
	}
	x := web.Standing{Decision: batch.InForce(all).Decision, Waits: len(all) > 0 && !all[len(all)-1].Holds()}
	for _, a := range f.AlarmList {
		if !slices.ContainsFunc(a.Batches, func(e web.ExposedBatch) bool { return e.Batch.ID == b.ID }) {
			continue
		}
		if a.State != alerting.Normal {
			x.Open++
		}
		if a.Level == alerting.Excursion {
			x.Excursions++
		}
	}
	return x
}

// Batch implements web.Batches.
func (f *Fake) Batch(_ context.Context, id string) (web.BatchHistory, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := f.lot(id)
	if i < 0 {
		return web.BatchHistory{}, fmt.Errorf("batch %s: %w", id, web.ErrNotFound)
	}
	return f.Lots[i], f.StateDown
}

func (f *Fake) lot(id string) int {
	return slices.IndexFunc(f.Lots, func(b web.BatchHistory) bool { return b.ID == id })
}

// CreateBatch implements web.Batches.
func (f *Fake) CreateBatch(_ context.Context, _ web.Actor, key string, b batch.Batch, zone string, at time.Time, _ string) (web.BatchHistory, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	again, err := f.repeated(key, fmt.Sprint("create", b.ID, b.Product, zone))
	i := f.lot(b.ID)
	if at.IsZero() {
		at = f.now()
		b.Created = at
	}
	switch {
	case err != nil:
		return web.BatchHistory{}, err
	case again:
		return f.Lots[i], nil
	case i >= 0:
		return web.BatchHistory{}, fmt.Errorf("batch %s exists: %w", b.ID, web.ErrConflict)
	}
	h := web.BatchHistory{Batch: b, Short: batch.Short(int64(len(f.Lots) + 1)), Custody: []batch.Custody{{Batch: b.ID, Zone: zone, From: at}}}
	f.Lots = append([]web.BatchHistory{h}, f.Lots...)
	return h, f.StateDown
}

// MoveBatch implements web.Batches.
func (f *Fake) MoveBatch(_ context.Context, _ web.Actor, key, id string, m web.Move) (web.BatchHistory, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	again, err := f.repeated(key, fmt.Sprint("move", id, m.Zone, m.Place))
	i := f.lot(id)
	if m.At.IsZero() {
		m.At = f.now()
	}
	switch {
	case err != nil:
		return web.BatchHistory{}, err
	case i < 0:
		return web.BatchHistory{}, fmt.Errorf("batch %s: %w", id, web.ErrNotFound)
	case again:
		return f.Lots[i], nil
	}
	h := &f.Lots[i]
	h.Custody = slices.Clone(h.Custody)
	if n := len(h.Custody); n > 0 && h.Custody[n-1].To.IsZero() {
		if m.At.Before(h.Custody[n-1].From) {
			return web.BatchHistory{}, fmt.Errorf("move before the custody began: %w", web.ErrConflict)
		}
		h.Custody[n-1].To = m.At
	}
	if m.Zone != "" || m.Place != "" {
		h.Custody = append(h.Custody, batch.Custody{Batch: id, Zone: m.Zone, Place: m.Place, From: m.At, Courier: m.Courier})
	}
	return *h, f.StateDown
}

// repeated tells whether the key has been used for the same request before.
func (f *Fake) repeated(key, request string) (bool, error) {
	was, ok := f.keys[key]
	if ok && was != request {
		return false, fmt.Errorf("key %s was used for another request: %w", key, web.ErrConflict)
	}
	f.keys[key] = request
	return ok, nil
}

// Health implements web.Health.
func (f *Fake) Health() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.Stalled
}

func reaches(r *access.Reach, p access.Place) bool { return r == nil || r.Covers(p) }

func placeOfAlarm(a web.Alarm) access.Place {
	site, _, _ := strings.Cut(cmp.Or(a.Zone, a.Object), "/")
	p := access.Place{Sites: []string{site}}
	for _, b := range a.Batches {
		p.Owners = append(p.Owners, b.Batch.Owner)
	}
	return p
}

func placeOfBatch(b web.BatchHistory) access.Place {
	p := access.Place{Owners: []string{b.Owner}}
	for _, c := range b.Custody {
		site, _, _ := strings.Cut(c.Zone, "/")
		p.Sites = append(p.Sites, site)
	}
	return p
}
