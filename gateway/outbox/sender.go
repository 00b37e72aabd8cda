package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/gateway/state"
)

// Store is the part of the county's state that the sender works on.
type Store interface {
	DueIntents(ctx context.Context, now time.Time, most int) ([]state.Outgoing, time.Time, error)
	RecordAttempt(ctx context.Context, actor state.Actor, keys []string, a duty.Attempt, receipt string, next []time.Time) error
	Postpone(ctx context.Context, actor state.Actor, keys []string, next time.Time) error
	CancelUntrue(ctx context.Context, actor state.Actor, keys []string) ([]string, error)
	RecentAttempts(ctx context.Context, since time.Time) ([]state.Recent, error)
}

// Channel is one way to people and what its far end allows.
type Channel struct {
	Name     string
	Notifier notify.Notifier
	Rates    []notify.Rate
	Timeout  time.Duration // of one try; 0: DefaultTimeout
	// Group says that all messages of the channel stand in one room that many
	// read, as a robot's: those for several people may become one, and they go
	// one after another.
	Group bool
	// Parallel is how many people are told at once; 0: DefaultParallel.
	Parallel int
}

// DefaultParallel is enough for fifty people at a far end that takes 300 ms, and
// few enough for one that is small.
const DefaultParallel = 16

// DefaultTimeout is how long a far end may take.
const DefaultTimeout = 15 * time.Second

// Config says what the sender works with.
type Config struct {
	Store    Store
	Channels []Channel
	Now      func() time.Time
	Log      *slog.Logger
	// Person finds whom a message is for, as the roster stands now.
	Person func(ctx context.Context, id string) (duty.Person, bool, error)
	// Cancelled is called after messages were given up because what they say is
	// not true any more: Desk.Wake; nil: nobody has to know.
	Cancelled func()
	// Link is where a message can be answered; nil: nowhere.
	Link func(duty.Intent) string
	// Alarms finds what a message covers, for machines; nil: not told.
	Alarms func(ctx context.Context, covers []duty.Cover) []alerting.Alarm
}

// Sender sends what is in the outbox. Make one with New and call Run once.
type Sender struct {
	cfg      Config
	channels map[string]Channel
	slots    map[string]chan struct{} // by channel: one for each that may be with it
	limits   *limits
	wake     chan struct{}

	mu     sync.Mutex
	flying map[string]bool // keys that are with a channel
	busy   map[lane]bool
}

var sender = state.Actor{Kind: state.System, ID: "outbox"}

// New checks the configuration.
func New(cfg Config) (*Sender, error) {
	if cfg.Store == nil || cfg.Now == nil || cfg.Person == nil || cfg.Log == nil {
		return nil, errors.New("outbox: store, clock, roster and log are needed")
	}
	s := &Sender{cfg: cfg, channels: map[string]Channel{}, limits: newLimits(), wake: make(chan struct{}, 1), flying: map[string]bool{}, busy: map[lane]bool{}, slots: map[string]chan struct{}{}}
	for _, c := range cfg.Channels {
		if c.Name == "" || c.Notifier == nil {
			return nil, fmt.Errorf("outbox: channel %q has no name or no notifier", c.Name)
		}
		if _, twice := s.channels[c.Name]; twice {
			return nil, fmt.Errorf("outbox: channel %q is there twice", c.Name)
		}
		if c.Timeout <= 0 {
			c.Timeout = DefaultTimeout
		}
		if c.Parallel <= 0 {
			c.Parallel = DefaultParallel
		}
		if c.Group {
			c.Parallel = 1
		}
		s.channels[c.Name], s.limits.rates[c.Name], s.slots[c.Name] = c, c.Rates, make(chan struct{}, c.Parallel)
	}
	return s, nil
}

// Wake tells that something new is in the outbox.
func (s *Sender) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// memory is how far back the carriers' limits look.
const memory = 24 * time.Hour

// mostDue is how many messages are looked at in one turn.
const mostDue = 2000

