package edge

import (
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// Judge returns the wall time of t, what it stands on, and whether a record of
// it may be delivered under that time. A time that is not synced is the
// kernel's own, for people.
func (k *Timekeeper) Judge(t time.Time) (wall time.Time, source wire.ClockSource, synced bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.stampAt(k.clock.mono(t))
	return s.wall, s.source(k.line), !s.held
}

// Source is what the wall clock stands on now; none while records are held.
func (k *Timekeeper) Source() wire.ClockSource {
	_, source, _ := k.Judge(k.clock.Now())
	return source
}

// Stamp gives a record of this boot its times. A reading's is answered at the
// latest and asked at the earliest, which is what bounds it where its driver
// left no monotonic time and the clock was set meanwhile.
func (k *Timekeeper) Stamp(r *wire.Record, asked, answered time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	mono := min(max(k.clock.mono(r.Time()), k.clock.mono(asked)), k.clock.mono(answered))
	s := k.stampAt(mono)
	r.Boot = k.clock.Boot
	if r.Kind == wire.ReadingRecord {
		s = k.next(r.Reading.Point, s)
		// Moved by more than a rounding: then it is not what the clock said.
		r.Reconstructed = !s.held && s.wall.Sub(k.line.at(mono)) > time.Millisecond
	}
	r.Mono, r.Clock = s.mono, s.source(k.line)
	setTime(r, s.wall)
}

func setTime(r *wire.Record, t time.Time) {
	switch r.Kind {
	case wire.GapRecord:
		r.Gap.To = t
	case wire.EventRecord:
		r.Event.At = t
	default:
		r.Reading.Time = t
	}
}

// stampAt is the stamp of a moment of this boot.
func (k *Timekeeper) stampAt(mono time.Duration) stamp {
	whole := mono.Truncate(time.Millisecond)
	if !k.line.drawn {
		now := k.clock.Now()
		return stamp{mono: whole, wall: millisecond(k.clock.wall(now).Add(mono - k.clock.mono(now))), held: true}
	}
	wall := millisecond(k.line.at(mono))
	return stamp{mono: whole, wall: wall, held: mono < k.steady || k.overlapped(wall)}
}

// overlapped reports whether another line has stamped this time too: then the
// journal has to look for one that is free.
func (k *Timekeeper) overlapped(wall time.Time) bool {
	for _, o := range k.overlaps {
		if !wall.Before(o.from) && !wall.After(o.to) {
			return true
		}
	}
	return false
}

// next makes s later than every stamp of its point before it. Of a held one
// the place is known already: where the line will put it.
func (k *Timekeeper) next(p sensors.PointID, s stamp) stamp {
	last, seen := k.points[p]
	if seen && s.mono <= last.mono {
		s.mono = last.mono + time.Millisecond
		if k.line.drawn {
			s.wall = millisecond(k.line.at(s.mono))
		}
	}
	if seen && !s.held {
		if last.held {
			last.wall = millisecond(k.line.at(last.mono))
		}
		// A wall further back than a step is another run, and declared.
		if !s.wall.After(last.wall) && last.wall.Sub(s.wall) <= stepLimit {
			s.wall = last.wall.Add(time.Millisecond)
		}
	}
	if !s.held {
		if k.stamped.to.IsZero() {
			k.stamped.from = s.wall
		}
		k.stamped.to = later(k.stamped.to, s.wall)
	}
	k.points[p] = s
	return s
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func millisecond(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }

// Place returns when a record of this boot was made, and how far off that may
// be. ok is false for another boot, and while no clock is believed.
func (k *Timekeeper) Place(boot string, mono time.Duration) (wall time.Time, bound time.Duration, ok bool) {
	start, _, ok := k.Start()
	if !ok || boot != k.clock.Boot {
		return time.Time{}, 0, false
	}
	return millisecond(start.Add(mono)), stepLimit, true
}

// Start returns the wall time at which this boot began, and what says so. ok is
// false while no clock is believed.
func (k *Timekeeper) Start() (_ time.Time, _ wire.ClockSource, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.line.drawn || k.clock.mono(k.clock.Now()) < k.steady {
		return time.Time{}, wire.ClockNone, false
	}
	return k.line.start, k.line.source, true
}

// Placed notes that the journal has given held records of this boot times of
// this line, so that a line after it does not give them again.
func (k *Timekeeper) Placed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stamped.to.IsZero() || k.line.start.Before(k.stamped.from) {
		k.stamped.from = k.line.start
	}
	k.stamped.to = later(k.stamped.to, k.line.at(k.mono()))
}

// Overlapping reports whether the present is a time that another line has
// stamped already.
func (k *Timekeeper) Overlapping() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.line.drawn && k.overlapped(k.line.at(k.mono()))
}
