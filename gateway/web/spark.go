package web

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

// A sparkline is 24 hours in 96 buckets; recent is the last quarter of an
// hour, minute by minute, from which the page reads the trend.
const (
	sparkBuckets  = 96
	sparkStep     = 15 * time.Minute
	recentBuckets = 16
	recentStep    = time.Minute

	// sparkFresh is how long a sparkline is answered again as it is.
	sparkFresh = 10 * time.Second
	// sparkPatience is how long a request waits for the store; the page must
	// come up with present values while the store is down.
	sparkPatience = 4 * time.Second
	// sparkRest is how long the store is left alone after it failed.
	sparkRest = 15 * time.Second
	sparkers  = 4 // queries at once
)

// spark is the recent history of one point.
type spark struct {
	day, recent envelope
	whole       time.Time // when all of it was last read
}

// sparks remembers sparklines, so that a county of pages does not read a
// county of days. The newest half hour is read again every sparkFresh, all of
// it after a while that grows with what it costs, because late readings may
// have come.
type sparks struct {
	history history
	now     func() time.Time
	period  time.Duration

	mu     sync.Mutex // one refresh at a time
	known  map[sensors.PointID]spark
	cost   time.Duration // of reading all of them
	fresh  time.Time
	failed time.Time
}

func newSparks(h history, now func() time.Time, period time.Duration) *sparks {
	return &sparks{history: h, now: now, period: period, known: map[sensors.PointID]spark{}}
}

// of returns the sparklines of points, or an error when the store did not
// answer in time.
func (s *sparks) of(ctx context.Context, points []sensors.Point) (found map[sensors.PointID]spark, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if !s.failed.IsZero() && now.Sub(s.failed) < sparkRest {
		return nil, store.ErrTemporary
	}
	if now.Sub(s.fresh) >= sparkFresh {
		if err := s.refresh(ctx, points, now); err != nil {
			if ctx.Err() == nil { // not because the caller left
				s.failed = now
			}
			return nil, err
		}
		s.fresh, s.failed = now, time.Time{}
	}
	found = make(map[sensors.PointID]spark, len(points))
	for id, k := range s.known {
		found[id] = k
	}
	return found, nil
}

func (s *sparks) refresh(ctx context.Context, points []sensors.Point, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, sparkPatience)
	defer cancel()
	from := now.Truncate(sparkStep).Add(-(sparkBuckets - 1) * sparkStep)
	newest := now.Add(-recentBuckets * recentStep).Truncate(sparkStep)
	again := 5 * time.Minute
	if s.cost > 0 { // a cheap store is asked more often
		again = min(max(20*s.cost, 15*time.Second), again)
	}
	wholes := 0
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(sparkers)
	for _, p := range points {
		mu.Lock()
		old, ok := s.known[p.ID]
		mu.Unlock()
		readFrom := newest
		if !ok || now.Sub(old.whole) > again {
			readFrom = from
			old.whole = now
			wholes++
		}
		group.Go(func() error {
			k, err := s.read(ctx, p, old, from, readFrom, now)
			if err != nil {
				return err
			}
			// What was read is kept also when others fail: a slow store
			// gets through a county in several requests.
			mu.Lock()
			defer mu.Unlock()
			s.known[p.ID] = k
			return nil
		})
	}
	err := group.Wait()
	if err == nil && wholes == len(points) {
		s.cost = s.now().Sub(now)
	}
	return err
}

// read takes over from old what lies before readFrom and reads the rest.
func (s *sparks) read(ctx context.Context, p sensors.Point, old spark, from, readFrom, now time.Time) (spark, error) {
	out := spark{
		whole:  old.whole,
		day:    newEnvelope(from, sparkStep, sparkBuckets),
		recent: newEnvelope(now.Truncate(recentStep).Add(-(recentBuckets-1)*recentStep), recentStep, recentBuckets),
	}
	if readFrom.After(from) {
		out.day = old.day.tail(from, sparkBuckets)
		for i := int(readFrom.Sub(from) / sparkStep); i < sparkBuckets; i++ {
			out.day.buckets[i] = bucket{}
		}
	}
	// The newest part is read once, for both.
	newest := out.recent.from.Truncate(sparkStep)
	if s.history.rollups != nil && readFrom.Before(newest) {
		if err := s.history.fill(ctx, &out.day, p, readFrom, newest); err != nil {
			return spark{}, err
		}
		readFrom = newest
	}
	err := s.history.readings.Read(ctx, store.Query{Point: p.ID, Quantity: p.Quantity, From: readFrom, To: now.Add(time.Minute)},
		func(r store.Record) bool {
			out.day.add(r.Reading)
			out.recent.add(r.Reading)
			return true
		})
	return out, err
}
