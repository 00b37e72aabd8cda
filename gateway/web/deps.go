package web

import (
	"context"
	"errors"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/ageing"
	"coldchain/alerting/batch"
	"coldchain/alerting/duty"
	"coldchain/alerting/exposure"
	"coldchain/gateway/access"
	"coldchain/gateway/pin"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// Deps is everything the server asks of the rest of the county. All of it is
// called from many goroutines at once.
type Deps struct {
	County   County
	Live     Live
	Readings Readings
	Rollups  Rollups // nil: long windows are read from readings, slowly
	Alarms   Alarms
	Batches  Batches
	Health   Health
	// Rooms may be nil: every zone is then judged by County's limits.
	Rooms Rooms
	// Operations may be nil: its routes are then not found.
	Operations Operations
	// Steps, People, Outages, Messages and Usage may be nil: their routes are
	// then not found.
	Steps    Steps
	People   People
	Outages  Outages
	Messages Messages
	Usage    Usage
	// Exposures may be nil: its route is then not found.
	Exposures Exposures
	// Certificates may be nil; Public is needed with it.
	Certificates Certificates
	Public       PublicPages
	// Ages may be nil: nothing is then said of how batches grow old.
	Ages Ages
	// Custody, Files and Intake may be nil as well.
	Custody Custody
	Files   Files
	Intake  Intake
	// Traces may be nil: its route is then not found.
	Traces Traces
	// Reports may be nil: its route is then not found. ReportPDF may be nil:
	// reports are then no PDF.
	Reports   Reports
	ReportPDF ReportPDF
	// Trips may be nil: its routes are then not found. Reports is needed with it.
	Trips Trips
	// Filing and Inspections may be nil: their routes are then not found.
	Filing      Filing
	Inspections Inspections
	// Door may be nil: then Options.Token alone lets in. Accounts may be nil: its
	// routes are then not found.
	Door     Door
	Accounts Accounts
	// Audit and Calibrations may be nil: their routes are then not found.
	Audit        Audit
	Calibrations Calibrations
	// Hub carries live events from the collector to the pages. The owner of
	// the collector calls Publish; New makes a hub when it is nil.
	Hub *Hub
}

// Ages says from memory what is ahead of batches that grow old; ok is false of
// those of which nothing is known.
type Ages interface {
	Outlook(batch string) (o ageing.Outlook, ok bool)
}

// Live answers from memory what is true now. It must not wait.
type Live interface {
	// Latest returns the reading of a point with the newest measuring time;
	// ok is false when none has come since the county was set up.
	Latest(point sensors.PointID) (latest Latest, ok bool)
	// Gateways lists every gateway the collector knows of.
	Gateways() []Gateway
}

// Rooms says how rooms are judged now, which changes with what lies in them. It
// must not wait.
type Rooms interface {
	// Limits returns the limits in force in a zone ("site/zone").
	Limits(zone string) map[sensors.Quantity][]alerting.Limit
	// Product returns how warm the goods in a zone are as estimated from the air;
	// ok is false where nothing is estimated.
	Product(zone string) (p Product, ok bool)
}

// Product is the temperature of the goods in a zone, estimated.
type Product struct {
	Known bool    // false while too much of it rests on what nobody measured
	Value float64 // °C
	At    time.Time
	// TimeConstant is how slowly they follow the air; Limits are theirs.
	TimeConstant time.Duration
	Limits       []alerting.Limit
}

// Latest is the newest reading of a point and what the collector thinks of it.
type Latest struct {
	Reading  sensors.Reading
	Received time.Time // when the county learned of it
	Status   PointStatus
}

// PointStatus is the judgement on a point.
type PointStatus string

// The four states a point can be in. Unknown is not a value's fault: nothing
// usable has arrived for too long.
const (
	PointOK      PointStatus = "ok"
	PointOut     PointStatus = "out"     // beyond a limit
	PointUnknown PointStatus = "unknown" // silent
	PointFault   PointStatus = "fault"   // the device answers that it cannot measure
)

// Gateway is the box at a site, as the collector sees it.
type Gateway struct {
	Name        string
	Site        string
	Online      bool
	LastSeen    time.Time // zero when it has never been heard of
	Undelivered uint64    // records it says it still holds for the county
	Faults      []string  // its own short sentences, worst first
	// While a gateway's clock is not to be believed it holds its records. Held
	// counts them, Alarm is its local alarm, and Provisional its newest values.
	Held        uint64
	Alarm       bool
	Provisional []Provisional
}

// Provisional is a reading that is held at its gateway. Its time is this
// county's reckoning from its age; it is shown, and neither judged nor stored.
type Provisional struct {
	Reading sensors.Reading
	Outside bool // the gateway's own limits
}

// Readings is the county's memory; store.Store satisfies it.
type Readings interface {
	Read(ctx context.Context, q store.Query, yield func(store.Record) bool) error
}

// Alarms keeps alarms and who answered them.
type Alarms interface {
	// Alarms returns at most f.Limit alarms: those that need somebody first,
	// then the others by start, newest first.
	Alarms(ctx context.Context, f AlarmFilter) ([]Alarm, error)
	// Alarm returns one alarm, or an error that is ErrNotFound.
	Alarm(ctx context.Context, id string) (Alarm, error)
	// Acknowledge records that somebody has answered the alarm. Doing it again
	// changes nothing and is no error. ErrNotFound when there is none.
	Acknowledge(ctx context.Context, id string, by Actor, at time.Time, note string) (Alarm, error)
}

// AlarmFilter narrows a list of alarms; its zero value means all.
type AlarmFilter struct {
	OpenOnly bool          // present, or over and not yet answered
	Zone     string        // "site/zone"
	Batch    string        // alarms that name this batch
	Reach    *access.Reach // of its sites, or naming batches of its parties; nil: all
	After    *Mark         // only those that come after it; nil: from the first
	Limit    int           // always positive
}

// Alarm is an alarm with the goods that lay in its zone while it lasted.
type Alarm struct {
	alerting.Alarm
	Batches      []ExposedBatch
	Acknowledged *Acknowledgement // nil while nobody has answered
	Left         *Left            // nil when there is no time to name

	Steps    []Step   // oldest first
	Folded   int      // present alarms that are told of by this one
	Closing  *Closing // nil: nobody has closed it
	Looked   *Look    // nil: nobody has looked at it; of late ones
	Shelved  *duty.Shelf
	Standing alerting.State // its state with what is held back, in ISA-18.2's words; empty: as State
	Repairer *Contact       // who to call for its site
	Told     []Told         // of Steps.Whole only, oldest first
	Next     *Next          // of Steps.Whole only; nil: nobody
	// AtSite is what the site's own judging said of it, of Steps.Whole only,
	// oldest first.
	AtSite []SiteEvent
}

// SiteEvent is what a site said of an alarm of its own.
type SiteEvent struct {
	Name  string // alarm-raised, alarm-escalated, alarm-returned, alarm-silenced, alarm-told
	At    time.Time
	Level alerting.Level
	Since time.Time // when it began there
	By    string    // who silenced it, or was told
	Same  bool      // judged by the same readings and limits as here
}

// Left is how long it takes until a more serious limit is reached.
type Left struct {
	Limit    float64       // °C
	Rate     float64       // °C per hour now
	Earliest time.Duration // at that rate
	Latest   time.Duration // 0: nobody can name one
}

// Open reports whether an alarm still needs somebody.
func Open(a alerting.Alarm) bool {
	return a.State.Present() || a.State == alerting.ReturnedUnacknowledged
}

// ExposedBatch is a batch together with the time it lay in an alarm's zone.
type ExposedBatch struct {
	Batch   batch.Batch
	Custody batch.Custody
}

// Acknowledgement is who answered an alarm, and when.
type Acknowledgement struct {
	At   time.Time
	By   string
	Note string
}

// Actor is who stands behind a change of state. Name is what the request
// claims and may be empty; Via says by what right it was let in ("token").
type Actor struct {
	Name   string
	Via    string
	PIN    pin.PIN // proves that it is the roster's person of this name; empty: not given
	Device string  // by which it came; empty: not known
	// Kind is by what it was let in. A user's password has proved who he is: User
	// is his name, and Person the one of the roster whom he is, if he is one.
	// By a device only persons of the roster act.
	Kind         access.Kind
	User, Person string
	Keeper       bool // his role looks after the roster
}

// String is the actor as the audit writes it.
func (a Actor) String() string {
	if a.Name == "" {
		return a.Via
	}
	return a.Name + " (" + a.Via + ")"
}

// Batches keeps traceability batches and where they lay when.
type Batches interface {
	// Batches returns at most f.Limit batches, newest first.
	Batches(ctx context.Context, f BatchFilter) ([]BatchHistory, error)
	// Standings returns how batches stand, by id; unknown ones are left out.
	Standings(ctx context.Context, ids []string) (map[string]Standing, error)
	// Batch returns one batch, or an error that is ErrNotFound.
	Batch(ctx context.Context, id string) (BatchHistory, error)
	// CreateBatch makes a batch and puts it into a zone. The same key with the
	// same request returns the first answer; with another request, and for an
	// id that exists already, the error is ErrConflict. Goods that do not agree
	// with the zone or with what lies there are a Disagreement, unless override
	// says why they come in all the same.
	CreateBatch(ctx context.Context, by Actor, key string, b batch.Batch, zone string, at time.Time, override string) (BatchHistory, error)
	// MoveBatch ends the batch's present custody at m.At and begins one where it
	// goes. Keys work as in CreateBatch. ErrNotFound for an unknown batch,
	// ErrConflict when m.At is before the present custody began, and a
	// Disagreement.
	MoveBatch(ctx context.Context, by Actor, key, id string, m Move) (BatchHistory, error)
}

// Move says where goods go; neither Zone nor Place: they have left the county's
// cold chain.
type Move struct {
	Zone     string
	Place    string         // where nothing watches them, in words
	Courier  *batch.Courier // who takes them there, or away; nil: nobody
	At       time.Time
	Override string // see CreateBatch
}

// Exposures works out what batches went through.
type Exposures interface {
	// Exposure returns a batch's exposure until now, or an error that is
	// ErrNotFound.
	Exposure(ctx context.Context, batch string) (exposure.Batch, error)
}

// BatchFilter narrows a list of batches; its zero value means all.
type BatchFilter struct {
	Search string // part of the id, product or owner, any case; or one of its codes
	Zone   string // lies there now
	Site   string // lies there now
	// Decision is the verdict in force; batch.Undecided is of those without one.
	Decision batch.Decision
	Alarmed  bool   // lay, while it did, where an alarm was that is open
	Exceeded bool   // the same of an excursion, open or not
	Short    string // its code of six digits; of those that are not closed
	// Reach: lies or lay in one of its sites, or belongs to one of its parties;
	// nil: all.
	Reach *access.Reach
	After *Mark // only those that come after it; nil: from the first
	Limit int   // always positive
}

// Standing is how a batch stands for who decides on it.
type Standing struct {
	Decision   batch.Decision // the verdict in force
	Waits      bool           // the newest verdict waits for its second person
	Open       int            // alarms of where it lay while it lay there, that are open
	Excursions int            // the same, open or not, of level excursion
}

// BatchHistory is a batch and its custody, oldest first.
type BatchHistory struct {
	batch.Batch
	Custody []batch.Custody
	Closed  time.Time // nothing more can become of it since then; zero: it goes on
	Short   string    // six digits that stand for it while it is not closed
}

// Health tells whether the collector's loops make progress.
type Health interface {
	// Health returns nil, or what has stopped and since when, for the operator.
	// An error may have a method Code() string: a word for which the page has a
	// sentence of its own.
	Health() error
}

// The errors an Alarms or Batches may wrap; any other is shown to the caller
// as an internal one and written to the log.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("conflict")
)

// Disagreement is why goods ought not to lie where they are being received.
// Nothing forbids it: the same request with a reason is carried out.
type Disagreement struct{ ZH, EN string }

func (d *Disagreement) Error() string { return d.EN }
