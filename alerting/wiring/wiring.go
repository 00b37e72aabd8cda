package wiring

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/engine"
	"coldchain/sensors"
)

// Place is where a point hangs: the names of bus and device at its site.
type Place struct {
	Point       sensors.PointID
	Bus, Device string
}

// Points says how a point stands; *engine.Engine is one.
type Points interface {
	Status(id sensors.PointID) engine.PointStatus
	SilentAfter(site string) time.Duration
}

// Tree is the lines and devices of a county, or of one site. It is not safe for
// concurrent use.
type Tree struct {
	lines []*line
	there map[string]bool // objects of lines
	at    map[sensors.PointID]Place
	open  map[string]alerting.Alarm // present, by object
	back  map[string]time.Time      // when the alarm of a bus last ended, by object
	sites map[string][]Place
}

// line is one bus or one device: what has to be silent for it to be dead.
type line struct {
	rule   alerting.RuleName
	site   string
	object string // "site/bus" or "site/bus/device"
	bus    string // object of the bus it belongs to; its own for a bus
	points []sensors.PointID
}

// New returns a tree in which nothing hangs yet.
func New() *Tree {
	return &Tree{at: map[sensors.PointID]Place{}, open: map[string]alerting.Alarm{}, back: map[string]time.Time{}, sites: map[string][]Place{}}
}

// Restore tells which alarms of this package were present when the program
// ended, and which had ended lately; others are ignored. It is to be called
// before the first Turn.
func (t *Tree) Restore(alarms []alerting.Alarm) {
	for _, a := range alarms {
		switch {
		case a.Rule != duty.BusFault && a.Rule != duty.DeviceFault:
		case a.Returned.IsZero():
			t.open[a.Object] = a
		case a.Rule == duty.BusFault && a.Returned.After(t.back[a.Object]):
			t.back[a.Object] = a.Returned
		}
	}
}

// Wire says what hangs at a site from now on. What was there before and is not
// in places any more hangs nowhere; its alarm ends with the next Turn.
func (t *Tree) Wire(site string, places []Place) {
	if before, wired := t.sites[site]; wired && slices.Equal(places, before) {
		return
	}
	t.sites[site] = slices.Clone(places)
	t.lines, t.at, t.there = nil, map[sensors.PointID]Place{}, map[string]bool{}
	for _, s := range slices.Sorted(maps.Keys(t.sites)) {
		t.hang(s, t.sites[s])
	}
}

// hang makes the lines of one site. A bus with one device, and a device with
// one point, are not told apart from what hangs on them.
func (t *Tree) hang(site string, places []Place) {
	buses, devices := map[string]*line{}, map[string]*line{}
	on := map[string]map[string]bool{} // devices of a bus
	for _, p := range places {
		if _, twice := t.at[p.Point]; twice || p.Bus == "" || p.Device == "" || p.Point.Site() != site {
			continue
		}
		t.at[p.Point] = p
		bus := site + "/" + p.Bus
		device := bus + "/" + p.Device
		for object, into := range map[string]map[string]*line{bus: buses, device: devices} {
			if into[object] == nil {
				into[object] = &line{site: site, object: object, bus: bus}
			}
			into[object].points = append(into[object].points, p.Point)
		}
		if on[bus] == nil {
			on[bus] = map[string]bool{}
		}
		on[bus][device] = true
	}
	for _, l := range buses {
		if l.rule = duty.BusFault; len(on[l.object]) > 1 {
			t.lines = append(t.lines, l)
		}
	}
	for _, l := range devices {
		if l.rule = duty.DeviceFault; len(l.points) > 1 {
			t.lines = append(t.lines, l)
		}
	}
	for _, l := range t.lines {
		t.there[l.object] = true
	}
	// Buses first: of a dead bus the devices are not told as well.
	slices.SortFunc(t.lines, func(a, b *line) int {
		return cmp.Or(strings.Compare(string(a.rule), string(b.rule)), strings.Compare(a.object, b.object))
	})
}

