package influx

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/api/query"

	"coldchain/sensors"
)

// The first and last second that InfluxDB's 64 bits of nanoseconds hold.
var (
	earliest = time.Date(1677, 9, 22, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2262, 4, 11, 0, 0, 0, 0, time.UTC)
)

// text is a Flux string literal of s. Bytes that could end the literal, begin
// an interpolation or break the line are written by their number.
func text(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\' || c == '$' || c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// source begins a query: the bucket from start to stop. InfluxDB 1.8 takes
// stop to be inside, 2.x outside: whoever asks must drop rows at stop.
func (s *Store) source(start, stop time.Time) string {
	return fmt.Sprintf("from(bucket: %s) |> range(start: %s, stop: %s)", text(s.o.Bucket), moment(start), moment(stop))
}

func moment(t time.Time) string { return clamp(t).Format("2006-01-02T15:04:05.000000000Z") }

func clamp(t time.Time) time.Time {
	switch t = t.UTC(); {
	case t.Before(earliest):
		return earliest
	case t.After(latest):
		return latest
	}
	return t
}

// filter is the filter step for this county and a condition on r.
func (s *Store) filter(condition string) string {
	return fmt.Sprintf(" |> filter(fn: (r) => r.%s == %s and %s)", tagCounty, text(s.o.County), condition)
}

// oneOf is a condition on r: column has one of these values.
func oneOf[T ~string](column string, values ...T) string {
	var parts []string
	for _, v := range values {
		parts = append(parts, "r."+column+" == "+text(string(v)))
	}
	return "(" + strings.Join(parts, " or ") + ")"
}

// rows runs a query and calls each for every row. It is done with the server
// when it returns.
func (s *Store) rows(ctx context.Context, attempt, flux string, each func(*query.FluxRecord) error) error {
	if s.closed.Load() {
		return s.fail(attempt, errClosed)
	}
	ask, cancel := s.ask(ctx)
	defer cancel()
	// One API object for each question: v2.14.0 fills its URL in without a lock
	// at the first one, which is a data race between two readers.
	table, err := s.client.QueryAPI(s.o.Org).Query(ask, flux)
	if err != nil {
		return s.classify(ctx, attempt, err)
	}
	defer table.Close()
	for table.Next() {
		if err := each(table.Record()); err != nil {
			return s.fail(attempt, err)
		}
	}
	if err := table.Err(); err != nil {
		return s.classify(ctx, attempt, err)
	}
	return nil
}

// milli is a row's time; pointOf the point it belongs to.
func milli(r *query.FluxRecord) int64 { return r.Time().UnixMilli() }

func pointOf(r *query.FluxRecord) sensors.PointID {
	p, _ := r.ValueByKey(tagPoint).(string)
	return sensors.PointID(p)
}
