package county

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"coldchain/alerting/notify"
	"coldchain/alerting/notify/webhook"
	"coldchain/gateway/config"
	"coldchain/gateway/state"
)

// platformStore is the queue of verdicts.
type platformStore interface {
	DuePlatform(ctx context.Context, now time.Time, most int) ([]state.Telling, time.Time, error)
	PlatformTold(ctx context.Context, actor state.Actor, key string) error
	PlatformFailed(ctx context.Context, actor state.Actor, key, problem string, next time.Time) error
}

// platform tells a traceability platform of verdicts, by a webhook: signed, never
// following a redirect, until the platform has answered 2xx. Nil: there is none.
type platform struct {
	store platformStore
	hook  notify.Notifier
	now   func() time.Time
	log   *slog.Logger
	woken chan struct{}
}

// bodyField carries the verdict through the webhook's template as it stands.
const bodyField = "body"

// newPlatform reads the address; nil without one in the configuration.
func newPlatform(cfg config.Platform, store platformStore, now func() time.Time, log *slog.Logger) (*platform, error) {
	if cfg.URLFile == "" {
		return nil, nil
	}
	s := secrets{}
	hook, err := webhook.New(webhook.Options{Address: s.read(cfg.URLFile), Secret: s.read(cfg.SecretFile), Now: now,
		Client: &http.Client{Timeout: platformPatience}, Template: `{{index .Fields "` + bodyField + `"}}`})
	if s.err != nil {
		return nil, fmt.Errorf("platform: %w", s.err)
	}
	if err != nil {
		return nil, fmt.Errorf("platform: %w", err)
	}
	return &platform{store: store, hook: hook, now: now, log: log, woken: make(chan struct{}, 1)}, nil
}

const (
	platformPatience = 30 * time.Second
	platformFirst    = time.Minute // after the first try that failed; doubled up to the longest
	platformLongest  = time.Hour
	platformBatch    = 20 // tellings at a time
)

// wake has the queue looked at now.
func (p *platform) wake() {
	if p == nil {
		return
	}
	select {
	case p.woken <- struct{}{}:
	default: // it is awake already
	}
}

// run tells until ctx ends.
func (p *platform) run(ctx context.Context) {
	if p == nil {
		return
	}
	tend(ctx, p.now, p.woken, p.tell, func(err error) {
		p.log.Error("the traceability platform is not told; trying again", "error", err)
	})
}

// tend works on a queue until ctx ends: again at once while there is more, else
// when the next piece is due or somebody wakes it.
func tend(ctx context.Context, now func() time.Time, woken <-chan struct{}, work func(context.Context) (next time.Time, more bool, err error), failed func(error)) {
	for ctx.Err() == nil {
		wait := platformLongest
		next, more, err := work(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			failed(err)
			wait = platformFirst
		case more:
			continue
		case !next.IsZero():
			wait = min(wait, max(next.Sub(now()), time.Second))
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-woken:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// tell sends what is due. more says that there may be something due now.
func (p *platform) tell(ctx context.Context) (next time.Time, more bool, err error) {
	due, next, err := p.store.DuePlatform(ctx, p.now(), platformBatch)
	if err != nil {
		return next, false, err
	}
	me := state.Actor{Kind: state.System, ID: "platform"}
	for _, t := range due {
		if ctx.Err() != nil {
			return next, false, nil
		}
		_, failed := p.hook.Notify(ctx, notify.Message{Key: "verdict/" + t.Key, Fields: map[string]string{bodyField: string(t.Body)}})
		if ctx.Err() != nil && failed != nil {
			return next, false, nil // it was not its fault
		}
		if failed == nil {
			err = p.store.PlatformTold(ctx, me, t.Key)
		} else {
			p.log.Warn("the traceability platform has not taken a verdict; trying again", "verdict", t.Key, "try", t.Tries+1, "error", failed)
			err = p.store.PlatformFailed(ctx, me, t.Key, failed.Error(), p.now().Add(retryIn(t.Tries)))
		}
		if err != nil {
			return next, false, err
		}
	}
	return next, len(due) > 0, nil
}

// retryIn is how long to wait after a number of tries before this one.
func retryIn(tries int) time.Duration {
	return min(platformFirst<<min(tries, 10), platformLongest)
}
