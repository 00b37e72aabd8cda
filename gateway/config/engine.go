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
			out.Product, out.Masks = z.product(out.ID), z.masks()
			out.LearnsDefrost = s.Kind != Truck && z.learnsDefrost()
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

// product returns how the goods of a zone are judged, with the kind's defaults;
// nil when only the air is.
func (z *Zone) product(id string) *alerting.Product {
	tau, limits, known := alerting.DefaultProduct(string(z.Kind))
	air, probe := z.air(), z.probe()
	if probe == "" && (air == "" || z.Product.Estimate == "none" || !known && z.Product.TimeConstant == 0) {
		return nil
	}
	out := &alerting.Product{TimeConstant: cmp.Or(z.Product.TimeConstant, tau), Limits: limits}
	if air != "" {
		out.Air = sensors.PointID(id + "/" + air)
	}
	if probe != "" {
		out.Probe = sensors.PointID(id + "/" + probe)
	}
	own, given := z.Limits[string(sensors.Temperature)]
	switch {
	case z.Product.Limits != nil:
		own = z.Product.Limits
	case !given || slices.Equal(own, (&Zone{Kind: z.Kind, Points: z.Points}).resolvedLimits()[string(sensors.Temperature)]):
		return out
	case probe == "":
		own = nil // whoever has other limits for the room has not said any for the goods: shown, not judged
	}
	out.Limits = nil
	for _, l := range own {
		if l.Within == 0 {
			out.Limits = append(out.Limits, l.limit())
		}
	}
	return out
}

// probe is the point in the goods: the one that is named so, or that the file
// names. "" when there is none.
func (z *Zone) probe() string {
	for _, name := range []string{z.Product.Probe, "core", "product"} {
		if name != "" && z.Points[name] == string(sensors.Temperature) && name != z.Product.Air && z.Kind != Technical {
			return name
		}
	}
	return ""
}

// masks returns by which of its switches a zone with goods is excused, with the
// defaults; nil when by none.
func (z *Zone) masks() map[sensors.Quantity]alerting.Mask {
	var out map[sensors.Quantity]alerting.Mask
	for _, name := range z.Points {
		q := sensors.Quantity(name)
		m, excuses := alerting.DefaultMask(q)
		if own, set := z.Masks[name]; set {
			m.For, m.Above = own.For, cmp.Or(own.Above, m.Above)
		}
		if !excuses || m.For == 0 || !z.measures(sensors.Temperature) || z.Kind == Technical {
			continue
		}
		if out == nil {
			out = map[sensors.Quantity]alerting.Mask{}
		}
		out[q] = m
	}
	return out
}

// learnsDefrost reports whether defrosts are learned from the air of a room: where
// no switch tells of them, and nobody has said that they excuse nothing.
func (z *Zone) learnsDefrost() bool {
	own, set := z.Masks[string(sensors.Defrost)]
	return z.Kind != Technical && z.measures(sensors.Temperature) && !z.measures(sensors.Defrost) && !(set && own.For == 0)
}

// air is the point that measures the air around the goods; "" when none does.
func (z *Zone) air() string {
	if z.Product.Air != "" {
		return z.Product.Air
	}
	first := ""
	for name, q := range z.Points {
		if q != string(sensors.Temperature) || name == z.probe() {
			continue
		}
		if first == "" || name == "air" || first != "air" && name < first {
			first = name
		}
	}
	return first
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
