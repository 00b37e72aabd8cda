package county

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/duty"
	"coldchain/alerting/engine"
	"coldchain/gateway/collector"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
	"coldchain/gateway/web"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// view shows the collector and county.db to the page in the page's own terms.
type view struct {
	collector  *collector.Collector
	state      *state.DB
	hub        *web.Hub
	goods      *goods
	foreteller *foreteller
	office     *office
	// judged is what is known of a batch's way: coverage, gaps and the version of
	// its exposure; nil while nobody works exposures out.
	judged   func(ctx context.Context, id string) (batch.Evidence, error)
	platform *platform // nil: there is none
}

var (
	_ web.Live    = view{}
	_ web.Alarms  = view{}
	_ web.Batches = view{}
)

// Latest implements web.Live.
func (v view) Latest(p sensors.PointID) (web.Latest, bool) {
	seen, ok := v.collector.Latest(p)
	if !ok {
		return web.Latest{}, false
	}
	return web.Latest{Reading: seen.Reading, Received: seen.Received, Status: web.PointStatus(v.collector.PointStatus(p).Word)}, true
}

// Gateways implements web.Live.
func (v view) Gateways() []web.Gateway {
	var out []web.Gateway
	for _, g := range v.collector.Gateways() {
		out = append(out, gatewayOf(g))
	}
	return out
}

func gatewayOf(g collector.GatewayState) web.Gateway {
	out := web.Gateway{Name: g.Gateway, Site: g.Site, Online: g.Online, LastSeen: g.Received, Undelivered: g.Undelivered, Faults: g.Faults,
		Held: g.Held, Alarm: g.Alarm}
	for _, s := range g.Shown {
		out.Provisional = append(out.Provisional, web.Provisional(s))
	}
	return out
}

func markOf(m *web.Mark) *state.Mark {
	if m == nil {
		return nil
	}
	return &state.Mark{Open: m.Open, Time: m.Time, ID: m.ID}
}

// Alarms implements web.Alarms.
func (v view) Alarms(ctx context.Context, f web.AlarmFilter) ([]web.Alarm, error) {
	found, err := v.state.Alarms(ctx, state.AlarmFilter{Open: f.OpenOnly, Zone: f.Zone, Batch: f.Batch, Reach: f.Reach, After: markOf(f.After), Limit: f.Limit})
	if err != nil {
		return nil, translate(err)
	}
	out := make([]web.Alarm, 0, len(found))
	for _, a := range found {
		out = append(out, v.alarm(ctx, a))
	}
	if f.Zone != "" { // a room's page; the list of all has no place for it
		if err := v.masked(ctx, out); err != nil {
			return nil, err
		}
	}
	return out, v.office.fill(ctx, out)
}

// masked adds for how long warnings were held back.
func (v view) masked(ctx context.Context, alarms []web.Alarm) error {
	ids := make([]string, len(alarms))
	for i, a := range alarms {
		ids[i] = a.ID
	}
	of, err := v.state.MaskedOf(ctx, ids...)
	for i := range alarms {
		alarms[i].Masked = of[alarms[i].ID]
	}
	return err
}

// Alarm implements web.Alarms.
func (v view) Alarm(ctx context.Context, id string) (web.Alarm, error) {
	a, err := v.state.Alarm(ctx, id)
	if err != nil {
		return web.Alarm{}, translate(err)
	}
	out := []web.Alarm{v.alarm(ctx, a)}
	return out[0], v.office.fill(ctx, out)
}

// alarm adds what is not in county.db: how long there is left.
func (v view) alarm(ctx context.Context, a state.Alarm) web.Alarm {
	out := alarmOf(a)
	out.Left = v.foreteller.left(ctx, a.Alarm, v.goods.limitsOf(a.Zone))
	return out
}

// Acknowledge implements web.Alarms.
func (v view) Acknowledge(ctx context.Context, id string, by web.Actor, at time.Time, note string) (web.Alarm, error) {
	err := v.act(ctx, id, by, func(who state.Actor, _ duty.Plan) error {
		_, err := v.state.Acknowledge(ctx, who, id, note, at)
		return err
	})
	if err != nil {
		return web.Alarm{}, err
	}
	return v.Alarm(ctx, id)
}

