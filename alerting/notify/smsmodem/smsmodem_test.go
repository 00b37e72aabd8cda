package smsmodem

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"coldchain/alerting/notify"
	"coldchain/alerting/notify/notifytest"
	"coldchain/alerting/notify/smsmodem/modemtest"
)

// run starts a Modem on the port and ends it with the test.
func run(t *testing.T, o Options) *Modem {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Pause == 0 {
		o.Pause = time.Millisecond
	}
	m, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { m.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		group.Wait()
	})
	return m
}

func port(sim *modemtest.Modem) func() (io.ReadWriteCloser, error) {
	return func() (io.ReadWriteCloser, error) { return sim.Open() }
}

// settled waits until the modem's session is up, so that what comes later
// starts no goroutine.
func settled(t *testing.T, m *Modem) *Modem {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	// A request that nobody waits for is passed over by the session alone.
	m.requests <- request{ctx: ctx, done: make(chan result, 1)}
	return m
}

func TestConformance(t *testing.T) {
	answering := func(want notify.Class, code, says, answer string) notifytest.Wrong {
		return notifytest.Wrong{Name: answer, Want: want, Code: code, Says: says, Start: func(t *testing.T) notify.Channel {
			sim := modemtest.New(t)
			sim.Send = func(int, modemtest.SMS) string { return answer }
			return settled(t, run(t, Options{Open: port(sim)}))
		}}
	}
	hanging := func(command string) notifytest.Hanging {
		return notifytest.Hanging{Name: command, Start: func(t *testing.T) (notify.Channel, <-chan struct{}) {
			sim, arrived := modemtest.New(t), make(chan struct{})
			sim.Command = func(c string) (string, bool) {
				if command != "text" && strings.HasPrefix(c, command) {
					close(arrived)
					return "", true
				}
				return "", false
			}
			sim.Send = func(int, modemtest.SMS) string {
				close(arrived)
				return ""
			}
			return settled(t, run(t, Options{Open: port(sim)})), arrived
		}}
	}
	to := notify.Recipient{Person: "bater", Name: "巴特尔", Phone: "8613812345678"}
	notifytest.Run(t, notifytest.Channel{
		To: to, Needs: true, HasID: true,
		Text: func(m notify.Message) string { return m.Short },
		Fits: func(text string) error {
			if n := notify.UCS2(text); n > 70 {
				return fmt.Errorf("%d units", n)
			}
			return nil
		},
		Right: func(t *testing.T) (notify.Channel, func() ([]notifytest.Got, error)) {
			sim := modemtest.New(t)
			return run(t, Options{Open: port(sim)}), func() (got []notifytest.Got, err error) {
				sent, err := sim.Sent()
				for _, s := range sent {
					if s.To != to.Phone || s.Parts != 1 {
						err = fmt.Errorf("to %s, %d parts", s.To, s.Parts)
					}
					got = append(got, notifytest.Got{Text: s.Text})
				}
				return got, err
			}
		},
		Hanging: []notifytest.Hanging{hanging("+CMGS"), hanging("text")},
		Wrong: []notifytest.Wrong{
			answering(notify.BadRecipient, "CMS 1", "no such number", "+CMS ERROR: 1"),
			answering(notify.Configuration, "CMS 21", "credit", "+CMS ERROR: 21"),
			answering(notify.Configuration, "CMS 310", "SIM", "+CMS ERROR: 310"),
			answering(notify.Temporary, "CMS 331", "antenna", "+CMS ERROR: 331"),
			answering(notify.Temporary, "CMS 500", "", "+CMS ERROR: 500"),
			answering(notify.Temporary, "CMS no network service", "", "+CMS ERROR: no network service"),
			answering(notify.Temporary, "", "", "ERROR"),
			answering(notify.Temporary, "", "", "\x00\xffnonsense\r\n+CMGX: 1\r\nERROR"),
			{Name: "never answers an SMS", Want: notify.Temporary, Start: func(t *testing.T) notify.Channel {
				sim := modemtest.New(t)
				sim.Send = func(int, modemtest.SMS) string { return "" }
				return settled(t, run(t, Options{Open: port(sim), SendPatience: 20 * time.Millisecond, Pause: time.Hour}))
			}},
			{Name: "goes away", Want: notify.Temporary, Start: func(t *testing.T) notify.Channel {
				sim := modemtest.New(t)
				var once sync.Once
				sim.Send = func(int, modemtest.SMS) string {
					once.Do(func() { go sim.Unplug() })
					return ""
				}
				return settled(t, run(t, Options{Open: port(sim), Pause: time.Hour}))
			}},
			{Name: "no port", Want: notify.Temporary, Says: "no such file", Start: func(t *testing.T) notify.Channel {
				return run(t, Options{Open: func() (io.ReadWriteCloser, error) { return nil, errors.New("no such file") }, Pause: time.Hour})
			}},
			{Name: "never answers", Want: notify.Temporary, Says: "check power, cable and port", Start: func(t *testing.T) notify.Channel {
				sim := modemtest.New(t)
				sim.Command = func(string) (string, bool) { return "", true }
				return run(t, Options{Open: port(sim), CommandPatience: 20 * time.Millisecond, Pause: time.Hour})
			}},
			{Name: "SIM wants a PIN", Want: notify.Configuration, Says: "switch its PIN off", Start: func(t *testing.T) notify.Channel {
				sim := modemtest.New(t)
				sim.Command = func(c string) (string, bool) { return "+CPIN: SIM PIN\r\n\r\nOK", c == "+CPIN?" }
				return run(t, Options{Open: port(sim), Pause: time.Hour})
			}},
			{Name: "no SIM", Want: notify.Configuration, Says: "CME Error: 10", Start: func(t *testing.T) notify.Channel {
				sim := modemtest.New(t)
				sim.Command = func(c string) (string, bool) { return "+CME ERROR: 10", c == "+CPIN?" }
				return run(t, Options{Open: port(sim), Pause: time.Hour})
			}},
		},
	})
}

