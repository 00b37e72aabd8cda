package collector

import (
	"context"
	"fmt"
	"sort"
	"sync"
	"time"

	"coldchain/gateway/mqtt"
	"coldchain/gateway/state"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// GatewayState is what the county knows of a gateway.
type GatewayState struct {
	wire.Status
	Received time.Time // when anything of it came last; its status may be older
	// Shown are the values of records that the gateway holds for want of a
	// clock, each at the moment that its age tells by this county's clock. They
	// are for people to see: nothing judges them and nothing stores them.
	Shown []Shown
	// Skew is how far the gateway's clock is behind this one, plus the shortest
	// way of a record; negative when it is ahead. It is known while live records
	// come.
	Skew      time.Duration
	SkewKnown bool
}

// Shown is a provisional reading.
type Shown struct {
	Reading sensors.Reading
	Outside bool // the gateway's own limits
}

// gateways remembers what each gateway said of itself.
type gateways struct {
	mu      sync.RWMutex
	by      map[string]GatewayState
	greeted map[string]bool // answered since this collector started
	// tables are those of each gateway's newest inventories, newest first: rows
	// on their way from before a new one can still be read.
	tables map[string][]*wire.Table
	asked  map[string]time.Time // when a gateway was last asked for its inventory
	// calibrated is when the calibration of points ends, as inventories say.
	calibrated map[sensors.PointID]time.Time
}

const (
	keptTables = 2
	askTable   = 10 * time.Second // between two questions
)

func (g *gateways) restore(ctx context.Context, db *state.DB) error {
	known, err := db.Gateways(ctx)
	if err != nil {
		return fmt.Errorf("collector: load the gateways: %w", err)
	}
	g.by, g.greeted = map[string]GatewayState{}, map[string]bool{}
	g.tables, g.asked = map[string][]*wire.Table{}, map[string]time.Time{}
	g.calibrated = map[sensors.PointID]time.Time{}
	for _, k := range known {
		s := k.Status
		s.Gateway, s.Site = k.Gateway, k.Site
		s.Online = false // until it says so to this collector
		g.by[k.Gateway] = GatewayState{Status: s, Received: k.StatusReceived}
		if t, err := wire.TableOf(k.Inventory); err == nil { // else it has sent none yet
			g.tables[k.Gateway] = []*wire.Table{t}
			g.noteCalibrations(k.Inventory)
		}
	}
	return nil
}

func (g *gateways) inventory(ctx context.Context, db *state.DB, a wire.Address, payload []byte, at time.Time) (wire.Inventory, error) {
	inv, err := wire.DecodeInventory(payload)
	if err != nil {
		return inv, err
	}
	if inv.Gateway != a.Gateway || inv.Site != a.Site {
		return inv, fmt.Errorf("inventory says it is of %s at %s", inv.Gateway, inv.Site)
	}
	t, err := wire.TableOf(inv)
	if err != nil {
		return inv, err
	}
	g.mu.Lock()
	if old := g.tables[a.Gateway]; len(old) == 0 || old[0].ID != t.ID {
		g.tables[a.Gateway] = append([]*wire.Table{t}, old[:min(len(old), keptTables-1)]...)
	}
	g.noteCalibrations(inv)
	g.mu.Unlock()
	return inv, db.SaveInventory(ctx, inv, at)
}

// heard notes that something of a gateway came, and returns the tables its
// rows may stand on.
func (g *gateways) heard(a wire.Address, at time.Time) []*wire.Table {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s, known := g.by[a.Gateway]; known && s.Online && at.After(s.Received) {
		s.Received = at
		g.by[a.Gateway] = s
	}
	return g.tables[a.Gateway]
}

// terse reports whether a gateway reads short acknowledgements.
func (g *gateways) terse(gateway string) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.by[gateway].Terse
}

// askInventory asks a gateway whose rows cannot be read for its inventory. They
// are neither acknowledged nor quarantined: it offers them again.
func (c *Collector) askInventory(a wire.Address, now time.Time) {
	c.gateways.mu.Lock()
	last, asked := c.gateways.asked[a.Gateway]
	due := !asked || now.Sub(last).Abs() >= askTable
	if due {
		c.gateways.asked[a.Gateway] = now
	}
	c.gateways.mu.Unlock()
	if due {
		c.command(a, wire.Command{Inventory: true})
	}
}

