package report

import (
	"context"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/duty"
	"coldchain/alerting/exposure"
	"coldchain/gateway/config"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// County is the places that reports are about.
type County struct {
	Name   config.Label
	Notice config.Label // on every page, e.g. 演示
	Zone   *time.Location
	Sites  []Site
}

// Site is a place with its rooms.
type Site struct {
	ID    string
	Kind  config.SiteKind
	Name  config.Label
	Rooms []Room
	// Others are points that are in no room: mains, link.
	Others []sensors.Point
}

// Room is a room or a truck's box; places without goods are left out.
type Room struct {
	ID     string // "site/zone"
	Name   config.Label
	Points []sensors.Point  // of measured quantities, the main temperature first
	Limits []alerting.Limit // of its temperature, its own: what lay in it may have had stricter ones
}

// Series is what readings came to, and the readings where that is not right.
type Series interface {
	ReadRollups(ctx context.Context, q store.RollupQuery, yield func(store.Rollup) bool) error
	// Stale returns the stretches of [from, to) whose rollups are not what the
	// readings say.
	Stale(ctx context.Context, point sensors.PointID, from, to time.Time) ([]store.Stretch, error)
	Read(ctx context.Context, q store.Query, yield func(store.Record) bool) error
}

// Records is what county.db knows of a stretch of time. An empty site is all of
// them.
type Records interface {
	// Alarms returns the alarms that touched [from, to), oldest first.
	Alarms(ctx context.Context, site string, from, to time.Time) ([]Alarm, error)
	// Gaps returns the gaps that gateways declared.
	Gaps(ctx context.Context, site string, from, to time.Time) ([]Gap, error)
	// Disuses returns when rooms were out of use.
	Disuses(ctx context.Context, from, to time.Time) ([]duty.Disuse, error)
	// Stays returns which batches lay where.
	Stays(ctx context.Context, from, to time.Time) ([]batch.Custody, error)
}

// Quality is what the quality officer records. It may be missing: reports then
// say that it is not recorded.
type Quality interface {
	Verdicts(ctx context.Context, from, to time.Time) ([]batch.Verdict, error)
	Inspections(ctx context.Context, from, to time.Time) ([]batch.Inspection, error)
	// Hands returns temperatures that people measured in a room.
	Hands(ctx context.Context, room string, from, to time.Time) ([]exposure.Hand, error)
}

// Filing is who reviewed and who sent a report; nil for what nobody has done.
type Filing interface {
	Marks(ctx context.Context, kind Kind, from time.Time) (reviewed, sent *Answer, err error)
}

// Alarm is an alarm with what people did about it.
type Alarm struct {
	alerting.Alarm
	Batches  []string
	Answered *Answer // the first; nil: nobody
	Closed   *Answer // with cause, action and outcome as words
	Looked   *Answer // of late ones
}

// Answer is who did something, and when.
type Answer struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Note string    `json:"note,omitempty"`
	// Words are what was chosen from a list.
	Words []config.Label `json:"words,omitempty"`
}

// Gap is a stretch that a gateway says it has no readings of.
type Gap struct {
	Site  string    `json:"site"`
	Scope string    `json:"scope"` // the point, or empty for all of the gateway
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Cause string    `json:"cause"`
}

// Maker makes reports.
type Maker struct {
	County    County
	Series    Series
	Records   Records
	Quality   Quality   // may be nil
	Goods     Goods     // may be nil: no shipment reports
	Trips     Trips     // may be nil: no trip reports
	Inspected Inspected // for inspectors; may be nil
	Filed     Filing    // may be nil: nobody says that a report was reviewed
}
