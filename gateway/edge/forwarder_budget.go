package edge

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"coldchain/gateway/mqtt"
)

// Delivery bounds what a backlog may use of the way to the county. Live
// records and an open excursion's part are never held by it.
type Delivery struct {
	BacklogRate float64 // records a second; 0: not bounded
	BytesPerDay uint64  // in both directions; 0: not bounded
	// Spread is the time over which gateways that come back together begin
	// with their backlogs, each at a moment of its own; 0: at once.
	Spread time.Duration
}

// budget says when the backlog has its turn.
type budget struct {
	rate   float64
	perDay uint64
	spread time.Duration

	begin  time.Time // of the backlog in this session
	tokens float64   // records that may go now
	filled time.Time

	day   string // of sent, as the machine's calendar has it
	sent  uint64
	saved uint64 // of sent, in the journal
}

func newBudget(d Delivery) budget {
	return budget{rate: d.BacklogRate, perDay: d.BytesPerDay, spread: d.Spread, tokens: max(packRecords, d.BacklogRate)}
}

// mqttBytes is what one message of quality 1 costs beside topic and payload:
// fixed header, lengths, packet id, and its PUBACK.
const mqttBytes = 1 + 3 + 2 + 2 + 4

func wireBytes(m mqtt.Message) uint64 { return uint64(mqttBytes + len(m.Topic) + len(m.Payload)) }

func dayOf(now time.Time) string { return now.Format(time.DateOnly) }

// restore takes up a day's tally that was begun before a restart.
func (b *budget) restore(ctx context.Context, s store, now time.Time, log *slog.Logger) {
	b.filled, b.day = now, dayOf(now)
	day, sent, err := s.Tally(ctx)
	if err != nil {
		log.Warn("how much was sent today is not known; counting anew", "error", err)
		return
	}
	if day == b.day {
		b.sent, b.saved = sent, sent
	}
}

// keep makes the tally durable, when it has changed.
func (b *budget) keep(ctx context.Context, s store, log *slog.Logger) {
	if b.perDay == 0 || b.sent == b.saved {
		return // without a budget a restart may forget it: no write a minute for nothing
	}
	if err := s.SetTally(ctx, b.day, b.sent); err != nil {
		log.Debug("keep the tally of bytes", "error", err)
		return
	}
	b.saved = b.sent
}

// advance lets time pass: tokens grow, days change.
func (b *budget) advance(now time.Time, received uint64) {
	if passed := now.Sub(b.filled); passed > 0 {
		b.tokens = min(b.tokens+b.rate*passed.Seconds(), max(packRecords, b.rate))
	}
	b.filled = now
	if day := dayOf(now); day != b.day {
		b.day, b.sent, b.saved = day, 0, 0
	}
	b.sent += received
}

func (b *budget) spend(bytes uint64) { b.sent += bytes }

// session draws the moment at which this gateway begins with its backlog: full
// jitter, so that those who came back together do not begin together.
func (b *budget) session(now time.Time) {
	b.begin = now
	if b.spread > 0 {
		b.begin = now.Add(time.Duration(rand.Int64N(int64(b.spread))))
	}
}

// allows reports whether a message of that many backlog records may go now.
func (b *budget) allows(now time.Time, records int) bool {
	switch {
	case now.Before(b.begin), b.perDay > 0 && b.sent >= b.perDay:
		return false
	case b.rate <= 0:
		return true
	}
	return b.tokens >= float64(records)
}

func (b *budget) take(records int) {
	if b.rate > 0 {
		b.tokens -= float64(records)
	}
}
