package edge

import (
	"context"
	"log/slog"
	"runtime"
	"slices"
	"testing"
	"time"

	"coldchain/gateway/journal"
	"coldchain/gateway/mqtt"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

func ptr(v float64) *float64 { return &v }

// bounded gives the rig's point a limit of -15 °C and a reading a second.
func (r *rig) bounded(value func(n int) float64) {
	r.options.Limits = FixedBounds{{Zone: air.Zone(), Quantity: sensors.Temperature}: {High: ptr(-15)}}
	s := steady(air, 0)
	s.read = func(_ context.Context, n int) sensors.Reading { return sensors.NewGood(air, time.Now(), value(n)) }
	r.options.Devices[0].Sensor, r.options.Devices[0].Interval = s, time.Second
}

// command is what the county asks for.
func (r *rig) command(c wire.Command) {
	r.t.Helper()
	payload, err := wire.EncodeCommand(c)
	if err != nil {
		r.t.Fatal(err)
	}
	r.agent.Subscriptions()[here.Topic(wire.ChannelCommand)](mqtt.Message{Payload: payload})
	pass(0)
}

// ackAll acknowledges packs and returns their sequence numbers.
func (r *rig) ackAll(packs []wire.Pack) []uint64 {
	r.t.Helper()
	for _, p := range packs {
		var ranges []wire.AckRange
		for _, rec := range p.Records {
			if n := len(ranges); n > 0 && ranges[n-1].To+1 == rec.Seq {
				ranges[n-1].To = rec.Seq
				continue
			}
			ranges = append(ranges, stored(rec.Seq, rec.Seq))
		}
		r.ack(p.Epoch, ranges...)
	}
	return seqs(packs)
}

func inside(int) float64 { return -18.5 }

func TestLiveRecordsGoBeforeTheBacklogAndNeverWaitForIt(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.bounded(inside)
		r.start()
		pass(time.Hour)
		newest := r.journal.Next() - 1
		r.connect(wire.Hello{Generation: "g1"})
		packs := r.broker.packs(t)
		if got := seqs(packs[:1]); !slices.Equal(got, []uint64{newest}) {
			t.Fatalf("sent first: %d records from %d; want the newest reading of the point, %d, alone", len(got), got[0], newest)
		}
		if got := seqs(packs[1:]); got[0] != 1 || !slices.IsSorted(got) {
			t.Errorf("then from %d; want the backlog, oldest first", got[0])
		}
		pass(3 * time.Second) // nobody has acknowledged anything
		live := seqs(r.broker.packs(t))
		if len(live) == 0 || live[0] <= newest {
			t.Errorf("sent %v behind a backlog that is not acknowledged; want what was measured since", live)
		}
	})
}

func TestAnOpenExcursionsPartGoesAheadOfTheBacklogInOrder(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.bounded(func(n int) float64 {
			if n > 6000 {
				return -10
			}
			return -18.5
		})
		r.start()
		pass(2 * time.Hour)
		r.connect(wire.Hello{Generation: "g1"})
		var got []uint64
		for range 60 {
			packs := r.broker.packs(t)
			if len(packs) == 0 {
				break
			}
			got = append(got, r.ackAll(packs)...)
		}
		first, mark := got[0], uint64(7200)
		if first > 6001 || first < 6001-4200 {
			t.Fatalf("sent first: %d; want from an hour of calm before 6001, where the excursion begins", first)
		}
		for i := range mark - first {
			if got[i] != first+i {
				t.Fatalf("record %d of the excursion's part is %d; want %d: nothing between, all in order", i, got[i], first+i)
			}
		}
		if i := slices.Index(got, 1); i < int(mark-first) {
			t.Errorf("the backlog began at place %d, within the excursion's part", i)
		}
		slices.Sort(got)
		if len(slices.Compact(got)) < 7200 {
			t.Errorf("%d of 7200 records were sent", len(got))
		}
	})
}

