package mqtt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"coldchain/gateway/mqtt/mosquittotest"
)

const patience = 30 * time.Second // for one message over loopback

// holder is a link with a held session.
type holder struct {
	t     *testing.T
	link  *Link
	got   chan Delivery
	gone  chan struct{} // a session has ended
	close func()
}

func holding(t *testing.T, b *mosquittotest.Broker, h Held) *holder {
	t.Helper()
	out := &holder{t: t, got: make(chan Delivery, 1000), gone: make(chan struct{}, 10)}
	connected := make(chan struct{}, 10)
	h.Deliver = func(d Delivery) { out.got <- d }
	link, err := New(Options{Server: b.URL, ClientID: "hangjin-sources", Held: &h, Logger: slog.New(slog.DiscardHandler),
		OnConnect: func() { connected <- struct{}{} }, OnLost: func() { out.gone <- struct{}{} }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = link.Run(ctx) }()
	out.link, out.close = link, func() { cancel(); <-done }
	t.Cleanup(out.close)
	select {
	case <-connected:
	case <-time.After(patience):
		t.Fatal("no connection")
	}
	return out
}

func (h *holder) next() Delivery {
	h.t.Helper()
	select {
	case d := <-h.got:
		return d
	case <-time.After(patience):
		h.t.Fatal("no message")
		return Delivery{}
	}
}

func publish(t *testing.T, b *mosquittotest.Broker, qos byte, messages ...string) {
	t.Helper()
	c := paho.NewClient(paho.NewClientOptions().AddBroker(b.URL).SetClientID("sender"))
	if token := c.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	defer c.Disconnect(50)
	for _, m := range messages {
		if token := c.Publish("senders/"+m, qos, false, m); !token.WaitTimeout(patience) || token.Error() != nil {
			t.Fatal(token.Error())
		}
	}
}

func broker(t *testing.T) *mosquittotest.Broker {
	return mosquittotest.Start(t, "allow_anonymous true\nmax_inflight_messages 20\n")
}

// What is not acknowledged comes again on the next connection and what is
// acknowledged does not, also what was published while nobody was there.
func TestUnacknowledgedMessagesComeAgain(t *testing.T) {
	b := broker(t)
	h := holding(t, b, Held{Filters: []string{"senders/#"}})
	h.close()
	var sent []string
	for i := range 50 { // more than the broker has on the way at once
		sent = append(sent, fmt.Sprint(i))
	}
	publish(t, b, 1, sent...)

	h = holding(t, b, Held{Filters: []string{"senders/#"}})
	for i := range 20 {
		d := h.next()
		if d.Again || string(d.Payload) != sent[i] || d.QoS != 1 {
			t.Fatalf("message %d is %s, again %v", i, d.Payload, d.Again)
		}
		if i%2 == 0 {
			d.Ack()
			d.Ack() // counts once
		}
	}
	for range 10 { // the broker has heard of ten acknowledgements
		h.next()
	}
	h.close()

	h = holding(t, b, Held{Filters: []string{"senders/#"}})
	var again, fresh []string
	for len(again)+len(fresh) < 40 {
		d := h.next()
		if d.Again {
			again = append(again, string(d.Payload))
		} else {
			fresh = append(fresh, string(d.Payload))
		}
		d.Ack()
	}
	for i := range 10 {
		if want := sent[2*i+1]; !slices.Contains(again, want) {
			t.Errorf("message %s was not acknowledged and did not come again; these did: %v", want, again)
		}
	}
	if slices.Contains(again, sent[0]) || slices.Contains(fresh, sent[0]) {
		t.Error("an acknowledged message came again")
	}
	// An acknowledgement on the way when a connection ends may be lost, so it
	// can take another round until the broker has heard of all.
	for round := 1; ; round++ {
		h.close()
		h = holding(t, b, Held{Filters: []string{"senders/#"}})
		publish(t, b, 1, "last")
		before := 0
		for d := h.next(); ; d, before = h.next(), before+1 {
			d.Ack()
			if string(d.Payload) == "last" && !d.Again {
				break
			}
		}
		if before == 0 {
			return
		}
		if round == 5 {
			t.Fatalf("%d messages still come again", before)
		}
	}
}

// Refusing costs the connection, because a broker sends again at the next one
// only; then everything comes.
func TestARefusedMessageComesAgain(t *testing.T) {
	b := broker(t)
	h := holding(t, b, Held{Filters: []string{"senders/#"}})
	publish(t, b, 1, "a", "b")
	first, second := h.next(), h.next()
	first.Refuse(errors.New("no room"), time.Millisecond)
	select {
	case <-h.gone:
	case <-time.After(patience):
		t.Fatal("the connection did not end")
	}
	for _, want := range []string{"a", "b"} {
		d := h.next()
		if string(d.Payload) != want || !d.Again {
			t.Errorf("got %s, again %v; want %s again", d.Payload, d.Again, want)
		}
		d.Ack()
	}
	second.Refuse(errors.New("of a connection that is gone"), 0)
	publish(t, b, 0, "c")
	if d := h.next(); string(d.Payload) != "c" || d.QoS != 0 {
		t.Errorf("got %s at QoS %d", d.Payload, d.QoS)
	}
	select {
	case <-h.gone:
		t.Error("what was refused on an old connection ended the new one")
	default:
	}
}

// A session keeps its subscriptions until it is told.
func TestForgottenFiltersBringNothing(t *testing.T) {
	b := broker(t)
	holding(t, b, Held{Filters: []string{"senders/old/#", "senders/new"}}).close()
	h := holding(t, b, Held{Filters: []string{"senders/new"}, Forget: []string{"senders/old/#"}})
	publish(t, b, 1, "old/x", "new")
	if d := h.next(); string(d.Payload) != "new" {
		t.Errorf("%s came by a filter that was given up", d.Payload)
	}
}
