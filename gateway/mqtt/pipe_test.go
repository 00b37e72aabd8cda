package mqtt

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// pipes is a broker in memory, for bubbles of their own time: what a link
// leaves running when it has ended fails its test.
type pipes struct {
	mu       sync.Mutex
	refusing bool
	silent   bool // accepts and never answers
	deaf     bool // ends to read and to answer in the middle of a session
	mute     bool // takes messages and never confirms one
	dials    []time.Time
	up       []time.Time // of sessions
	open     int         // connections the link has not closed
	mostOpen int
	clients  []net.Conn // the broker's ends
	serving  sync.WaitGroup
}

func (p *pipes) dial() (net.Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dials = append(p.dials, time.Now())
	if p.refusing {
		return nil, errors.New("connection refused")
	}
	mine, theirs := net.Pipe()
	p.open++
	p.mostOpen = max(p.mostOpen, p.open)
	p.clients = append(p.clients, mine)
	p.serving.Go(func() { p.serve(mine) })
	return theirs, nil
}

func (p *pipes) is(flag *bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *flag
}

func (p *pipes) set(flag *bool, to bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*flag = to
}

func (p *pipes) serve(c net.Conn) {
	defer func() {
		p.mu.Lock()
		p.open--
		p.mu.Unlock()
		_ = c.Close()
	}()
	for {
		packet, err := packets.ReadPacket(c)
		if err != nil {
			return
		}
		if p.is(&p.silent) || p.is(&p.deaf) {
			continue
		}
		var answer packets.ControlPacket
		switch in := packet.(type) {
		case *packets.ConnectPacket:
			answer = packets.NewControlPacket(packets.Connack)
		case *packets.SubscribePacket:
			ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
			ack.MessageID, ack.ReturnCodes = in.MessageID, in.Qoss
			answer = ack
		case *packets.PublishPacket:
			if p.is(&p.mute) {
				continue
			}
			ack := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
			ack.MessageID = in.MessageID
			answer = ack
		case *packets.PingreqPacket:
			answer = packets.NewControlPacket(packets.Pingresp)
		default:
			continue
		}
		if answer.Write(c) != nil {
			return
		}
	}
}

// say publishes to every client that is there.
func (p *pipes) say(t *testing.T, topic string) {
	t.Helper()
	p.mu.Lock()
	c := p.clients[len(p.clients)-1]
	p.mu.Unlock()
	m := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	m.TopicName, m.Payload = topic, []byte("x")
	if err := m.Write(c); err != nil {
		t.Error(err)
	}
}

// dialled and opened are copies.
func (p *pipes) seen() (dials, up []time.Time, mostOpen, open int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]time.Time(nil), p.dials...), append([]time.Time(nil), p.up...), p.mostOpen, p.open
}

// link is one client of p that runs until stop.
func (p *pipes) link(t *testing.T, subscriptions map[string]Handler) (_ *Link, stop func()) {
	t.Helper()
	l, err := New(Options{Server: "tcp://memory:1883", ClientID: "edge", Subscriptions: subscriptions, Logger: slog.New(slog.DiscardHandler),
		OnConnect: func() {
			p.mu.Lock()
			p.up = append(p.up, time.Now())
			p.mu.Unlock()
		}})
	if err != nil {
		t.Fatal(err)
	}
	l.open = p.dial
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = l.Run(ctx)
	}()
	return l, func() {
		cancel()
		<-done
	}
}

func TestABrokerThatAcceptsAndNeverAnswersLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{silent: true}
		_, stop := p.link(t, nil)
		time.Sleep(30 * time.Minute) // the bubble's
		synctest.Wait()
		dials, up, mostOpen, _ := p.seen()
		if len(up) != 0 || len(dials) < 10 || len(dials) > 180 {
			t.Errorf("%d sessions, %d attempts in half an hour; want none, and attempts that grow rare", len(up), len(dials))
		}
		if mostOpen > 1 {
			t.Errorf("%d connections open at a time; want each given up before the next", mostOpen)
		}
		stop()
		time.Sleep(connectTimeout + time.Second)
		synctest.Wait()
		if _, _, _, open := p.seen(); open != 0 {
			t.Errorf("%d connections left behind", open)
		}
		p.serving.Wait()
	})
}