func TestTheBacklogKeepsToItsRateAndLiveRecordsDoNot(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.bounded(inside)
		r.options.Delivery = Delivery{BacklogRate: 50}
		r.start()
		pass(2 * time.Hour)
		mark := r.journal.Next()
		r.connect(wire.Hello{Generation: "g1"})
		old, live := 0, 0
		for range 60 {
			for _, seq := range r.ackAll(r.broker.packs(t)) {
				if seq < mark {
					old++
				} else {
					live++
				}
			}
			pass(time.Second)
		}
		if most := packRecords + 50*61 + 1; old > most || old < most-2*packRecords {
			t.Errorf("%d records of the backlog in a minute; want about %d", old, most)
		}
		if live < 57 {
			t.Errorf("%d live records in a minute; want every one", live)
		}
	})
}

func TestTheByteBudgetHoldsTheBacklogAlone(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.bounded(inside)
		r.options.Delivery = Delivery{BytesPerDay: 5000}
		r.start()
		pass(2 * time.Hour)
		mark := r.journal.Next()
		r.connect(wire.Hello{Generation: "g1"})
		count := func(d time.Duration) (old, live int) {
			for range int(d / time.Second) {
				for _, seq := range r.ackAll(r.broker.packs(t)) {
					if seq < mark {
						old++
					} else {
						live++
					}
				}
				pass(time.Second)
			}
			return old, live
		}
		if old, _ := count(time.Minute); old == 0 || old > 6000 {
			t.Fatalf("%d records of the backlog within the budget; want some and not all", old)
		}
		if old, live := count(time.Minute - 10*time.Second); old != 0 || live < 40 {
			t.Errorf("budget used up: %d of the backlog and %d live ones; want none and all", old, live)
		}
		pass(statusEvery)
		s := r.broker.status(t)
		if s.SentToday < 5000 || s.BytesPerDay != 5000 || s.Backlog == 0 {
			t.Errorf("status says %d of %d bytes, backlog %d", s.SentToday, s.BytesPerDay, s.Backlog)
		}
		if day, sent, err := r.journal.Tally(r.t.Context()); err != nil || sent < 5000 || day == "" {
			t.Errorf("journal remembers %q %d %v; a restart must not open the budget again", day, sent, err)
		}
		b := newBudget(Delivery{BytesPerDay: 5000})
		b.day, b.sent = "2026-01-10", 6000
		if b.advance(time.Date(2026, 1, 11, 0, 0, 1, 0, time.UTC), 40); b.sent != 40 || !b.allows(b.filled, 1) {
			t.Errorf("%d bytes on the next day; want a new budget", b.sent)
		}
	})
}

func TestGatewaysThatReturnTogetherBeginTheirBacklogsApart(t *testing.T) {
	now := time.Date(2026, 1, 10, 6, 0, 0, 0, time.UTC)
	var early int
	for range 200 {
		b := newBudget(Delivery{Spread: 30 * time.Second})
		b.session(now)
		if b.begin.Before(now) || b.begin.Sub(now) >= 30*time.Second {
			t.Fatalf("begins %s after the connection; want within 30 s", b.begin.Sub(now))
		}
		if b.begin.Sub(now) < 3*time.Second {
			early++
		}
		if b.allows(b.begin.Add(-time.Millisecond), 1) || !b.allows(b.begin, packRecords) {
			t.Fatal("the backlog's beginning is not where it was drawn")
		}
	}
	if early > 60 {
		t.Errorf("%d of 200 begin in the first tenth of the time; want about 20", early)
	}
}

func TestRecordsTheCountyLostAreOfferedAgainOrDeclared(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.bounded(inside)
		r.start()
		r.connect(wire.Hello{Generation: "g1"})
		for range 20 {
			pass(time.Second)
			r.ackAll(r.broker.packs(t))
		}
		if r.journal.Oldest() < 15 {
			t.Fatalf("oldest %d; want all acknowledged", r.journal.Oldest())
		}
		r.command(wire.Command{Epoch: 1, Resend: []wire.Range{{From: 3, To: 5}}})
		pass(time.Second)
		got := seqs(r.broker.packs(t))
		if !slices.Contains(got, 3) || !slices.Contains(got, 5) || slices.Contains(got, 2) {
			t.Errorf("offered %v; want 3 to 5 again", got)
		}
		r.command(wire.Command{Epoch: 9, Resend: []wire.Range{{From: 3, To: 5}}}) // not our epoch: nothing to say
	})
}