// Batches implements web.Batches.
func (v view) Batches(ctx context.Context, f web.BatchFilter) ([]web.BatchHistory, error) {
	found, err := v.state.Batches(ctx, state.BatchFilter{Search: f.Search, Zone: f.Zone, Site: f.Site,
		Decision: f.Decision, Alarmed: f.Alarmed, Exceeded: f.Exceeded, Short: f.Short, Reach: f.Reach, After: markOf(f.After), Limit: f.Limit})
	if err != nil {
		return nil, translate(err)
	}
	out := make([]web.BatchHistory, 0, len(found))
	for _, b := range found {
		out = append(out, web.BatchHistory(b))
	}
	return out, nil
}

// Standings implements web.Batches.
func (v view) Standings(ctx context.Context, ids []string) (map[string]web.Standing, error) {
	found, err := v.state.Standings(ctx, ids)
	if err != nil {
		return nil, translate(err)
	}
	out := make(map[string]web.Standing, len(found))
	for id, s := range found {
		out[id] = web.Standing(s)
	}
	return out, nil
}

// Batch implements web.Batches.
func (v view) Batch(ctx context.Context, id string) (web.BatchHistory, error) {
	b, err := v.state.Batch(ctx, id)
	return web.BatchHistory(b), translate(err)
}

// CreateBatch implements web.Batches.
func (v view) CreateBatch(ctx context.Context, by web.Actor, key string, b batch.Batch, zone string, at time.Time, override string) (web.BatchHistory, error) {
	who, err := v.who(ctx, by)
	if err != nil {
		return web.BatchHistory{}, err
	}
	made, err := v.state.CreateBatch(ctx, who, state.IdempotencyKey(key), b, &batch.Custody{Batch: b.ID, Zone: zone, From: at, Override: override})
	return v.booked(ctx, made, err)
}

// MoveBatch implements web.Batches.
func (v view) MoveBatch(ctx context.Context, by web.Actor, key, id string, m web.Move) (web.BatchHistory, error) {
	who, err := v.who(ctx, by)
	if err != nil {
		return web.BatchHistory{}, err
	}
	moved, err := v.state.MoveBatch(ctx, who, state.IdempotencyKey(key), moveOf(id, m))
	return v.booked(ctx, moved, err)
}

func moveOf(id string, m web.Move) state.MoveRequest {
	return state.MoveRequest{Batch: id, ToZone: m.Zone, Place: m.Place, Courier: m.Courier, At: m.At, Override: m.Override}
}

// who is the actor of a booking: a name of the roster is proved by its PIN.
func (v view) who(ctx context.Context, by web.Actor) (state.Actor, error) {
	p, err := v.office.state.People(ctx)
	if err != nil {
		return state.Actor{}, err
	}
	return v.office.who(ctx, p.Roster, by)
}

func (v view) booked(ctx context.Context, b state.Batch, err error) (web.BatchHistory, error) {
	if errors.Is(err, state.ErrOutOfUse) {
		err = v.usageWords(err)
	}
	if err != nil {
		return web.BatchHistory{}, translate(err)
	}
	v.goods.follow(ctx)
	v.hub.Publish(web.BatchEvent, b.ID)
	return web.BatchHistory(b), nil
}

func alarmOf(a state.Alarm) web.Alarm {
	out := web.Alarm{Alarm: a.Alarm}
	for _, e := range a.Exposed {
		out.Batches = append(out.Batches, web.ExposedBatch{Batch: e.Batch, Custody: e.Custody})
	}
	// An answer to a milder level is none to the present one: the state tells.
	answered := a.State == alerting.Acknowledged || a.State == alerting.Normal
	if answered && !a.AckedAt.IsZero() {
		out.Acknowledged = &web.Acknowledgement{At: a.AckedAt, By: a.AckedBy.ID, Note: a.Note}
	}
	return out
}

