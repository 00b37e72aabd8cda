package edge

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/edge/page"
	"coldchain/gateway/wire"
)

// follower takes limits, or does not.
type follower struct {
	version, book string
	err           error
}

func (f *follower) Follow(l wire.SiteLimits) error {
	if f.err == nil {
		f.version = l.Version
	}
	return f.err
}

func (f *follower) Version() string { return f.version }

func (f *follower) Heed(b wire.SiteBook) error {
	if f.err == nil {
		f.book = b.Version
	}
	return f.err
}

func (f *follower) Book() string { return f.book }

// The status says which of the county's books the site has, at once when a new
// one has come; one that is not taken is asked for again.
func TestTheStatusSaysWhichBookIsHere(t *testing.T) {
	inBubble(t, func(r *rig) {
		f := &follower{}
		r.options.Follower = f
		r.start()
		r.connect(wire.Hello{Generation: "g1"})
		pass(time.Second)
		if s := r.broker.status(t); s.Book != wire.NoBook {
			t.Errorf("before the county spoke: %+v", s)
		}
		r.command(wire.Command{Book: &wire.SiteBook{Version: "one"}})
		pass(2 * time.Second)
		if s := r.broker.status(t); s.Book != "one" {
			t.Errorf("status says book %q", s.Book)
		}
		f.err = errors.New("it is of another site")
		r.command(wire.Command{Book: &wire.SiteBook{Version: "two"}})
		pass(2 * time.Second)
		if s := r.broker.status(t); s.Book != "one" {
			t.Errorf("status says book %q after a refusal", s.Book)
		}
	})
}

// The status says by which of the county's limits the site judges, at once when
// new ones have come; limits that cannot be followed change nothing.
func TestTheStatusSaysWhichLimitsHold(t *testing.T) {
	inBubble(t, func(r *rig) {
		f := &follower{}
		r.options.Follower = f
		r.start()
		r.connect(wire.Hello{Generation: "g1"})
		pass(time.Second)
		if s := r.broker.status(t); s.Limits != wire.NoLimits {
			t.Errorf("before the county spoke: %+v", s)
		}
		l := wire.SiteLimits{SilentAfterS: 600, Zones: []wire.ZoneLimits{{Zone: air.Zone(), Quantity: "temperature"}}}
		var err error
		if l.Version, err = wire.VersionOf(l); err != nil {
			t.Fatal(err)
		}
		r.command(wire.Command{Limits: &l})
		pass(2 * time.Second)
		if s := r.broker.status(t); s.Limits != l.Version {
			t.Errorf("status says limits %q, want %q", s.Limits, l.Version)
		}
		f.err = errors.New("they contradict each other")
		l.SilentAfterS = 1200
		if l.Version, err = wire.VersionOf(l); err != nil {
			t.Fatal(err)
		}
		r.command(wire.Command{Limits: &l})
		pass(2 * time.Second)
		if s := r.broker.status(t); s.Limits != f.version || s.Limits == l.Version {
			t.Errorf("status says limits %q after a refusal", s.Limits)
		}
	})
}

// judge writes down what it is given and has one thing to say.
type judge struct {
	mu     sync.Mutex
	seen   []wire.Record
	events []wire.Record
	told   bool
}

func (j *judge) Observe(records []wire.Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range records {
		if r.Kind == wire.ReadingRecord {
			j.seen = append(j.seen, r)
		}
	}
	if r := j.seen[0]; !j.told {
		j.told = true
		j.events = []wire.Record{{Kind: wire.EventRecord, Boot: r.Boot, Mono: r.Mono, Clock: r.Clock, Event: wire.Event{At: r.Time(), Name: wire.EventAlarmRaised, Object: string(air)}}}
	}
}

func (j *judge) Events() []wire.Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := j.events
	j.events = nil
	return out
}

func (j *judge) Show() ([]page.Alarm, page.Limits) {
	return []page.Alarm{{Rule: alerting.MainsLost, Object: string(air)}}, page.Limits{County: true}
}

// The site's judge is given every reading with its times, also while the disk
// takes nothing; what it says is journaled once, and the page shows it.
func TestTheSitesJudge(t *testing.T) {
	inBubble(t, func(r *rig) {
		j := &judge{}
		r.options.Judge = j
		r.start()
		pass(3*time.Minute + 2*time.Second)
		j.mu.Lock()
		if len(j.seen) != 4 || j.seen[1].Boot != "boot" || j.seen[1].Mono != time.Minute || j.seen[1].Clock != wire.ClockNTP {
			t.Errorf("the judge was given %+v", j.seen)
		}
		j.mu.Unlock()
		r.connect(wire.Hello{Generation: "g1"})
		pass(2 * time.Second)
		events := 0
		for _, p := range r.broker.packs(t) {
			for _, rec := range p.Records {
				if rec.Kind == wire.EventRecord && rec.Event.Name == wire.EventAlarmRaised {
					events++
				}
			}
		}
		if events != 1 {
			t.Errorf("%d events journaled and delivered, want one", events)
		}
		s := r.agent.snapshot(context.Background(), true)
		if len(s.Alarms) != 1 || !s.Limits.County {
			t.Errorf("the page is told %+v %+v", s.Alarms, s.Limits)
		}
		if m := r.agent.Moment(); m.Mono != 3*time.Minute+4*time.Second || m.Clock != wire.ClockNTP || m.Boot != "boot" {
			t.Errorf("a moment %+v", m)
		}
	})
}
