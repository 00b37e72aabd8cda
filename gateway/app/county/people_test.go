package county

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/alerting/wording"
	"coldchain/gateway/config"
	"coldchain/gateway/state"
	"coldchain/gateway/web"
)

// deskRig is an office on a county.db of its own, with a webhook to a far end
// of this test.
type deskRig struct {
	*office
	t      *testing.T
	db     *state.DB
	answer func(person string) int // what the far end says
	slow   time.Duration           // and how long it takes to

	mu    sync.Mutex
	heard map[string]int // messages taken, by person
	last  string
}

var tester = state.Actor{Kind: state.System, ID: "test"}

// newDesk makes an office; with a channel if there is to be one.
func newDesk(t *testing.T, sites int, channel bool) *deskRig {
	t.Helper()
	r := &deskRig{t: t, heard: map[string]int{}, answer: func(string) int { return http.StatusOK }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		var m struct{ Person, Short string }
		if err := json.Unmarshal(body, &m); err != nil {
			t.Errorf("a body that is no JSON: %v", err)
		}
		if r.slow > 0 {
			timer := time.NewTimer(r.slow)
			defer timer.Stop()
			<-timer.C
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		status := r.answer(m.Person)
		if status == http.StatusOK {
			r.heard[m.Person]++
			r.last = m.Short
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cfg := &config.County{County: "hangjin", Data: dir}
	for i := range sites {
		cfg.Sites = append(cfg.Sites, config.Site{ID: fmt.Sprintf("site-%d", i), Kind: config.TownshipStore, Name: config.Label{ZH: fmt.Sprintf("%d号库", i)}})
	}
	if channel {
		cfg.Notify.Channels = map[string]config.Channel{"hook": {Webhook: &config.Webhook{
			URLFile: write("url", server.URL), TemplateFile: write("template", `{"person":{{json .To.Person}},"short":{{json .Short}}}`)}}}
	}
	var err error
	if r.db, err = state.Open(t.Context(), filepath.Join(dir, "county.db"), time.Now); err != nil {
		t.Fatal(err)
	}
	r.office, err = newOffice(officeOptions{cfg: cfg, state: r.db, hub: web.NewHub(), now: time.Now, log: slog.New(slog.DiscardHandler),
		left: func(context.Context, alerting.Alarm) *web.Left { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); r.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		if err := r.db.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// staff puts people into the roster: a keeper for each site, and one who is on
// duty at the county.
func (r *deskRig) staff() {
	r.t.Helper()
	plan := duty.DefaultPlan()
	plan.Morning.Off, plan.Drill.Off = true, true
	var roster duty.Roster
	for i, s := range r.cfg.Sites {
		roster.Persons = append(roster.Persons, duty.Person{ID: fmt.Sprintf("keeper-%d", i), Name: fmt.Sprintf("库管%d", i), Phone: fmt.Sprintf("86138%08d", i),
			Handle: map[string]string{"hook": "x"}, Roles: []duty.Role{duty.Keeper}, Sites: []string{s.ID}})
	}
	roster.Persons = append(roster.Persons, duty.Person{ID: "narisu", Name: "那日苏", Phone: "8613900000000", Handle: map[string]string{"hook": "x"}, Roles: []duty.Role{duty.CountyDuty}})
	if _, err := r.PutPeople(r.t.Context(), web.Actor{Name: "测试", Via: "token"}, 0, roster, plan); err != nil {
		r.t.Fatal(err)
	}
}

func (r *deskRig) count(person string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.heard[person]
}

func (r *deskRig) raise(list ...alerting.Alarm) {
	r.t.Helper()
	var changes []alerting.Transition
	for _, a := range list {
		a.ID = alerting.AlarmID(a.Rule, a.Object, a.Start)
		a.Class, a.State, a.Raised, a.LastSeen = alerting.Live, alerting.Unacknowledged, a.Start, a.Start
		changes = append(changes, alerting.Transition{Change: alerting.Raised, Alarm: a, At: a.Start})
	}
	if _, err := r.db.Apply(r.t.Context(), tester, changes); err != nil {
		r.t.Fatal(err)
	}
	r.alarmsChanged()
}

func warm(site string) alerting.Alarm {
	return alerting.Alarm{Rule: alerting.HighLimit, Object: site + "/room/air", Zone: site + "/room", Level: alerting.Excursion,
		Start: time.Now().UTC().Truncate(time.Millisecond), HasValue: true, Limit: 5, Peak: 8, LastValue: 8}
}

// TestWithoutAChannelNobodyIsToldAndThePageSaysSo: and no message piles up that
// would go out when somebody adds a channel.
func TestWithoutAChannelNobodyIsToldAndThePageSaysSo(t *testing.T) {
	r := newDesk(t, 1, false)
	p, err := r.People(t.Context())
	if err != nil || p.Telling || len(p.Lacks) == 0 || !strings.Contains(p.Lacks[0].EN, "no channel is configured") || p.Lacks[0].ZH == "" {
		t.Fatalf("%+v, %v", p, err)
	}
	r.raise(warm("site-0"))
	if r.desk != nil || r.sender != nil {
		t.Error("something decides or sends")
	}
	if out, err := r.db.Outbox(t.Context(), "", 10); err != nil || len(out) != 0 {
		t.Errorf("the outbox holds %v, %v", out, err)
	}
}

// TestAChannelThatFailsIsAnAlarmUntilItWorks: nobody else would notice.
func TestAChannelThatFailsIsAnAlarmUntilItWorks(t *testing.T) {
	r := newDesk(t, 2, true)
	r.staff()
	r.mu.Lock()
	r.answer = func(string) int { return http.StatusMovedPermanently } // its address is wrong
	r.mu.Unlock()
	r.raise(warm("site-0"))
	find := func() (out []state.Alarm) {
		all, err := r.db.Alarms(t.Context(), state.AlarmFilter{})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range all {
			if a.Rule == duty.ChannelFails {
				out = append(out, a)
			}
		}
		return out
	}
	await(t, "the alarm", func() bool { return len(find()) == 1 })
	if a := find()[0]; a.Object != "channel/hook" || !a.State.Present() {
		t.Errorf("%+v", a)
	}
	if ways, err := r.Channels(t.Context()); err != nil || len(ways) != 1 || ways[0].Kind != "webhook" || !ways[0].Proved.IsZero() || ways[0].Failed == 0 || ways[0].LastError == "" {
		t.Errorf("channels %+v, %v", ways, err)
	}
	r.mu.Lock()
	r.answer = func(string) int { return http.StatusOK }
	r.mu.Unlock()
	r.raise(warm("site-1"))
	await(t, "its end", func() bool { return len(find()) == 1 && !find()[0].State.Present() })
	if ways, err := r.Channels(t.Context()); err != nil || ways[0].Proved.IsZero() || ways[0].Taken != 1 {
		t.Errorf("channels %+v, %v", ways, err)
	}
}

// TestACountyThatBeginsHasMissedNothing: channels are there before people are.
func TestACountyThatBeginsHasMissedNothing(t *testing.T) {
	r := newDesk(t, 1, true)
	s, err := r.look(t.Context(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if got := ownChanges(time.Now(), s); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

// TestTheKeyOfLinksIsKept: by nobody else's eyes; a damaged one is made anew.
func TestTheKeyOfLinksIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "answer.key")
	read := func() string {
		key, err := answerKey(path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return string(key)
	}
	first := read()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || len(first) < 32 || read() != first {
		t.Errorf("%v, %v, %d bytes", info.Mode(), err, len(first))
	}
	if err := os.WriteFile(path, []byte(first[:7]), 0o600); err != nil {
		t.Fatal(err)
	}
	if again := read(); again == first || len(again) < 32 || read() != again {
		t.Error("a damaged key was not replaced by one that stays")
	}
}

// TestAReplyAnswersTheNewestMessage: "1" from a person's number acknowledges
// what was sent to it by then; other numbers and other texts do nothing.
func TestAReplyAnswersTheNewestMessage(t *testing.T) {
	r := newDesk(t, 2, true)
	r.staff()
	first := warm("site-0")
	r.raise(first)
	await(t, "the message", func() bool { return r.count("keeper-0") == 1 })
	id := alerting.AlarmID(first.Rule, first.Object, first.Start)
	await(t, "its outcome to be written down", func() bool {
		out, err := r.db.Outbox(t.Context(), "keeper-0", 1)
		return err == nil && len(out) == 1 && !out[0].Delivered.IsZero()
	})
	steps := func() []state.Taken {
		a, err := r.db.AnswersTo(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return a[id].Steps
	}
	for _, no := range []notify.Reply{
		{From: "8613800000000", Text: "退订", At: time.Now()},
		{From: "8613800009999", Text: "1", At: time.Now()},
		{From: "8613800000001", Text: "1", At: time.Now()},                 // nothing was sent to this one
		{From: "8613800000000", Text: "1", At: time.Now().Add(-time.Hour)}, // before there was a message
	} {
		if err := r.reply(t.Context(), no); err != nil || len(steps()) != 0 {
			t.Errorf("%+v: %v, steps %v", no, err, steps())
		}
	}
	for range 2 { // a modem may hand it over again
		if err := r.reply(t.Context(), notify.Reply{From: "8613800000000", Text: " 1 ", At: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	if got := steps(); len(got) != 1 || got[0].Answer != duty.Acknowledged || got[0].Person != "keeper-0" {
		t.Errorf("steps %+v", got)
	}
}

// TestADrillIsShownWithItsSeconds: from being reached to answering; who was not
// reached, or did not answer, has none.
func TestADrillIsShownWithItsSeconds(t *testing.T) {
	r := newDesk(t, 2, false)
	ctx, at := t.Context(), time.Now().UTC().Truncate(time.Millisecond).Add(-time.Minute)
	for _, day := range []string{"2026-11-18", "2026-11-25"} {
		for _, who := range []string{"keeper-0", "keeper-1"} {
			i := duty.Intent{Key: "drill/" + day + "/" + who, Kind: notify.Drill, Person: who, Channels: []string{"hook"}, Subject: day}
			i.At, _ = time.ParseInLocation("2006-01-02 15:04", day+" 10:00", r.location)
			if _, err := r.db.AddIntents(ctx, tester, []state.Outgoing{{Intent: i}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	key := "drill/2026-11-25/keeper-1"
	if err := r.db.RecordAttempt(ctx, tester, []string{key}, duty.Attempt{Channel: "hook", At: at}, "", []time.Time{{}}); err != nil {
		t.Fatal(err)
	}
	if err := r.AnswerMessage(ctx, key, web.Actor{Via: "link"}, duty.Acknowledged); err != nil {
		t.Fatal(err)
	}
	got, err := r.Drills(ctx, 26)
	if err != nil || len(got) != 2 || !got[0].At.After(got[1].At) || len(got[0].Persons) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	if p := got[0].Persons[0]; p.Person != "keeper-0" || !p.Told.IsZero() || !p.Answered.IsZero() {
		t.Errorf("%+v", p)
	}
	if p := got[0].Persons[1]; p.Person != "keeper-1" || !p.Told.Equal(at) || !p.Answered.After(at) {
		t.Errorf("%+v", p)
	}
	if m, err := r.Message(ctx, key); err != nil || len(m.Answered) != 1 {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestARosterNamesOnlyWhatThereIs: a site or channel that the configuration does
// not have is refused with its field; somebody who was slower is told so.
func TestARosterNamesOnlyWhatThereIs(t *testing.T) {
	r := newDesk(t, 1, true)
	r.staff()
	now, err := r.People(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	plan := now.Plan
	plan.Critical.Channels = []string{"pigeon"}
	somewhere := duty.Roster{Persons: []duty.Person{{ID: "x", Name: "X", Phone: "8613800000000", Roles: []duty.Role{duty.Keeper}, Sites: []string{"atlantis"}}}}
	for want, put := range map[string]func() error{
		"plan.critical.channels[0]": func() error {
			_, err := r.PutPeople(t.Context(), web.Actor{Name: "x"}, 1, now.Roster, plan)
			return err
		},
		"atlantis": func() error {
			_, err := r.PutPeople(t.Context(), web.Actor{Name: "x"}, 1, somewhere, now.Plan)
			return err
		},
		"read it again": func() error {
			_, err := r.PutPeople(t.Context(), web.Actor{Name: "x"}, 0, now.Roster, now.Plan)
			return err
		},
	} {
		if err := put(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if names := (places{roster: &r.roster}); names.Person("narisu") != "那日苏" || names.Site("none", wording.Chinese) != "" {
		t.Error("names")
	}
}

// TestAStormIsOneMessageToEachPerson: fifty sites of sixty points each lose
// their mains at once, and the far end takes 300 ms for each message.
func TestAStormIsOneMessageToEachPerson(t *testing.T) {
	const sites, points = 50, 60
	r := newDesk(t, sites, true)
	r.slow = 300 * time.Millisecond
	r.staff()
	start := time.Now().UTC().Truncate(time.Millisecond)
	var all []alerting.Alarm
	for s := range sites {
		for p := range points {
			all = append(all, alerting.Alarm{Rule: alerting.MainsLost, Object: fmt.Sprintf("site-%d/room-%d/mains", s, p), Zone: fmt.Sprintf("site-%d/room-%d", s, p),
				Level: alerting.Excursion, Start: start})
		}
	}
	began := time.Now()
	r.raise(all...)
	kept := time.Since(began)
	await(t, "everybody's message", func() bool {
		for s := range sites {
			if r.count(fmt.Sprintf("keeper-%d", s)) == 0 {
				return false
			}
		}
		return true
	})
	t.Logf("%d alarms written down in %s; everybody told after %s", len(all), kept, time.Since(began))
	await(t, "every outcome to be written down", func() bool {
		_, next, err := r.db.DueIntents(t.Context(), time.Now().Add(time.Hour), 10)
		due, _, _ := r.db.DueIntents(t.Context(), time.Now(), 10)
		return err == nil && next.IsZero() && len(due) == 0
	})
	for s := range sites {
		if n := r.count(fmt.Sprintf("keeper-%d", s)); n != 1 {
			t.Errorf("keeper %d has %d messages", s, n)
		}
	}
}
