package collector

import (
	"maps"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/engine"
	"coldchain/sensors"
)

// SetLimits changes the limits of a quantity in a zone from now on, as goods
// come and go; see engine.SetLimits.
func (c *Collector) SetLimits(zone string, q sensors.Quantity, limits []alerting.Limit) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.o.Engine.SetLimits(zone, q, limits)
}

// Judging does something with the engine while nothing is judged.
func (c *Collector) Judging(do func(*engine.Engine) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return do(c.o.Engine)
}

// Usage knows from readings when limits hold, and says so to the engine. It is
// called while nothing else is judged, and keeps its state beside the engine's:
// committed with the readings that it comes from.
type Usage interface {
	// Observe notes a reading before any of its message is judged.
	Observe(r sensors.Reading, e *engine.Engine)
	// Dirty returns the state that changed since the last call, by key; the keys
	// begin with UsagePrefix.
	Dirty() map[string][]byte
	// Restore takes what Dirty once returned, before the engine's own state.
	Restore(tracks map[string][]byte, e *engine.Engine) error
}

// UsagePrefix begins the keys of a Usage's state among the tracks.
const UsagePrefix = "usage/"

// divide takes the state of the usage out of the tracks.
func divide(tracks map[string][]byte) (usage map[string][]byte) {
	usage = map[string][]byte{}
	for key, state := range tracks {
		if strings.HasPrefix(key, UsagePrefix) {
			usage[key] = state
			delete(tracks, key)
		}
	}
	return usage
}

// judge has readings of one message judged: doors and positions tell first when
// limits held, since a backlog comes point by point. The caller holds mu.
func (c *Collector) judge(list []sensors.Reading, received time.Time) (changes []alerting.Transition) {
	if c.o.Usage != nil {
		for _, r := range list {
			c.o.Usage.Observe(r, c.o.Engine)
		}
	}
	for _, r := range list {
		changes = append(changes, c.o.Engine.Observe(r, received)...)
	}
	return changes
}

// dirty returns the state of judging that has changed. The caller holds mu.
func (c *Collector) dirty() map[string][]byte {
	tracks := c.o.Engine.Dirty()
	if c.o.Usage != nil {
		maps.Copy(tracks, c.o.Usage.Dirty())
	}
	return tracks
}