// TestLong: parts belong together by a number, and two messages that follow
// each other must not have the same.
func TestLong(t *testing.T) {
	sim := modemtest.New(t)
	m := run(t, Options{Open: port(sim), Parts: 3})
	msg := notifytest.Message(notify.Recipient{Phone: "8613812345678"})
	msg.Short = strings.Repeat("羊肉库-12.5℃😀", 12)
	var ids []string
	for range 2 {
		r, err := m.Notify(t.Context(), msg)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, r.ID)
	}
	if ids[0] != "1,2,3" || ids[1] != "4,5,6" {
		t.Errorf("references %q", ids)
	}
	sent, err := sim.Sent()
	if err != nil || len(sent) != 6 {
		t.Fatalf("%d parts, %v; want 6", len(sent), err)
	}
	for i := range 2 {
		text := ""
		for j, s := range sent[3*i : 3*i+3] {
			if s.Parts != 3 || s.Part != j+1 || s.Reference != sent[3*i].Reference || strings.ContainsRune(s.Text, '\ufffd') {
				t.Errorf("message %d: %+v", i+1, s)
			}
			text += s.Text
		}
		if want := msg.Short + "\n" + msg.Link; text != want {
			t.Errorf("message %d: %q, want %q", i+1, text, want)
		}
	}
	if sent[0].Reference == sent[3].Reference {
		t.Errorf("both messages have number %d: a telephone would mix them", sent[0].Reference)
	}
}

