// Package edge is the agent at a site: it reads its devices on schedule, makes
// every reading durable in the journal, and only then offers it to the county.
// It guarantees that what a device answered is either in the journal or inside
// a declared gap, whatever the network does.
package edge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"coldchain/gateway/edge/page"
	"coldchain/gateway/journal"
	"coldchain/gateway/mqtt"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// Publisher sends one message to the broker. *mqtt.Link is one.
type Publisher interface {
	Publish(ctx context.Context, m mqtt.Message) error
	// Replace gives the connection up and makes another one, not before the
	// pause has passed. It returns at once.
	Replace(why error, pause time.Duration)
}

// Device is one sensor with its schedule.
type Device struct {
	Name    string
	Bus     string // devices of one bus are read one after the other
	Profile string
	Sensor  sensors.Sensor
	// Interval is the time from one reading to the next; OutsideInterval
	// replaces it while a value of the device is outside its limits.
	Interval        time.Duration
	OutsideInterval time.Duration
}

// Limits are what the edge itself calls outside.
type Limits struct {
	High, Low *float64
}

// LimitKey is one quantity of one zone ("site/zone").
type LimitKey struct {
	Zone     string
	Quantity sensors.Quantity
}

// Bounds are what the edge calls outside now. They may change at any time, as
// goods come and go.
type Bounds interface {
	Bounds(k LimitKey) (l Limits, known bool)
}

// FixedBounds never change.
type FixedBounds map[LimitKey]Limits

// Bounds implements Bounds.
func (f FixedBounds) Bounds(k LimitKey) (Limits, bool) { l, ok := f[k]; return l, ok }

// Judge decides what is an alarm at this site; *alarms.Judge is one.
type Judge interface {
	// Observe is given records with their times, in the order in which they were
	// read and before they are durable. It must not wait.
	Observe(records []wire.Record)
	// Events returns what is to be journaled since the last call.
	Events() []wire.Record
	// Show returns what the site's page shows, and the limits' origin.
	Show() ([]page.Alarm, page.Limits)
}

// Follower judges by what the county says.
type Follower interface {
	Follow(l wire.SiteLimits) error
	Version() string // of what it follows; empty: nothing
	// Heed takes what the county knows of the site beside its limits; Book is the
	// version of what it has, empty: nothing.
	Heed(b wire.SiteBook) error
	Book() string
}

// Options configure an Agent. All but Limits, Judge, Follower, Version,
// SampleAfter, Siren, Cab, Labels, Disk and Calibrated are required.
type Options struct {
	Address wire.Address
	Devices []Device
	Limits  Bounds // nil: nothing is outside
	Judge   Judge  // nil: nothing is an alarm here
	// Follower takes the county's limits; nil: nobody does.
	Follower Follower
	Journal  *journal.Journal
	Commit   time.Duration // longest wait before a reading is durable
	Clock    Clock
	Version  string
	// Delivery bounds what a backlog may use; the zero value: nothing.
	Delivery Delivery
	// SampleAfter holds the first poll back until it is closed; nil: at once.
	// What the journal holds already is delivered meanwhile.
	SampleAfter <-chan struct{}
	// Siren is the local alarm's sound, silenced from the site's page; nil:
	// there is none. Cab takes what the driver says there; nil: the site is no
	// truck. Labels are names of zones ("zone" or "site/zone") and of
	// the site, for that page.
	Siren  page.Siren
	Cab    page.Cab
	Labels map[string]page.Label
	// Disk says how many bytes are free on the journal's disk, and of how many;
	// Calibrated when the calibration of a point ends. The county is told both;
	// nil, or not ok: it is not.
	Disk       func() (free, size uint64, ok bool)
	Calibrated func(p sensors.PointID) (until time.Time, ok bool)
	Logger     *slog.Logger
}

// Agent is one site's edge agent.
type Agent struct {
	o       Options
	lines   []*line
	records chan []wire.Record
	forward *forwarder
	faults  *faults
	board   *board
	keeper  *Timekeeper
	oldest  oldestTime
	restart *wire.Record // gap that is not declared yet; the recorder's once sampling has begun
	stop    chan struct{}
	once    sync.Once
	sampled chan struct{} // closed when the last sampler has ended and all is journaled
}

