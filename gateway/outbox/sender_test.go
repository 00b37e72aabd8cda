package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/alerting/wording"
	"coldchain/gateway/state"
)

// far is a channel's far end: it answers as it is told, and remembers.
type far struct {
	mu     sync.Mutex
	answer func(n int, m notify.Message) error // nil: takes everything
	slow   time.Duration
	got    []taken
	tries  []time.Time
}

type taken struct {
	at time.Time
	m  notify.Message
}

func (f *far) Notify(ctx context.Context, m notify.Message) (notify.Receipt, error) {
	f.mu.Lock()
	n := len(f.tries)
	f.tries = append(f.tries, time.Now())
	answer, slow := f.answer, f.slow
	f.mu.Unlock()
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
			return notify.Receipt{}, fmt.Errorf("no answer: %w", ctx.Err())
		}
	}
	if answer != nil {
		if err := answer(n, m); err != nil {
			return notify.Receipt{}, err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got = append(f.got, taken{time.Now(), m})
	return notify.Receipt{ID: fmt.Sprint("r", n)}, nil
}

// taken is what arrived, in order.
func (f *far) taken() []taken {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.got)
}

// tried is when somebody tried.
func (f *far) tried() []time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.tries)
}

// logbook is what was logged, for several goroutines.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logbook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// texts are what arrived, in order.
func (f *far) texts() (out []string) {
	for _, g := range f.taken() {
		out = append(out, g.m.Text)
	}
	return out
}

// post is an outbox on a real file with a sender that can be stopped and
// started again.
type post struct {
	t        *testing.T
	path     string
	db       *state.DB
	wrap     func(Store) Store // around the file, for the sender
	channels []Channel
	logs     *logbook
	sender   *Sender
	stop     func()
}

func newPost(t *testing.T, channels ...Channel) *post {
	p := &post{t: t, path: filepath.Join(t.TempDir(), "county.db"), channels: channels, logs: &logbook{}}
	p.start()
	return p
}

// start opens the file and runs a sender, as a new process would.
func (p *post) start() {
	p.t.Helper()
	db, err := state.Open(context.Background(), p.path, time.Now)
	if err != nil {
		p.t.Fatal(err)
	}
	var store Store = db
	if p.wrap != nil {
		store = p.wrap(db)
	}
	s, err := New(Config{Store: store, Channels: p.channels, Now: time.Now, Log: slog.New(slog.NewTextHandler(p.logs, nil)),
		Person: func(_ context.Context, id string) (duty.Person, bool, error) {
			return duty.Person{ID: id, Name: strings.ToUpper(id), Phone: "8613800000000"}, id != "gone", nil
		}})
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	p.db, p.sender = db, s
	p.stop = func() {
		cancel()
		if err := <-done; err != nil {
			p.t.Error(err)
		}
		if err := db.Close(); err != nil {
			p.t.Error(err)
		}
	}
}

func (p *post) put(list ...state.Outgoing) {
	p.t.Helper()
	if _, err := p.db.AddIntents(context.Background(), decider, list); err != nil {
		p.t.Fatal(err)
	}
	p.sender.Wake()
}

func message(key, person string, channels ...string) state.Outgoing {
	return state.Outgoing{
		Intent: duty.Intent{Key: key, Kind: notify.Raised, Level: alerting.Excursion, Person: person, At: time.Now(), Critical: true, Take: 1, Channels: channels},
		Words:  wording.Words{Title: "T " + key, Short: "S " + key, Text: "text " + key},
	}
}

func (p *post) find(key string) state.Outgoing {
	p.t.Helper()
	all, err := p.db.Outbox(context.Background(), "", 100)
	if err != nil {
		p.t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(o state.Outgoing) bool { return o.Intent.Key == key })
	if i < 0 {
		p.t.Fatalf("%s is not in the outbox", key)
	}
	return all[i]
}

func TestACallAndThenAShortMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		call, sms, wecom := &far{}, &far{}, &far{}
		p := newPost(t, Channel{Name: "call", Notifier: call}, Channel{Name: "sms", Notifier: sms}, Channel{Name: "wecom", Notifier: wecom})
		defer func() { p.stop() }()
		o := message("k", "qiqige", "call", "sms", "wecom")
		o.Intent.Take = 2
		p.put(o)
		time.Sleep(time.Second)
		if len(call.taken()) != 1 || len(sms.taken()) != 1 || len(wecom.taken()) != 0 {
			t.Errorf("call %d, sms %d, wecom %d", len(call.taken()), len(sms.taken()), len(wecom.taken()))
		}
		if m := call.taken()[0].m; m.Key != "k" || m.To.Person != "qiqige" || m.Short != "S k" || m.Level != alerting.Excursion {
			t.Errorf("%+v", m)
		}
		got := p.find("k")
		if !got.Next.IsZero() || got.Delivered.IsZero() || len(got.Attempts) != 2 {
			t.Errorf("%+v", got)
		}
		time.Sleep(48 * time.Hour)
		if len(call.tried()) != 1 || len(sms.tried()) != 1 {
			t.Error("sent again")
		}
	})
}

func TestAFailingChannelFallsThroughToTheNext(t *testing.T) {
	for class, again := range map[notify.Class]bool{notify.Configuration: false, notify.BadRecipient: false, notify.Refused: false, notify.Temporary: true} {
		t.Run(string(class), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				call := &far{answer: func(int, notify.Message) error {
					return &notify.Error{Class: class, Code: "93000", Err: errors.New("bad")}
				}}
				sms := &far{}
				p := newPost(t, Channel{Name: "call", Notifier: call}, Channel{Name: "sms", Notifier: sms})
				defer func() { p.stop() }()
				p.put(message("k", "qiqige", "call", "sms"))
				both := message("k2", "batu", "call", "sms")
				both.Intent.Take = 2
				p.put(both)
				time.Sleep(time.Second)
				if len(sms.taken()) != 2 {
					t.Errorf("%d short messages", len(sms.taken()))
				}
				if a := p.find("k").Attempts; len(a) != 2 || a[0].Class != class || a[0].Code != "93000" || !a[1].OK() {
					t.Errorf("%+v", a)
				}
				// A call that may yet succeed is tried again where it is still wanted.
				time.Sleep(time.Hour)
				if more := len(call.tried()) > 2; more != again {
					t.Errorf("%d calls", len(call.tried()))
				}
			})
		})
	}
}

func TestTriesGoOnAcrossRestartsAtTheirOwnPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sms := &far{answer: func(n int, _ notify.Message) error {
			if n < 4 {
				return &notify.Error{Class: notify.Temporary, Err: errors.New("503")}
			}
			return nil
		}}
		p := newPost(t, Channel{Name: "sms", Notifier: sms})
		p.put(message("k", "qiqige", "sms"))
		for range 200 { // killed and started again every ten seconds
			time.Sleep(10 * time.Second)
			p.stop()
			p.start()
		}
		time.Sleep(time.Hour)
		p.stop()
		if len(sms.tried()) != 5 || len(sms.taken()) != 1 {
			t.Fatalf("%d tries, taken %d times", len(sms.tried()), len(sms.taken()))
		}
		least := []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute}
		for i, d := range least {
			if gap := sms.tried()[i+1].Sub(sms.tried()[i]); gap < d || gap > d+d/4+11*time.Second {
				t.Errorf("try %d came %s after the one before; want %s to a quarter more", i+2, gap, d)
			}
		}
	})
}