// TestLongBreaksOff: a message of which a part was refused was not taken.
func TestLongBreaksOff(t *testing.T) {
	sim := modemtest.New(t)
	sim.Send = func(n int, _ modemtest.SMS) string {
		if n == 2 {
			return "+CMS ERROR: 42"
		}
		return fmt.Sprintf("+CMGS: %d\r\n\r\nOK", n)
	}
	m := run(t, Options{Open: port(sim), Parts: 2})
	msg := notifytest.Message(notify.Recipient{Phone: "8613812345678"})
	if _, err := m.Notify(t.Context(), msg); notify.ClassOf(err) != notify.Temporary || !strings.Contains(fmt.Sprint(err), "part 2 of 2") {
		t.Errorf("%v, want temporary, part 2 of 2", err)
	}
}

// TestComesBack: after the modem was away, the next message goes.
func TestComesBack(t *testing.T) {
	first, second := modemtest.New(t), modemtest.New(t)
	current := first
	var mu sync.Mutex
	m := run(t, Options{Open: func() (io.ReadWriteCloser, error) {
		mu.Lock()
		defer mu.Unlock()
		return current.Open()
	}})
	msg := notifytest.Message(notify.Recipient{Phone: "8613812345678"})
	if _, err := m.Notify(t.Context(), msg); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	current = second
	mu.Unlock()
	first.Unplug()
	notifytest.Await(t, "the modem to be back", func() bool {
		_, err := m.Notify(t.Context(), msg)
		return err == nil
	})
	if sent, err := second.Sent(); err != nil || len(sent) != 1 {
		t.Errorf("%v, %v", sent, err)
	}
}

// TestEndedWhileWaiting: what nobody waits for any more is not sent.
func TestEndedWhileWaiting(t *testing.T) {
	sim := modemtest.New(t)
	m := run(t, Options{Open: port(sim)})
	settled(t, m)
	if _, err := m.Notify(t.Context(), notifytest.Message(notify.Recipient{Phone: "8613812345678"})); err != nil {
		t.Fatal(err)
	}
	if sent, _ := sim.Sent(); len(sent) != 1 {
		t.Errorf("%d were sent, want 1", len(sent))
	}
}

// mailbox takes replies.
type mailbox struct {
	replies chan notify.Reply
	refuse  func(notify.Reply) error
}

func (b mailbox) take(_ context.Context, r notify.Reply) error {
	b.replies <- r
	if b.refuse != nil {
		return b.refuse(r)
	}
	return nil
}

var answered = time.Date(2026, 11, 27, 2, 14, 30, 0, time.FixedZone("", 8*3600))

func TestReply(t *testing.T) {
	sim := modemtest.New(t)
	// One came while nobody listened.
	sim.Receive("+8613812345678", " 1 ", answered)
	b := mailbox{replies: make(chan notify.Reply, 10)}
	m := run(t, Options{Open: port(sim), Reply: b.take})
	for _, c := range []struct{ from, text, want, wantText string }{
		{"", "", "8613812345678", "1"},
		{"13987654321", "1", "8613987654321", "1"},
		{"10086", "您的余额不足10元", "10086", "您的余额不足10元"},
		{"+85298765432", "收到😀", "85298765432", "收到😀"},
	} {
		if c.from != "" {
			sim.Receive(c.from, c.text, answered)
		}
		got := <-b.replies
		if got.From != c.want || got.Text != c.wantText || !got.At.Equal(answered) {
			t.Errorf("%+v, want %s %q at %s", got, c.want, c.wantText, answered)
		}
	}
	notifytest.Await(t, "the answers to be deleted", func() bool { return sim.Stored() == 0 })
	if _, err := m.Notify(t.Context(), notifytest.Message(notify.Recipient{Phone: "8613812345678"})); err != nil {
		t.Error(err)
	}
}

