package edge

import (
	"context"
	"time"

	"coldchain/gateway/journal"
	"coldchain/gateway/mqtt"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// lanes are the ways out of the journal, first come first: what was measured
// since the session began, the part of an open excursion, the rest.
//
//	oldest           urgent           mark          next
//	  |---- backlog ----|---- urgent ----|---- live ----|
type lanes struct {
	mark   uint64 // first live record
	urgent uint64 // first record of an open excursion's part; mark when there is none
	// held are the points that are outside. Their live records wait for the
	// urgent ones, because the county judges a point's run in order.
	held   map[sensors.PointID]bool
	newest []wire.Record // the newest of each point that is not held, sent first

	// Sequence of the last record that was handed out, by lane.
	liveAt, urgentAt, backlogAt uint64
}

const (
	// farBehind is how far the live lane may fall behind before its records
	// are called backlog and the newest go first again.
	farBehind = 8 * packRecords
	// urgentMost bounds the urgent part, so that live records of the points
	// that are outside wait for 40 messages at most.
	urgentMost = 20_000
	// calm is how long a point must have been inside for an excursion to begin
	// after it and not before.
	calm = time.Hour
	// unlimitedReach is what goes ahead in order of a temperature or humidity
	// of which this edge knows no limits, and cannot tell whether it is outside.
	unlimitedReach = 3 * time.Hour
)

// beginLanes divides what is not delivered, at the start of a session and when
// the live lane has fallen far behind. What fits into one message needs no
// lanes: it goes at once and in order.
func (f *forwarder) beginLanes(ctx context.Context, fresh bool) {
	next := f.journal.Next()
	f.lanes = lanes{mark: next, urgent: next}
	if f.journal.Undelivered() <= packRecords {
		f.lanes.mark = f.journal.Oldest()
		f.lanes.urgent = f.lanes.mark
	} else {
		if fresh {
			f.budget.session(f.clock.Now())
		}
		if err := f.divide(ctx); err != nil {
			f.log.Error("read the journal's end; the backlog goes oldest first", "error", err)
			f.lanes = lanes{mark: next, urgent: next}
		}
	}
	if len(f.lanes.held) == 0 || f.lanes.urgent >= f.lanes.mark {
		f.lanes.held = nil
	}
	f.startOver()
}

// rewind forgets what is on its way; the journal still holds it.
func (f *forwarder) rewind() {
	f.flights = nil
	f.startOver()
}

// startOver goes back to the beginning of every lane. What is on its way or
// delivered is passed over.
func (f *forwarder) startOver() {
	l := &f.lanes
	l.liveAt, l.urgentAt, l.backlogAt = before(l.mark), before(l.urgent), 0
}

func before(seq uint64) uint64 { return max(seq, 1) - 1 }

// backlog is how many records at most have neither gone ahead nor been
// measured in this session.
func (f *forwarder) backlog() uint64 {
	oldest := f.journal.Oldest()
	if oldest >= f.lanes.mark {
		return 0
	}
	return min(f.journal.Undelivered(), f.lanes.mark-oldest)
}

// divide looks at the newest readings: those inside go first, and where one is
// outside the excursion's part goes ahead of the backlog.
func (f *forwarder) divide(ctx context.Context) error {
	l := &f.lanes
	points := 0
	for _, d := range f.devices {
		points += len(d.Sensor.Points())
	}
	tail := uint64(min(4*points+100, 10*packRecords))
	newest := map[sensors.PointID]journal.Entry{}
	value := map[sensors.PointID]sensors.Reading{} // the newest that has one
	held := false
	err := f.journal.Records(ctx, max(l.mark, tail+1)-tail, before(l.mark), func(e journal.Entry) bool {
		held = held || e.Clock == wire.ClockNone && !e.Reconstructed
		if e.Kind == wire.ReadingRecord {
			newest[e.Reading.Point] = e
			if e.Reading.Quality != sensors.Bad {
				value[e.Reading.Point] = e.Reading
			}
		}
		return true
	})
	if err != nil || held { // nothing goes ahead of records that wait for a clock
		return err
	}
	watch := f.watch(value)
	if err := f.findUrgent(ctx, watch); err != nil {
		return err
	}
	l.held = map[sensors.PointID]bool{}
	for p := range watch {
		l.held[p] = true
	}
	for p, e := range newest {
		if !l.held[p] && e.Outcome == "" {
			l.newest = append(l.newest, e.Record)
		}
	}
	return nil
}

// fill sends messages until the window is full or nothing is left.
func (f *forwarder) fill(ctx context.Context, p Publisher, now time.Time) {
	if now.Before(f.waitUntil) {
		return
	}
	if f.journal.Undelivered() > packRecords && f.lanes.liveAt+farBehind < f.journal.Next() {
		f.beginLanes(ctx, false)
	}
	if n := f.lanes.newest; len(n) > 0 {
		f.lanes.newest = nil // what is not acknowledged goes with the backlog
		inOrder(n)
		for len(n) > 0 {
			k := min(len(n), packRecords)
			f.journal.Sent(n[k-1].Seq)
			if !f.send(ctx, p, now, n[:k]) {
				return
			}
			n = n[k:]
		}
	}
	f.fillLive(ctx, p, now)
	l := &f.lanes
	if l.urgent < l.mark {
		f.drain(ctx, p, now, &l.urgentAt, l.mark, nil)
		if l.held != nil && l.urgentAt >= before(l.mark) { // all of it has gone ahead
			l.held, l.liveAt = nil, before(l.mark)
			f.fillLive(ctx, p, now)
		}
	}
	f.drain(ctx, p, now, &l.backlogAt, l.urgent, &f.budget)
}

// fillLive sends what was measured in this session, with all of the window.
func (f *forwarder) fillLive(ctx context.Context, p Publisher, now time.Time) {
	for len(f.flights) < window {
		records, last, ok := f.offer(ctx, f.lanes.liveAt, ^uint64(0))
		if !ok {
			return
		}
		kept := records[:0]
		for _, r := range records {
			if r.Kind != wire.ReadingRecord || !f.lanes.held[r.Reading.Point] {
				kept = append(kept, r)
			}
		}
		if len(kept) > 0 && !f.send(ctx, p, now, kept) {
			return
		}
		f.lanes.liveAt = last
	}
}

// drain sends older records up to below, oldest first, leaving part of the
// window to live ones; within a budget, if there is one.
func (f *forwarder) drain(ctx context.Context, p Publisher, now time.Time, at *uint64, below uint64, b *budget) {
	for len(f.flights) < window-reserved {
		if b != nil && !b.allows(now, int(min(packRecords, f.backlog()))) {
			return
		}
		records, last, ok := f.offer(ctx, *at, below)
		if !ok {
			*at = max(*at, last)
			return
		}
		if len(records) > 0 {
			if !f.send(ctx, p, now, records) {
				return
			}
			if b != nil {
				b.take(len(records))
			}
		}
		*at = last
	}
}

// offer returns the next records of a part of the journal that are not on
// their way already, and where to go on. ok is false when there are no more, or
// when the journal cannot be read.
func (f *forwarder) offer(ctx context.Context, after, below uint64) (records []wire.Record, last uint64, ok bool) {
	records, err := f.journal.OfferBetween(ctx, after, below, packRecords)
	if err != nil {
		if ctx.Err() == nil {
			f.log.Error("read the journal", "error", err)
		}
		return nil, after, false
	}
	if len(records) == 0 {
		return nil, before(below), false
	}
	last = records[len(records)-1].Seq
	kept := records[:0]
	for _, r := range records {
		if !f.flying(r.Seq) {
			kept = append(kept, r)
		}
	}
	return kept, last, true
}

func (f *forwarder) flying(seq uint64) bool {
	for _, fl := range f.flights {
		if _, waiting := fl.waiting[seq]; waiting {
			return true
		}
	}
	return false
}

// send puts records on their way. On false the connection is not there; it
// says what happened itself.
func (f *forwarder) send(ctx context.Context, p Publisher, now time.Time, records []wire.Record) bool {
	payload, err := f.encode(wire.Pack{
		Epoch: f.journal.Epoch(), Oldest: f.journal.Oldest(), Next: f.journal.Next(), Records: records,
	})
	if err != nil {
		f.log.Error("encode records", "from", records[0].Seq, "error", err)
		return false
	}
	m := mqtt.Message{Topic: f.address.Topic(wire.ChannelRecords), Payload: payload}
	f.budget.spend(wireBytes(m))
	if err := p.Publish(ctx, m); err != nil {
		return false
	}
	f.patience.sent(now)
	fl := &flight{from: records[0].Seq, to: records[len(records)-1].Seq, waiting: make(map[uint64]struct{}, len(records)), deadline: now.Add(retransmit)}
	for _, r := range records {
		fl.waiting[r.Seq] = struct{}{}
	}
	f.flights = append(f.flights, fl)
	return true
}

// encode puts records into the fewest bytes that the collector reads.
func (f *forwarder) encode(p wire.Pack) ([]byte, error) {
	enc := encodingFor(len(p.Records))
	if f.rows && f.table != nil {
		if payload, ok := f.encoder.EncodeRows(p, f.table, enc == wire.CBORZstd); ok {
			return payload, nil
		}
	}
	return f.encoder.Encode(p, enc)
}

// encodingFor compresses a backlog, which shrinks to half or a third; a few live
// readings would not.
func encodingFor(records int) wire.Encoding {
	if records >= packRecords/5 {
		return wire.CBORZstd
	}
	return wire.CBOR
}
