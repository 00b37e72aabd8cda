package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/config"
	"coldchain/sensors"
)

// County is the fixed part of what is shown: places, names and limits.
type County struct {
	ID       string
	Name     config.Label
	Notice   config.Label // shown on every page, e.g. 演示
	Timezone string       // IANA name
	Sites    []Site
	// Sources says which third-party sender a point belongs to; a point that is
	// not in it belongs to its site's gateway.
	Sources map[sensors.PointID]string
}

// Site is a place with one gateway, or with none where every point comes from a
// third-party sender.
type Site struct {
	ID                  string
	Kind                config.SiteKind
	Name                config.Label
	Latitude, Longitude *float64 // degrees, WGS 84
	Gateway             string
	SilentAfter         time.Duration
	Zones               []Zone
}

func (s Site) id() string { return s.ID }

// Zone is a room, box or technical place.
type Zone struct {
	ID     string // "site/zone"
	Kind   config.ZoneKind
	Name   config.Label
	Points []sensors.Point
	Limits map[sensors.Quantity][]alerting.Limit
}

// CountyFrom takes over what the page needs of a county's configuration.
// limits gives a zone's ("site/zone") own limits, with the defaults of its kind
// filled in; what lies in it may bring stricter ones, see Rooms.
func CountyFrom(c config.County, limits func(zone string) map[sensors.Quantity][]alerting.Limit) (County, error) {
	out := County{ID: c.County, Name: c.Name, Notice: c.Notice, Timezone: c.Timezone, Sources: c.PointSources()}
	if out.Timezone == "" {
		out.Timezone = "Asia/Shanghai"
	}
	for _, s := range c.Sites {
		site := Site{
			ID: s.ID, Kind: s.Kind, Name: s.Name, Latitude: s.Latitude, Longitude: s.Longitude,
			Gateway: s.Gateway, SilentAfter: s.SilentAfter,
		}
		for _, z := range s.Zones {
			zone := Zone{ID: s.ID + "/" + z.ID, Kind: z.Kind, Name: z.Name}
			zone.Limits = limits(zone.ID)
			for name, quantity := range z.Points {
				q, err := sensors.ParseQuantity(quantity)
				if err != nil {
					return County{}, fmt.Errorf("zone %s, point %s: %w", zone.ID, name, err)
				}
				id, err := sensors.ParsePointID(zone.ID + "/" + name)
				if err != nil {
					return County{}, fmt.Errorf("zone %s: %w", zone.ID, err)
				}
				zone.Points = append(zone.Points, sensors.Point{ID: id, Quantity: q})
			}
			SortPoints(zone.Points)
			site.Zones = append(site.Zones, zone)
		}
		out.Sites = append(out.Sites, site)
	}
	return out, nil
}

// SortPoints puts points into the order of sensors.Quantities; within a
// quantity "air" comes first, because limits are set for air, then by name.
func SortPoints(points []sensors.Point) {
	rank := func(p sensors.Point) string {
		i := slices.Index(sensors.Quantities(), p.Quantity)
		first := "1"
		if p.ID.Name() == "air" {
			first = "0"
		}
		return fmt.Sprintf("%02d%s%s", i, first, p.ID)
	}
	slices.SortFunc(points, func(a, b sensors.Point) int { return strings.Compare(rank(a), rank(b)) })
}

// Main returns the point whose value stands for the zone: its air temperature,
// else its first temperature. ok is false in a technical zone without one.
func (z Zone) Main() (p sensors.Point, ok bool) {
	i := slices.IndexFunc(z.Points, func(p sensors.Point) bool { return p.Quantity == sensors.Temperature })
	if i < 0 {
		return sensors.Point{}, false
	}
	return z.Points[i], true
}

// index finds zones and points by name.
type index struct {
	zones  map[string]Zone
	points map[sensors.PointID]sensors.Point
}

func indexOf(c County) index {
	ix := index{zones: map[string]Zone{}, points: map[sensors.PointID]sensors.Point{}}
	for _, s := range c.Sites {
		for _, z := range s.Zones {
			ix.zones[z.ID] = z
			for _, p := range z.Points {
				ix.points[p.ID] = p
			}
		}
	}
	return ix
}
