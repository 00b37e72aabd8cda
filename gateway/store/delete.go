package store

import "context"

// Deleter takes away what nobody has to keep any more. Both engines implement
// it beside Store. Neither touches the generation or any other series, and
// neither remembers: a record written again afterwards is stored again, which
// admission has to prevent. Who calls it decides in which pieces.
type Deleter interface {
	// DeleteReadings removes the readings of the query, From <= time < To, of
	// any quality; Limit means nothing. Rollups stand. On error none, some or
	// all are gone, and doing it again is the cure.
	DeleteReadings(ctx context.Context, q Query) error
	// DeleteRollups does so with the rollups of one width whose buckets begin
	// in From <= start < To. Readings stand.
	DeleteRollups(ctx context.Context, q RollupQuery) error
}
