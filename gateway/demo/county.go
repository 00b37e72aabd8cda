package demo

import (
	"bytes"
	_ "embed" // for go:embed
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/gateway/config"
	"coldchain/sensors/sim"
)

// What a demonstration does differently from a real county, all of it visible:
// it samples faster and its alarms wait less.
const (
	CountyID        = "hangjin-demo"
	LiveInterval    = 10 * time.Second
	OutsideInterval = 5 * time.Second
	PastInterval    = time.Minute
	Past            = 24 * time.Hour
	AlarmDelay      = 20 * time.Second
)

const busName = "modbus"

// Options choose a demonstration.
type Options struct {
	Seed   uint64
	Start  time.Time // when live sampling begins; the past lies before it
	Season sim.Season
	Data   string      // folder of the county's and the edges' data
	Broker string      // tcp://host:port of the MQTT broker; default tcp://127.0.0.1:1883
	Faults []sim.Fault // beside the story's; see ExampleFaults
}

//go:embed examples/faults.yaml
var exampleFaults []byte

// ExampleFaults returns a commented fault file for the demonstration county.
func ExampleFaults() []byte { return bytes.Clone(exampleFaults) }

func (o Options) edgeData(site string) string { return filepath.Join(o.Data, "edges", site) }

// County is a demonstration, ready to run.
type County struct {
	Config  config.County
	Edges   []config.Edge // in the order of Config.Sites
	Sim     *sim.County
	Batches []batch.Batch
	Custody []batch.Custody
	Story   Story
	start   time.Time
}

// Build makes the demonstration county. The same options give the same county.
// The error says what in the options cannot be simulated.
func Build(o Options) (*County, error) {
	season, err := sim.ParseSeason(string(o.Season))
	if err != nil {
		return nil, fmt.Errorf("demo county: %w", err)
	}
	if o.Start.IsZero() {
		return nil, fmt.Errorf("demo county: no start given")
	}
	if o.Broker == "" {
		o.Broker = "tcp://127.0.0.1:1883"
	}
	o.Start = o.Start.Truncate(time.Second)
	c := &County{start: o.Start, Config: config.County{
		County: CountyID, Name: label("杭锦旗", "Hangjin Banner"),
		Notice: label(
			fmt.Sprintf("演示：人名与企业均为虚构；报警延时缩短为 %.0f 秒", AlarmDelay.Seconds()),
			fmt.Sprintf("Demo, fictitious people; alarm delay shortened to %.0f s", AlarmDelay.Seconds())),
		Data: filepath.Join(o.Data, "county"), MQTT: config.MQTT{Server: o.Broker},
	}}
	plan := sim.Plan{Seed: o.Seed, Start: o.Start, Season: season, Faults: slices.Clone(o.Faults)}
	for _, p := range places() {
		c.Config.Sites = append(c.Config.Sites, p.site())
		c.Edges = append(c.Edges, p.edge(o))
		plan.Sites = append(plan.Sites, simulated(p))
	}
	idle(&plan)
	c.Config.ApplyDefaults()
	if c.Story, err = tell(&plan); err != nil {
		return nil, fmt.Errorf("demo county: %w", err)
	}
	if c.Sim, err = sim.New(plan); err != nil {
		return nil, fmt.Errorf("demo county: %w", err)
	}
	c.fillWithGoods()
	return c, nil
}

// UseAddresses tells the edges where their site's slaves listen (host:port by
// site). The error names a site without an address.
func (c *County) UseAddresses(addresses map[string]string) error {
	for i := range c.Edges {
		address, ok := addresses[c.Edges[i].Site]
		if !ok {
			return fmt.Errorf("demo county: site %s has no address", c.Edges[i].Site)
		}
		c.Edges[i].Buses[0].ModbusTCP = address
	}
	return nil
}

func (c *County) edge(site string) (*config.Edge, bool) {
	for i := range c.Edges {
		if c.Edges[i].Site == site {
			return &c.Edges[i], true
		}
	}
	return nil, false
}

// shortened are a kind's default limits with the demonstration's delay.
func shortened(kind config.ZoneKind) []config.Limit {
	limits, _, _ := alerting.DefaultLimits(string(kind))
	out := make([]config.Limit, 0, len(limits))
	for _, l := range limits {
		if l.Within != 0 {
			continue // what adds up in a day is no story for a few minutes
		}
		out = append(out, config.Limit{Side: string(l.Side), Level: string(l.Level), Value: l.Value, Delay: AlarmDelay})
	}
	return out
}
