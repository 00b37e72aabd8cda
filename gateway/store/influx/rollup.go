package influx

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/api/query"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

var _ store.Rollups = (*Store)(nil)

// The fields of a rollup's row. Its measurement is the quantity with the width
// behind it, and its tags are those of the readings.
const (
	fieldMin      = "min"      // float; absent without a value, as the next three
	fieldMax      = "max"      // float
	fieldMean     = "mean"     // float; of the readings with a value, for charts made elsewhere
	fieldSum      = "sum"      // float
	fieldCount    = "count"    // integer: readings of any quality
	fieldValues   = "values"   // integer: of them good or uncertain
	fieldGood     = "good"     // integer
	fieldCoverage = "coverage" // float, 0 to 1
)

// bucketsPerQuery bounds what one answer about rollups holds in memory.
const bucketsPerQuery = 20_000

// rollupMeasurement is "temperature_1m", "temperature_15m" or "temperature_1h".
func rollupMeasurement(q sensors.Quantity, width time.Duration) string {
	if width == store.Hour {
		return string(q) + "_1h"
	}
	return string(q) + "_" + strconv.Itoa(int(width/time.Minute)) + "m"
}

// WriteRollups overwrites rows of the same tags and time, which is InfluxDB's
// own rule. A field that a rollup has no more would stay, and none ever does:
// readings are added to a bucket and never taken from it.
func (s *Store) WriteRollups(ctx context.Context, rollups []store.Rollup) error {
	if s.closed.Load() {
		return s.fail("write rollups", errClosed)
	}
	for _, r := range rollups {
		if err := r.Check(); err != nil {
			return s.fail("write rollups", err)
		}
	}
	for part := range slices.Chunk(rollups, linesPerRequest) {
		line := func(b []byte, i int) []byte { return append(s.appendRollup(b, part[i]), '\n') }
		if err := s.post(ctx, line, 0, len(part)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) appendRollup(b []byte, r store.Rollup) []byte {
	b = appendName(b, rollupMeasurement(r.Quantity, r.Width))
	b = appendTags(b, s.o.County, r.Point)
	b = strconv.AppendInt(append(b, " "+fieldCount+"="...), int64(r.Count), 10)
	b = strconv.AppendInt(append(b, "i,"+fieldValues+"="...), int64(r.Values), 10)
	b = strconv.AppendInt(append(b, "i,"+fieldGood+"="...), int64(r.Good), 10)
	b = appendFloat(append(b, "i,"+fieldCoverage+"="...), r.Coverage())
	if mean, ok := r.Mean(); ok {
		b = appendFloat(append(b, ","+fieldMin+"="...), r.Min)
		b = appendFloat(append(b, ","+fieldMax+"="...), r.Max)
		b = appendFloat(append(b, ","+fieldMean+"="...), mean)
		b = appendFloat(append(b, ","+fieldSum+"="...), r.Sum)
	}
	if r.Reason != sensors.NoReason {
		b = appendText(append(b, ","+fieldReason+"="...), string(r.Reason))
	}
	b = append(b, ' ')
	return strconv.AppendInt(b, r.Start.UnixMilli()*int64(time.Millisecond), 10)
}

// ReadRollups asks for the fields as the columns they are stored as: turning
// them into rows here costs a fraction of what Flux's pivot does.
func (s *Store) ReadRollups(ctx context.Context, q store.RollupQuery, yield func(store.Rollup) bool) error {
	if err := q.Check(); err != nil {
		return s.fail("read rollups", err)
	}
	from, to := clamp(ceilMilli(q.From)), clamp(ceilMilli(q.To))
	for from.Before(to) {
		end := to
		if span := bucketsPerQuery * q.Width; to.Sub(from) > span {
			end = from.Add(span)
		}
		rollups, err := s.rollupsIn(ctx, q, from, end)
		if err != nil {
			return err
		}
		for _, r := range rollups {
			if !yield(r) {
				return nil
			}
		}
		from = end
	}
	return nil
}

func (s *Store) rollupsIn(ctx context.Context, q store.RollupQuery, from, to time.Time) ([]store.Rollup, error) {
	flux := s.source(from, to) +
		s.filter("r._measurement == "+text(rollupMeasurement(q.Quantity, q.Width))+" and r."+tagPoint+" == "+text(string(q.Point))+" and r._field != "+text(fieldMean)) +
		` |> keep(columns: ["_time", "_field", "_value"])`
	at := map[int64]int{} // ms -> index in out
	var out []store.Rollup
	err := s.rows(ctx, "read rollups of "+string(q.Point), flux, func(row *query.FluxRecord) error {
		when := row.Time()
		if !when.Before(to) {
			return nil // 1.8 takes stop to be inside
		}
		i, ok := at[when.UnixMilli()]
		if !ok {
			i = len(out)
			at[when.UnixMilli()] = i
			out = append(out, store.Rollup{Point: q.Point, Quantity: q.Quantity, Width: q.Width, Start: when.UTC()})
		}
		return setField(&out[i], row.Field(), row.Value())
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b store.Rollup) int { return cmp.Compare(a.Start.UnixNano(), b.Start.UnixNano()) })
	return out, nil
}

func setField(r *store.Rollup, field string, value any) error {
	switch v := value.(type) {
	case int64:
		switch field {
		case fieldCount:
			r.Count = int(v)
		case fieldValues:
			r.Values = int(v)
		case fieldGood:
			r.Good = int(v)
		}
	case float64:
		switch field {
		case fieldMin:
			r.Min = v
		case fieldMax:
			r.Max = v
		case fieldSum:
			r.Sum = v
		case fieldCoverage: // whole milliseconds were written
			r.Covered = time.Duration(math.Round(v*float64(r.Width/time.Millisecond))) * time.Millisecond
		}
	case string:
		if field == fieldReason {
			r.Reason = sensors.Reason(v)
		}
	default:
		return fmt.Errorf("rollup at %s: field %s has type %T", r.Start, field, value)
	}
	return nil
}
