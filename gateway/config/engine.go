package config

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// EngineZones returns the county's zones as the alarm engine judges them, in
// the order of the file, with default limits and hysteresis filled in. It takes
// a configuration that Validate has nothing against.
func (c *County) EngineZones() []alerting.Zone {
	var zones []alerting.Zone
	for _, s := range c.Sites {
		for _, z := range s.Zones {
			out := alerting.Zone{ID: s.ID + "/" + z.ID, Limits: map[sensors.Quantity][]alerting.Limit{}, Hysteresis: map[sensors.Quantity]float64{}}
			for q, limits := range z.resolvedLimits() {
				for _, l := range limits {
					out.Limits[sensors.Quantity(q)] = append(out.Limits[sensors.Quantity(q)], l.limit())
				}
			}
			for q, h := range z.resolvedHysteresis() {
				out.Hysteresis[sensors.Quantity(q)] = h
			}
			for _, name := range z.Points {
				q := sensors.Quantity(name)
				if switched := alerting.SwitchLimits(q, s.Kind == Truck); len(switched) > 0 && out.Limits[q] == nil {
					out.Limits[q] = switched
				}
			}
			zones = append(zones, out)
		}
	}
	return zones
}

// edgeDelay is that of a plain high or low in an edge's file: a chilled room's
// warning [E].
const edgeDelay = 15 * time.Minute

// EngineZones returns the zones of an edge's file as the engine judges them. It
// takes a configuration that Validate has nothing against.
func (e *Edge) EngineZones() []alerting.Zone {
	var zones []alerting.Zone
	for _, l := range e.Limits {
		q := sensors.Quantity(l.Quantity)
		out := alerting.Zone{ID: e.Site + "/" + l.Zone, Limits: map[sensors.Quantity][]alerting.Limit{q: l.limits()}, Hysteresis: map[sensors.Quantity]float64{}}
		switch {
		case l.Hysteresis != nil:
			out.Hysteresis[q] = *l.Hysteresis
		case q == sensors.Humidity:
			out.Hysteresis[q] = DefaultHumidityMargin
		}
		zones = append(zones, out)
	}
	return zones
}

func (l EdgeLimits) limits() (out []alerting.Limit) {
	if l.High != nil {
		out = append(out, alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: *l.High, Delay: edgeDelay})
	}
	if l.Low != nil {
		out = append(out, alerting.Limit{Side: alerting.Low, Level: alerting.Warning, Value: *l.Low, Delay: edgeDelay})
	}
	for _, x := range l.Lines {
		out = append(out, x.limit())
	}
	return out
}

// Points returns every point of the county, sorted by name.
func (c *County) Points() []sensors.Point {
	var points []sensors.Point
	for _, s := range c.Sites {
		for _, z := range s.Zones {
			for _, name := range slices.Sorted(maps.Keys(z.Points)) {
				points = append(points, sensors.Point{ID: sensors.PointID(s.ID + "/" + z.ID + "/" + name), Quantity: sensors.Quantity(z.Points[name])})
			}
		}
	}
	slices.SortFunc(points, func(a, b sensors.Point) int { return cmp.Compare(a.ID, b.ID) })
	return points
}
