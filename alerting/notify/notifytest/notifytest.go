// Package notifytest is what every channel is held against: far ends that
// answer rightly, slowly, wrongly, with a code, with 429, or not at all. It
// guarantees that no error, log or printed channel that passes shows a secret.
package notifytest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"coldchain/alerting"
	"coldchain/alerting/notify"
)

// At is the moment of the suite's messages and clock.
var At = time.Date(2026, 11, 27, 2, 10, 0, 0, time.FixedZone("CST", 8*3600))

// Now is the suite's clock.
func Now() time.Time { return At }

// Got is one message as a far end took it.
type Got struct {
	Text string
	Key  string // the message's key, where the far end is given it
}

// Channel describes a channel to the suite.
type Channel struct {
	// Right starts the channel and a far end that takes every message; got is
	// what it took so far, or why what it was sent is not right.
	Right func(t *testing.T) (c notify.Channel, got func() ([]Got, error))
	// Hanging are far ends that stop in the middle: arrived is closed when the
	// message is with them.
	Hanging []Hanging
	// Wrong are far ends that do not take the message.
	Wrong []Wrong
	// Rest closes what is kept for the next message.
	Rest func()

	To      notify.Recipient
	Needs   bool // a recipient that is not known is an error
	Secrets []string
	Text    func(m notify.Message) string // what arrives of a message that fits
	Fits    func(text string) error       // whether what arrived is within the far end's limits
	HasKey  bool                          // the far end is given the message's key
	HasID   bool                          // a receipt has an id
}

// Hanging is a far end that stops in the middle.
type Hanging struct {
	Name  string
	Start func(t *testing.T) (c notify.Channel, arrived <-chan struct{})
}

// Wrong is a far end that does not take the message, and what that means.
type Wrong struct {
	Name         string
	Start        func(t *testing.T) notify.Channel
	Want         notify.Class
	Code         string
	RetryAfter   time.Duration
	PerRecipient bool
	Says         string // part of the error
}

// Message is an alarm as it goes to one person.
func Message(to notify.Recipient) notify.Message {
	a := alerting.Alarm{
		Rule: alerting.HighLimit, Object: "balagong/mutton-1/air", Zone: "balagong/mutton-1", Level: alerting.Excursion, Class: alerting.Live,
		State: alerting.Unacknowledged, Start: At.Add(-20 * time.Minute), Raised: At, LastSeen: At, Limit: -15, Delay: 15 * time.Minute, Peak: -12.5, LastValue: -12.5, HasValue: true,
	}
	a.ID = alerting.AlarmID(a.Rule, a.Object, a.Start)
	return notify.Message{
		Key: "9f2c-41", Kind: notify.Raised, Level: alerting.Excursion, To: to, At: At,
		Title: "羊肉库 快去看",
		Short: "羊肉库-12.5℃偏高,01:50起,约40分后超限,批次M1107,请去看库门,回1",
		Text:  "羊肉库 -12.5 ℃,上限 -15 ℃\n01:50 起,约 40 分钟后超限 \"急\" <b>&\n批次 M1107、M1108",
		Link:  "https://county.example/a/k7Jq?t=1",
		Fields: map[string]string{
			"place": "羊肉库", "what": "-12.5℃偏高", "since": "01:50", "left": "40分钟", "batches": "M1107", "todo": "看库门",
		},
		Alarms: []alerting.Alarm{a},
	}
}

// Run holds the channel against the whole suite.
func Run(t *testing.T, c Channel) {
	t.Run("taken", c.taken)
	t.Run("several at once", c.several)
	t.Run("long text is cut", c.long)
	t.Run("not printed", c.notPrinted)
	t.Run("rates", c.rates)
	t.Run("context ended before", c.endedBefore)
	for _, h := range c.Hanging {
		t.Run("hanging: "+h.Name, func(t *testing.T) { c.hanging(t, h) })
	}
	for _, w := range c.Wrong {
		t.Run("wrong: "+w.Name, func(t *testing.T) { c.wrong(t, w) })
	}
	if c.Needs {
		t.Run("recipient not known", c.unknown)
	}
}

func (c Channel) rest() {
	if c.Rest != nil {
		c.Rest()
	}
}

// taken sends one message, and the same again as after a restart.
func (c Channel) taken(t *testing.T) {
	n, got := c.Right(t)
	m := Message(c.To)
	for i := range 2 {
		r, err := n.Notify(t.Context(), m)
		if err != nil {
			t.Fatalf("try %d: %v", i+1, err)
		}
		if c.HasID && r.ID == "" {
			t.Errorf("try %d: no id in the receipt", i+1)
		}
	}
	have, err := got()
	if err != nil {
		t.Fatalf("the far end was sent what is not right: %v", err)
	}
	if len(have) != 2 {
		t.Fatalf("the far end took %d messages, want 2", len(have))
	}
	want := Got{Text: c.Text(m)}
	if c.HasKey {
		want.Key = m.Key
	}
	for i, g := range have {
		if g != want {
			t.Errorf("try %d: the far end got\n%+v\nwant\n%+v", i+1, g, want)
		}
	}
}