func TestWhatIsNotKeptAnyMoreIsDeclared(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.start()
		r.connect(wire.Hello{Generation: "g1"})
		for range 3 {
			pass(time.Minute)
			r.ackAll(r.broker.packs(t))
		}
		first := uint64(1) // to 3 are of epoch 1
		r.hello(wire.Hello{Epoch: 4, Highest: 100, Generation: "g1"})
		pass(time.Second)
		r.ackAll(r.broker.packs(t))
		r.command(wire.Command{Epoch: 5, Resend: []wire.Range{{From: first, To: first + 1}}})
		pass(2 * time.Second)
		for _, p := range r.broker.packs(t) {
			for _, rec := range p.Records {
				if rec.Kind == wire.EventRecord && rec.Event.Name == wire.EventGone {
					epoch, gone, err := wire.ParseGone(rec.Event.Detail)
					if err != nil || epoch != 5 || !slices.Equal(gone, []wire.Range{{From: first, To: first + 1}}) {
						t.Errorf("declared %d %v %v; want %d to %d of epoch 5", epoch, gone, err, first, first+1)
					}
					return
				}
			}
		}
		t.Error("nothing was declared")
	})
}

func TestTwoBoxesUnderOneNameStepBackAndSaySo(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.start()
		r.connect(wire.Hello{Generation: "g1"})
		r.command(wire.Command{Duplicate: true})
		if got := r.broker.replacements(); len(got) != 1 || got[0] < stepBack || got[0] >= 2*stepBack {
			t.Fatalf("connection given up with pauses %v; want one of 5 to 10 minutes", got)
		}
		r.agent.OnLost()
		pass(10 * time.Minute)
		r.connect(wire.Hello{Epoch: 1, Highest: 1, Generation: "g1"})
		if s := r.broker.status(t); !slices.Contains(s.Faults, nameFault+": used-by-two-boxes") {
			t.Errorf("faults %v; want the name", s.Faults)
		}
		pass(time.Hour)
		if s := r.broker.status(t); slices.Contains(s.Faults, nameFault+": used-by-two-boxes") {
			t.Errorf("faults %v an hour later; want it forgotten", s.Faults)
		}
	})
}

func TestAConnectionOverWhichNothingComesBackIsReplaced(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.start()
		r.connect(wire.Hello{Generation: "g1"})
		pass(2 * time.Second)
		r.ackAll(r.broker.packs(t))
		pass(50 * time.Second)
		if got := r.broker.replacements(); len(got) != 0 {
			t.Fatalf("replaced %d times with nothing on its way", len(got))
		}
		pass(stuckAfter + 15*time.Second) // a reading a minute, and no answer
		if got := r.broker.replacements(); len(got) != 1 {
			t.Fatalf("replaced %d times after %s of silence; want once", len(got), stuckAfter)
		}
		r.agent.OnLost()
		r.agent.OnConnect()
		pass(time.Hour) // the collector is down: patience grows
		if got := len(r.broker.replacements()); got < 4 || got > 8 {
			t.Errorf("replaced %d times in an hour without a collector; want it ever more rarely", got)
		}
	})
}

// millions is a journal with an endless backlog that counts what it is asked.
type millions struct {
	store
	next, oldest uint64
	most         int // records handed out at once
	handed       uint64
}

func (m *millions) Epoch() uint64                                           { return 1 }
func (m *millions) Next() uint64                                            { return m.next }
func (m *millions) Overtaken(context.Context, uint64, uint64) (bool, error) { return false, nil }
func (m *millions) Oldest() uint64                                          { return m.oldest }
func (m *millions) Undelivered() uint64                                     { return m.next - m.oldest }
func (m *millions) Generation() string                                      { return "g1" }
func (m *millions) Sent(uint64)                                             {}

func (m *millions) Records(_ context.Context, from, to uint64, yield func(journal.Entry) bool) error {
	for ; from <= to && yield(journal.Entry{Record: record(from)}); from++ {
	}
	return nil
}

func (m *millions) OfferBetween(_ context.Context, after, below uint64, limit int) ([]wire.Record, error) {
	var out []wire.Record
	for seq := max(after+1, m.oldest); seq < min(below, m.next) && len(out) < limit; seq++ {
		out = append(out, record(seq))
	}
	m.most = max(m.most, len(out))
	return out, nil
}

