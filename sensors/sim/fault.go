package sim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// FaultKind is what goes wrong.
type FaultKind string

// The faults.
const (
	CompressorFailure FaultKind = "compressor-failure" // of a zone
	MainsCut          FaultKind = "mains-cut"          // of a site, all phases or some
	DoorOpen          FaultKind = "door-open"          // of a zone: it stands open
	DoorShut          FaultKind = "door-shut"          // of a zone: nobody opens it
	ProbeOpen         FaultKind = "probe-open"         // of a device: it answers its profile's sentinel
	SlaveSilent       FaultKind = "slave-silent"       // of a device: it does not answer
	SlaveException    FaultKind = "slave-exception"    // of a device: it answers with an exception
)

// Moment is an instant: an offset from the plan's start such as -3h12m, or an
// RFC 3339 time. The zero Moment is "not given".
type Moment struct {
	offset time.Duration
	fixed  time.Time
	given  bool
}

// After returns the moment d after the plan's start; d may be negative.
func After(d time.Duration) Moment { return Moment{offset: d, given: true} }

// On returns the moment t.
func On(t time.Time) Moment { return Moment{fixed: t, given: true} }

// ParseMoment reads an offset or an RFC 3339 time.
func ParseMoment(s string) (Moment, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return On(t), nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return Moment{}, fmt.Errorf("%q is neither an offset from the start such as -3h12m nor a time such as 2026-11-23T08:00:00+08:00", s)
	}
	return After(d), nil
}

// UnmarshalYAML reads a moment from its text.
func (m *Moment) UnmarshalYAML(node *yaml.Node) (err error) {
	*m, err = ParseMoment(node.Value)
	if err != nil {
		return fmt.Errorf("line %d: %w", node.Line, err)
	}
	return nil
}

func (m Moment) time(start time.Time) time.Time {
	if !m.fixed.IsZero() {
		return m.fixed
	}
	return start.Add(m.offset)
}

// Fault is one thing that goes wrong from At until Until (for ever when Until
// is not given).
type Fault struct {
	Kind   FaultKind `yaml:"kind"`
	Zone   string    `yaml:"zone"`   // "site/zone"
	Site   string    `yaml:"site"`   // for faults of a site or of a device
	Device string    `yaml:"device"` // the device's name
	Phases []int     `yaml:"phases"` // 1 to 3; of a mains cut, default all
	Code   uint8     `yaml:"code"`   // of an exception, default 4 (server device failure)
	At     Moment    `yaml:"at"`
	Until  Moment    `yaml:"until"`
}

// ParseFaults reads a fault file: a YAML mapping with the one key faults. It
// refuses unknown keys. Whether the sites exist is checked by New.
func ParseFaults(data []byte) ([]Fault, error) {
	var file struct {
		Faults []Fault `yaml:"faults"`
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read faults: %w", err)
	}
	return file.Faults, nil
}

func (f Fault) check(p Plan) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("fault %s: %s", f.Kind, fmt.Sprintf(format, args...))
	}
	if !f.At.given {
		return fail("at is missing (an offset such as -3h12m or a time)")
	}
	if f.Until.given && !f.Until.time(p.Start).After(f.At.time(p.Start)) {
		return fail("until is not after at")
	}
	switch f.Kind {
	case CompressorFailure, DoorOpen, DoorShut:
		name, room, _ := strings.Cut(f.Zone, "/")
		site, ok := p.site(name)
		if _, found := site.room(room); !ok || !found {
			return fail("zone %q does not exist (want site/zone)", f.Zone)
		}
	case MainsCut:
		if _, ok := p.site(f.Site); !ok {
			return fail("site %q does not exist", f.Site)
		}
		if slices.ContainsFunc(f.Phases, func(n int) bool { return n < 1 || n > 3 }) {
			return fail("phases are 1, 2 and 3")
		}
	case ProbeOpen, SlaveSilent, SlaveException:
		site, ok := p.site(f.Site)
		if _, found := site.device(f.Device); !ok || !found {
			return fail("site %q has no device %q", f.Site, f.Device)
		}
	default:
		return fmt.Errorf("fault kind %q is not known", f.Kind)
	}
	return nil
}

// span is a fault's time in Unix seconds, from inclusive, to exclusive.
type span struct{ from, to int64 }

func (s span) holds(t int64) bool { return t >= s.from && t < s.to }

func anyHolds(spans []span, t int64) bool {
	for _, s := range spans {
		if s.holds(t) {
			return true
		}
	}
	return false
}

func (f Fault) span(start time.Time) span {
	s := span{from: f.At.time(start).Unix(), to: math.MaxInt64}
	if f.Until.given {
		s.to = f.Until.time(start).Unix()
	}
	return s
}

// spansOf gathers the times of the faults of one kind that match.
func (p Plan) spansOf(kind FaultKind, match func(Fault) bool) (spans []span) {
	for _, f := range p.Faults {
		if f.Kind == kind && match(f) {
			spans = append(spans, f.span(p.Start))
		}
	}
	return spans
}
