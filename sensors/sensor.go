package sensors

import "context"

// Sensor is one device: a chip, a Modbus slave, a receiver. It answers for all
// of its points, so that one block read can serve many.
//
// Read measures the points that are due and returns exactly one reading for
// each, in any order: a failure is a reading of bad quality with a reason, not
// an error for the whole device and never a number. It returns promptly when
// ctx ends, with reason Cancelled (or Timeout when the deadline passed). Read
// is called by one goroutine at a time. A sensor never opens a bus and never
// starts goroutines of its own that outlive the call.
type Sensor interface {
	Read(ctx context.Context, due []PointID) []Reading
	Points() []Point
}