// TestWhatFindsNoRoomBecomesOneAndNothingIsLost: a robot that takes two a
// minute, and eight messages for two people.
func TestWhatFindsNoRoomBecomesOneAndNothingIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		robot := &far{}
		p := newPost(t, Channel{Name: "wecom", Notifier: robot, Group: true, Rates: []notify.Rate{{Count: 2, Per: time.Minute}}})
		defer func() { p.stop() }()
		p.put(message("a", "qiqige", "wecom"))
		time.Sleep(time.Second)
		var more []state.Outgoing
		for i := range 7 {
			more = append(more, message(fmt.Sprint("m", i), []string{"qiqige", "batu"}[i%2], "wecom"))
		}
		p.put(more[:4]...)
		time.Sleep(time.Second)
		p.put(more[4:]...)
		time.Sleep(5 * time.Minute)
		all := strings.Join(robot.texts(), "\n")
		for _, o := range append(more, message("a", "", "")) {
			if n := strings.Count(all, "text "+o.Intent.Key); n != 1 {
				t.Errorf("%s was told %d times:\n%s", o.Intent.Key, n, all)
			}
			if x := p.find(o.Intent.Key); x.Delivered.IsZero() || !x.Next.IsZero() {
				t.Errorf("%+v", x)
			}
		}
		if len(robot.taken()) != 3 {
			t.Errorf("%d messages, want a, four as one, three as one:\n%s", len(robot.taken()), all)
		}
		if m := robot.taken()[1].m; m.To.Person != "" || !strings.Contains(m.Text, "@QIQIGE @BATU") || m.Kind != notify.Digest || m.Key != "m0+3" {
			t.Errorf("%+v", m)
		}
		for i := 2; i < len(robot.taken()); i++ {
			if d := robot.taken()[i].at.Sub(robot.taken()[i-2].at); d < time.Minute {
				t.Errorf("three messages in %s", d)
			}
		}
	})
}

// TestACalleesLimitIsWaitedForShortlyAndThenLeft: one call a minute, two an
// hour. The second waits its minute; the third goes by another way.
func TestACalleesLimitIsWaitedForShortlyAndThenLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		call, sms := &far{}, &far{}
		rates := []notify.Rate{{Count: 1, Per: time.Minute, PerRecipient: true}, {Count: 2, Per: time.Hour, PerRecipient: true}}
		p := newPost(t, Channel{Name: "call", Notifier: call, Rates: rates}, Channel{Name: "sms", Notifier: sms})
		defer func() { p.stop() }()
		for i := range 3 {
			p.put(message(fmt.Sprint("k", i), "qiqige", "call", "sms"))
			time.Sleep(time.Second)
			if i == 0 {
				p.put(message("other", "batu", "call", "sms")) // another callee is another limit
			}
			if i == 1 { // and a new process knows of it too
				p.stop()
				p.start()
				time.Sleep(2 * time.Minute)
			}
		}
		if len(call.taken()) != 3 || len(sms.taken()) != 1 || sms.taken()[0].m.Key != "k2" {
			t.Fatalf("%d calls, %d short messages", len(call.taken()), len(sms.taken()))
		}
		if d := call.taken()[2].at.Sub(call.taken()[0].at); d < time.Minute {
			t.Errorf("called again after %s", d)
		}
	})
}

func TestAMutedChannelIsLeftAloneAlsoAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		robot := &far{answer: func(n int, _ notify.Message) error {
			if n == 0 {
				return &notify.Error{Class: notify.Muted, Code: "45009", RetryAfter: 10 * time.Minute, Err: errors.New("too often")}
			}
			return nil
		}}
		p := newPost(t, Channel{Name: "wecom", Notifier: robot})
		defer func() { p.stop() }()
		start := time.Now()
		p.put(message("k", "qiqige", "wecom"))
		time.Sleep(time.Second)
		p.stop()
		p.start()
		p.put(message("k2", "batu", "wecom"))
		time.Sleep(9 * time.Minute)
		if len(robot.tried()) != 1 {
			t.Errorf("%d tries while muted", len(robot.tried()))
		}
		time.Sleep(2 * time.Minute)
		if len(robot.taken()) != 2 || robot.taken()[0].at.Sub(start) < 10*time.Minute {
			t.Errorf("%d messages", len(robot.taken()))
		}
	})
}

