package county

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/ageing"
	"coldchain/alerting/profile"
	exposing "coldchain/gateway/exposure"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// ageingActor stands behind alarms of spoilage.
var ageingActor = state.Actor{Kind: state.System, ID: "ageing"}

// How often it is looked at how batches grow old. All are [E].
const (
	ageingEvery = 10 * time.Minute
	// ageingAgain is how soon it is looked again after something was booked or
	// decided, or while there is more to read: many bookings are one look.
	ageingAgain = 15 * time.Second
)

// ageings looks after the age of all batches that lie somewhere: what each has
// used, what is ahead of it, and the alarms of spoilage.
type ageings struct {
	state    *state.DB
	curves   *exposing.Curves
	profiles profile.Set
	now      func() time.Time
	log      *slog.Logger
	alarms   func([]state.Alarm) // told of alarms that changed; set before run

	wakes chan struct{}

	mu       sync.Mutex
	outlooks map[string]ageing.Outlook // by batch
}

func newAgeings(r *exposing.Reader, db *state.DB, now func() time.Time, log *slog.Logger) *ageings {
	return &ageings{state: db, curves: exposing.NewCurves(r), profiles: r.Profiles, now: now, log: log, wakes: make(chan struct{}, 1), outlooks: map[string]ageing.Outlook{}}
}

// ageingListener tells of readings that come late as well.
type ageingListener struct {
	wakingListener
	ageings *ageings
}

// ReadingsJudged implements collector.Listener.
func (l ageingListener) ReadingsJudged(records []store.Record, received time.Time) {
	l.ageings.judged(records, received)
	l.wakingListener.ReadingsJudged(records, received)
}

// wake tells that something was booked or decided.
func (a *ageings) wake() {
	select {
	case a.wakes <- struct{}{}:
	default:
	}
}

// judged tells of readings that have come.
func (a *ageings) judged(records []store.Record, received time.Time) {
	for _, r := range records {
		if r.Quantity == sensors.Temperature {
			a.curves.Late(r.Point, r.Time, received)
		}
	}
}

// run looks until ctx ends.
func (a *ageings) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		behind, err := a.look(ctx)
		if err != nil && ctx.Err() == nil {
			a.log.Error("how batches grow old is not known; trying again", "error", err, "in", ageingEvery)
		}
		timer.Reset(a.pause(ctx, behind))
	}
}

// pause waits until something has happened, and returns how long to wait then:
// what happens meanwhile is looked at in one.
func (a *ageings) pause(ctx context.Context, behind bool) time.Duration {
	if behind {
		return ageingAgain
	}
	timer := time.NewTimer(ageingEvery)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return 0
	case <-timer.C:
		return 0
	case <-a.wakes:
		return ageingAgain
	}
}

// look judges every batch once; behind says that not all could be, because there
// is more to read.
func (a *ageings) look(ctx context.Context) (behind bool, err error) {
	now := a.now().UTC().Truncate(time.Millisecond)
	lots, err := a.state.Ageing(ctx)
	if err != nil {
		return false, err
	}
	open, err := a.state.SpoilageAlarms(ctx)
	if err != nil {
		return false, err
	}
	// What could be read is judged, also when something could not.
	behind, failed := a.curves.Round(ctx, now, lots)
	changes, outlooks, err := a.judge(ctx, now, lots, open)
	if err != nil {
		return behind, errors.Join(failed, err)
	}
	a.mu.Lock()
	a.outlooks = outlooks
	a.mu.Unlock()
	if len(changes) == 0 {
		return behind, failed
	}
	alarms, err := a.state.Apply(ctx, ageingActor, changes)
	if err == nil {
		a.alarms(alarms)
	}
	return behind, errors.Join(failed, err)
}

func (a *ageings) judge(ctx context.Context, now time.Time, lots map[string]*state.AgeingLot, open []alerting.Alarm) (changes []alerting.Transition, outlooks map[string]ageing.Outlook, err error) {
	present := make(map[string]*alerting.Alarm, len(open))
	for i, x := range open {
		present[ageing.BatchOf(x)] = &open[i]
	}
	outlooks = make(map[string]ageing.Outlook, len(lots))
	for id, l := range lots {
		if !l.Held {
			continue
		}
		g, ages := a.goods(l, now)
		if !ages {
			continue
		}
		if o, known := g.Outlook(now); known {
			outlooks[id] = o
		}
		if t, changed := ageing.Judge(now, g, present[id]); changed {
			changes = append(changes, t)
		}
	}
	for id, x := range present {
		if l := lots[id]; l != nil && l.Held {
			continue
		}
		gone, err := a.state.GoneSince(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		if gone.IsZero() { // it has come back since they were listed
			continue
		}
		t, _ := ageing.Judge(now, ageing.Goods{Batch: id, Zone: x.Zone, Gone: gone}, x)
		changes = append(changes, t)
	}
	return changes, outlooks, nil
}

// goods are a batch as it is judged; ages is false when nobody says how long it
// keeps and nothing is told of it.
func (a *ageings) goods(l *state.AgeingLot, now time.Time) (g ageing.Goods, ages bool) {
	life, says := a.profiles[l.Profile].LifeModel()
	if !says {
		return g, false
	}
	g = ageing.Goods{Batch: l.ID, Model: a.curves.Model(l.Profile), AlarmAt: life.AlarmAt, Deliver: l.DeliverBy,
		Reached: func(share float64) (time.Time, bool) { return a.curves.Reached(l, share) }}
	for _, s := range l.Stays { // where nobody watches it, it is told of the room before
		if s.Zone != "" {
			g.Zone = s.Zone
		}
	}
	if g.Zone == "" {
		return g, false
	}
	if u, known := a.curves.Used(l, now); known {
		used := g.Model.Life(u)
		g.Life = &used
	}
	if last := l.Stays[len(l.Stays)-1]; last.Zone != "" {
		if c, known := a.curves.PresentC(last.Zone, l.Profile); known {
			g.PresentC = &c
		}
	}
	return g, true
}

// Outlook is what is ahead of a batch; ok is false when nothing is known.
func (a *ageings) Outlook(batch string) (o ageing.Outlook, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	o, ok = a.outlooks[batch]
	return o, ok
}

// of is what is ahead of the batch that an alarm is about.
func (a *ageings) of(x alerting.Alarm) *ageing.Outlook {
	if x.Rule != alerting.Spoilage {
		return nil
	}
	if o, ok := a.Outlook(ageing.BatchOf(x)); ok {
		return &o
	}
	return nil
}
