package gnss

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"coldchain/sensors"
)

// The channels of a receiver.
const (
	ChannelLatitude  = "latitude"  // degrees north, WGS 84
	ChannelLongitude = "longitude" // degrees east, WGS 84
)

// The defaults of Config.
const (
	DefaultPeriod = time.Second
	DefaultBound  = 100.0 // m
)

// freshFor is how many periods a fix may be given.
const freshFor = 3

// The pause between two tries to reach the receiver.
const (
	firstPause = time.Second
	lastPause  = time.Minute
)

// Config says what to read of one receiver.
type Config struct {
	Name   string // for messages
	Points map[sensors.PointID]string
	Period time.Duration // between two fixes; default 1 s
	// Bound is the horizontal error in metres (95 %) above which a position is
	// uncertain; default 100.
	Bound float64
	// Built is when the program was built. A time of an earlier year, or more
	// than five years later, is not offered: a receiver that counts weeks
	// modulo 1024 is 19.6 years off.
	Built  time.Time
	Now    func() time.Time
	Logger *slog.Logger
}

// Source is how the receiver is reached: Gpsd or NMEA.
type Source interface {
	check() error
	// follow reports to r until the connection fails or ctx ends.
	follow(ctx context.Context, r *Receiver) error
}

// Receiver is a satellite receiver as a sensor. Run must be running for it to
// hear anything.
type Receiver struct {
	cfg    Config
	source Source

	mu     sync.Mutex
	linked bool
	lost   bool // that the link is down has been logged
	last   report
	fixed  report                        // the last that was a fix
	given  map[sensors.PointID]time.Time // fix last handed out, by point
	clock  clock
	status Status
}

// Status is what a technician wants to see of a receiver.
type Status struct {
	Linked     bool   `json:"linked"`
	Fix        bool   `json:"fix"`
	Satellites int    `json:"satellites"` // in use; 0 when unknown
	Sentences  uint64 `json:"sentences"`  // whole lines heard
	Refused    uint64 `json:"refused"`    // lines that were damaged or impossible
	Fault      string `json:"fault,omitempty"`
}

var _ sensors.Sensor = (*Receiver)(nil)

// New checks the configuration and returns the receiver. It opens nothing.
func New(cfg Config, source Source) (*Receiver, error) {
	if cfg.Now == nil || cfg.Logger == nil || source == nil || cfg.Built.IsZero() {
		return nil, fmt.Errorf("gnss %s: source, clock, build date and logger are required", cfg.Name)
	}
	if err := source.check(); err != nil {
		return nil, fmt.Errorf("gnss %s: %w", cfg.Name, err)
	}
	if cfg.Period == 0 {
		cfg.Period = DefaultPeriod
	}
	if cfg.Bound == 0 {
		cfg.Bound = DefaultBound
	}
	if cfg.Period < 50*time.Millisecond || cfg.Period > time.Hour {
		return nil, fmt.Errorf("gnss %s: period %s: want 50 ms to 1 h", cfg.Name, cfg.Period)
	}
	if !(cfg.Bound > 0) {
		return nil, fmt.Errorf("gnss %s: bound %g m: want more than 0", cfg.Name, cfg.Bound)
	}
	if len(cfg.Points) == 0 {
		return nil, fmt.Errorf("gnss %s: no points: map a point's name to latitude or longitude", cfg.Name)
	}
	for _, id := range slices.Sorted(maps.Keys(cfg.Points)) {
		if c := cfg.Points[id]; c != ChannelLatitude && c != ChannelLongitude {
			return nil, fmt.Errorf("gnss %s: point %s: no channel %q (latitude or longitude)", cfg.Name, id, c)
		}
	}
	cfg.Points = maps.Clone(cfg.Points)
	return &Receiver{cfg: cfg, source: source, given: map[sensors.PointID]time.Time{}, clock: newClock(cfg.Built)}, nil
}

// String names the receiver for messages.
func (r *Receiver) String() string { return r.cfg.Name + " (gnss)" }

