// Package store is the county's memory of readings: one interface with two
// engines behind it (InfluxDB and an embedded SQLite), proven by one
// conformance suite in storetest. It guarantees that a record whose Write
// returned without error is durable, once, with the value and millisecond it
// was measured at.
package store

import (
	"context"
	"errors"
	"time"

	"coldchain/sensors"
)

// Record is a reading with the identity it was journaled under.
type Record struct {
	sensors.Reading
	Quantity sensors.Quantity
	Gateway  string // or SourceIdentity of a third-party sender
	Epoch    uint64
	Seq      uint64
	// Reconstructed says that the time was worked out from a monotonic clock
	// after the wall clock had been found.
	Reconstructed bool
}

// Collision is a record whose point and millisecond are already taken by a
// record of another identity. The stored one stands; this one was not written.
type Collision struct {
	Index int // in the slice given to Write
}

// Rejection is a record the engine refuses for good, such as a field type
// conflict. The others of the same Write stand.
type Rejection struct {
	Index  int
	Detail string
}

// Result is what became of a Write beside the records that are now durable.
type Result struct {
	Collisions []Collision
	Rejections []Rejection
}

// ErrTemporary marks a failure that waiting may cure (engine down, timeout,
// too busy); errors.Is tells. Any other error needs a person.
var ErrTemporary = errors.New("store is not available for now")

// Query asks for one point's readings of one quantity with From <= time < To,
// oldest first. A point nobody wrote has no readings; a quantity that does not
// exist is an error.
type Query struct {
	Point    sensors.PointID
	Quantity sensors.Quantity
	From, To time.Time
	Limit    int // at most this many, the oldest; 0 means no limit
}

// Store keeps readings. Writing a record again under the same identity is
// harmless; times are kept to the millisecond; bad readings are kept too, as
// their reason without a value.
type Store interface {
	// Write makes records durable before it returns. On error none, some or
	// all may have been written; writing them again is the cure.
	Write(ctx context.Context, records []Record) (Result, error)
	// Read calls yield for each reading of the query in order of time and
	// stops early, without error, when yield returns false. Times come back in
	// UTC. On error the readings already yielded are true but not all.
	Read(ctx context.Context, q Query, yield func(Record) bool) error
	// Generation identifies this store's contents: it is created with the
	// store and differs after it was emptied or replaced.
	Generation(ctx context.Context) (string, error)
	// Close releases what the store holds. Nothing is lost by not calling it.
	Close() error
}
