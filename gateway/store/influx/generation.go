package influx

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/api/query"
)

const (
	metaMeasurement = "coldchain_meta"
	fieldGeneration = "generation" // string
	// metaAge is how old the newest meta row may grow before it is repeated, so
	// that a retention policy does not make the store look replaced.
	metaAge = 24 * time.Hour
)

// Generation returns the random name of the county's rows in this bucket. It
// asks the server each time, so that a database emptied or replaced under a
// running collector is noticed.
func (s *Store) Generation(ctx context.Context) (string, error) {
	s.generationMu.Lock()
	defer s.generationMu.Unlock()
	name, newest, err := s.storedGeneration(ctx)
	if err != nil {
		return "", err
	}
	if name != "" {
		if s.o.Now().Sub(newest) > metaAge {
			// The name is known whether or not this succeeds; the next call tries
			// again.
			_ = s.putGeneration(ctx, name)
		}
		return name, nil
	}
	if err := s.putGeneration(ctx, rand.Text()); err != nil {
		return "", err
	}
	// Ask again: of two collectors that created one at the same moment, both
	// take the earlier row.
	name, _, err = s.storedGeneration(ctx)
	if err == nil && name == "" {
		err = s.fail("write generation", fmt.Errorf("the row was accepted and cannot be read back: check the bucket's retention and this machine's clock"))
	}
	return name, err
}

// writeGeneration makes sure that the generation is there and writes it once
// more.
func (s *Store) writeGeneration(ctx context.Context) error {
	s.generationMu.Lock()
	defer s.generationMu.Unlock()
	name, _, err := s.storedGeneration(ctx)
	if err != nil {
		return err
	}
	if name == "" {
		name = rand.Text()
	}
	return s.putGeneration(ctx, name)
}

// storedGeneration returns the earliest row's name, "" when there is none, and
// the latest row's time.
func (s *Store) storedGeneration(ctx context.Context) (name string, newest time.Time, err error) {
	flux := s.source(earliest, latest) +
		s.filter("r._measurement == "+text(metaMeasurement)+" and r._field == "+text(fieldGeneration)) +
		` |> keep(columns: ["_time", "_value"]) |> sort(columns: ["_time"])`
	err = s.rows(ctx, "read generation", flux, func(r *query.FluxRecord) error {
		if v, ok := r.Value().(string); ok && name == "" {
			name = v
		}
		newest = r.Time()
		return nil
	})
	return name, newest, err
}

func (s *Store) putGeneration(ctx context.Context, name string) error {
	b := append([]byte(metaMeasurement+","+tagCounty+"="), s.o.County...)
	b = appendText(append(b, " "+fieldGeneration+"="...), name)
	b = strconv.AppendInt(append(b, ' '), s.o.Now().UnixMilli()*int64(time.Millisecond), 10)
	return s.postLine(ctx, b)
}
