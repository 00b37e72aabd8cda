package store

import (
	"context"
	"time"

	"coldchain/sensors"
)

// Value is a reading without what only its identity needs.
type Value struct {
	At      time.Time
	Value   float64 // meaningful unless Quality is Bad
	Quality sensors.Quality
	Reason  sensors.Reason
}

// Values reads long series at less cost than Read: the same readings, in the
// same order, without gateway, sequence and raw number. An engine may offer it;
// ReadValues uses it where it is there.
type Values interface {
	ReadValues(ctx context.Context, q Query, yield func(Value) bool) error
}

// Reader is the reading half of a Store.
type Reader interface {
	Read(ctx context.Context, q Query, yield func(Record) bool) error
}

// ReadValues reads a series from any store.
func ReadValues(ctx context.Context, from Reader, q Query, yield func(Value) bool) error {
	if quick, ok := from.(Values); ok {
		return quick.ReadValues(ctx, q, yield)
	}
	return from.Read(ctx, q, func(r Record) bool {
		v, _ := r.Value()
		return yield(Value{At: r.Time, Value: v, Quality: r.Quality, Reason: r.Reason})
	})
}
