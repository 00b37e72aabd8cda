package alarms

import (
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/alerting/watch"
	"coldchain/alerting/wiring"
	"coldchain/gateway/edge"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// Point is a point of the site and where it hangs.
type Point struct {
	sensors.Point
	Bus, Device string
	Period      time.Duration
}

// Options say what a site measures and by what it judges while the county has
// not said anything else.
type Options struct {
	Site        string
	Points      []Point
	Zones       []alerting.Zone
	SilentAfter time.Duration
	Box         string   // zone of a truck's box; empty: the site stands still
	File        string   // of what is remembered; empty: nothing is
	Telling     *Telling // nil: the site tells nobody itself
	Logger      *slog.Logger
}

// maxEvents bounds what waits to be journaled.
const maxEvents = 256

// Judge is the site's own alarms. It may be used by many goroutines at once.
type Judge struct {
	o Options

	mu       sync.Mutex
	line     timeline
	moment   wire.Record // the newest that was placed; events carry its times
	fresh    bool        // nothing was placed since the start of the program
	engine   *engine.Engine
	start    time.Time // from when silence is counted
	tree     *wiring.Tree
	state    map[string][]byte // the engine's
	watch    *watch.Watch
	watched  map[string][]byte // the watch's state
	pulling  []string          // zones whose warm goods are being cooled
	open     map[string]*present
	events   []wire.Record
	county   *wire.SiteLimits // nil: the county has said nothing
	countyAt int64            // when it came, in the line's time
	book     *wire.SiteBook   // nil: the county has said nothing of the site
	bookAt   int64            // when it came, in the line's time
	placed   shift            // of the line, when the book was placed by it
	truck    *truck           // nil: the site stands still
	words    []word           // said here of the truck, oldest first
	loads    []load           // said here to be in its box, oldest first
	boxLow   *float64         // the truck's band, °C
	boxHigh  *float64
	zones    []string // that are judged
	away     int64    // since when the broker is out of reach, in the line's time; 0: it is not
	notes    []*note  // who is or was to be told of what, oldest first
	decided  uint64   // notes since the start of the program
	kept     uint64   // those of them that are written down
	changed  bool     // something that a power cut must not take
	saved    int64    // when it was last written down, in the line's time

	bounds atomic.Pointer[map[edge.LimitKey]edge.Limits]
}

// present is an alarm that is there. Its times are the line's.
type present struct {
	alerting.Alarm
	Quiet      int64          `json:"quiet,omitempty"`       // until when the siren is silenced for it
	QuietLevel alerting.Level `json:"quiet_level,omitempty"` // a more serious one sounds again
	AnsweredBy string         `json:"answered_by,omitempty"` // who said that he knows, at the county or by SMS; empty: it was silenced here
	BySMS      bool           `json:"by_sms,omitempty"`      // it was by SMS
	Critical   int64          `json:"critical,omitempty"`    // since when it is one that people are woken for; 0: it is not
	Heard      bool           `json:"heard,omitempty"`       // the county looks after it
}

// quiet reports whether somebody has answered it, as serious as it is now.
func (p *present) quiet(now int64) bool {
	return now < p.Quiet && !p.Level.MoreSevere(p.QuietLevel)
}

// New puts a judge together from what the last one has written down. A file
// that cannot be read is set aside and told in the log: alarms go on without
// their past.
func New(o Options) (*Judge, error) {
	j := &Judge{o: o, fresh: true, state: map[string][]byte{}, watched: map[string][]byte{}, open: map[string]*present{}, tree: wiring.New()}
	places := make([]wiring.Place, len(o.Points))
	for i, p := range o.Points {
		places[i] = wiring.Place{Point: p.ID, Bus: p.Bus, Device: p.Device}
	}
	j.tree.Wire(o.Site, places)
	if o.Box != "" {
		j.truck = newTruck(o.Box, o.Points)
	}
	if err := j.load(); err != nil {
		return nil, err
	}
	j.start = at(max(j.line.At, firstTime))
	if err := j.rebuild(j.county); err != nil {
		if j.county == nil {
			return nil, err
		}
		o.Logger.Warn("the county's limits do not fit this site any more; judging by its own", "error", err)
		j.county = nil
		if err := j.rebuild(nil); err != nil {
			return nil, err
		}
	}
	j.forget()
	return j, nil
}

// rebuild makes an engine for the limits that hold now, in the state of the one
// before. On error nothing has changed.
func (j *Judge) rebuild(county *wire.SiteLimits) error {
	w, err := j.newWatch()
	if err != nil {
		return err
	}
	j.stock(w)
	if j.watch == nil { // what is known of goods being cooled comes before the limits
		j.pulling = w.PullingDown(j.start)
	}
	cfg := j.config(county)
	e, err := engine.New(cfg, j.start)
	if err != nil {
		return fmt.Errorf("the site's own alarms: %w", err)
	}
	if j.engine != nil {
		maps.Copy(j.state, j.engine.Dirty())
	}
	j.zones = j.zones[:0]
	for _, z := range cfg.Zones {
		j.zones = append(j.zones, z.ID)
	}
	bounds := boundsOf(cfg)
	if t := j.truck; t != nil {
		l := bounds[edge.LimitKey{Zone: t.box, Quantity: sensors.Temperature}]
		j.boxLow, j.boxHigh = l.Low, l.High
		t.SetBand(l.Low, l.High)
	}
	j.tellTruck()
	j.moved()
	j.arm(e) // as engine.SetArmed wants it: before what was pending is restored
	if err := e.Restore(j.state); err != nil {
		return fmt.Errorf("the site's own alarms: %w", err)
	}
	j.engine, j.watch, j.county = e, w, county
	j.inUse(at(j.line.At))
	j.bounds.Store(&bounds)
	return nil
}

// forget drops alarms about what the configuration does not have any more:
// nothing could end them.
func (j *Judge) forget() {
	known := map[string]bool{j.o.Site: true}
	var lines []alerting.Alarm
	for _, p := range j.o.Points {
		known[string(p.ID)], known[p.ID.Zone()] = true, true
		known[j.o.Site+"/"+p.Bus] = true
		known[j.o.Site+"/"+p.Bus+"/"+p.Device] = true
	}
	for id, p := range j.open {
		if !known[p.Object] {
			j.o.Logger.Info("an alarm ends: its object is not configured any more", "rule", p.Rule, "object", p.Object)
			delete(j.open, id)
			continue
		}
		lines = append(lines, p.Alarm)
	}
	j.tree.Restore(lines)
}

// Observe implements edge.Judge.
func (j *Judge) Observe(records []wire.Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	readings := make([]sensors.Reading, 0, len(records))
	opened := false
	for _, r := range records {
		if r.Kind != wire.ReadingRecord {
			continue
		}
		reading := r.Reading
		reading.Time = at(j.place(r))
		readings = append(readings, reading)
		if j.truck != nil { // before any of them is judged
			opened = j.truck.observe(reading, reading.Time) || opened
		}
	}
	if opened {
		j.tellTruck()
		j.arm(j.engine)
		j.changed = true
	}
	for _, r := range readings {
		j.heed(j.engine.Observe(r, r.Time))
		j.heedWatch(j.watch.Observe(r, r.Time))
	}
}

// Advance notices what did not happen. m is a record of now; it is to be called
// about once a second.
func (j *Judge) Advance(m wire.Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	t := at(j.place(m))
	if j.moved() {
		j.tellTruck()
		j.arm(j.engine)
		j.stock(j.watch)
	}
	j.heed(j.engine.Advance(t))
	j.turn(t)
	j.heed(j.tree.Turn(j.engine, t))
	j.planNotes()
}

// place finds a record's time. Of what was not watched nobody is silent.
func (j *Judge) place(r wire.Record) int64 {
	t, jumped := j.line.place(r.Boot, r.Mono.Milliseconds(), r.Time().UnixMilli(), r.Clock != wire.ClockNone)
	if jumped || j.fresh {
		j.engine.Reconnected(at(t))
		j.fresh = false
	}
	j.moment = r
	return t
}

// heed takes what engine and tree have to say. What was over before it was
// known of cannot be here, where readings come at once.
func (j *Judge) heed(changes []alerting.Transition) {
	for _, c := range changes {
		a := c.Alarm
		p, known := j.open[a.ID]
		switch {
		case a.Class == alerting.Late:
		case c.Change == alerting.Returned:
			delete(j.open, a.ID)
			j.changed = true
			if known {
				j.tell(wire.EventAlarmReturned, a, "")
			}
		case known && c.Change == alerting.Updated:
			p.Alarm = a
		case known:
			p.Alarm, j.changed = a, true
			if c.Change == alerting.Escalated {
				j.tell(wire.EventAlarmEscalated, a, "")
			}
		default:
			p = &present{Alarm: a}
			j.open[a.ID], j.changed = p, true
			j.hush(p)
			j.hear(p)
			j.tell(wire.EventAlarmRaised, a, "")
		}
	}
}

// tell puts an event about an alarm behind those to be journaled.
func (j *Judge) tell(name string, a alerting.Alarm, by string) {
	start := a.Start.UnixMilli()
	said := wire.SiteAlarm{Rule: string(a.Rule), Level: string(a.Level), Age: max(0, at(j.line.At).Sub(a.Start)), By: by}
	if wall, known := j.line.wall(start); known {
		said.ID = alerting.AlarmID(a.Rule, a.Object, at(wall))
	}
	j.journal(wire.Event{Name: name, Object: a.Object, Detail: wire.AlarmDetail(said)})
	j.o.Logger.Info(name, "rule", a.Rule, "object", a.Object, "level", a.Level, "by", by)
}

// journal puts an event of now behind those to be journaled.
func (j *Judge) journal(e wire.Event) {
	e.At = j.moment.Time()
	j.events = append(j.events, wire.Record{Kind: wire.EventRecord, Boot: j.moment.Boot, Mono: j.moment.Mono, Clock: j.moment.Clock, Reconstructed: j.moment.Reconstructed, Event: e})
	j.events = j.events[max(0, len(j.events)-maxEvents):]
}

// Events implements edge.Judge.
func (j *Judge) Events() []wire.Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	events := j.events
	j.events = nil
	return events
}

func at(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