// New puts an agent together; Run starts it.
func New(o Options) (*Agent, error) {
	if o.Journal == nil || o.Logger == nil {
		return nil, errors.New("edge agent: a journal and a logger are needed")
	}
	if o.Commit <= 0 {
		o.Commit = time.Second
	}
	if o.Limits == nil {
		o.Limits = FixedBounds(nil)
	}
	a := &Agent{
		o:       o,
		records: make(chan []wire.Record, 64),
		faults:  newFaults(),
		stop:    make(chan struct{}),
		sampled: make(chan struct{}),
	}
	last, _ := o.Journal.LastTimed()
	a.keeper = newTimekeeper(o.Clock, o.Address.Gateway, last, o.Journal.StampedAhead())
	o.Clock.Source = a.keeper.Source // one judge for all
	a.o = o
	a.board = newBoard(o.Devices, o.Limits)
	lines, err := newLines(o, a.faults, a.board)
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		l.keeper = a.keeper
	}
	a.lines = lines
	a.forward = newForwarder(o, a.faults)
	a.forward.keeper, a.forward.provisional = a.keeper, a.provisional
	// Agents of one start of the machine share its boot id, but no session.
	a.forward.session = uint64(max(0, a.keeper.mono().Milliseconds()))
	return a, nil
}

// Subscriptions are what the agent wants to hear from the broker.
func (a *Agent) Subscriptions() map[string]mqtt.Handler {
	return map[string]mqtt.Handler{
		a.o.Address.Topic(wire.ChannelHello):   a.forward.onHello,
		a.o.Address.Topic(wire.ChannelAck):     a.forward.onAck,
		a.o.Address.Topic(wire.ChannelCommand): a.forward.onCommand,
	}
}

// Will is what the broker shall say when this agent's connection breaks.
func (a *Agent) Will() (*mqtt.Message, error) {
	payload, err := wire.EncodeStatus(wire.Status{Gateway: a.o.Address.Gateway, Site: a.o.Address.Site, Online: false})
	if err != nil {
		return nil, fmt.Errorf("last will: %w", err)
	}
	return &mqtt.Message{Topic: a.o.Address.Topic(wire.ChannelStatus), Payload: payload, Retained: true}, nil
}

// OnConnect and OnLost tell the agent about its connection.
func (a *Agent) OnConnect() { a.forward.setConnected(true) }

// OnLost is the counterpart of OnConnect.
func (a *Agent) OnLost() { a.forward.setConnected(false) }

// StopSampling ends the polls after the ones in flight, and returns when all
// that they read is in the journal. Delivery goes on until Run's context ends.
func (a *Agent) StopSampling(ctx context.Context) error {
	a.stopSampling()
	select {
	case <-a.sampled:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop sampling at %s: %w", a.o.Address.Site, ctx.Err())
	}
}

// Undelivered returns how many records the county has not confirmed.
func (a *Agent) Undelivered() uint64 { return a.o.Journal.Undelivered() }

// Health returns nil while readings become durable, or what is in the way.
func (a *Agent) Health() error {
	if why := a.faults.of("journal"); why != sensors.NoReason {
		return fmt.Errorf("journal: %s", why)
	}
	return nil
}

// Run samples, journals and forwards through p until ctx ends; then it finishes
// the polls in flight, makes them durable, and returns.
func (a *Agent) Run(ctx context.Context, p Publisher) error {
	forwardCtx, stopForwarding := context.WithCancel(context.WithoutCancel(ctx))
	defer stopForwarding()
	var sending, storing sync.WaitGroup
	sending.Go(func() { a.forward.run(forwardCtx, p) })
	storing.Go(func() {
		defer close(a.sampled)
		a.record(forwardCtx)
	})
	defer context.AfterFunc(ctx, a.stopSampling)()

	err := a.sample(forwardCtx)
	close(a.records)
	storing.Wait()
	if err == nil {
		<-ctx.Done()
	}
	stopForwarding()
	sending.Wait()
	return err
}

func (a *Agent) stopSampling() { a.once.Do(func() { close(a.stop) }) }

// sample polls every line until sampling is stopped.
func (a *Agent) sample(ctx context.Context) error {
	if a.o.SampleAfter != nil {
		select {
		case <-a.o.SampleAfter:
		case <-a.stop:
			return nil
		}
	}
	placed := a.place(ctx)
	a.declareRestart()
	a.tell(placed)
	var sampling sync.WaitGroup
	sampling.Go(func() { a.keepTime(ctx) })
	for _, l := range a.lines {
		sampling.Go(func() { l.run(a.stop, a.records) })
	}
	sampling.Wait()
	return nil
}
