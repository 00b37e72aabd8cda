// Package source understands what third-party senders publish: plain SenML or
// one JSON object, by a mapping from the county's configuration. It guarantees
// that a reading comes out only of a field that the mapping names, with the
// time that the message states (or the mapping says to be that of receipt), and
// that everything else is refused with its reason; nothing is guessed.
package source

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"strings"
	"time"

	"coldchain/gateway/wire"
	"coldchain/sensors"
)

// MaxPayload is the longest message that is looked into, in bytes. A sender
// without a journal has no backlog to pack.
const MaxPayload = 64 << 10

// Options describe one sender. Name and Filter are required, and one of Names
// (SenML) and Fields (JSON).
type Options struct {
	Name   string
	Filter string // of its MQTT topics
	// Names says which point a SenML name (bn and n together) means.
	Names map[string]sensors.PointID
	// Fields say where a JSON object has its values, Time where it has its time.
	Fields []Field
	Time   Time
}

// Field is where a JSON object has the value of one point.
type Field struct {
	Point sensors.Point
	Path  string // names of fields joined by dots; a number is a place in a list
	// Topic is a filter that the message's topic must come by; empty: any.
	// Match holds paths and the texts that must stand there.
	Topic string
	Match map[string]string
	// The value is what was sent times Scale plus Offset, in the unit of the
	// point's quantity.
	Scale, Offset float64
}

// Time is where a JSON object has the time it was measured at.
type Time struct {
	Path string
	Unit string         // s, ms, rfc3339, local or received
	Zone *time.Location // of local times
}

// Message is what came from the broker.
type Message struct {
	Topic    string
	Payload  []byte
	Retained bool // the broker kept it from before; nobody knows how long
	Received time.Time
	// Length is that of the payload before it was cut for being too long.
	Length int
}

// Refused is something of a message that is not a reading of ours.
type Refused struct {
	Point  string // when it is known
	Reason wire.QuarantineReason
	Detail string // for people
}

// Source is one configured sender. It is for one goroutine at a time.
type Source struct {
	o      Options
	fields []field
	time   []string
	senml  *wire.Decoder // nil for JSON
}

// New prepares a sender that the configuration's rules have nothing against.
func New(o Options) (*Source, error) {
	switch {
	case !sensors.IsSlug(o.Name):
		return nil, fmt.Errorf("source %.60q: not a name", o.Name)
	case wire.CheckFilter(o.Filter) != nil:
		return nil, fmt.Errorf("source %s: topic: %w", o.Name, wire.CheckFilter(o.Filter))
	case (len(o.Names) == 0) == (len(o.Fields) == 0):
		return nil, fmt.Errorf("source %s: want names (SenML) or fields (JSON)", o.Name)
	}
	s := &Source{o: o}
	if len(o.Names) > 0 {
		lim := wire.DefaultLimits()
		lim.Bytes, lim.Anonymous, lim.Names = MaxPayload, true, o.Names
		s.senml = wire.NewDecoder(lim)
		return s, nil
	}
	if o.Time.Unit == unitLocal && o.Time.Zone == nil {
		return nil, fmt.Errorf("source %s: local times need a zone", o.Name)
	}
	s.time = strings.Split(o.Time.Path, ".")
	for _, f := range o.Fields {
		s.fields = append(s.fields, newField(f))
	}
	return s, nil
}

// Name is the sender's.
func (s *Source) Name() string { return s.o.Name }

// Filter is the sender's topics.
func (s *Source) Filter() string { return s.o.Filter }

// Live reports whether the sender's messages have no time of their own. They
// are worth something at the moment of their receipt alone: what a broker kept
// or repeats has a time that nobody knows.
func (s *Source) Live() bool { return s.senml == nil && s.o.Time.Unit == unitReceived }

// Points lists the points that belong to this sender.
func (s *Source) Points() []sensors.PointID {
	var out []sensors.PointID
	for _, p := range s.o.Names {
		out = append(out, p)
	}
	for _, f := range s.o.Fields {
		out = append(out, f.Point.ID)
	}
	return out
}