func TestABrokerThatFallsSilentInASessionIsNoticedWithoutTraffic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{}
		l, stop := p.link(t, map[string]Handler{"ack": func(Message) {}})
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if dials, up, _, _ := p.seen(); len(up) != 1 || len(dials) != 1 || !l.Connected() {
			t.Fatalf("%d sessions of %d attempts; want one that lasts", len(up), len(dials))
		}
		p.set(&p.deaf, true)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if l.Connected() {
			t.Error("still taken for connected two minutes after the broker's last word")
		}
		p.set(&p.deaf, false)
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if _, up, mostOpen, open := p.seen(); len(up) != 2 || !l.Connected() || open != 1 || mostOpen > 1 {
			t.Errorf("%d sessions, %d connections open, at most %d; want a second session alone", len(up), open, mostOpen)
		}
		stop()
		p.serving.Wait()
	})
}

// TestAMessageThatNobodyConfirmsHoldsUpNoHandler: the wire goes on bringing
// messages while a publisher waits, and the connection is replaced in the end.
func TestAMessageThatNobodyConfirmsHoldsUpNoHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{mute: true}
		heard := make(chan Message, 10)
		l, stop := p.link(t, map[string]Handler{"ack": func(m Message) { heard <- m }})
		time.Sleep(time.Second)
		synctest.Wait()
		failed := make(chan error, 1)
		go func() { failed <- l.Publish(context.Background(), Message{Topic: "records", Payload: []byte("r")}) }()
		synctest.Wait()
		for range 5 {
			p.say(t, "ack")
		}
		synctest.Wait()
		if len(heard) != 5 {
			t.Errorf("%d of 5 messages arrived while a publisher waits", len(heard))
		}
		select {
		case err := <-failed:
			t.Fatalf("Publish returned %v at once", err)
		default:
		}
		time.Sleep(connectTimeout + time.Second)
		synctest.Wait()
		if err := <-failed; !errors.Is(err, errTimeout) {
			t.Errorf("Publish: %v; want that nothing confirmed it", err)
		}
		p.set(&p.mute, false)
		time.Sleep(time.Minute)
		synctest.Wait()
		if _, up, _, _ := p.seen(); len(up) != 2 {
			t.Errorf("%d sessions; want the connection replaced", len(up))
		}
		stop()
		p.serving.Wait()
	})
}

// TestFiftyGatewaysDoNotReturnInTheSameInstant: the broker is away for two
// minutes and all fifty have lost it together.
func TestFiftyGatewaysDoNotReturnInTheSameInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{}
		var stops []func()
		for range 50 {
			_, stop := p.link(t, nil)
			stops = append(stops, stop)
		}
		time.Sleep(2 * time.Minute) // each has a session that counts as one
		synctest.Wait()
		p.mu.Lock()
		p.refusing = true
		for _, c := range p.clients {
			_ = c.Close()
		}
		first := len(p.up)
		p.mu.Unlock()
		time.Sleep(2 * time.Minute)
		p.set(&p.refusing, false)
		back := time.Now()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		_, up, _, _ := p.seen()
		up = up[first:]
		if first != 50 || len(up) != 50 {
			t.Fatalf("%d came, %d came back; want all fifty", first, len(up))
		}
		perSecond := map[time.Duration]int{}
		worst, last := 0, time.Duration(0)
		for _, at := range up {
			after := at.Sub(back)
			perSecond[after/time.Second]++
			worst, last = max(worst, perSecond[after/time.Second]), max(last, after)
		}
		t.Logf("fifty back within %s of the broker's return, %d in the busiest second", last.Round(time.Second), worst)
		if worst > 15 {
			t.Errorf("%d of 50 came back in one second; want them spread", worst)
		}
		if last > backoffMost+time.Second {
			t.Errorf("the last came back %s after the broker; want two minutes at most", last)
		}
		for _, stop := range stops {
			stop()
		}
		p.serving.Wait()
	})
}
