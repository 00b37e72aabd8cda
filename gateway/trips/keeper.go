package trips

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"coldchain/alerting/trip"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

const (
	// every is how often trips are worked out anew.
	every = 30 * time.Second
	// reach is how far back facts are looked at: edges keep readings for 30 days.
	reach = 31 * 24 * time.Hour
	// told is how long after a reading came it is looked for: it is judged before
	// the store has it.
	told = 15 * time.Minute
	// bears is how long before a fact the trip may have ended that it changes: a
	// rest ends one, and what comes within it goes on with it.
	bears = 3 * time.Hour
)

// Truck is a truck and what tells of it.
type Truck struct {
	ID, Box                   string          // site, and zone of its box ("site/zone")
	Latitude, Longitude, Door sensors.PointID // empty: nothing measures it
	Home                      string
	// Keeps is for how long its readings are kept; 0: for ever.
	Keeps time.Duration
}

// Books is what county.db knows.
type Books interface {
	Carried(ctx context.Context, box string, since time.Time) ([]trip.Aboard, error)
	SaidOfTruck(ctx context.Context, truck string) ([]trip.Say, error)
	// KeepTrips replaces a truck's trips that reach beyond since.
	KeepTrips(ctx context.Context, truck string, since time.Time, found []trip.Trip) error
	Trips(ctx context.Context, f state.TripFilter) ([]state.Trip, error)
}

// Keeper keeps trips. Run is its only loop; Judged may be called meanwhile.
type Keeper struct {
	readings store.Reader
	books    Books
	trucks   []Truck
	places   []trip.Place
	now      func() time.Time
	log      *slog.Logger

	seen map[string]known // by truck

	mu    sync.Mutex
	marks map[string][]mark          // by truck
	owner map[sensors.PointID]string // truck of a point
}

// known is what a truck's trips were worked out from last.
type known struct {
	aboard []trip.Aboard
	says   []trip.Say
	at     time.Time
}

// mark says that readings came, the oldest of them of a time.
type mark struct{ from, told time.Time }

// Options make a Keeper.
type Options struct {
	Readings store.Reader
	Books    Books
	Trucks   []Truck
	Places   []trip.Place
	Now      func() time.Time
	Logger   *slog.Logger
}

// New returns a keeper that has looked at nothing yet.
func New(o Options) *Keeper {
	k := &Keeper{readings: o.Readings, books: o.Books, trucks: o.Trucks, places: o.Places, now: o.Now, log: o.Logger, seen: map[string]known{}, marks: map[string][]mark{}, owner: map[sensors.PointID]string{}}
	for _, t := range o.Trucks {
		for _, p := range []sensors.PointID{t.Latitude, t.Longitude, t.Door} {
			if p != "" {
				k.owner[p] = t.ID
			}
		}
	}
	return k
}

// Judged notes readings that have come.
func (k *Keeper) Judged(records []store.Record, received time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range records {
		truck := k.owner[r.Point]
		if truck == "" {
			continue
		}
		list := k.marks[truck]
		if n := len(list); n > 0 && received.Sub(list[n-1].told) < every/2 { // of one burst
			if r.Time.Before(list[n-1].from) {
				list[n-1].from = r.Time
			}
			continue
		}
		k.marks[truck] = append(list, mark{r.Time, received})
	}
}

// late returns the oldest reading that has come lately; ok is false when none has.
func (k *Keeper) late(truck string, now time.Time) (from time.Time, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	keep := k.marks[truck][:0]
	for _, m := range k.marks[truck] {
		if !ok || m.from.Before(from) {
			from, ok = m.from, true
		}
		if now.Sub(m.told) < told {
			keep = append(keep, m)
		}
	}
	k.marks[truck] = keep
	return from, ok
}

// Run keeps trips until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := k.Round(ctx); err != nil && ctx.Err() == nil {
			k.log.Error("trips are not as they are; trying again", "error", err, "in", every)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Round works every truck's trips out, as far as something has changed. On error
// the trips of the trucks that it is about are as they were.
func (k *Keeper) Round(ctx context.Context) error {
	var failed []error
	for _, t := range k.trucks {
		if err := k.truck(ctx, t); err != nil {
			delete(k.seen, t.ID) // what had come lately is not known any more: all of it, the next time
			failed = append(failed, fmt.Errorf("trips of %s: %w", t.ID, err))
		}
	}
	return errors.Join(failed...)
}