// onStatus notes a gateway's status and greets it when it asks to be, or when
// it has been connected since before this collector started.
func (c *Collector) onStatus(ctx context.Context, m inboxMessage, a wire.Address) {
	s, err := wire.DecodeStatus(m.Payload)
	if err == nil && (s.Gateway != a.Gateway || s.Site != a.Site) {
		err = fmt.Errorf("status says it is of %s at %s", s.Gateway, s.Site)
	}
	if err != nil {
		c.setApart(ctx, m, a, refusal{wire.Malformed, err.Error()})
		return
	}
	c.noticeTwins(ctx, a, &s, m.received)
	shown := c.provisional(a, s, m)
	s.Provisional = nil // not to be kept
	c.gateways.mu.Lock()
	old := c.gateways.by[a.Gateway]
	if !s.Online { // the last will knows nothing but that
		last := old.Status
		last.Gateway, last.Site, last.Online = s.Gateway, s.Site, false
		s, shown = last, old.Shown // they grow old by themselves
	}
	c.gateways.by[a.Gateway] = GatewayState{Status: s, Received: m.received, Shown: shown}
	greet := s.Online && (!s.Greeted || !c.gateways.greeted[a.Gateway])
	c.gateways.greeted[a.Gateway] = c.gateways.greeted[a.Gateway] || greet
	c.gateways.mu.Unlock()

	if err := c.o.State.SaveStatus(ctx, s, m.received); err != nil {
		c.o.Logger.Error("keep a gateway's status", "gateway", a.Gateway, "error", err)
	}
	c.o.Listener.GatewayChanged(s, m.received)
	if s.Online && s.Limits != "" {
		c.sendLimits(a, s.Limits)
	}
	if s.Online && s.Book != "" {
		c.sendBook(a, s.Book)
	}
	if greet {
		c.hello(a, m.received)
	} else if s.Online {
		c.closeHoles(a, s.Epoch, s.Oldest, m.received)
	}
}

// provisional is what people may see of a status. Of one that the broker had
// kept nobody knows how old it is, nor therefore how old its values are: the
// gateway says it again within a minute.
func (c *Collector) provisional(a wire.Address, s wire.Status, m inboxMessage) []Shown {
	if m.Retained {
		return nil
	}
	var out []Shown
	for _, p := range s.Provisional {
		id := sensors.PointID(p.Point)
		quantity, known := c.o.Registry.Points[id]
		if !known || id.Site() != a.Site {
			continue // the inventory and the quarantine tell of points that are not configured
		}
		quality, err := sensors.ParseQuality(p.Quality)
		if err != nil {
			continue // decoding has looked already
		}
		at := m.received.Add(-time.Duration(min(p.AgeMS, oldest.Milliseconds())) * time.Millisecond)
		r := sensors.NewBad(id, at, sensors.Reason(p.Reason))
		lowest, highest := quantity.Range()
		switch {
		case quality == sensors.Bad:
		case *p.Value < lowest || *p.Value > highest:
			r.Reason = sensors.OutOfRange
		case quality == sensors.Good:
			r = sensors.NewGood(id, at, *p.Value)
		default:
			r = sensors.NewUncertain(id, at, *p.Value, sensors.Reason(p.Reason))
		}
		out = append(out, Shown{Reading: r, Outside: p.Outside})
	}
	return out
}

func (c *Collector) hello(a wire.Address, now time.Time) {
	c.mu.Lock()
	epoch, highest := c.ranges.highest(a.Gateway)
	generation := c.generation
	c.mu.Unlock()
	if generation == "" {
		return // no store was ever reached: greetAgain says hello once one is
	}
	payload, err := wire.EncodeHello(wire.Hello{Epoch: epoch, Highest: highest, Generation: generation, Rows: true, At: now.UTC().Truncate(time.Millisecond)})
	if err != nil {
		c.o.Logger.Error("encode a hello", "gateway", a.Gateway, "error", err)
		return
	}
	c.send(mqtt.Message{Topic: a.Topic(wire.ChannelHello), Payload: payload})
}

// CalibratedUntil returns when the calibration of a point's probe ends, as its
// gateway's inventory says; ok is false when it says nothing.
func (c *Collector) CalibratedUntil(p sensors.PointID) (until time.Time, ok bool) {
	c.gateways.mu.RLock()
	defer c.gateways.mu.RUnlock()
	until, ok = c.gateways.calibrated[p]
	return until, ok
}

// Gateways lists what is known of every gateway, by name.
func (c *Collector) Gateways() []GatewayState {
	c.gateways.mu.RLock()
	defer c.gateways.mu.RUnlock()
	out := make([]GatewayState, 0, len(c.gateways.by))
	now := c.o.Now()
	for _, g := range c.gateways.by {
		g.Skew, g.SkewKnown = c.skews.of(g.Gateway, now)
		out = append(out, g)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Gateway < out[j].Gateway })
	return out
}
