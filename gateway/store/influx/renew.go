package influx

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/api/query"
)

// Renew gives the store a new generation, as if it had been replaced: gateways
// then offer again all that they keep. It returns both names. After an error
// the old name or the new one may stand; calling it again is the cure.
func (s *Store) Renew(ctx context.Context) (before, after string, err error) {
	s.generationMu.Lock()
	defer s.generationMu.Unlock()
	if before, _, err = s.storedGeneration(ctx); err != nil {
		return "", "", err
	}
	after = rand.Text()
	times, err := s.generationTimes(ctx)
	if err != nil {
		return "", "", err
	}
	if len(times) == 0 {
		err = s.putGeneration(ctx, after)
	}
	// A row is replaced by one of the same time. All of them are, because the
	// earliest counts and retention takes the earliest away; the one that counts
	// comes last, so that the name changes once.
	for i := len(times) - 1; i >= 0 && err == nil; i-- {
		err = s.putGenerationAt(ctx, after, times[i])
	}
	if err != nil {
		return "", "", err
	}
	stored, _, err := s.storedGeneration(ctx)
	if err == nil && stored != after {
		err = s.fail("renew generation", fmt.Errorf("%q was written and %q is read back: is another collector writing to this bucket?", after, stored))
	}
	return before, after, err
}

// generationTimes returns when the meta rows were written, earliest first.
func (s *Store) generationTimes(ctx context.Context) (times []time.Time, err error) {
	flux := s.source(earliest, latest) +
		s.filter("r._measurement == "+text(metaMeasurement)+" and r._field == "+text(fieldGeneration)) +
		` |> keep(columns: ["_time", "_value"]) |> sort(columns: ["_time"])`
	err = s.rows(ctx, "read generation", flux, func(r *query.FluxRecord) error {
		times = append(times, r.Time())
		return nil
	})
	return times, err
}

func (s *Store) putGenerationAt(ctx context.Context, name string, at time.Time) error {
	b := append([]byte(metaMeasurement+","+tagCounty+"="), s.o.County...)
	b = appendText(append(b, " "+fieldGeneration+"="...), name)
	return s.postLine(ctx, strconv.AppendInt(append(b, ' '), at.UnixNano(), 10))
}