func (k *Keeper) truck(ctx context.Context, t Truck) error {
	now := k.now().UTC().Truncate(time.Millisecond)
	oldest := now.Add(-reach)
	if first := now.Add(trip.Before - t.Keeps); t.Keeps > 0 && first.After(oldest) {
		oldest = first // of before there is half of what there was
	}
	aboard, err := k.books.Carried(ctx, t.Box, oldest.Add(-trip.Before))
	if err != nil {
		return err
	}
	says, err := k.books.SaidOfTruck(ctx, t.ID)
	if err != nil {
		return err
	}
	before, seen := k.seen[t.ID]
	since := oldest
	if seen {
		var changed bool
		if since, changed, err = k.since(ctx, t, before, known{aboard, says, now}); err != nil || !changed {
			return err
		}
		if since.Before(oldest) {
			since = oldest
		}
	}
	facts := trip.Facts{Until: now, Door: t.Door != "", Aboard: aboard, Says: says, Places: k.places, Home: t.Home}
	found, since, err := k.trips(ctx, t, facts, since, oldest)
	if err != nil {
		return err
	}
	if err := k.books.KeepTrips(ctx, t.ID, since, found); err != nil {
		return err
	}
	k.seen[t.ID] = known{aboard, says, now}
	return nil
}

// since is from when on facts may be other ones than the last time; changed is
// false when they are not. What goes on may end by time alone.
func (k *Keeper) since(ctx context.Context, t Truck, was, is known) (since time.Time, changed bool, err error) {
	since, changed = k.late(t.ID, is.at)
	if at, differ := booked(was, is); differ && (!changed || at.Before(since)) {
		since, changed = at, true
	}
	if changed {
		return since.Add(-bears), true, nil
	}
	yes := true
	open, err := k.books.Trips(ctx, state.TripFilter{Truck: t.ID, Open: &yes, Limit: 1})
	return is.at, len(open) > 0, err
}

// booked is when the first thing was that the books or words say otherwise.
func booked(was, is known) (at time.Time, differ bool) {
	note := func(t time.Time) {
		if !t.IsZero() && (!differ || t.Before(at)) {
			at, differ = t, true
		}
	}
	stays := map[trip.Aboard]int{}
	for _, a := range was.aboard {
		stays[a]++
	}
	for _, a := range is.aboard {
		stays[a]--
	}
	for a, n := range stays {
		if n != 0 {
			note(a.From)
		}
	}
	if !reflect.DeepEqual(was.says, is.says) {
		says := map[trip.Say]int{}
		for _, s := range was.says {
			says[s]++
		}
		for _, s := range is.says {
			says[s]--
		}
		for s, n := range says {
			if n != 0 {
				note(s.At)
			}
		}
	}
	return at, differ
}

// trips works out the trips that reach beyond since. It goes back until it sees
// each of them from its beginning, as it is and as it was told. It returns since
// when that is.
func (k *Keeper) trips(ctx context.Context, t Truck, facts trip.Facts, since, oldest time.Time) (out []trip.Trip, _ time.Time, err error) {
	for {
		were, err := k.books.Trips(ctx, state.TripFilter{Truck: t.ID, From: since})
		if err != nil {
			return nil, since, err
		}
		first := since
		note := func(x trip.Trip) {
			if x.From.Before(first) {
				first = x.From
			}
		}
		for _, x := range were {
			note(x.Trip)
		}
		if first.Before(oldest) {
			first = oldest
		}
		if since.After(first) {
			since = first
			continue
		}
		if err := k.read(ctx, t, &facts, since.Add(-trip.Before)); err != nil {
			return nil, since, err
		}
		out = nil
		for _, x := range trip.Trips(facts) {
			if x.To.IsZero() || x.To.After(since) {
				out = append(out, x)
				note(x)
			}
		}
		if first.Before(oldest) {
			first = oldest
		}
		if !since.After(first) {
			return out, since, nil
		}
		since = first
	}
}

// read reads positions and the door from a moment on. A fix is both halves,
// measured together and good.
func (k *Keeper) read(ctx context.Context, t Truck, facts *trip.Facts, from time.Time) error {
	facts.Fixes, facts.Doors = nil, nil
	series := func(p sensors.PointID, q sensors.Quantity, yield func(store.Value)) error {
		if p == "" {
			return nil
		}
		err := store.ReadValues(ctx, k.readings, store.Query{Point: p, Quantity: q, From: from, To: facts.Until.Add(time.Millisecond)}, func(v store.Value) bool {
			if v.Quality == sensors.Good {
				yield(v)
			}
			return true
		})
		if err != nil {
			return fmt.Errorf("read %s: %w", p, err)
		}
		return nil
	}
	var north []store.Value
	err := series(t.Latitude, sensors.Latitude, func(v store.Value) { north = append(north, v) })
	if err != nil {
		return err
	}
	i := 0
	err = series(t.Longitude, sensors.Longitude, func(v store.Value) {
		for i < len(north) && north[i].At.Before(v.At.Add(-together)) {
			i++
		}
		if i < len(north) && !north[i].At.After(v.At.Add(together)) {
			facts.Fixes = append(facts.Fixes, trip.Fix{At: v.At, Latitude: north[i].Value, Longitude: v.Value})
			i++
		}
	})
	if err != nil {
		return err
	}
	return series(t.Door, sensors.Door, func(v store.Value) {
		facts.Doors = append(facts.Doors, trip.DoorReading{At: v.At, Open: v.Value >= 0.5})
	})
}

// together is how far the halves of one fix may be apart.
const together = 2 * time.Second