// Points lists what the receiver measures, sorted by name.
func (r *Receiver) Points() []sensors.Point {
	list := make([]sensors.Point, 0, len(r.cfg.Points))
	for id, channel := range r.cfg.Points {
		q := sensors.Latitude
		if channel == ChannelLongitude {
			q = sensors.Longitude
		}
		list = append(list, sensors.Point{ID: id, Quantity: q})
	}
	slices.SortFunc(list, func(a, b sensors.Point) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return list
}

// Run listens to the receiver and connects again, at growing intervals of up to
// a minute, whenever the connection is lost. It returns nil when ctx ends. Call
// it once.
func (r *Receiver) Run(ctx context.Context) error {
	pause := firstPause
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		err := r.source.follow(ctx, r)
		heard, first := r.linkDown(err)
		if ctx.Err() != nil {
			return nil
		}
		if heard {
			pause = firstPause
		}
		if first {
			r.cfg.Logger.Warn("receiver lost", "device", r.cfg.Name, "error", err, "again_in", pause)
		}
		timer.Reset(pause)
		pause = min(2*pause, lastPause)
	}
}

// Read gives the newest fix, with the time at which it arrived, once. Without
// a new one not older than three periods the readings are bad: Unreachable
// while the connection is down, NoFix while the receiver says so, Timeout when
// it is silent. Read waits for nothing.
func (r *Receiver) Read(ctx context.Context, due []sensors.PointID) []sensors.Reading {
	due = slices.Compact(slices.Sorted(slices.Values(due)))
	out := make([]sensors.Reading, 0, len(due))
	now := r.cfg.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range due {
		channel, known := r.cfg.Points[id]
		switch {
		case !known:
			out = append(out, sensors.NewBad(id, now, sensors.NotImplemented))
		case errors.Is(ctx.Err(), context.DeadlineExceeded):
			out = append(out, sensors.NewBad(id, now, sensors.Timeout))
		case ctx.Err() != nil:
			out = append(out, sensors.NewBad(id, now, sensors.Cancelled))
		default:
			out = append(out, r.reading(id, channel, now))
		}
	}
	return out
}

func (r *Receiver) reading(id sensors.PointID, channel string, now time.Time) sensors.Reading {
	switch {
	case !r.linked:
		return sensors.NewBad(id, now, sensors.Unreachable)
	case !r.fresh(r.last.at, now):
		return sensors.NewBad(id, now, sensors.Timeout)
	case !r.last.fix:
		return sensors.NewBad(id, now, sensors.NoFix)
	case r.last.at.Equal(r.given[id]):
		// Polled faster than the receiver measures: a value given twice would
		// be a second measurement that nobody made.
		return sensors.NewBad(id, now, sensors.Timeout)
	}
	r.given[id] = r.last.at
	v := r.last.latitude
	if channel == ChannelLongitude {
		v = r.last.longitude
	}
	if r.last.doubtful {
		return sensors.NewUncertain(id, r.last.at, v, sensors.Imprecise)
	}
	return sensors.NewGood(id, r.last.at, v)
}

func (r *Receiver) fresh(at, now time.Time) bool {
	return !at.IsZero() && now.Sub(at) <= freshFor*r.cfg.Period
}

// Status says how the receiver is doing.
func (r *Receiver) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.status
	s.Linked, s.Fix = r.linked, r.linked && r.last.fix && r.fresh(r.last.at, r.cfg.Now())
	return s
}

func (r *Receiver) linkUp() {
	r.mu.Lock()
	again := r.lost
	r.linked, r.lost, r.status.Fault = true, false, ""
	r.last, r.fixed = report{}, report{}
	r.clock.reset()
	r.mu.Unlock()
	if again {
		r.cfg.Logger.Info("receiver is back", "device", r.cfg.Name)
	}
}

// linkDown reports whether the link had brought anything, and whether its loss
// is news.
func (r *Receiver) linkDown(err error) (heard, first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	heard, first = !r.last.at.IsZero(), !r.lost
	r.linked, r.lost, r.last = false, true, report{}
	r.clock.reset()
	if err != nil {
		r.status.Fault = err.Error()
	}
	return heard, first
}

func (r *Receiver) take(said report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if said.fix {
		if said.repeats(r.fixed, r.cfg.Period) {
			said.at = r.fixed.at
		}
		r.fixed = said
	}
	r.last = said
	r.clock.take(said)
}

func (r *Receiver) satellites(n int) {
	if n < 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status.Satellites = n
}

func (r *Receiver) count(heard, refused uint64, fault error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status.Sentences += heard
	r.status.Refused += refused
	if fault != nil {
		r.status.Fault = fault.Error()
	}
}
