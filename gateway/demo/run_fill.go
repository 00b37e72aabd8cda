package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"coldchain/alerting/batch"
	edgeapp "coldchain/gateway/app/edge"
	"coldchain/gateway/state"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// fillAtOnce is how many records go into a journal in one commit.
const fillAtOnce = 2000

// fill reads the last day of every site through the drivers into the journals
// of the edges, from where it takes the way of every reading.
func (s *show) fill(ctx context.Context) error {
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	counts := make([]int, len(s.edges))
	for i, e := range s.edges {
		group.Go(func() (err error) {
			counts[i], err = s.fillSite(ctx, s.county.Edges[i].Site, e)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("demo: fill the past: %w", err)
	}
	total := 0
	for i, n := range counts {
		s.prefill[s.county.Edges[i].Site] = n
		total += n
	}
	s.say("过去 24 小时：%d 条读数已入各站日志 / %d readings of the last 24 h are in the edges' journals (%s)", total, total, time.Since(began).Round(100*time.Millisecond))
	return nil
}

func (s *show) fillSite(ctx context.Context, site string, e *edgeapp.App) (n int, err error) {
	units := map[sensors.PointID]sensors.Unit{}
	for _, p := range s.county.Config.Points() {
		if p.ID.Site() == site {
			units[p.ID] = p.Quantity.Unit()
		}
	}
	from := s.start.Add(-Past)
	var held []wire.Record
	flush := func() error {
		_, err := e.Journal().Append(ctx, held)
		n += len(held)
		held = held[:0]
		return err
	}
	err = s.county.Prefill(ctx, site, from, s.start, PastInterval, func(at time.Time, readings []sensors.Reading) error {
		for _, r := range readings {
			held = append(held, wire.Record{Boot: "simulated-past", Mono: at.Sub(from), Clock: wire.ClockRTC, Unit: units[r.Point], Reading: r})
		}
		if len(held) < fillAtOnce {
			return nil
		}
		return flush()
	})
	if err != nil {
		return n, err
	}
	return n, flush()
}

// aboard is why goods come into boxes that nothing was measured in yet.
const aboard = "演示：开始前已装车 / demo: aboard before it began"

// clerk stands in the audit for what the demonstration enters.
var clerk = state.Actor{Kind: state.System, ID: "demo"}

// book enters the goods as a clerk would have: created where they first lay,
// then moved.
func (s *show) book(ctx context.Context) error {
	stays := map[string][]batch.Custody{}
	for _, c := range s.county.Custody {
		stays[c.Batch] = append(stays[c.Batch], c)
	}
	for _, b := range s.county.Batches {
		list := stays[b.ID]
		slices.SortFunc(list, func(x, y batch.Custody) int { return cmp.Compare(x.From.UnixNano(), y.From.UnixNano()) })
		if len(list) == 0 {
			return fmt.Errorf("demo: batch %s lies nowhere", b.ID)
		}
		db, first := s.app.State(), list[0]
		if _, err := db.CreateBatch(ctx, clerk, state.IdempotencyKey("create-"+b.ID), b, &batch.Custody{Batch: b.ID, Zone: first.Zone, From: first.From, Override: aboard}); err != nil {
			return fmt.Errorf("demo: book batch %s: %w", b.ID, err)
		}
		for i, stay := range list {
			if i > 0 {
				if err := move(ctx, db, b.ID, stay.Zone, stay.From); err != nil {
					return err
				}
			}
			left := !stay.To.IsZero() && (i+1 == len(list) || !list[i+1].From.Equal(stay.To))
			if left {
				if err := move(ctx, db, b.ID, "", stay.To); err != nil {
					return err
				}
			}
		}
	}
	return s.app.Booked(ctx)
}

// move books a batch into a zone, or out of the county when zone is empty.
func move(ctx context.Context, db *state.DB, id, zone string, at time.Time) error {
	key := state.IdempotencyKey(fmt.Sprintf("move-%s-%d", id, at.Unix()))
	if _, err := db.MoveBatch(ctx, clerk, key, state.MoveRequest{Batch: id, ToZone: zone, At: at, Override: aboard}); err != nil {
		return fmt.Errorf("demo: move batch %s to %q: %w", id, zone, err)
	}
	return nil
}
