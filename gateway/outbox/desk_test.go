package outbox

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/alerting/wording"
	"coldchain/gateway/state"
)

type plainNames struct{}

func (plainNames) Site(s string, _ wording.Language) string           { return s }
func (plainNames) Zone(z string, _ wording.Language) (string, string) { return z, "chilled" }
func (plainNames) Person(p string) string                             { return p }

// office is desk and sender on one file, as a county runs them.
type office struct {
	db   *state.DB
	desk *Desk
	logs *logbook
	stop func()
}

func startOffice(t *testing.T, path string, channels ...Channel) *office {
	t.Helper()
	db, err := state.Open(context.Background(), path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{db: db, logs: &logbook{}}
	log := slog.New(slog.NewTextHandler(o.logs, nil))
	s, err := New(Config{Store: db, Channels: channels, Now: time.Now, Log: log, Person: func(ctx context.Context, id string) (duty.Person, bool, error) {
		p, err := db.People(ctx)
		x, ok := p.Roster.Person(id)
		return x, ok, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	o.desk, err = NewDesk(DeskConfig{Store: db, Now: time.Now, Log: log, Location: time.UTC, Names: plainNames{}, Decided: s.Wake})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- s.Run(ctx) }()
	go func() { done <- o.desk.Run(ctx) }()
	o.stop = func() {
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	return o
}

// TestFromAlarmToPersonAcrossRestarts: an excursion is raised; the process is
// killed and started every minute; everybody of the chain is called once in the
// first half hour, and told once when it is over.
func TestFromAlarmToPersonAcrossRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		call, sms := &far{}, &far{}
		channels := []Channel{{Name: "call", Notifier: call}, {Name: "sms", Notifier: sms}}
		path := filepath.Join(t.TempDir(), "county.db")
		o := startOffice(t, path, channels...)
		ctx := context.Background()
		plan := duty.DefaultPlan()
		plan.Channels = []duty.Channel{{Name: "call", Medium: duty.Voice}, {Name: "sms", Medium: duty.SMS}}
		plan.Critical.Channels, plan.Warning.Channels, plan.Morning.Off, plan.Drill.Off = []string{"call", "sms"}, []string{"sms"}, true, true
		var roster duty.Roster
		for i, role := range []duty.Role{duty.Keeper, duty.Deputy, duty.CountyDuty, duty.Repairer} {
			roster.Persons = append(roster.Persons, duty.Person{ID: string(role), Name: string(role), Phone: "861380000000" + string(rune('0'+i)), Roles: []duty.Role{role}})
		}
		if _, err := o.db.PutPeople(ctx, decider, 0, roster, plan, nil); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		a := alerting.Alarm{ID: "a", Rule: alerting.HighLimit, Object: "balagong/mutton/air", Zone: "balagong/mutton", Level: alerting.Excursion, Class: alerting.Live,
			Start: start, Raised: start, LastSeen: start, HasValue: true, Limit: 5, Peak: 7, LastValue: 7}
		if _, err := o.db.Apply(ctx, decider, []alerting.Transition{{Change: alerting.Raised, Alarm: a, At: start}}); err != nil {
			t.Fatal(err)
		}
		o.desk.Wake()
		for range 29 {
			time.Sleep(time.Minute)
			o.stop()
			o = startOffice(t, path, channels...)
		}
		if len(call.taken()) != 4 || len(sms.taken()) != 4 {
			t.Fatalf("%d calls and %d short messages\n%s", len(call.taken()), len(sms.taken()), o.logs)
		}
		for i, want := range []struct {
			who   string
			after time.Duration
		}{{"keeper", 0}, {"deputy", 5 * time.Minute}, {"county-duty", 10 * time.Minute}, {"repairer", 20 * time.Minute}} {
			if g := call.taken()[i]; g.m.To.Person != want.who || g.at.Sub(start).Truncate(time.Second) != want.after || !strings.Contains(g.m.Short, "7 °C") {
				t.Errorf("call %d: %s after %s: %s", i, g.m.To.Person, g.at.Sub(start), g.m.Short)
			}
		}
		if err := o.db.TakeStep(ctx, state.Actor{Kind: state.Person, ID: "keeper"}, "a", duty.OnSite, "", time.Time{}); err != nil {
			t.Fatal(err)
		}
		a.Returned, a.LastSeen = time.Now(), time.Now()
		if _, err := o.db.Apply(ctx, decider, []alerting.Transition{{Change: alerting.Returned, Alarm: a, At: a.Returned}}); err != nil {
			t.Fatal(err)
		}
		o.desk.Wake()
		time.Sleep(2 * time.Hour)
		o.stop()
		over := map[string]int{}
		for _, g := range sms.taken()[4:] {
			if g.m.Kind == notify.Returned {
				over[g.m.To.Person]++
			}
		}
		if len(sms.taken()) != 8 || len(over) != 4 || len(call.taken()) != 4 {
			t.Errorf("%d calls, %d short messages, over: %v\n%s", len(call.taken()), len(sms.taken()), over, o.logs)
		}
		if strings.Contains(o.logs.String(), "ERROR") {
			t.Error(o.logs)
		}
	})
}

// TestWhatIsOverRingsNobody: nothing can be sent while a room is too warm, and it
// is over before it can. Nobody is called then; each learns once that it was so,
// by the quiet ways. It comes back: everybody is called as of something new.
func TestWhatIsOverRingsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := func(int, notify.Message) error {
			return &notify.Error{Class: notify.Temporary, Err: errors.New("no network")}
		}
		call, sms := &far{answer: down}, &far{answer: down}
		o := startOffice(t, filepath.Join(t.TempDir(), "county.db"), Channel{Name: "call", Notifier: call}, Channel{Name: "sms", Notifier: sms})
		ctx := context.Background()
		plan := duty.DefaultPlan()
		plan.Channels = []duty.Channel{{Name: "call", Medium: duty.Voice}, {Name: "sms", Medium: duty.SMS}}
		plan.Critical.Channels, plan.Warning.Channels, plan.Morning.Off, plan.Drill.Off = []string{"call", "sms"}, []string{"sms"}, true, true
		roster := duty.Roster{Persons: []duty.Person{{ID: "qiqige", Name: "其其格", Phone: "8613800000001", Roles: []duty.Role{duty.Keeper}}}}
		if _, err := o.db.PutPeople(ctx, decider, 0, roster, plan, nil); err != nil {
			t.Fatal(err)
		}
		tell := func(a alerting.Alarm, c alerting.Change) {
			t.Helper()
			if _, err := o.db.Apply(ctx, decider, []alerting.Transition{{Change: c, Alarm: a, At: time.Now()}}); err != nil {
				t.Fatal(err)
			}
			o.desk.Wake()
		}
		start := time.Now()
		a := alerting.Alarm{ID: "a", Rule: alerting.HighLimit, Object: "balagong/mutton/air", Zone: "balagong/mutton", Level: alerting.Excursion, Class: alerting.Live,
			Start: start, Raised: start, LastSeen: start, HasValue: true, Limit: 5, Peak: 7, LastValue: 7}
		tell(a, alerting.Raised)
		time.Sleep(10 * time.Minute)
		if len(call.tried()) == 0 || len(sms.tried()) == 0 {
			t.Fatal("nothing was tried")
		}
		a.Returned, a.LastSeen = time.Now(), time.Now()
		tell(a, alerting.Returned)
		for _, f := range []*far{call, sms} {
			f.mu.Lock()
			f.answer = nil
			f.mu.Unlock()
		}
		time.Sleep(2 * time.Hour)
		if n := len(call.taken()); n != 0 {
			t.Errorf("%d calls for what is over", n)
		}
		if got := sms.taken(); len(got) != 1 || got[0].m.Kind != notify.Returned || !strings.Contains(got[0].m.Short, a.Start.UTC().Format("15:04")+"到"+a.Returned.UTC().Format("15:04")) {
			t.Errorf("short messages: %+v", got)
		}
		b := a
		b.ID, b.Start, b.Raised, b.LastSeen, b.Returned = "b", time.Now(), time.Now(), time.Now(), time.Time{}
		tell(b, alerting.Raised)
		time.Sleep(time.Minute)
		if n := len(call.taken()); n != 1 {
			t.Errorf("%d calls for what is back", n)
		}
		o.stop()
	})
}

func TestDeskNeedsWhatItWorksWith(t *testing.T) {
	if _, err := NewDesk(DeskConfig{}); err == nil {
		t.Error("a desk with nothing was taken")
	}
}