// actorOf is who the audit shall name: the user who is signed in, the person the
// request claims to be, or the token it came with.
func actorOf(a web.Actor) state.Actor {
	if a.User != "" {
		a.Name = a.User
	}
	if a.Name != "" {
		return state.Actor{Kind: state.Person, ID: a.String(), Device: a.Device}
	}
	return state.Actor{Kind: state.Token, ID: a.Via, Device: a.Device}
}

// translate puts a refusal of county.db into the page's two kinds.
func translate(err error) error {
	var disagrees *state.Disagreement
	switch {
	case err == nil:
		return nil
	case errors.As(err, &disagrees):
		return &web.Disagreement{ZH: disagrees.ZH, EN: disagrees.EN}
	case errors.Is(err, state.ErrNotFound), errors.Is(err, state.ErrUnknownBatch):
		return fmt.Errorf("%w: %w", web.ErrNotFound, err)
	}
	var refused *state.Refusal
	if errors.As(err, &refused) {
		if refused.ZH != "" {
			return &web.Refused{Code: string(refused.Kind), Invalid: refused.Kind == state.ErrInvalid, ZH: refused.ZH, EN: refused.Text}
		}
		return fmt.Errorf("%w: %w", web.ErrConflict, err)
	}
	return err
}

// judging shows the page how each room is judged now.
type judging struct {
	own      func(zone string) map[sensors.Quantity][]alerting.Limit
	goods    *goods
	products map[string]*alerting.Product // by "site/zone"
	estimate func(air sensors.PointID) (engine.Estimate, bool)
}

// Product implements web.Rooms.
func (j judging) Product(zone string) (web.Product, bool) {
	p := j.products[zone]
	if p == nil || p.Probe != "" {
		return web.Product{}, false
	}
	x, known := j.estimate(p.Air)
	return web.Product{Known: known, Value: x.Value, At: x.At, TimeConstant: p.TimeConstant, Limits: p.Limits}, true
}

func productsOf(zones []alerting.Zone) map[string]*alerting.Product {
	by := map[string]*alerting.Product{}
	for _, z := range zones {
		by[z.ID] = z.Product
	}
	return by
}

var _ web.Rooms = judging{}

// Limits implements web.Rooms.
func (j judging) Limits(zone string) map[sensors.Quantity][]alerting.Limit {
	limits := map[sensors.Quantity][]alerting.Limit{}
	maps.Copy(limits, j.own(zone))
	if now := j.goods.limitsOf(zone); len(now) > 0 {
		limits[sensors.Temperature] = now
	}
	return limits
}

// limitsOf looks up the rooms' own limits that can be drawn.
func limitsOf(zones []alerting.Zone) func(zone string) map[sensors.Quantity][]alerting.Limit {
	by := map[string]map[sensors.Quantity][]alerting.Limit{}
	for _, z := range zones {
		drawn := maps.Clone(z.Limits)
		maps.DeleteFunc(drawn, func(q sensors.Quantity, _ []alerting.Limit) bool { return q.IsState() }) // a switch has no line to draw
		by[z.ID] = drawn
	}
	return func(zone string) map[sensors.Quantity][]alerting.Limit { return by[zone] }
}

// hubListener tells the pages what the collector has done.
type hubListener struct{ hub *web.Hub }

var _ collector.Listener = hubListener{}

// ReadingsJudged implements collector.Listener.
func (l hubListener) ReadingsJudged(records []store.Record, _ time.Time) {
	if l.hub.Len() == 0 {
		return
	}
	ids := make([]string, 0, len(records))
	for _, r := range records {
		ids = append(ids, string(r.Point))
	}
	l.hub.Publish(web.ReadingEvent, ids...)
}

// AlarmsChanged implements collector.Listener.
func (l hubListener) AlarmsChanged(alarms []state.Alarm) {
	for _, a := range alarms {
		l.hub.Publish(web.AlarmEvent, a.ID)
	}
}

// GatewayChanged implements collector.Listener.
func (l hubListener) GatewayChanged(s wire.Status, _ time.Time) {
	l.hub.Publish(web.GatewayEvent, s.Gateway)
}
