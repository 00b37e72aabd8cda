package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/ageing"
	"coldchain/alerting/duty"
	"coldchain/alerting/wording"
	"coldchain/gateway/state"
)

// DeskStore is the part of the county's state that deciding works on.
type DeskStore interface {
	Situation(ctx context.Context, now time.Time) (duty.Situation, error)
	AddIntents(ctx context.Context, actor state.Actor, list []state.Outgoing) (int, error)
}

// DeskConfig says what the desk works with.
type DeskConfig struct {
	Store    DeskStore
	Now      func() time.Time
	Log      *slog.Logger
	Location *time.Location
	Names    wording.Names
	Unit     func(point string) string // of a point's values; nil: °C
	// Complete adds what the file does not know: how many sites there are,
	// how they stand, where alarms hang, what carriers allow; nil: nothing.
	Complete func(*duty.Situation)
	// Left says how long an alarm has until its limit; nil: nobody knows.
	Left func(alarm string) (time.Duration, bool)
	// Ages says what is ahead of the batch that an alarm is about, nil of others;
	// nil: nobody knows.
	Ages func(alerting.Alarm) *ageing.Outlook
	// Decided is called after new messages are in the outbox: Sender.Wake.
	Decided func()
}

// Desk decides what is to be told, whenever something has changed or a moment
// has come. It keeps nothing: all it knows is in the file.
type Desk struct {
	cfg  DeskConfig
	wake chan struct{}
}

var decider = state.Actor{Kind: state.System, ID: "duty"}

// NewDesk checks the configuration.
func NewDesk(cfg DeskConfig) (*Desk, error) {
	if cfg.Store == nil || cfg.Now == nil || cfg.Log == nil || cfg.Location == nil || cfg.Names == nil || cfg.Decided == nil {
		return nil, errors.New("outbox: the desk needs store, clock, log, time zone, names and somebody to tell")
	}
	return &Desk{cfg: cfg, wake: make(chan struct{}, 1)}, nil
}

// Wake tells that an alarm, an answer, the roster or an attempt has changed.
func (d *Desk) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// mostWaitAtDesk bounds how long the desk trusts that nothing has changed: a
// missed wake costs at most this.
const mostWaitAtDesk = time.Minute

// Run decides until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	for {
		wait, err := d.turn(ctx)
		if err != nil && ctx.Err() == nil {
			d.cfg.Log.Error("it cannot be decided who is to be told; trying again", "error", err, "in", wait)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-d.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// turn decides once and returns when to look again.
func (d *Desk) turn(ctx context.Context) (time.Duration, error) {
	const afterError = 5 * time.Second
	now := d.cfg.Now()
	s, err := d.cfg.Store.Situation(ctx, now)
	if err != nil {
		return afterError, err
	}
	s.Location = d.cfg.Location
	if d.cfg.Complete != nil {
		d.cfg.Complete(&s)
	}
	due := duty.Due(now, s)
	if len(due) > 0 {
		added, err := d.cfg.Store.AddIntents(ctx, decider, d.words(s, due))
		if err != nil {
			return afterError, err
		}
		if added > 0 {
			d.cfg.Decided()
		}
		if added < len(due) {
			// Decided again although it is in the file: the history is not what
			// was written. Said, because somebody may now not be told.
			return afterError, fmt.Errorf("%d of %d messages were decided before and are due again, the first is %s", len(due)-added, len(due), due[0].Key)
		}
		return 0, nil // and look again with these in the history
	}
	wait := mostWaitAtDesk
	if next := duty.Next(now, s); !next.IsZero() {
		wait = min(wait, max(time.Millisecond, next.Sub(now)))
	}
	return wait, nil
}

// words puts what was decided into each reader's language.
func (d *Desk) words(s duty.Situation, due []duty.Intent) []state.Outgoing {
	alarms := make(map[string]duty.Alarm, len(s.Alarms))
	for _, a := range s.Alarms {
		alarms[a.ID] = a
	}
	c := wording.Composer{Names: d.cfg.Names, Location: d.cfg.Location, Unit: d.cfg.Unit, Subject: func(id string) (wording.Subject, bool) {
		a, ok := alarms[id]
		out := wording.Subject{Alarm: a.Alarm, Batches: a.Batches}
		if d.cfg.Left != nil {
			if left, known := d.cfg.Left(id); known {
				out.Left = &left
			}
		}
		if d.cfg.Ages != nil {
			out.Ages = d.cfg.Ages(a.Alarm)
		}
		return out, ok
	}}
	out := make([]state.Outgoing, len(due))
	for i, intent := range due {
		p, _ := s.Roster.Person(intent.Person)
		out[i] = state.Outgoing{Intent: intent, Words: c.Compose(wording.LanguageOf(p.Language), intent)}
	}
	return out
}