// Run sends until ctx ends and then waits for what is with a channel: each has
// its time-out, and its outcome is written down.
func (s *Sender) Run(ctx context.Context) error {
	var working sync.WaitGroup
	defer working.Wait()
	remembered := false
	for {
		wait := time.Minute
		if err := s.turn(ctx, &working, &remembered, &wait); err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("the outbox cannot be worked on; trying again", "error", err, "in", wait)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-s.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// turn hands everything that is due to its channels. wait becomes how long
// there is nothing more to do.
func (s *Sender) turn(ctx context.Context, working *sync.WaitGroup, remembered *bool, wait *time.Duration) error {
	*wait = 5 * time.Second // after an error
	now := s.cfg.Now()
	if !*remembered {
		recent, err := s.cfg.Store.RecentAttempts(ctx, now.Add(-memory))
		if err != nil {
			return err
		}
		for i, r := range recent {
			// What went to a room for several people was one message.
			if i > 0 && s.channels[r.Channel].Group && recent[i-1].Channel == r.Channel && recent[i-1].At.Equal(r.At) {
				continue
			}
			s.limits.note(r.Channel, r.Person, r.At, r.Until)
		}
		*remembered = true
	}
	// Of what is with a channel now, the list may say what was true before it
	// came back: it is left to the next turn.
	flying := s.snapshot()
	due, next, err := s.cfg.Store.DueIntents(ctx, now, mostDue)
	if err != nil {
		return err
	}
	if due, err = s.stillTrue(ctx, due, flying); err != nil {
		return err
	}
	batches := map[lane][]state.Outgoing{}
	var order []lane
	for _, o := range due {
		if flying[o.Intent.Key] {
			continue
		}
		name, err := s.assign(ctx, o, now)
		if err != nil {
			return err
		}
		if name != "" {
			l := s.lane(name, o.Intent.Person)
			if len(batches[l]) == 0 {
				order = append(order, l)
			}
			batches[l] = append(batches[l], o)
		}
	}
	for _, l := range order {
		batch := batches[l]
		if !s.take(l, batch) {
			continue
		}
		// Room is given in this order, before anything is with a far end: who
		// comes first does not depend on who is quicker.
		parcels := s.pack(ctx, s.channels[l.channel], batch)
		working.Go(func() {
			s.send(ctx, s.channels[l.channel], parcels)
			s.release(l, batch)
			s.Wake()
		})
	}
	*wait = time.Minute
	if !next.IsZero() {
		*wait = min(*wait, max(0, next.Sub(now)))
	}
	return nil
}

// stillTrue leaves out, and gives up, what is over before it was sent.
func (s *Sender) stillTrue(ctx context.Context, due []state.Outgoing, flying map[string]bool) ([]state.Outgoing, error) {
	var keys []string
	for _, o := range due {
		if !flying[o.Intent.Key] {
			keys = append(keys, o.Intent.Key)
		}
	}
	if len(keys) == 0 {
		return due, nil
	}
	gone, err := s.cfg.Store.CancelUntrue(ctx, sender, keys)
	if err != nil {
		return nil, err
	}
	if len(gone) > 0 {
		s.cfg.Log.Info("messages were given up because what they say is not so any more", "messages", len(gone), "first", gone[0])
		if s.cfg.Cancelled != nil {
			s.cfg.Cancelled()
		}
	}
	return slices.DeleteFunc(due, func(o state.Outgoing) bool { return slices.Contains(gone, o.Intent.Key) }), nil
}

// assign returns the channel by which a message is to go now; when there is
// none it is put off, or given up.
func (s *Sender) assign(ctx context.Context, o state.Outgoing, now time.Time) (string, error) {
	do := s.plan(o, now)
	if do.channel != "" {
		return do.channel, nil
	}
	if do.next.IsZero() && o.Delivered.IsZero() {
		s.cfg.Log.Error("a message reached nobody", "key", o.Intent.Key, "person", o.Intent.Person, "tries", len(o.Attempts))
	}
	return "", s.cfg.Store.Postpone(ctx, sender, []string{o.Intent.Key}, do.next)
}

func (s *Sender) plan(o state.Outgoing, now time.Time) step {
	known := o
	known.Intent.Channels = slices.DeleteFunc(slices.Clone(o.Intent.Channels), func(name string) bool {
		_, ok := s.channels[name]
		return !ok // configured no more
	})
	return plan(known, now, func(channel string) time.Time { return s.limits.free(channel, o.Intent.Person, now) })
}

// lane is what goes one after another: the messages of one channel for one
// person, so that they arrive in their order; all of a room that many read.
type lane struct{ channel, person string }

func (s *Sender) lane(channel, person string) lane {
	if s.channels[channel].Group {
		person = ""
	}
	return lane{channel, person}
}

// take marks a lane and its messages as busy; false when it is busy already: its
// messages wait, and may become one.
func (s *Sender) take(l lane, batch []state.Outgoing) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[l] {
		return false
	}
	s.busy[l] = true
	for _, o := range batch {
		s.flying[o.Intent.Key] = true
	}
	return true
}

// snapshot is what is with a channel at this moment.
func (s *Sender) snapshot() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.flying)
}

func (s *Sender) release(l lane, batch []state.Outgoing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, l)
	for _, o := range batch {
		delete(s.flying, o.Intent.Key)
	}
}

func asError(err error) *notify.Error {
	var e *notify.Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}
