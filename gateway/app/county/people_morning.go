package county

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"coldchain/alerting/duty"
	"coldchain/gateway/collector"
	"coldchain/gateway/config"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
	"coldchain/sensors"
)

const (
	// A restart loses some seconds, and a link has always something on its way:
	// what is less than this is no news for a morning.
	leastMissing = 5 * time.Minute
	leastBacklog = 10 // readings for each point of the site

	missingWithin = 24 * time.Hour
)

// storesOf says how each site with goods stands, for the morning's message: all
// is well only where every point has a young, usable value and nothing is amiss
// with what brings it.
func storesOf(cfg *config.County, gateways []collector.GatewayState, missing map[string]time.Duration, status func(sensors.PointID) web.PointStatus, rests func(zone string) bool) []duty.Store {
	by := map[string]collector.GatewayState{}
	for _, g := range gateways {
		by[g.Site] = g
	}
	var out []duty.Store
	for _, site := range cfg.Sites {
		s := duty.Store{Site: site.ID, Fresh: true}
		points, silent, fault := 0, 0, 0
		for _, z := range site.Zones {
			if z.Kind == config.Technical || rests(site.ID+"/"+z.ID) {
				continue // nobody expects values of what is not used
			}
			for name := range z.Points {
				points++
				switch status(sensors.PointID(site.ID + "/" + z.ID + "/" + name)) {
				case web.PointOK, web.PointOut:
				case web.PointFault:
					fault++
				default:
					silent++
				}
			}
		}
		if points == 0 {
			continue
		}
		s.Fresh = silent+fault == 0
		add := func(code string, n, least int) {
			if n > 0 && n >= least {
				s.Problems = append(s.Problems, fmt.Sprintf("%s:%d", code, n))
			}
		}
		g, has := by[site.ID]
		if site.Gateway != "" && (!has || !g.Online) {
			s.Problems = append(s.Problems, "offline")
		}
		add("silent", silent, 1)
		add("fault", fault, 1)
		add("device", len(g.Faults), 1)
		if missing[site.ID] >= leastMissing {
			add("gap", int(missing[site.ID].Minutes()), 1)
		}
		add("backlog", int(min(g.Undelivered, 1<<30)), leastBacklog*points)
		if g.Held > 0 {
			s.Problems = append(s.Problems, "clock")
		}
		out = append(out, s)
	}
	return out
}

// standing is how the sites stand, looked up at most every ten seconds: the desk
// looks more often.
type standing struct {
	mu   sync.Mutex
	at   time.Time
	seen []duty.Store
}

const standingFor = 10 * time.Second

func (f *office) stores() []duty.Store {
	f.morning.mu.Lock()
	defer f.morning.mu.Unlock()
	now := f.now()
	if f.morning.seen == nil || now.Sub(f.morning.at).Abs() >= standingFor {
		f.morning.at, f.morning.seen = now, storesOf(f.cfg, f.collector.Gateways(), f.missing(now), func(p sensors.PointID) web.PointStatus {
			return web.PointStatus(f.collector.PointStatus(p).Word)
		}, func(zone string) bool { return f.usage.rests(zone, now) })
	}
	return f.morning.seen
}

// missing is for how long each site has declared that data are missing, since
// yesterday. What is missing at two points at once counts once.
func (f *office) missing(now time.Time) map[string]time.Duration {
	ctx, cancel := context.WithTimeout(context.Background(), leftPatience)
	defer cancel()
	const most = 5000
	found, err := f.state.Gaps(ctx, state.GapFilter{From: now.Add(-missingWithin), To: now, Limit: most})
	if err != nil { // the alarms are more urgent than a morning's message
		f.log.Warn("the morning's message goes without what is missing", "error", err)
	}
	return lengths(found, now.Add(-missingWithin), now)
}

// lengths adds up, by site, how long something was missing within a window.
func lengths(gaps []state.JournalEntry, from, to time.Time) map[string]time.Duration {
	slices.SortFunc(gaps, func(x, y state.JournalEntry) int { return x.Gap.From.Compare(y.Gap.From) })
	out, end := map[string]time.Duration{}, map[string]time.Time{}
	for _, g := range gaps {
		begin, until := g.Gap.From, g.Gap.To
		for _, t := range []time.Time{from, end[g.Site]} {
			if begin.Before(t) {
				begin = t
			}
		}
		if until.After(to) {
			until = to
		}
		if until.After(begin) {
			out[g.Site] += until.Sub(begin)
			end[g.Site] = until
		}
	}
	return out
}
