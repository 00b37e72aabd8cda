package influx

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

const (
	// linesPerRequest is the batch InfluxDB's documentation recommends.
	linesPerRequest = 5000
	// requests are on their way at once: the server parses each on one core.
	requests = 2
	// fewLines are not worth a second request.
	fewLines = 1000
)

// Write sends what is new among records and returns when the server has
// answered for all of it. Records at or before the newest stored time of their
// point are looked up first: one with a stored identity is left out as already
// durable, one whose millisecond another identity holds is a collision.
func (s *Store) Write(ctx context.Context, records []store.Record) (store.Result, error) {
	var res store.Result
	if len(records) == 0 {
		return res, nil
	}
	if s.closed.Load() {
		return res, s.fail("write", errClosed)
	}
	if err := ctx.Err(); err != nil {
		return res, s.classify(ctx, "write", err)
	}
	b := newBatch(records)
	claimed, err := s.points.claim(ctx, b.ids)
	if err != nil {
		return res, s.classify(ctx, "write", err)
	}
	defer s.points.release(claimed)
	if err := s.learn(ctx, claimed, b.oldest); err != nil {
		return res, err
	}
	if err := s.sift(ctx, b, claimed); err != nil {
		return res, err
	}
	rejected, err := s.sendAll(ctx, &lines{records: records, index: b.kept, points: claimed})
	if err != nil {
		return res, err
	}
	return b.result(rejected), nil
}

// batch is one Write on its way.
type batch struct {
	records    []store.Record
	valid      []int // indexes of records an engine can keep, in order
	ids        []sensors.PointID
	oldest     map[sensors.PointID]int64
	rejections []store.Rejection
	collisions []store.Collision
	kept       []int       // indexes to send
	repeats    map[int]int // index of a repetition -> index of the record it repeats
}

func newBatch(records []store.Record) *batch {
	b := &batch{records: records, valid: make([]int, 0, len(records)), oldest: make(map[sensors.PointID]int64)}
	for i, r := range records {
		if err := r.Check(); err != nil {
			b.rejections = append(b.rejections, store.Rejection{Index: i, Detail: err.Error()})
			continue
		}
		b.valid = append(b.valid, i)
		ms := r.Time.UnixMilli()
		old, ok := b.oldest[r.Point]
		if !ok {
			b.ids = append(b.ids, r.Point)
		}
		if !ok || ms < old {
			b.oldest[r.Point] = ms
		}
	}
	return b
}

// sift fills kept, collisions and repeats. From here on newest covers the
// batch, so that a repetition after an unclear failure is looked up.
func (s *Store) sift(ctx context.Context, b *batch, claimed map[sensors.PointID]*point) error {
	stored := make(map[sensors.PointID]int64, len(claimed)) // newest before this batch
	for id, p := range claimed {
		stored[id] = p.newest
	}
	var look []place
	doubtful := false
	for _, i := range b.valid {
		pl := b.place(i)
		p := claimed[pl.point]
		if pl.ms > p.newest {
			p.newest = pl.ms
			continue
		}
		doubtful = true // stored, earlier in this batch, or merely late
		if pl.ms <= stored[pl.point] {
			look = append(look, pl)
		}
	}
	if !doubtful {
		b.kept = b.valid
		return nil
	}
	held, err := s.holders(ctx, look)
	if err != nil {
		return err
	}
	b.settle(held)
	return nil
}

// settle gives each place to the stored record, else to the first of the
// batch.
func (b *batch) settle(held map[place]store.Identity) {
	first := make(map[place]int, len(b.valid))
	for _, i := range b.valid {
		pl, id := b.place(i), b.records[i].Identity()
		if holder, taken := held[pl]; taken {
			if holder != id {
				b.collisions = append(b.collisions, store.Collision{Index: i})
			}
			continue
		}
		j, taken := first[pl]
		switch {
		case !taken:
			first[pl] = i
			b.kept = append(b.kept, i)
		case b.records[j].Identity() == id:
			if b.repeats == nil {
				b.repeats = make(map[int]int)
			}
			b.repeats[i] = j
		default:
			b.collisions = append(b.collisions, store.Collision{Index: i})
		}
	}
}

func (b *batch) place(i int) place {
	return place{b.records[i].Point, b.records[i].Time.UnixMilli()}
}

// result adds what the server refused; a repetition shares its first's fate.
func (b *batch) result(rejected map[int]string) store.Result {
	for i, detail := range rejected {
		b.rejections = append(b.rejections, store.Rejection{Index: i, Detail: detail})
	}
	for i, j := range b.repeats {
		if detail, ok := rejected[j]; ok {
			b.rejections = append(b.rejections, store.Rejection{Index: i, Detail: detail})
		}
	}
	slices.SortFunc(b.rejections, func(x, y store.Rejection) int { return x.Index - y.Index })
	return store.Result{Collisions: b.collisions, Rejections: b.rejections}
}

// sendAll sends every line and returns what was refused, by record index.
func (s *Store) sendAll(ctx context.Context, l *lines) (map[int]string, error) {
	out := outcome{rejected: make(map[int]string)}
	part := min(linesPerRequest, max(fewLines, (l.len()+requests-1)/requests))
	for from := 0; from < l.len(); from += requests * part {
		if err := s.sendTogether(ctx, l, from, part, &out); err != nil {
			return nil, err
		}
	}
	if len(out.rejected) > 0 && !out.accepted {
		// Not one row went in. Before all of them are called poison for good,
		// a row that is surely right must be accepted.
		if err := s.probe(ctx); err != nil {
			return nil, err
		}
	}
	return out.rejected, nil
}

// sendTogether sends the next parts at once and returns when all have ended.
func (s *Store) sendTogether(ctx context.Context, l *lines, from, part int, out *outcome) error {
	var outs [requests]outcome
	var errs [requests]error
	var wg sync.WaitGroup
	for i := range requests {
		begin := from + i*part
		if begin >= l.len() {
			break
		}
		outs[i].rejected = map[int]string{}
		wg.Go(func() { errs[i] = s.send(ctx, l, begin, min(begin+part, l.len()), &outs[i]) })
	}
	wg.Wait()
	for _, o := range outs {
		out.accepted = out.accepted || o.accepted
		maps.Copy(out.rejected, o.rejected)
	}
	for _, err := range errs { // both fail for the same reason, mostly: one is enough to tell
		if err != nil {
			return err
		}
	}
	return nil
}

// probe writes the store's own row; when that is refused as well, the fault is
// not in the readings.
func (s *Store) probe(ctx context.Context) error {
	err := s.writeGeneration(ctx)
	var r *refused
	if errors.As(err, &r) {
		return s.fail("write", s.configuration(r.status, r.message))
	}
	return err
}