// Decode takes a message apart. Of a record that comes back Reading and Unit
// are set; whether its time and value can be believed is admission's question.
// A message that has nothing for this mapping gives neither a record nor a
// refusal.
func (s *Source) Decode(m Message) ([]wire.Record, []Refused) {
	if n := max(m.Length, len(m.Payload)); n > MaxPayload {
		return nil, whole(wire.TooLarge, "message: %d bytes, at most %d are taken", n, MaxPayload)
	}
	if s.senml != nil {
		return s.decodeSenML(m.Payload)
	}
	if s.Live() && m.Retained {
		return nil, whole(wire.BadTime, "the message was kept by the broker and has no time of its own")
	}
	root, err := parseObject(m.Payload)
	if err != nil {
		return nil, whole(wire.Malformed, "message: %v", err)
	}
	return s.decodeJSON(root, m)
}

func whole(r wire.QuarantineReason, format string, args ...any) []Refused {
	return []Refused{{Reason: r, Detail: fmt.Sprintf(format, args...)}}
}

func (s *Source) decodeSenML(payload []byte) (out []wire.Record, refused []Refused) {
	pack, rejected, err := s.senml.Decode(payload)
	if err != nil {
		return nil, whole(wire.ReasonOf(err), "%v", err)
	}
	for _, r := range rejected {
		refused = append(refused, Refused{r.Point, r.Reason, r.Detail})
	}
	for _, r := range pack.Records {
		if r.Kind != wire.ReadingRecord {
			refused = append(refused, Refused{Reason: wire.Malformed, Detail: "gaps and events are taken from gateways alone"})
			continue
		}
		// Only these: clock and boot are words of a gateway.
		out = append(out, wire.Record{Reading: r.Reading, Unit: r.Unit})
	}
	return out, refused
}

func (s *Source) decodeJSON(root map[string]any, m Message) (out []wire.Record, refused []Refused) {
	var at time.Time
	meant := false
	for i := range s.fields {
		f := &s.fields[i]
		if !f.wants(m.Topic, root) {
			continue
		}
		meant = true
		sent, there := lookup(root, f.path)
		if !there {
			continue // many senders tell only what has changed
		}
		if at.IsZero() {
			var why *Refused
			if at, why = s.timeOf(root, m.Received); why != nil {
				return nil, []Refused{*why}
			}
		}
		reading, err := f.reading(sent, at)
		if err != nil {
			refused = append(refused, Refused{string(f.Point.ID), wire.BadValue, fmt.Sprintf("field %s: %v", f.Path, err)})
			continue
		}
		if s.Live() && reading.Reason == sensors.NoReason {
			reading.Reason = sensors.ReceivedTime
		}
		out = append(out, wire.Record{Reading: reading, Unit: f.Point.Quantity.Unit()})
	}
	if !meant {
		return nil, whole(wire.UnknownPoint, "no point of source %s is for this message: its topic and fields match none", s.o.Name)
	}
	return out, refused
}

var errNoNumber = errors.New("not a number")

// Sequence stands for a reading where a gateway would have counted: a number
// worked out from all of it, at most 2^63-1. A reading that comes again has the
// same one; another value for the same point and millisecond has another, and
// so does not pass for a repetition.
func Sequence(r sensors.Reading) uint64 {
	h := fnv.New64a()
	b := binary.BigEndian.AppendUint64(nil, uint64(r.Time.UnixMilli()))
	for _, number := range []func() (float64, bool){r.Value, r.Raw} {
		v, ok := number()
		if !ok {
			b = append(b, 0)
			continue
		}
		b = binary.BigEndian.AppendUint64(append(b, 1), math.Float64bits(v))
	}
	b = append(b, byte(r.Quality))
	h.Write(b) // a hash never fails
	h.Write([]byte(string(r.Reason) + "\x00" + string(r.Point)))
	return h.Sum64() >> 1
}
