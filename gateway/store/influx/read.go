package influx

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/api/query"

	"coldchain/gateway/store"
	"coldchain/sensors"
)

// window is how much time one query covers, so that neither side holds more
// than some ten thousand rows of a point at once.
const window = 7 * 24 * time.Hour

// Read asks window by window and yields between requests, so a slow caller
// holds no connection. What is written meanwhile may be seen or not.
func (s *Store) Read(ctx context.Context, q store.Query, yield func(store.Record) bool) error {
	if _, err := sensors.ParseQuantity(string(q.Quantity)); err != nil {
		return s.fail("read", err)
	}
	from, to := clamp(ceilMilli(q.From)), clamp(ceilMilli(q.To))
	left := q.Limit
	jump := to.Sub(from) > 2*window
	for from.Before(to) {
		if jump {
			next, ok, err := s.firstAfter(ctx, q, from, to)
			if err != nil || !ok {
				return err
			}
			from = next
		}
		end := to
		if to.Sub(from) > window {
			end = from.Add(window)
		}
		rows, err := s.readWindow(ctx, q, from, end, left)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if !yield(r) {
				return nil
			}
		}
		if left > 0 {
			if left -= len(rows); left <= 0 {
				return nil
			}
		}
		jump = len(rows) == 0 // do not walk week by week through an empty year
		from = end
	}
	return nil
}

// ceilMilli is the first whole millisecond at or after t.
func ceilMilli(t time.Time) time.Time {
	if cut := t.Truncate(time.Millisecond); !cut.Equal(t) {
		return cut.Add(time.Millisecond)
	}
	return t
}

// of is the filter for a query's series.
func (s *Store) of(q store.Query, more string) string {
	return s.filter("r._measurement == " + text(string(q.Quantity)) + " and r." + tagPoint + " == " + text(string(q.Point)) + more)
}

// firstAfter is the time of the first row in [from, to).
func (s *Store) firstAfter(ctx context.Context, q store.Query, from, to time.Time) (at time.Time, ok bool, err error) {
	flux := s.source(from, to) + s.of(q, " and r._field == "+text(fieldSequence)) + ` |> first() |> keep(columns: ["_time"])`
	err = s.rows(ctx, "read "+string(q.Point), flux, func(r *query.FluxRecord) error {
		if t := r.Time(); t.Before(to) && (!ok || t.Before(at)) {
			at, ok = t, true
		}
		return nil
	})
	return at, ok, err
}

func (s *Store) readWindow(ctx context.Context, q store.Query, from, to time.Time, limit int) ([]store.Record, error) {
	fields := []string{fieldValue, fieldRaw, fieldQuality, fieldReason, fieldFlags, fieldGateway, fieldEpoch, fieldSequence}
	columns := []string{text("_time")}
	for _, f := range fields {
		columns = append(columns, text(f))
	}
	flux := s.source(from, to) + s.of(q, "") +
		` |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")` +
		` |> keep(columns: [` + strings.Join(columns, ", ") + `]) |> sort(columns: ["_time"])`
	if limit > 0 {
		flux += fmt.Sprintf(" |> limit(n: %d)", limit)
	}
	var out []store.Record
	err := s.rows(ctx, "read "+string(q.Point), flux, func(row *query.FluxRecord) error {
		if !row.Time().Before(to) {
			return nil // 1.8 takes stop to be inside
		}
		r, ours, err := decode(q, row)
		if err == nil && ours {
			out = append(out, r)
		}
		return err
	})
	return out, err
}

// decode turns a row into a record. A row without an identity was not written
// by this package and is not a reading of ours.
func decode(q store.Query, row *query.FluxRecord) (r store.Record, ours bool, err error) {
	gateway, hasGateway := row.ValueByKey(fieldGateway).(string)
	epoch, hasEpoch := row.ValueByKey(fieldEpoch).(int64)
	seq, hasSeq := row.ValueByKey(fieldSequence).(int64)
	if !hasGateway || !hasEpoch || !hasSeq {
		return store.Record{}, false, nil
	}
	reading, err := decodeReading(q.Point, row)
	if err != nil {
		return store.Record{}, false, err
	}
	flags, _ := row.ValueByKey(fieldFlags).(string)
	return store.Record{
		Reading: reading, Quantity: q.Quantity, Gateway: gateway, Epoch: uint64(epoch), Seq: uint64(seq),
		Reconstructed: flags == reconstructed,
	}, true, nil
}

func decodeReading(p sensors.PointID, row *query.FluxRecord) (sensors.Reading, error) {
	at := row.Time().UTC()
	value, hasValue := row.ValueByKey(fieldValue).(float64)
	reasonText, _ := row.ValueByKey(fieldReason).(string)
	reason := sensors.Reason(reasonText)
	quality := sensors.Good
	if word, ok := row.ValueByKey(fieldQuality).(string); ok {
		var err error
		if quality, err = sensors.ParseQuality(word); err != nil {
			return sensors.Reading{}, fmt.Errorf("row at %s: %w", at, err)
		}
	}
	if !hasValue && quality == sensors.Good {
		// InfluxDB 1.8 shows a reader the fields of a row one after the other
		// while it is being written.
		return sensors.Reading{}, fmt.Errorf("row at %s is only half there: %w", at, store.ErrTemporary)
	}
	if hasValue == (quality == sensors.Bad) {
		return sensors.Reading{}, fmt.Errorf("row at %s: quality %s and value contradict each other", at, quality)
	}
	var r sensors.Reading
	switch quality {
	case sensors.Good:
		r = sensors.NewGood(p, at, value)
	case sensors.Uncertain:
		r = sensors.NewUncertain(p, at, value, reason)
	default:
		r = sensors.NewBad(p, at, reason)
	}
	r.Reason = reason
	if raw, ok := row.ValueByKey(fieldRaw).(float64); ok {
		r = r.WithRaw(raw)
	}
	return r, nil
}