func TestASlowChannelHoldsNoOtherUpAndEndsWithItsTimeOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		call, sms := &far{slow: time.Hour}, &far{}
		p := newPost(t, Channel{Name: "call", Notifier: call, Timeout: 20 * time.Second}, Channel{Name: "sms", Notifier: sms})
		start := time.Now()
		p.put(message("slow", "qiqige", "call", "sms"), message("quick", "batu", "sms"))
		time.Sleep(time.Second)
		if len(sms.taken()) != 1 || sms.taken()[0].m.Key != "quick" {
			t.Errorf("after a second: %v", sms.texts())
		}
		time.Sleep(20 * time.Second)
		if len(sms.taken()) != 2 || sms.taken()[1].at.Sub(start) != 20*time.Second {
			t.Errorf("after the time-out: %v", sms.texts())
		}
		// Stopping waits for what is with a channel, and writes it down.
		p.put(message("last", "li", "call"))
		time.Sleep(time.Second)
		p.stop()
		p.start()
		defer func() { p.stop() }()
		if a := p.find("last").Attempts; len(a) != 1 || a[0].Class != notify.Temporary {
			t.Errorf("%+v", a)
		}
	})
}

func TestOldNewsIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sms := &far{answer: func(int, notify.Message) error { return errors.New("down") }}
		p := newPost(t, Channel{Name: "sms", Notifier: sms})
		defer func() { p.stop() }()
		o := message("k", "qiqige", "sms")
		o.Intent.Critical = false
		p.put(o)
		time.Sleep(5 * time.Hour)
		sms.mu.Lock()
		sms.answer = nil
		sms.mu.Unlock()
		time.Sleep(5 * time.Hour)
		if len(sms.taken()) != 0 || !p.find("k").Next.IsZero() || !strings.Contains(p.logs.String(), "reached nobody") {
			t.Errorf("taken %d times, log %s", len(sms.taken()), p.logs)
		}
	})
}

func TestWhoLeftTheRosterIsNotReached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sms := &far{}
		p := newPost(t, Channel{Name: "sms", Notifier: sms})
		defer func() { p.stop() }()
		p.put(message("k", "gone", "sms"))
		time.Sleep(time.Hour)
		if a := p.find("k").Attempts; len(sms.tried()) != 0 || len(a) != 1 || a[0].Class != notify.BadRecipient {
			t.Errorf("%d tries, %+v", len(sms.tried()), a)
		}
	})
}

func TestAChannelThatIsNotConfiguredIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sms := &far{}
		p := newPost(t, Channel{Name: "sms", Notifier: sms})
		defer func() { p.stop() }()
		p.put(message("k", "qiqige", "pigeon", "sms"))
		time.Sleep(time.Second)
		if len(sms.taken()) != 1 {
			t.Errorf("%d", len(sms.taken()))
		}
	})
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	whole := Config{Store: &state.DB{}, Now: time.Now, Log: slog.Default(), Person: func(context.Context, string) (duty.Person, bool, error) { return duty.Person{}, false, nil }}
	if _, err := New(whole); err != nil {
		t.Fatal(err)
	}
	twice := whole
	twice.Channels = []Channel{{Name: "sms", Notifier: &far{}}, {Name: "sms", Notifier: &far{}}}
	for _, bad := range []Config{{}, twice, {Store: whole.Store, Now: time.Now, Log: whole.Log, Person: whole.Person, Channels: []Channel{{Name: "sms"}}}} {
		if _, err := New(bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// slowReader answers with what was true a while ago.
type slowReader struct{ Store }

func (s slowReader) DueIntents(ctx context.Context, now time.Time, most int) ([]state.Outgoing, time.Time, error) {
	due, next, err := s.Store.DueIntents(ctx, now, most)
	time.Sleep(3 * time.Second)
	return due, next, err
}

// TestAListThatIsOldWhenItArrivesSendsNothingTwice: the message came back from
// its channel while the list that still has it was being read.
func TestAListThatIsOldWhenItArrivesSendsNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sms := &far{slow: 2 * time.Second}
		p := &post{t: t, path: filepath.Join(t.TempDir(), "county.db"), channels: []Channel{{Name: "sms", Notifier: sms}},
			logs: &logbook{}, wrap: func(s Store) Store { return slowReader{s} }}
		p.start()
		defer func() { p.stop() }()
		p.put(message("k", "qiqige", "sms"))
		for range 20 {
			time.Sleep(time.Second)
			p.sender.Wake()
		}
		if len(sms.tried()) != 1 {
			t.Errorf("sent %d times", len(sms.tried()))
		}
	})
}
