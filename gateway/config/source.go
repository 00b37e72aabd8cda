package config

import (
	"coldchain/sensors"
)

// Source is a third-party sender: a device or program that is no gateway of
// ours and publishes under a topic of its own. It has no journal, so what is
// promised of its readings begins at the broker.
type Source struct {
	Name  string `yaml:"name"`
	Topic string `yaml:"topic"` // MQTT filter, may hold + and #; never below coldchain/
	// Format is senml (RFC 8428, JSON or CBOR) or json (one flat object).
	Format string `yaml:"format"`
	// Names says which point a SenML name means; other names are refused.
	Names map[string]string `yaml:"names"`
	// Time and Points say where a JSON object has its time and values.
	Time   SourceTime    `yaml:"time"`
	Points []SourcePoint `yaml:"points"`
}

// The formats of a source.
const (
	SenML    = "senml"
	FlatJSON = "json"
)

// SourceTime says where a JSON message has the time it was measured at.
type SourceTime struct {
	Field string `yaml:"field"` // dotted path; absent with unit received
	// Unit is s or ms since 1970, rfc3339 (with zone), local (as rfc3339
	// without zone, in the county's time zone), or received: the message has no
	// time and gets the one at which the collector received it.
	Unit string `yaml:"unit"`
}

// The units of a source's time.
const (
	TimeSeconds  = "s"
	TimeMillis   = "ms"
	TimeRFC3339  = "rfc3339"
	TimeLocal    = "local"
	TimeReceived = "received"
)

// SourcePoint says where a JSON message has the value of one point.
type SourcePoint struct {
	Point string `yaml:"point"` // site/zone/point
	Field string `yaml:"field"` // dotted path; a number is a place in a list
	// Topic and Match choose the messages that are of this point: those whose
	// topic comes by the filter and whose fields have these texts.
	Topic string            `yaml:"topic"`
	Match map[string]string `yaml:"match"`
	// The point's value, in the unit of its quantity, is what was sent times
	// Scale (default 1) plus Offset.
	Scale  *float64 `yaml:"scale"`
	Offset *float64 `yaml:"offset"`
}

// PointSources returns which source each point belongs to; a point that is not
// in it belongs to its site's gateway.
func (c *County) PointSources() map[sensors.PointID]string {
	of := map[sensors.PointID]string{}
	for _, s := range c.Sources {
		for _, p := range s.Names {
			of[sensors.PointID(p)] = s.Name
		}
		for _, p := range s.Points {
			of[sensors.PointID(p.Point)] = s.Name
		}
	}
	return of
}

// sourcesOnly reports whether every point of the site comes from a source, so
// that it needs no gateway.
func (s *Site) sourcesOnly(of map[sensors.PointID]string) bool {
	points := 0
	for _, z := range s.Zones {
		for name := range z.Points {
			points++
			if of[sensors.PointID(s.ID+"/"+z.ID+"/"+name)] == "" {
				return false
			}
		}
	}
	return points > 0
}
