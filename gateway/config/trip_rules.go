package config

// The bounds of a site's radius, metres: a receiver wanders by tens of metres,
// and townships are some ten kilometres apart.
const (
	DefaultRadius = 2000.0
	minRadius     = 50.0
	maxRadius     = 20_000.0
)

// fillTrips says where trucks' trips begin and end, and how large places are.
func (c *County) fillTrips() {
	home, centres := "", 0
	for _, s := range c.Sites {
		if s.Kind == Centre && s.Latitude != nil && s.Longitude != nil {
			home, centres = s.ID, centres+1
		}
	}
	for i := range c.Sites {
		s := &c.Sites[i]
		switch {
		case s.Kind == Truck && centres == 1:
			fill(&s.Home, home)
		case s.Kind != Truck && s.Latitude != nil:
			fill(&s.Radius, DefaultRadius)
		}
	}
}

// checkTrips checks what trips are cut by.
func (c *County) checkTrips(r *report) {
	for i, s := range c.Sites {
		p := place("sites").index(i)
		at := p.key("radius")
		switch {
		case s.Radius == 0:
		case s.Kind == Truck || s.Latitude == nil:
			r.bad(at, "give latitude and longitude as well, or remove radius", "site %.60q has a radius and no position", s.ID)
		case !(s.Radius >= minRadius && s.Radius <= maxRadius):
			r.bad(at, "want 50 to 20000 metres, e.g. 2000", "a radius of %g m is not that of a place", s.Radius)
		}
		if s.Home == "" {
			continue
		}
		at = p.key("home")
		if s.Kind != Truck {
			r.bad(at, "remove home", "site %.60q does not drive", s.ID)
			continue
		}
		known := false
		for _, h := range c.Sites {
			known = known || h.ID == s.Home && h.Kind != Truck && h.Latitude != nil && h.Longitude != nil
		}
		if !known {
			r.bad(at, "name a site that stands and has latitude and longitude, e.g. home: centre", "truck %.60q has its home at %.60q, which is none", s.ID, s.Home)
		}
	}
}
