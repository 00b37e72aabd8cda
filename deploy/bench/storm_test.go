//go:build bench

package bench

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/alerting/wording"
	"coldchain/gateway/outbox"
	"coldchain/gateway/state"
)

// slowFar takes a while for each message.
type slowFar struct {
	takes time.Duration
	mu    sync.Mutex
	got   map[string]int // by person
	last  time.Time
}

func (f *slowFar) Notify(ctx context.Context, m notify.Message) (notify.Receipt, error) {
	select {
	case <-time.After(f.takes):
	case <-ctx.Done():
		return notify.Receipt{}, ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got[m.To.Person]++
	f.last = time.Now()
	return notify.Receipt{}, nil
}

func (f *slowFar) people() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.got)
}

type slugs struct{}

func (slugs) Site(s string, _ wording.Language) string           { return s }
func (slugs) Zone(z string, _ wording.Language) (string, string) { return z, "chilled" }
func (slugs) Person(p string) string                             { return p }

// TestStorm: 3,000 points of fifty sites lose power at once, and the one channel's
// far end takes 300 ms for each message.
func TestStorm(t *testing.T) {
	const sites, points = 50, 60
	ctx, stop := context.WithCancel(t.Context())
	db, err := state.Open(ctx, filepath.Join(t.TempDir(), "county.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	system := state.Actor{Kind: state.System, ID: "bench"}
	plan := duty.DefaultPlan()
	plan.Channels = []duty.Channel{{Name: "call", Medium: duty.Voice}}
	plan.Critical.Channels, plan.Critical.Take, plan.Warning.Channels = []string{"call"}, 1, []string{"call"}
	plan.Morning.Off, plan.Drill.Off = true, true
	var roster duty.Roster
	var all []alerting.Transition
	now := time.Now().UTC().Truncate(time.Millisecond)
	for s := range sites {
		roster.Persons = append(roster.Persons, duty.Person{ID: fmt.Sprintf("keeper-%d", s), Name: "k", Phone: fmt.Sprintf("86138%08d", s), Roles: []duty.Role{duty.Keeper}, Sites: []string{fmt.Sprintf("site-%d", s)}})
		for p := range points {
			zone := fmt.Sprintf("site-%d/room-%d", s, p)
			a := alerting.Alarm{Rule: alerting.MainsLost, Object: zone + "/mains", Zone: zone, Level: alerting.Excursion, Class: alerting.Live, State: alerting.Unacknowledged, Start: now, Raised: now, LastSeen: now}
			a.ID = alerting.AlarmID(a.Rule, a.Object, a.Start)
			all = append(all, alerting.Transition{Change: alerting.Raised, Alarm: a, At: now})
		}
	}
	if _, err := db.PutPeople(ctx, system, 0, roster, plan, nil); err != nil {
		t.Fatal(err)
	}
	far := &slowFar{takes: 300 * time.Millisecond, got: map[string]int{}}
	log := slog.New(slog.DiscardHandler)
	var desk *outbox.Desk
	sender, err := outbox.New(outbox.Config{Store: db, Channels: []outbox.Channel{{Name: "call", Notifier: far}}, Now: time.Now, Log: log, Cancelled: func() { desk.Wake() },
		Person: func(_ context.Context, id string) (duty.Person, bool, error) {
			p, ok := roster.Person(id)
			return p, ok, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	if desk, err = outbox.NewDesk(outbox.DeskConfig{Store: db, Now: time.Now, Log: log, Location: time.UTC, Names: slugs{}, Decided: sender.Wake}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = sender.Run(ctx) }) // both end with their context only
	wg.Go(func() { _ = desk.Run(ctx) })
	began := time.Now()
	if _, err := db.Apply(ctx, system, all); err != nil {
		t.Fatal(err)
	}
	written := time.Since(began)
	desk.Wake()
	for deadline := time.Now().Add(2 * time.Minute); far.people() < sites && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	took := far.last.Sub(began)
	time.Sleep(12 * time.Second) // what would come twice has come
	stop()
	wg.Wait()
	messages := 0
	for _, n := range far.got {
		messages += n
	}
	if messages != sites || len(far.got) != sites {
		t.Errorf("%d messages to %d of %d people", messages, len(far.got), sites)
	}
	fmt.Printf("storm | %d points lose power at once, 300 ms a message by one channel | %d messages to %d people | all told after %.1f s, alarms written down after %.1f s\n",
		sites*points, messages, len(far.got), took.Seconds(), written.Seconds())
}
