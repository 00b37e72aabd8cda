package county

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/engine"
	"coldchain/alerting/trip"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

// usageActor stands behind alarms about goods where there ought to be none.
var usageActor = state.Actor{Kind: state.System, ID: "usage"}

// lookEvery is how often it is looked whether a disuse has begun or ended, and
// whether a truck stands otherwise.
const lookEvery = 5 * time.Second

// run tells pages what changes by itself until ctx ends.
func (g *goods) run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var before map[string]web.ZoneUse
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			before = g.look(ctx, before)
		}
	}
}

// look compares how zones are used with how they were.
func (g *goods) look(ctx context.Context, before map[string]web.ZoneUse) map[string]web.ZoneUse {
	now := g.usage.now()
	uses := g.usage.uses(now)
	var changed []string
	ended := false
	for _, zone := range slices.Sorted(maps.Keys(g.usage.zones)) {
		if was, is := before[zone], uses[zone]; before != nil && !was.Same(is) {
			changed = append(changed, zone)
			ended = ended || (was.Disuse == nil) != (is.Disuse == nil)
		}
	}
	words := g.usage.state.TruckWords()
	if ended || g.isBehind() || g.hears(words) {
		g.follow(ctx)
	}
	if g.books != nil {
		g.books.tell(ctx)
	}
	if g.usage.changed != nil && len(changed) > 0 {
		g.usage.changed(changed...)
	}
	return uses
}

// hears reports whether drivers have said something since it was asked last.
func (g *goods) hears(words uint64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	news := words != g.words
	g.words = words
	return news
}

func (g *goods) isBehind() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.behind
}

// uses says of every zone that is out of use, and of every truck's box, how it
// is used now.
func (u *usage) uses(now time.Time) map[string]web.ZoneUse {
	out := map[string]web.ZoneUse{}
	_ = u.judging(func(*engine.Engine) error { // which returns nil
		for zone, list := range u.disuses {
			if i := slices.IndexFunc(list, func(d duty.Disuse) bool { return d.Holds(now) }); i >= 0 {
				out[zone] = web.ZoneUse{Disuse: &list[i]}
			}
		}
		for _, t := range u.trucks {
			one := out[t.box]
			st := t.Status(now)
			one.Truck = &st
			out[t.box] = one
		}
		for zone, one := range out {
			if on, _ := u.timeline(zone).At(now); on {
				continue
			}
			one.Resting = alerting.Suppressed
			if one.Disuse != nil && one.Disuse.Kind == duty.SwitchedOff {
				one.Resting = alerting.OutOfService
			}
			out[zone] = one
		}
		if u.watch != nil {
			for zone := range u.zones { // a room that is switched off grows warm: no rate of rise is news
				u.watch.SetInUse(zone, out[zone].Resting == "")
			}
		}
		return nil
	})
	return out
}

// refresh reads anew what county.db says, and raises or ends alarms about goods
// in zones that are out of use.
func (u *usage) refresh(ctx context.Context) error {
	now := u.now().UTC().Truncate(time.Millisecond)
	if err := u.read(ctx, now); err != nil {
		return err
	}
	open, err := u.state.Alarms(ctx, state.AlarmFilter{Open: true})
	if err != nil {
		return fmt.Errorf("goods in zones out of use: %w", err)
	}
	changes := u.offWithGoods(open, now)
	if len(changes) == 0 {
		return nil
	}
	alarms, err := u.state.Apply(ctx, usageActor, changes)
	if err != nil {
		return fmt.Errorf("goods in zones out of use: %w", err)
	}
	if u.alarms != nil {
		u.alarms(alarms)
	}
	return nil
}

// offWithGoods compares the open alarms about goods in zones out of use with
// what lies there.
func (u *usage) offWithGoods(open []state.Alarm, now time.Time) (out []alerting.Transition) {
	due := map[string]time.Time{} // by zone: since when
	_ = u.judging(func(*engine.Engine) error {
		for zone, list := range u.disuses {
			for _, d := range list {
				if since, held := heldSince(u.stays[zone]); held && d.Holds(now) {
					if d.From.After(since) {
						since = d.From
					}
					due[zone] = since
				}
			}
		}
		return nil
	})
	for _, a := range open {
		if a.Rule != duty.OffWithGoods || !a.State.Present() {
			continue
		}
		if _, still := due[a.Zone]; still {
			delete(due, a.Zone)
			continue
		}
		x := a.Alarm
		x.Returned, x.LastSeen, x.State = now, now, alerting.ReturnedUnacknowledged
		out = append(out, alerting.Transition{Change: alerting.Returned, Alarm: x, At: now})
	}
	for _, zone := range slices.Sorted(maps.Keys(due)) {
		since := due[zone]
		out = append(out, alerting.Transition{Change: alerting.Raised, At: now, Alarm: alerting.Alarm{
			ID: alerting.AlarmID(duty.OffWithGoods, zone, since), Rule: duty.OffWithGoods, Object: zone, Zone: zone,
			Level: alerting.Excursion, Class: alerting.Live, State: alerting.Unacknowledged, Start: since, Raised: now, LastSeen: now,
		}})
	}
	return out
}

// heldSince is when the oldest of what lies in a zone now came.
func heldSince(stays []trip.Stay) (since time.Time, held bool) {
	for _, s := range stays {
		if s.To.IsZero() && (!held || s.From.Before(since)) {
			since, held = s.From, true
		}
	}
	return since, held
}

// resting are the zones of which nobody is to be told: rooms that are out of
// use, as county.db has them, and trucks that are known to be empty. A truck is
// never at rest by a word alone.
func (u *usage) resting(rooms []duty.Disuse, now time.Time) (out []duty.Disuse) {
	for _, d := range rooms {
		if !u.isBox(d.Zone) {
			out = append(out, d)
		}
	}
	for zone, use := range u.uses(now) {
		if t := use.Truck; t != nil && t.Load == trip.Empty {
			out = append(out, duty.Disuse{Zone: zone, Kind: duty.EmptyTruck, From: t.LoadSince, Until: now.Add(24 * time.Hour)})
		}
	}
	slices.SortFunc(out, func(x, y duty.Disuse) int { return cmp.Compare(x.Zone, y.Zone) })
	return out
}

// isBox reports whether a zone is the box of a truck that is followed.
func (u *usage) isBox(zone string) bool {
	site, _, _ := strings.Cut(zone, "/")
	t := u.trucks[site]
	return t != nil && t.box == zone
}

// rests reports whether nobody expects values of a zone: it is out of use, or an
// empty truck's.
func (u *usage) rests(zone string, now time.Time) bool {
	return u.uses(now)[zone].Resting != ""
}
