package w1

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"coldchain/sensors"
)

// DefaultTimeout bounds a poll: ten probes that feed on the data line convert
// one after the other, 0.75 s each.
const DefaultTimeout = 8 * time.Second

// Config says which probes hang on one bus.
type Config struct {
	Name   string // for messages
	Master string // the bus as the kernel names it, "w1_bus_master1"
	// Points maps a point to its probe, "28-01420f1e64ff".
	Points  map[sensors.PointID]string
	Timeout time.Duration // for one poll; default DefaultTimeout
	Now     func() time.Time
}

// Bus is all probes of one 1-Wire bus as a sensor, so that one command has
// them all convert at once.
type Bus struct {
	name, master string
	points       map[sensors.PointID]string
	timeout      time.Duration
	now          func() time.Time
	files        *Files
	last         map[string]evidence // by probe
}

var _ sensors.Sensor = (*Bus)(nil)

var masterName = regexp.MustCompile(`^w1_bus_master[0-9]{1,4}$`)

// New checks the configuration and returns the bus. It asks nothing: a probe
// that is away must not keep an agent from starting. The error lists every
// mistake, one a line.
func New(cfg Config, files *Files) (*Bus, error) {
	if files == nil || cfg.Now == nil {
		return nil, fmt.Errorf("1-Wire bus %s: files and clock are required", cfg.Name)
	}
	var wrong []error
	mistake := func(format string, a ...any) {
		wrong = append(wrong, fmt.Errorf("1-Wire bus %s: %w", cfg.Name, fmt.Errorf(format, a...)))
	}
	if !masterName.MatchString(cfg.Master) {
		mistake("master %q is not a bus of the kernel; want a name such as w1_bus_master1", cfg.Master)
	}
	if cfg.Timeout < 0 {
		mistake("timeout %s is negative", cfg.Timeout)
	}
	if len(cfg.Points) == 0 {
		mistake("no points: map a point's name to a probe such as 28-01420f1e64ff")
	}
	owner := map[string]sensors.PointID{}
	for _, id := range slices.Sorted(maps.Keys(cfg.Points)) {
		probe := cfg.Points[id]
		if _, ok := ParseID(probe); !ok {
			mistake("point %s: %q is not a thermometer; want 10-, 22-, 28-, 3b- or 42- and twelve hexadecimal digits, as in %s", id, probe, SysfsRoot)
		} else if other, taken := owner[probe]; taken {
			mistake("point %s: probe %s is already that of point %s", id, probe, other)
		}
		owner[probe] = id
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultTimeout
	}
	return &Bus{name: cfg.Name, master: cfg.Master, points: maps.Clone(cfg.Points), timeout: cfg.Timeout,
		now: cfg.Now, files: files, last: map[string]evidence{}}, nil
}

// String names the bus for messages.
func (b *Bus) String() string { return fmt.Sprintf("%s (1-Wire, %s)", b.name, b.master) }

// Points lists what the bus measures, sorted by name.
func (b *Bus) Points() []sensors.Point {
	list := make([]sensors.Point, 0, len(b.points))
	for _, id := range slices.Sorted(maps.Keys(b.points)) {
		list = append(list, sensors.Point{ID: id, Quantity: sensors.Temperature})
	}
	return list
}

// Read has all probes convert, which takes 0.75 s at full resolution, and reads
// those of the points that are due. A probe's reading carries the time at which
// its file answered.
func (b *Bus) Read(ctx context.Context, due []sensors.PointID) []sensors.Reading {
	due = slices.Compact(slices.Sorted(slices.Values(due)))
	out := make([]sensors.Reading, 0, len(due))
	var known []sensors.PointID
	for _, id := range due {
		if _, ok := b.points[id]; ok {
			known = append(known, id)
		} else {
			out = append(out, sensors.NewBad(id, b.now(), sensors.NotImplemented))
		}
	}
	if len(known) == 0 {
		return out
	}
	// A child of ctx, so that its end and our own limit can be told apart.
	limited, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	stale, err := b.convert(limited, known)
	if err != nil {
		for _, id := range known {
			out = append(out, sensors.NewBad(id, b.now(), reasonOf(err)))
		}
		return out
	}
	samples := b.readAll(limited, known, stale)
	for _, s := range samples {
		out = append(out, b.judge(s, samples))
	}
	return out
}

// sample is one probe's part of a poll.
type sample struct {
	point  sensors.PointID
	probe  string
	at     time.Time
	answer Answer
}

// readAll reads the probes side by side: the kernel lets go of the bus while an
// externally powered probe converts, and one that hangs keeps nobody waiting
// but its own point.
func (b *Bus) readAll(ctx context.Context, due []sensors.PointID, stale bool) []sample {
	samples := make([]sample, len(due))
	done := make(chan struct{})
	for i, id := range due {
		samples[i] = sample{point: id, probe: b.points[id]}
		go func(s *sample) {
			defer func() { done <- struct{}{} }()
			if stale {
				// The kernel's answer to a command of before: not ours.
				_, _ = b.files.read(ctx, s.probe, s.probe+"/w1_slave")
			}
			s.answer = b.ask(ctx, s.probe)
			s.at = b.now()
		}(&samples[i])
	}
	for range due {
		<-done // each ends with ctx at the latest
	}
	return samples
}

// ask reads one probe. An empty answer is asked for once more: besides unplugged
// and garbled it means that a signal interrupted the kernel's wait.
func (b *Bus) ask(ctx context.Context, probe string) Answer {
	family, _ := ParseID(probe)
	for range 2 {
		text, err := b.files.read(ctx, probe, probe+"/w1_slave")
		if errors.Is(err, fs.ErrNotExist) {
			return b.askTemperature(ctx, probe)
		}
		if err != nil {
			return Answer{Why: reasonOf(err)}
		}
		if len(text) > 0 {
			return ParseSlave(family, text)
		}
	}
	return Answer{Why: sensors.SensorFault}
}

// askTemperature serves a probe without w1_slave, which is one that is away or
// a driver that has only the newer file.
func (b *Bus) askTemperature(ctx context.Context, probe string) Answer {
	text, err := b.files.read(ctx, probe, probe+"/temperature")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Answer{Why: sensors.SensorFault} // the kernel no longer sees the probe
	case err != nil:
		return Answer{Why: reasonOf(err)}
	}
	return ParseTemperature(text)
}

// milliseconds reads a small number from a file; 0 when there is none.
func milliseconds(text []byte) time.Duration {
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Millisecond
}
