package edge

import (
	"sync"
	"time"

	"coldchain/gateway/journal"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

const (
	// stepLimit is how far the wall clock may leave the monotonic one's line
	// before that is a step. What stays below it is slewing, or a receiver's
	// sentences that wait on their line.
	stepLimit = 2 * time.Second
	// After a step nothing is stamped until the clock has stood by it: a clock
	// that was in 2036 for a moment has then told nobody. A step by more than
	// farStep away from a time that NTP or GNSS had vouched for is rather a
	// broken clock than a true one.
	settleTime    = 30 * time.Second
	farStep       = 24 * time.Hour
	farSettleTime = time.Hour
	// A box may be off for a season. A first look that lies further ahead than
	// this of what was stamped is rather a broken clock, too.
	farAhead = 365 * 24 * time.Hour
	// A receiver's time jitters by what its sentences wait: its line follows
	// slowly.
	gnssWeight = 64
	// foreignOverlap bounds how long the stamps of an earlier agent whose clock
	// ran ahead are looked out for.
	foreignOverlap = 25 * time.Hour
	maxOverlaps    = 16
	maxEvents      = 64
)

// wallLine is a wall clock told from the monotonic one: it was start when the
// monotonic offset was 0.
type wallLine struct {
	start  time.Time
	source wire.ClockSource
	drawn  bool
}

func (l wallLine) at(mono time.Duration) time.Time { return l.start.Add(mono) }

// stretch is a part of wall time in which records were stamped.
type stretch struct{ from, to time.Time }

// stamp is the newest of a point.
type stamp struct {
	mono time.Duration
	wall time.Time
	held bool
}

// Timekeeper decides what every record's time is. It guarantees that a time
// nobody vouched for is never stamped, and that the times of a point increase
// strictly, in whole milliseconds, between two declared steps of the clock.
type Timekeeper struct {
	clock  Clock
	object string // of events: the gateway

	mu       sync.Mutex
	line     wallLine
	proved   wallLine      // the newest that NTP or GNSS vouched for and that stood
	steady   time.Duration // monotonic offset from which the line is believed
	unsynced bool          // there was a time without a line
	before   time.Time     // the newest that an earlier agent has stamped or placed
	stamped  stretch       // by this line; zero when nothing was
	overlaps []stretch     // stamped by lines before
	points   map[sensors.PointID]stamp
	events   []wire.Record
}

// newTimekeeper judges c. last is the newest time that an earlier agent has
// stamped, or given a held record; zero when there is none. The time of a record
// that is held does not count: nobody has believed it. ahead is what was stamped
// beyond last, by a clock that ran ahead and was set back.
func newTimekeeper(c Clock, object string, last time.Time, ahead []journal.Stretch) *Timekeeper {
	k := &Timekeeper{clock: c, object: object, before: last, points: map[sensors.PointID]stamp{}}
	for _, s := range ahead {
		k.overlaps = append(k.overlaps, stretch{s.From, s.To})
	}
	k.Observe()
	return k
}

// draw is the first line. Where it lies behind what an earlier agent has
// stamped, the clock was set back while nobody looked; where it lies far ahead,
// it has to stand for a while before it is believed.
func (k *Timekeeper) draw(mono time.Duration, l wallLine) {
	k.line = l
	wall := l.at(mono)
	// Before anything is told: an event is stamped as well.
	if wait := k.doubt(wall, l.source); wait > 0 {
		k.steady = mono + wait
	}
	if k.unsynced {
		k.unsynced = false
		k.tell("clock-synced", k.clock.wall(k.clock.Now()), wall, l.source)
	}
	if !wall.Before(k.before) {
		return
	}
	k.overlaps = append(k.overlaps, stretch{wall, earlier(k.before, wall.Add(foreignOverlap))})
	if k.before.Sub(wall) > stepLimit {
		k.tell("clock-step", k.before, wall, l.source)
	}
}

// doubt is how long a first look at a clock has to stand: it is of a box that
// was off for more than a day, or of a clock that is in 2036 for a moment. An
// agent that was killed in that moment has left nothing but what was stamped to
// judge it by; and where nothing was, the program's age.
func (k *Timekeeper) doubt(wall time.Time, source wire.ClockSource) time.Duration {
	last := k.before
	if last.IsZero() {
		last = k.clock.Built
	}
	ahead := wall.Sub(last)
	switch {
	case last.IsZero():
		return 0
	case k.before.IsZero() && ahead > farAhead:
		return settleTime // a program may be old
	case k.before.IsZero() || ahead <= farStep:
		return 0
	case ahead > farAhead && source != wire.ClockGNSS:
		return farSettleTime
	}
	return settleTime
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (k *Timekeeper) mono() time.Duration { return k.clock.mono(k.clock.Now()) }

// Observe looks at the clocks; it is to be called about once a second.
func (k *Timekeeper) Observe() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.observe()
}

func (k *Timekeeper) observe() {
	// Before the clock, which is set first and vouched for then.
	source := k.clock.Source()
	now := k.clock.Now()
	mono := k.clock.mono(now)
	seen, vouched := k.best(now, mono, source)
	switch {
	case !seen.drawn:
		k.unsynced = k.unsynced || !k.line.drawn
	case !k.line.drawn:
		k.draw(mono, seen)
		k.prove(mono, vouched)
	case seen.start.Sub(k.line.start).Abs() > stepLimit:
		k.step(mono, seen)
	default:
		if seen.source == wire.ClockGNSS {
			seen.start = k.line.start.Add(seen.start.Sub(k.line.start) / gnssWeight)
		}
		k.line = seen
		k.prove(mono, vouched)
	}
}

func (k *Timekeeper) prove(mono time.Duration, vouched bool) {
	if vouched && mono >= k.steady {
		k.proved = k.line
	}
}

func (k *Timekeeper) step(mono time.Duration, seen wallLine) {
	wait := settleTime
	if k.proved.drawn && seen.source != wire.ClockGNSS && seen.start.Sub(k.proved.start).Abs() > farStep {
		wait = farSettleTime
	}
	before := k.line.at(mono)
	if !k.stamped.to.IsZero() {
		k.overlaps = append(k.overlaps, k.stamped)
		k.overlaps = k.overlaps[max(0, len(k.overlaps)-maxOverlaps):]
		k.stamped = stretch{}
	}
	k.line, k.steady = seen, mono+wait
	k.tell("clock-step", before, seen.at(mono), seen.source)
}

// best is the line of the best clock there is now. GNSS overrules a kernel
// that it contradicts; a kernel in line with it is the finer clock. A clock
// that was right once goes on by the monotonic one.
func (k *Timekeeper) best(now time.Time, mono time.Duration, source wire.ClockSource) (_ wallLine, vouched bool) {
	kernel := wallLine{start: k.clock.wall(now).Add(-mono), source: source, drawn: true}
	for _, reference := range k.clock.References {
		t, at, ok := reference()
		if !ok {
			continue
		}
		gnss := wallLine{start: t.UTC().Add(now.Sub(at) - mono), source: wire.ClockGNSS, drawn: true}
		if kernel.source == wire.ClockNTP && kernel.start.Sub(gnss.start).Abs() <= stepLimit {
			break
		}
		return gnss, true
	}
	switch {
	case kernel.source == wire.ClockNTP:
		return kernel, true
	case kernel.source == wire.ClockRTC && !k.proved.drawn:
		return kernel, false
	case k.line.drawn:
		// The kernel is disciplined no more, or never was. As long as it runs
		// on as before, it is followed; where it was moved, it is not.
		free := k.line
		free.source = wire.ClockRTC
		if kernel.start.Sub(free.start).Abs() <= stepLimit {
			free.start = kernel.start
		}
		return free, false
	}
	return wallLine{}, false
}

// tell remembers an event for the journal.
func (k *Timekeeper) tell(name string, before, after time.Time, source wire.ClockSource) {
	at := k.stampAt(k.mono())
	k.events = append(k.events, wire.Record{
		Kind: wire.EventRecord, Boot: k.clock.Boot, Mono: at.mono, Clock: at.source(k.line), Event: wire.Event{
			At: at.wall, Name: name, Object: k.object, Detail: map[string]string{
				"before": before.UTC().Format(time.RFC3339Nano), "after": after.UTC().Format(time.RFC3339Nano),
				"source": string(source), "step_s": after.Sub(before).Round(time.Millisecond).String(),
			}},
	})
	k.events = k.events[max(0, len(k.events)-maxEvents):]
}

// Events returns what happened to the clock since the last call.
func (k *Timekeeper) Events() []wire.Record {
	k.mu.Lock()
	defer k.mu.Unlock()
	events := k.events
	k.events = nil
	return events
}

// source is none for a record that is held.
func (s stamp) source(l wallLine) wire.ClockSource {
	if s.held {
		return wire.ClockNone
	}
	return l.source
}