// TestReplyNotTaken: an answer whose owner could not keep it comes again.
func TestReplyNotTaken(t *testing.T) {
	sim := modemtest.New(t)
	tries := 0
	b := mailbox{replies: make(chan notify.Reply, 10), refuse: func(notify.Reply) error {
		if tries++; tries == 1 {
			return errors.New("disk full")
		}
		return nil
	}}
	run(t, Options{Open: port(sim), Reply: b.take})
	sim.Receive("+8613812345678", "1", answered)
	<-b.replies
	if n := sim.Stored(); n != 1 {
		t.Errorf("%d in the modem after a refusal, want 1", n)
	}
	sim.Receive("+8613987654321", "1", answered) // makes it look again
	from := []string{(<-b.replies).From, (<-b.replies).From}
	if from[0] != "8613812345678" || from[1] != "8613987654321" {
		t.Errorf("%v", from)
	}
	notifytest.Await(t, "the answers to be deleted", func() bool { return sim.Stored() == 0 })
}

// TestReplyWhichCannotBeRead is deleted, and those behind it are read.
func TestReplyWhichCannotBeRead(t *testing.T) {
	sim := modemtest.New(t)
	for _, pdu := range []string{"zz", "00", "0004", "00040D91683118325476F8000862117220410382" + "FF", strings.Repeat("00", 400)} {
		sim.Store(pdu)
	}
	sim.Receive("+8613812345678", "1", answered)
	var log safeBuffer
	b := mailbox{replies: make(chan notify.Reply, 10)}
	run(t, Options{Open: port(sim), Reply: b.take, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if got := <-b.replies; got.Text != "1" {
		t.Errorf("%+v", got)
	}
	notifytest.Await(t, "all to be deleted", func() bool { return sim.Stored() == 0 })
	if n := strings.Count(log.String(), "cannot be read"); n != 5 {
		t.Errorf("%d lines in the log, want 5:\n%s", n, log.String())
	}
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestDecode: an SMS-DELIVER in the 7-bit alphabet, as it is found in many
// descriptions of the PDU mode.
func TestDecode(t *testing.T) {
	got, err := decode("07917283010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37")
	if err != nil || got.From != "27838890001" || got.Text != "hellohello" || got.At.Format("06-01-02 15:04:05") != "99-03-29 15:16:59" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestList(t *testing.T) {
	lines := strings.Split(`+CMGL: 1,0,,24
AA
+CMGL: 2,1,"name",24
BB
+CMGL: 3,3,,24
CC
noise
+CMGL: x,0,,24
DD
+CMGL: 4,0
EE
+CMGL: 5,0,,24
+CMGL: 6,0,,24
FF
+CMGL: 7,0,,24`, "\n")
	if got := fmt.Sprint(list(lines)); got != "[{1 AA} {2 BB} {6 FF}]" {
		t.Errorf("%s", got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("07917283010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37")
	f.Add(modemtest.Deliver("+8613812345678", "1", answered))
	f.Add("00440D91683118325476F80008621172204103820C0500030102010031")
	f.Fuzz(func(t *testing.T, pdu string) {
		r, err := decode(pdu)
		if err == nil && (!utf8.ValidString(r.Text) || len(pdu) > maxPDU) || err != nil && r != (notify.Reply{}) {
			t.Errorf("%q: %+v, %v", pdu, r, err)
		}
	})
}

func FuzzList(f *testing.F) {
	f.Add("+CMGL: 1,0,,24\nAA\n+CMGL: 2,1\nBB")
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range list(strings.Split(text, "\n")) {
			if s.index < 0 || strings.HasPrefix(s.pdu, "+CMGL:") {
				t.Errorf("%+v", s)
			}
		}
	})
}

// Its owner learns that the modem works, that it went, and why.
func TestItsStateIsTold(t *testing.T) {
	sim, states := modemtest.New(t), make(chan error, 10)
	run(t, Options{Open: port(sim), Pause: time.Hour, State: func(err error) { states <- err }})
	if err := <-states; err != nil {
		t.Fatalf("a modem that works: %v", err)
	}
	sim.Unplug()
	if err := <-states; err == nil || notify.ClassOf(err) != notify.Temporary {
		t.Errorf("a modem that was pulled out: %v", err)
	}
}
