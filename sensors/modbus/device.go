package modbus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"coldchain/sensors"
	"coldchain/sensors/analog"
)

// Line asks one question on a bus and returns the data bytes of its answer,
// which has the size of the question. Its errors may say more by the methods
// Exception() uint8, Timeout() bool, Unreachable() bool, BadAnswer() bool and
// Canceled() bool. One line serves many devices and is safe for concurrent use.
type Line interface {
	Read(ctx context.Context, slave, function uint8, address, quantity uint16) ([]byte, error)
}

// Config says what to read of one device.
type Config struct {
	Name    string // for messages
	Slave   uint8  // 1 to 247
	Profile *Profile
	Points  map[sensors.PointID]string // to the profile's channels
	// Analog gives points of an analogue module conversions of their own,
	// instead of the profile's: the module's maker does not know what hangs on
	// its inputs.
	Analog map[sensors.PointID]analog.Params
	Now    func() time.Time
}

// Device is one Modbus slave as a sensor.
type Device struct {
	name    string
	slave   uint8
	profile *Profile
	points  map[sensors.PointID]*Channel
	now     func() time.Time
	line    Line
	// silent counts the reads in a row in which no block was answered.
	silent int
}

var _ sensors.Sensor = (*Device)(nil)

// New checks the configuration and returns the device. It asks nothing: a
// device that is away must not keep an agent from starting. The error lists
// every mistake, one a line.
func New(cfg Config, line Line) (*Device, error) {
	if cfg.Profile == nil || cfg.Now == nil || line == nil {
		return nil, fmt.Errorf("modbus device %s: profile, clock and line are required", cfg.Name)
	}
	var wrong []error
	mistake := func(format string, a ...any) {
		wrong = append(wrong, fmt.Errorf("modbus device %s: %w", cfg.Name, fmt.Errorf(format, a...)))
	}
	if cfg.Slave < 1 || cfg.Slave > 247 {
		mistake("slave %d is not between 1 and 247", cfg.Slave)
	}
	if len(cfg.Points) == 0 {
		mistake("no points: map a point's name to one of the channels %s", cfg.Profile.channelNames())
	}
	d := &Device{name: cfg.Name, slave: cfg.Slave, profile: cfg.Profile, now: cfg.Now, line: line,
		points: make(map[sensors.PointID]*Channel, len(cfg.Points))}
	for _, id := range slices.Sorted(maps.Keys(cfg.Points)) {
		c, ok := cfg.Profile.Channel(cfg.Points[id])
		if !ok {
			mistake("point %s: profile %s has no channel %q (it has %s)", id, cfg.Profile.Name, cfg.Points[id], cfg.Profile.channelNames())
			continue
		}
		if params, own := cfg.Analog[id]; own {
			converted, err := c.reconvert(params)
			if err != nil {
				mistake("point %s: %w", id, err)
				continue
			}
			c = converted
		}
		d.points[id] = c
	}
	for _, id := range slices.Sorted(maps.Keys(cfg.Analog)) {
		if _, ok := cfg.Points[id]; !ok {
			mistake("point %s has a conversion but no channel", id)
		}
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return d, nil
}

// String names the device for messages.
func (d *Device) String() string {
	return fmt.Sprintf("%s (%s, slave %d)", d.name, d.profile.Name, d.slave)
}

// Points lists what the device measures, sorted by name.
func (d *Device) Points() []sensors.Point {
	list := make([]sensors.Point, 0, len(d.points))
	for id, c := range d.points {
		list = append(list, sensors.Point{ID: id, Quantity: c.Quantity})
	}
	slices.SortFunc(list, func(a, b sensors.Point) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return list
}

// Blocks lists the questions that Read asks for these points, in its order.
// Points the device does not have are left out.
func (d *Device) Blocks(due []sensors.PointID) []Block {
	bound := make([]Bound, 0, len(due))
	for _, id := range due {
		if c, ok := d.points[id]; ok {
			bound = append(bound, Bound{id, c})
		}
	}
	return d.profile.Blocks(bound)
}

// Read asks for the points that are due, block by block. A block that fails
// makes its own points bad with the reason and no others: see reasonOf. A
// block's readings carry the time its answer came. The fault flags that a
// channel names are read in the same poll: one that is set makes the value bad,
// one that could not be read makes it uncertain.
//
// A device that answered nothing at all last time is probed with one block,
// another each time; when that stays unanswered the others are not asked, so
// that a dead slave costs its line one time-out a poll.
func (d *Device) Read(ctx context.Context, due []sensors.PointID) []sensors.Reading {
	due = unique(due)
	out := make([]sensors.Reading, 0, len(due))
	for _, id := range due {
		if _, ok := d.points[id]; !ok {
			out = append(out, sensors.NewBad(id, d.now(), sensors.NotImplemented))
		}
	}
	return append(out, d.readings(d.poll(ctx, d.Blocks(due)))...)
}

// answer is what became of one block's question: data, or why there is none.
type answer struct {
	block *Block
	data  []byte
	why   sensors.Reason
	at    time.Time
}

// poll asks each block, at most once, and answers for all of them. Flags are
// asked for last, and not at all when nothing was answered before.
func (d *Device) poll(ctx context.Context, blocks []Block) []answer {
	measuring := 0 // blocks that have points
	for measuring < len(blocks) && len(blocks[measuring].Points) > 0 {
		measuring++
	}
	if measuring == 0 {
		return nil
	}
	answers := make([]answer, 0, len(blocks))
	first := d.silent % measuring
	probing := d.silent > 0
	heard, given := false, sensors.NoReason
	for i := range blocks {
		b := &blocks[i]
		if i < measuring {
			b = &blocks[(first+i)%measuring]
		} else if !heard {
			break
		}
		if given != sensors.NoReason {
			answers = append(answers, answer{block: b, why: given, at: d.now()})
			continue
		}
		data, err := d.ask(ctx, b.Span)
		a := answer{block: b, data: data, at: d.now()}
		if err != nil {
			a.why = reasonOf(err)
		}
		answers = append(answers, a)
		switch a.why {
		case sensors.Cancelled, sensors.Unreachable:
			given = a.why
		case sensors.Timeout:
			if ctx.Err() != nil || probing && !heard {
				given = a.why
			}
		default:
			heard = true
		}
	}
	switch {
	case heard:
		d.silent = 0
	case given != sensors.Cancelled:
		d.silent++
	}
	return answers
}

// readings takes the points out of a poll's answers and judges each by the
// fault flags that its channel names.
func (d *Device) readings(answers []answer) []sensors.Reading {
	flags := map[*Channel]bool{}
	for _, a := range answers {
		if a.why != sensors.NoReason {
			continue
		}
		for _, f := range a.block.Status {
			if v := f.Decode(a.block.Span, a.data); v.Reason == sensors.NoReason {
				flags[f] = v.Value == 1
			}
		}
	}
	var out []sensors.Reading
	for _, a := range answers {
		for _, p := range a.block.Points {
			if a.why != sensors.NoReason {
				out = append(out, sensors.NewBad(p.Point, a.at, a.why))
				continue
			}
			v := p.Channel.Decode(a.block.Span, a.data)
			out = append(out, d.profile.judge(p.Channel, v, flags).Reading(p.Point, a.at))
		}
	}
	return out
}

// judge weighs a value by the fault flags that its channel names. flags has
// those that could be read.
func (p *Profile) judge(c *Channel, v Decoded, flags map[*Channel]bool) Decoded {
	if v.Reason == sensors.BadAnswer {
		return v
	}
	for _, f := range p.faultsOf(c) {
		switch set, read := flags[f]; {
		case set:
			return v.flagged()
		case !read && v.Reason == sensors.NoReason:
			v.Doubt = sensors.StatusUnread
		}
	}
	return v
}

// ask puts one question to the line, unless the poll is already over.
func (d *Device) ask(ctx context.Context, s Span) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return d.line.Read(ctx, d.slave, uint8(s.Function), s.Address, s.Quantity)
}

// Readings takes the points out of the data bytes of the block's answer, all
// measured at the same time. Fault flags lie in other blocks too and are
// weighed by Device.Read alone.
func (b *Block) Readings(data []byte, at time.Time) []sensors.Reading {
	out := make([]sensors.Reading, 0, len(b.Points))
	for _, p := range b.Points {
		out = append(out, p.Channel.Decode(b.Span, data).Reading(p.Point, at))
	}
	return out
}

// unique drops repeated names: a point is answered once.
func unique(ids []sensors.PointID) []sensors.PointID {
	seen := make(map[sensors.PointID]bool, len(ids))
	out := make([]sensors.PointID, 0, len(ids))
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}
