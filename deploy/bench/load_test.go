//go:build bench

package bench

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"coldchain/gateway/mqtt"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// load is what the gateways of the bench have to say: records of all points at
// regular times, the same for everybody who is measured.
type load struct {
	gateways, points, rounds int
	first                    time.Time // of the first round
	every                    time.Duration
	seq                      uint64 // of the first record
	perMessage               int    // rounds in one message
	window                   int    // unconfirmed messages of a gateway
	encoding                 wire.Encoding
	patience                 time.Duration // for an acknowledgement, before offering again
}

func (l load) readings() int { return l.gateways * l.points * l.rounds }
func site(g int) string      { return fmt.Sprintf("site-%02d", g) }
func (l load) value(round, p int) float64 {
	return -18.5 + float64((round+p)%10)/10
}

// packs encodes all messages of one gateway ahead, so that encoding is no part
// of what is measured.
func (l load) packs(t *testing.T, g int) (out [][]byte) {
	ids := make([]sensors.PointID, l.points)
	for p := range ids {
		ids[p] = l.point(g, p)
	}
	var encoder wire.Encoder
	seq := l.seq
	for round := 0; round < l.rounds; round += l.perMessage {
		var records []wire.Record
		for r := round; r < min(round+l.perMessage, l.rounds); r++ {
			at := l.first.Add(time.Duration(r) * l.every)
			for p, id := range ids {
				records = append(records, wire.Record{Seq: seq, Boot: "b", Clock: wire.ClockNTP, Mono: at.Sub(l.first), Unit: sensors.Celsius, Reading: sensors.NewGood(id, at, l.value(r, p))})
				seq++
			}
		}
		payload, err := encoder.Encode(wire.Pack{Epoch: 1, Oldest: l.seq, Next: seq, Records: records}, l.encoding)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, payload)
	}
	return out
}

// lines is the same in line protocol.
func (l load) lines(g int) (out [][]byte) {
	seq := l.seq
	var b bytes.Buffer
	for round := range l.rounds {
		at := l.first.Add(time.Duration(round) * l.every).UnixNano()
		for p := range l.points {
			fmt.Fprintf(&b, "temperature,county=bench,point=%[1]s/room/p%02[2]d,site=%[1]s,zone=%[1]s/room epoch=1i,sequence=%[3]di,gateway=\"%[1]s-gw\",value=%[4]g %[5]d\n",
				site(g), p, seq, l.value(round, p), at)
			seq++
		}
		if (round+1)%l.perMessage == 0 || round+1 == l.rounds {
			out, b = append(out, b.Bytes()), bytes.Buffer{}
		}
	}
	return out
}

// deliver publishes everything and returns when all of it is acknowledged; set
// is told the time of the newest reading that is on its way.
func (l load) deliver(t *testing.T, broker string, packs [][][]byte, set func(time.Time)) {
	t.Helper()
	newest := clock{set: set}
	var wg sync.WaitGroup
	for g := range l.gateways {
		wg.Go(func() {
			s := sender{load: l, address: wire.Address{County: "bench", Site: site(g), Gateway: site(g) + "-gw"}, packs: packs[g], clock: &newest}
			if err := s.run(t.Context(), broker); err != nil {
				t.Errorf("%s: %v", s.address.Gateway, err)
			}
		})
	}
	wg.Wait()
}

// clock goes forward only.
type clock struct {
	mu  sync.Mutex
	now time.Time
	set func(time.Time)
}

func (c *clock) reach(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.now) {
		c.now = t
		c.set(t)
	}
}

// sender is one gateway: a few messages on their way, offered again when it is
// told to come later.
type sender struct {
	load    load
	address wire.Address
	packs   [][]byte
	clock   *clock

	todo     chan int
	slots    chan struct{}
	finished chan struct{}
	refused  chan string

	mu    sync.Mutex
	done  []bool
	later []bool // not on its way, to be sent again
	left  int
}

func (s *sender) run(ctx context.Context, broker string) error {
	n := len(s.packs)
	s.todo, s.slots, s.finished, s.refused = make(chan int, 2*n), make(chan struct{}, s.load.window), make(chan struct{}), make(chan string, 1)
	s.done, s.later, s.left = make([]bool, n), make([]bool, n), n
	for i := range n {
		s.todo <- i
	}
	connected := make(chan struct{}, 1)
	link, err := mqtt.New(mqtt.Options{
		Server: broker, ClientID: s.address.Gateway, Logger: slog.New(slog.DiscardHandler),
		Subscriptions: map[string]mqtt.Handler{s.address.Topic(wire.ChannelAck): s.acknowledged},
		OnConnect:     func() { connected <- struct{}{} },
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	var wg sync.WaitGroup
	wg.Go(func() { _ = link.Run(ctx) })
	defer wg.Wait()
	defer cancel()
	<-connected
	for {
		select {
		case <-s.finished:
			return nil
		case why := <-s.refused:
			return fmt.Errorf("records were refused: %s", why)
		case <-ctx.Done():
			return fmt.Errorf("%d messages were never acknowledged", s.left)
		case s.slots <- struct{}{}:
		}
		select {
		case <-s.finished:
			return nil
		case i := <-s.todo:
			if !s.depart(i) {
				<-s.slots
				continue
			}
			s.clock.reach(s.load.first.Add(time.Duration(min((i+1)*s.load.perMessage, s.load.rounds)-1) * s.load.every))
			time.AfterFunc(s.load.patience, func() { s.offerAgain(i) })
			if err := link.Publish(ctx, mqtt.Message{Topic: s.address.Topic(wire.ChannelRecords), Payload: s.packs[i]}); err != nil {
				return err
			}
		case <-ctx.Done():
			return fmt.Errorf("%d messages were never acknowledged", s.left)
		}
	}
}

func (s *sender) acknowledged(m mqtt.Message) {
	ack, err := wire.DecodeAck(m.Payload)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	per := uint64(s.load.points * s.load.perMessage)
	for _, r := range ack.Ranges {
		if r.Outcome == wire.Quarantined {
			select {
			case s.refused <- string(r.Reason):
			default:
			}
			continue
		}
		for i := (r.From - s.load.seq + per - 1) / per; i < uint64(len(s.packs)) && s.last(int(i)) <= r.To; i++ {
			s.settle(int(i), r)
		}
	}
}

// last is the highest sequence of a message.
func (s *sender) last(i int) uint64 {
	rounds := min((i+1)*s.load.perMessage, s.load.rounds)
	return s.load.seq + uint64(rounds*s.load.points) - 1
}

// depart notes that a message is on its way, unless it has arrived meanwhile.
func (s *sender) depart(i int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.later[i] = false
	return !s.done[i]
}

// offerAgain is for a message that nobody has answered: the collector may not
// have listened yet.
func (s *sender) offerAgain(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.done[i] && !s.later[i] {
		s.giveBack(i, 0)
	}
}

// giveBack frees a message's slot and has it sent once more after a while.
func (s *sender) giveBack(i int, after time.Duration) {
	<-s.slots
	s.later[i] = true
	time.AfterFunc(after, func() { s.todo <- i })
}

func (s *sender) settle(i int, r wire.AckRange) {
	switch {
	case s.done[i]:
		return
	case r.Outcome == wire.RetryAfter && !s.later[i]:
		s.giveBack(i, time.Duration(r.AfterMS)*time.Millisecond)
		return
	case r.Outcome == wire.RetryAfter:
		return
	case !s.later[i]:
		<-s.slots
	}
	s.done[i] = true
	if s.left--; s.left == 0 {
		close(s.finished)
	}
}
