package demo

import (
	"context"
	"fmt"
	"time"

	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// Summary says what became of every reading of a run.
type Summary struct {
	Sites       int       `json:"sites"`
	Points      int       `json:"points"`
	Prefilled   int       `json:"prefilled"`   // readings of the simulated past
	Served      int       `json:"served"`      // values the simulated devices answered with, live
	Stored      int       `json:"stored"`      // readings in the county's store
	Lost        int       `json:"lost"`        // prefilled or served, and not stored
	Doubled     int       `json:"doubled"`     // stored more than once, or stored without having been answered
	Quarantined int64     `json:"quarantined"` // kept apart instead of stored
	Alarms      []Alarmed `json:"alarms"`
}

// Alarmed is one alarm of a run.
type Alarmed struct {
	Zone    string   `json:"zone"`
	State   string   `json:"state"`
	Rule    string   `json:"rule"`
	Object  string   `json:"object"`
	Level   string   `json:"level"`
	Class   string   `json:"class"`
	Batches []string `json:"batches"`
}

// Err tells what in a summary is not as promised, or nil.
func (s Summary) Err() error {
	if s.Lost > 0 || s.Doubled > 0 {
		return fmt.Errorf("%d readings were lost and %d doubled; want none", s.Lost, s.Doubled)
	}
	for _, a := range s.Alarms {
		if len(a.Batches) > 0 {
			return nil
		}
	}
	return fmt.Errorf("no alarm named its batches (%d alarms)", len(s.Alarms))
}

// finish stops sampling, drains, and holds the store against what the
// simulated devices say they answered.
func (s *show) finish() (Summary, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*drainAfter)
	defer cancel()
	for _, e := range s.edges {
		if err := e.Agent().StopSampling(ctx); err != nil {
			return Summary{}, err
		}
	}
	if err := s.drain(ctx, drainAfter, nil); err != nil {
		return Summary{}, err
	}
	points := s.county.Config.Points()
	sum := Summary{Sites: len(s.county.Config.Sites), Points: len(points), Alarms: []Alarmed{}}
	prefilled := map[string]int{}
	for _, p := range points {
		past, live, err := s.readBack(ctx, p)
		if err != nil {
			return Summary{}, err
		}
		prefilled[p.ID.Site()] += past
		sum.Stored += past + len(live)
		o := s.ledger.Compare(p.ID, live, OutsideInterval-time.Second)
		sum.Served += o.Served
		sum.Lost += o.Lost
		sum.Doubled += o.Doubled + o.Foreign
	}
	for site, n := range s.prefill {
		sum.Prefilled += n
		sum.Lost += max(0, n-prefilled[site])
		sum.Doubled += max(0, prefilled[site]-n)
	}
	return sum, s.alarmed(ctx, &sum)
}

// readBack counts a point's stored past and returns its live readings.
func (s *show) readBack(ctx context.Context, p sensors.Point) (past int, live []sensors.Reading, err error) {
	q := store.Query{Point: p.ID, Quantity: p.Quantity, From: s.start.Add(-Past - time.Hour), To: time.Now().Add(time.Hour)}
	err = s.app.Store().Read(ctx, q, func(r store.Record) bool {
		if r.Time.Before(s.start) {
			past++
		} else {
			live = append(live, r.Reading)
		}
		return true
	})
	if err != nil {
		return 0, nil, fmt.Errorf("demo: read back %s: %w", p.ID, err)
	}
	return past, live, nil
}

func (s *show) alarmed(ctx context.Context, sum *Summary) error {
	alarms, err := s.app.State().Alarms(ctx, state.AlarmFilter{})
	if err != nil {
		return fmt.Errorf("demo: read back the alarms: %w", err)
	}
	for _, a := range alarms {
		sum.Alarms = append(sum.Alarms, Alarmed{
			Zone: a.Zone, State: string(a.State), Rule: string(a.Rule), Object: a.Object,
			Level: string(a.Level), Class: string(a.Class), Batches: append([]string{}, a.Batches...),
		})
	}
	counts, err := s.app.State().QuarantineCounts(ctx)
	if err != nil {
		return fmt.Errorf("demo: read back the quarantine: %w", err)
	}
	for _, c := range counts {
		sum.Quarantined += c.Total
	}
	return nil
}