func (m *millions) Confirm(_ context.Context, ranges []wire.AckRange) error {
	for _, r := range ranges {
		if r.From <= m.oldest {
			m.oldest = max(m.oldest, r.To+1)
		}
		m.handed += r.To - r.From + 1
	}
	return nil
}

func (m *millions) SetGeneration(context.Context, string) error    { return nil }
func (m *millions) Trim(context.Context, time.Time) error          { return nil }
func (m *millions) SetTally(context.Context, string, uint64) error { return nil }

var began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func record(seq uint64) wire.Record {
	return wire.Record{Seq: seq, Boot: "b", Clock: wire.ClockNTP, Unit: sensors.Celsius, Reading: sensors.NewGood(air, began.Add(time.Duration(seq)*time.Second), -18.5)}
}

// acker answers every pack at once.
type acker struct{ last *wire.Pack }

func (a *acker) Replace(error, time.Duration) {}
func (a *acker) Publish(_ context.Context, m mqtt.Message) error {
	if m.Topic != here.Topic(wire.ChannelRecords) {
		return nil
	}
	p, _, err := wire.DecodePack(m.Payload, wire.DefaultLimits())
	a.last = &p
	return err
}

func TestMemoryIsConstantOverAMillionRecords(t *testing.T) {
	now := began.Add(30 * 24 * time.Hour)
	m := &millions{next: 1_000_001, oldest: 1}
	o := Options{Address: here, Logger: slog.New(slog.DiscardHandler),
		Limits:  FixedBounds{{Zone: air.Zone(), Quantity: sensors.Temperature}: {High: ptr(-15)}},
		Devices: []Device{{Name: "probe", Bus: "line", Sensor: steady(air, -18.5), Interval: time.Minute}},
		Clock:   Clock{Boot: "boot", Start: now, Now: func() time.Time { return now }, Source: func() wire.ClockSource { return wire.ClockNTP }}}
	f := newForwarder(o, newFaults())
	f.journal = m
	f.nextTrim = now.Add(time.Hour)
	f.nextStatus = now.Add(time.Hour)
	f.setConnected(true)
	f.seen = 1
	f.patience.begin(now)
	f.greet(t.Context(), wire.Hello{Epoch: 1, Highest: 1, Generation: "g1"})
	wire1 := &acker{}
	heap := func() uint64 {
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	var early uint64
	for n := 0; m.oldest < m.next && n < 10_000; n++ {
		f.fill(t.Context(), wire1, now)
		if len(f.flights) > window {
			t.Fatalf("%d messages on their way", len(f.flights))
		}
		for _, fl := range slices.Clone(f.flights) {
			f.settle(t.Context(), wire.Ack{Epoch: 1, Ranges: []wire.AckRange{stored(fl.from, fl.to)}})
		}
		if n == 50 {
			early = heap()
		}
	}
	if m.oldest != m.next || m.most > packRecords {
		t.Fatalf("delivered up to %d of %d, %d records at once", m.oldest, m.next, m.most)
	}
	if late := heap(); late > early+early/5+1<<20 {
		t.Errorf("heap grew from %d to %d bytes over a million records", early, late)
	}
}

// The newest readings go ahead of a backlog past the journal's own order. The
// county's next hello knows them, and is no sign of an older journal.
func TestWhatWentAheadIsKnownToHaveBeenSent(t *testing.T) {
	inBubble(t, func(r *rig) {
		high := -10.0
		r.options.Limits = FixedBounds{{Zone: air.Zone(), Quantity: sensors.Temperature}: {High: &high}}
		r.options.Devices[0].Interval = time.Second
		r.start()
		pass(50 * time.Minute)
		r.connect(wire.Hello{Generation: "g1"})
		highest := uint64(0)
		for _, seq := range seqs(r.broker.packs(t)) {
			highest = max(highest, seq)
		}
		if highest < 2900 {
			t.Fatalf("the highest number on its way is %d; want the newest", highest)
		}
		r.connect(wire.Hello{Generation: "g1", Epoch: 1, Highest: highest})
		if got := r.journal.Epoch(); got != 1 {
			t.Errorf("epoch %d; want that of a journal that is not older than what it has sent", got)
		}
	})
}