// several sends messages at once, as for many people: each arrives whole.
func (c Channel) several(t *testing.T) {
	const most = 4
	n, got := c.Right(t)
	m := Message(c.To)
	errs := make(chan error, most)
	for range most {
		go func() {
			_, err := n.Notify(t.Context(), m)
			errs <- err
		}()
	}
	for range most {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	have, err := got()
	if err != nil || len(have) != most {
		t.Fatalf("the far end took %d messages, want %d: %v", len(have), most, err)
	}
	for _, g := range have {
		if g.Text != c.Text(m) {
			t.Errorf("the far end got\n%+v\nwant\n%s", g, c.Text(m))
		}
	}
}

func (c Channel) long(t *testing.T) {
	n, got := c.Right(t)
	m := Message(c.To)
	m.Short = strings.Repeat("羊肉库😀超限", 200)
	m.Text = strings.Repeat("羊肉库😀超限\"\n", 4000)
	for k := range m.Fields {
		m.Fields[k] = m.Short
	}
	if _, err := n.Notify(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	have, err := got()
	if err != nil || len(have) != 1 {
		t.Fatalf("the far end took %d messages (%v), want 1", len(have), err)
	}
	text := have[0].Text
	if !utf8.ValidString(text) || strings.ContainsRune(text, utf8.RuneError) {
		t.Errorf("a character was cut in two: %.200q", text)
	}
	if c.Fits != nil {
		if err := c.Fits(text); err != nil {
			t.Errorf("%v: %.200q", err, text)
		}
		if !strings.Contains(text, "…") {
			t.Errorf("nothing says that the text was cut: %.200q", text)
		}
	}
}

func (c Channel) notPrinted(t *testing.T) {
	n, _ := c.Right(t)
	c.noSecret(t, fmt.Sprintf("%v %+v %#v %s", n, n, n, n))
}

func (c Channel) rates(t *testing.T) {
	n, _ := c.Right(t)
	for _, r := range n.Rates() {
		if r.Count < 1 || r.Per <= 0 {
			t.Errorf("rate %+v lets nothing through", r)
		}
	}
}

func (c Channel) endedBefore(t *testing.T) {
	n, got := c.Right(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := n.Notify(ctx, Message(c.To))
	c.check(t, err, Wrong{Want: notify.Temporary})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not say that the context ended", err)
	}
	if have, _ := got(); len(have) != 0 {
		t.Errorf("%d messages were sent", len(have))
	}
}

func (c Channel) hanging(t *testing.T, h Hanging) {
	n, arrived := h.Start(t)
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	result := make(chan error, 1)
	go func() {
		_, err := n.Notify(ctx, Message(c.To))
		result <- err
	}()
	select {
	case <-arrived:
	case err := <-result:
		t.Fatalf("returned before the far end had the message: %v", err)
	}
	cancel()
	Await(t, "Notify to return", func() bool { return len(result) == 1 })
	err := <-result
	c.check(t, err, Wrong{Want: notify.Temporary})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not say that the context ended", err)
	}
	c.rest()
	Await(t, "goroutines that were started to end", func() bool { return runtime.NumGoroutine() <= before })
}

func (c Channel) wrong(t *testing.T, w Wrong) {
	n := w.Start(t)
	before := runtime.NumGoroutine()
	_, err := n.Notify(t.Context(), Message(c.To))
	c.check(t, err, w)
	c.rest()
	Await(t, "goroutines that were started to end", func() bool { return runtime.NumGoroutine() <= before })
}

func (c Channel) unknown(t *testing.T) {
	n, got := c.Right(t)
	for _, to := range []notify.Recipient{{}, {Phone: "12", Email: "nobody"}, {Phone: "138-1234-5678", Email: "a@b\r\nBcc: c@d"}} {
		_, err := n.Notify(t.Context(), Message(to))
		c.check(t, err, Wrong{Want: notify.BadRecipient})
	}
	if have, _ := got(); len(have) != 0 {
		t.Errorf("%d messages were sent", len(have))
	}
}

// check holds an error against what is wanted.
func (c Channel) check(t *testing.T, err error, w Wrong) {
	t.Helper()
	var e *notify.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v (%T) is no *notify.Error", err, err)
	}
	if e.Class != w.Want || w.Code != "" && e.Code != w.Code || e.RetryAfter != w.RetryAfter || e.PerRecipient != w.PerRecipient {
		t.Errorf("class %s, code %q, again after %s, for the recipient alone %v; want %s, %q, %s, %v: %v",
			e.Class, e.Code, e.RetryAfter, e.PerRecipient, w.Want, w.Code, w.RetryAfter, w.PerRecipient, err)
	}
	if !strings.Contains(err.Error(), w.Says) {
		t.Errorf("%v does not say %q", err, w.Says)
	}
	if strings.Contains(err.Error(), "Post \"") {
		t.Errorf("the address, which may hold a key, is repeated: %v", err)
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		c.noSecret(t, fmt.Sprintf("%v %+v %#v", inner, inner, inner))
	}
	if strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 2000 {
		t.Errorf("not one short line: %.2000q", err)
	}
}

// noSecret fails when the text shows a secret in any form.
func (c Channel) noSecret(t *testing.T, text string) {
	t.Helper()
	for _, s := range c.Secrets {
		for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s), fmt.Sprintf("%x", s)} {
			if strings.Contains(text, form) {
				t.Errorf("a secret is shown: %.1000s", text)
			}
		}
	}
}

// Await waits until what is wanted is so.
func Await(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	stuck := time.NewTimer(time.Minute) // only a test that hangs gets here
	defer stuck.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-stuck.C:
			b := make([]byte, 1<<16)
			t.Fatalf("waited a minute for %s\n%s", what, b[:runtime.Stack(b, true)])
		}
	}
}