// Of returns the bus and device that an alarm is about or its point hangs on;
// empty what it has not.
func (t *Tree) Of(a alerting.Alarm) (bus, device string) {
	if a.Rule == duty.BusFault || a.Rule == duty.DeviceFault {
		_, rest, _ := strings.Cut(a.Object, "/")
		bus, device, _ = strings.Cut(rest, "/")
		return bus, device
	}
	p := t.at[sensors.PointID(a.Object)]
	return p.Bus, p.Device
}

// Turn compares the lines with how their points stand and returns what changed.
// It is to be called after each Advance of the engine, with the same time: then the alarm of a
// line comes with the first of its points' and not after it.
func (t *Tree) Turn(points Points, now time.Time) []alerting.Transition {
	now = now.UTC().Truncate(time.Millisecond)
	var out []alerting.Transition
	afters := make(map[string]time.Duration, len(t.sites))
	for site := range t.sites {
		afters[site] = points.SilentAfter(site)
	}
	for _, l := range t.lines {
		a, open := t.open[l.object]
		after := afters[l.site]
		switch {
		case open && l.lives(points, a.Start):
			out = append(out, t.end(a, now))
		case open:
		case l.bus != l.object && (t.open[l.bus].ID != "" || now.Sub(t.back[l.bus]) < after/2):
			// The bus says it; once it is back its devices have a moment to follow.
		default:
			if start, dead := l.dead(points, after, now); dead {
				out = append(out, t.begin(l, start, after, now))
			}
		}
	}
	for _, object := range slices.Sorted(maps.Keys(t.open)) {
		site, _, _ := strings.Cut(object, "/")
		if _, wired := t.sites[site]; wired && !t.there[object] {
			out = append(out, t.end(t.open[object], now)) // it is not there any more
		}
	}
	return out
}

// dead reports whether nothing usable comes from any point of the line, and
// since when: since the newest value that any of them gave. Of some the time
// may not be up yet, but one of them at least must have been given up since
// then: a point that was lost long ago says nothing about the rest.
func (l *line) dead(points Points, after time.Duration, now time.Time) (start time.Time, dead bool) {
	var lost []time.Time
	for _, p := range l.points {
		st := points.Status(p)
		if st.Lost.IsZero() && !st.Arrived.IsZero() && now.Sub(st.Arrived) < after/2 {
			return time.Time{}, false
		}
		if st.Seen.After(start) {
			start = st.Seen
		}
		if !st.Lost.IsZero() {
			lost = append(lost, st.Lost)
		}
	}
	if len(lost) == 0 {
		return time.Time{}, false
	}
	newest := slices.MaxFunc(lost, time.Time.Compare)
	if start.IsZero() {
		start = newest
	}
	return start, !newest.Before(start)
}

// lives reports whether a point of the line has given a value since it died.
func (l *line) lives(points Points, start time.Time) bool {
	return slices.ContainsFunc(l.points, func(p sensors.PointID) bool {
		st := points.Status(p)
		return st.Lost.IsZero() && st.Seen.After(start)
	})
}

func (t *Tree) begin(l *line, start time.Time, after time.Duration, now time.Time) alerting.Transition {
	a := alerting.Alarm{
		ID: alerting.AlarmID(l.rule, l.object, start), Rule: l.rule, Object: l.object,
		Level: alerting.Warning, Class: alerting.Live, State: alerting.Unacknowledged,
		Start: start, Raised: now, LastSeen: now, Delay: after,
	}
	t.open[l.object] = a
	return alerting.Transition{Change: alerting.Raised, Alarm: a, At: now}
}

func (t *Tree) end(a alerting.Alarm, now time.Time) alerting.Transition {
	delete(t.open, a.Object)
	if a.Rule == duty.BusFault {
		t.back[a.Object] = now
	}
	a.State, a.Returned, a.LastSeen = alerting.ReturnedUnacknowledged, now, now
	return alerting.Transition{Change: alerting.Returned, Alarm: a, At: now}
}
