package web

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

var start = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

const air = sensors.PointID("balagong/mutton-1/air")

func TestEnvelopeKeepsPeaksAndGaps(t *testing.T) {
	e := newEnvelope(start, 10*time.Minute, 4)
	for _, r := range []sensors.Reading{
		sensors.NewGood(air, start.Add(-time.Millisecond), 99), // before
		sensors.NewGood(air, start, 2),
		sensors.NewGood(air, start.Add(time.Minute), 31.5), // one short peak
		sensors.NewGood(air, start.Add(9*time.Minute), 2.5),
		sensors.NewBad(air, start.Add(12*time.Minute), sensors.Timeout),
		sensors.NewUncertain(air, start.Add(35*time.Minute), -1, sensors.FlatLine),
		sensors.NewBad(air, start.Add(36*time.Minute), sensors.CRCError), // beside a value
		sensors.NewGood(air, start.Add(40*time.Minute), 99),              // after
	} {
		e.add(r)
	}
	got, err := json.Marshal(e.json())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"from":"2026-11-23T00:00:00.000Z","step_s":600,"min":[2,null,null,-1],"max":[31.5,null,null,-1],` +
		`"mean":[12,null,null,-1],"faults":[{"bucket":1,"reason":"timeout"}],"doubts":[{"bucket":3,"reason":"flat-line"}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFitStep(t *testing.T) {
	tests := map[string]struct {
		span   time.Duration
		n      int
		step   time.Duration
		bucket int
	}{
		"a day in 360":                  {24 * time.Hour, 360, 4 * time.Minute, 360},
		"never finer than two readings": {24 * time.Hour, 2000, 2 * time.Minute, 720},
		"400 days":                      {400 * 24 * time.Hour, 2000, 4*time.Hour + 48*time.Minute, 2000},
		"a moment":                      {time.Second, 1, 2 * time.Minute, 1},
		"one bucket":                    {24 * time.Hour, 1, 24 * time.Hour, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			step, n := fitStep(tt.span, tt.n, time.Minute)
			if step != tt.step || n != tt.bucket {
				t.Errorf("got %s x %d, want %s x %d", step, n, tt.step, tt.bucket)
			}
			if time.Duration(n)*step < tt.span {
				t.Error("the buckets do not span the window")
			}
		})
	}
}

// memory is a store that counts what it is asked.
type memory struct {
	mu      sync.Mutex
	records []store.Record
	queries []store.Query
	down    error
	downFor map[sensors.PointID]bool
}

func (m *memory) Read(_ context.Context, q store.Query, yield func(store.Record) bool) error {
	m.mu.Lock()
	m.queries = append(m.queries, q)
	m.mu.Unlock()
	if m.downFor[q.Point] {
		return store.ErrTemporary
	}
	for _, r := range m.records {
		if !r.Time.Before(q.From) && r.Time.Before(q.To) && !yield(r) {
			break
		}
	}
	return m.down
}

func TestSparksReadOnlyWhatIsNew(t *testing.T) {
	now := start.Add(24*time.Hour + 7*time.Minute)
	m := &memory{}
	for at := start.Add(-time.Hour); at.Before(now); at = at.Add(time.Minute) {
		m.records = append(m.records, store.Record{Reading: sensors.NewGood(air, at, 3)})
	}
	s := newSparks(history{readings: m}, func() time.Time { return now }, time.Minute)
	points := []sensors.Point{{ID: air, Quantity: sensors.Temperature}}
	ask := func() spark {
		t.Helper()
		found, err := s.of(t.Context(), points)
		if err != nil {
			t.Fatal(err)
		}
		return found[air]
	}

	k := ask()
	for i, b := range k.day.buckets {
		if b.count == 0 || b.min != 3 {
			t.Fatalf("bucket %d is empty", i)
		}
	}
	if n := k.recent.buckets[recentBuckets-2].count; n != 1 {
		t.Errorf("the last whole minute has %d readings", n)
	}
	ask()
	if len(m.queries) != 1 {
		t.Errorf("%d queries, want the second answer from memory", len(m.queries))
	}

	now = now.Add(11 * time.Second)
	m.records = append(m.records, store.Record{Reading: sensors.NewGood(air, now, 8)})
	if k := ask(); k.day.buckets[sparkBuckets-1].max != 8 || k.day.buckets[0].count != 15 {
		t.Errorf("the new peak is not there, or the old was lost: %+v", k.day.buckets[sparkBuckets-1])
	}
	if q := m.queries[1]; q.To.Sub(q.From) > time.Hour {
		t.Errorf("read %s again for one new reading", q.To.Sub(q.From))
	}

	// A late reading shows when the whole is read again.
	m.records = append(m.records, store.Record{Reading: sensors.NewGood(air, start.Add(6*time.Hour), 12)})
	now = now.Add(6 * time.Minute)
	high := 0.0
	for _, b := range ask().day.buckets {
		high = max(high, b.max)
	}
	if high != 12 {
		t.Errorf("highest is %g, want the late peak of 12", high)
	}
}

// A store too slow for a whole county in one request gets through it in
// several: what was read is not read again.
func TestSparksKeepWhatWasReadBeforeAFailure(t *testing.T) {
	now := start
	points := []sensors.Point{{ID: air, Quantity: sensors.Temperature}, {ID: "s/z/slow", Quantity: sensors.Temperature}}
	m := &memory{downFor: map[sensors.PointID]bool{"s/z/slow": true}}
	s := newSparks(history{readings: m}, func() time.Time { return now }, time.Minute)
	if _, err := s.of(t.Context(), points); err == nil {
		t.Fatal("no error while a point could not be read")
	}
	_, kept := s.known[air]
	now, m.downFor, m.queries = now.Add(sparkRest), nil, nil
	found, err := s.of(t.Context(), points)
	if err != nil || len(found) != 2 {
		t.Fatalf("%d sparklines, %v", len(found), err)
	}
	for _, q := range m.queries {
		if whole := q.To.Sub(q.From) > 20*time.Hour; kept && q.Point == air && whole {
			t.Error("a point that had been read was read again as a whole")
		}
	}
}

func TestSparksLeaveABrokenStoreAlone(t *testing.T) {
	now := start
	m := &memory{down: errors.New("down")}
	s := newSparks(history{readings: m}, func() time.Time { return now }, time.Minute)
	points := []sensors.Point{{ID: air, Quantity: sensors.Temperature}}
	for range 3 {
		if _, err := s.of(t.Context(), points); err == nil {
			t.Fatal("no error")
		}
	}
	if len(m.queries) != 1 {
		t.Errorf("asked %d times", len(m.queries))
	}
	m.down, now = nil, now.Add(sparkRest)
	if _, err := s.of(t.Context(), points); err != nil {
		t.Errorf("not asked again after a rest: %v", err)
	}
}
