package web

import (
	"net/http"

	"coldchain/alerting"
	"coldchain/gateway/access"
	"coldchain/gateway/config"
	"coldchain/sensors"
)

type countyJSON struct {
	ID          string       `json:"id"`
	Name        config.Label `json:"name"`
	Notice      config.Label `json:"notice"`
	Timezone    string       `json:"timezone"`
	StaleAfterS float64      `json:"stale_after_s"` // a value older than this is not shown as present
	Writable    bool         `json:"writable"`      // whoever asks may change something, somewhere
}

type siteJSON struct {
	ID        string          `json:"id"`
	Kind      config.SiteKind `json:"kind"`
	Name      config.Label    `json:"name"`
	Latitude  *float64        `json:"latitude"`
	Longitude *float64        `json:"longitude"`
	Gateway   *gatewayJSON    `json:"gateway"` // null where third parties alone measure
	Zones     []string        `json:"zones"`
}

type gatewayJSON struct {
	Name        string   `json:"name"`
	Site        string   `json:"site"`
	Online      bool     `json:"online"`
	LastSeen    stamp    `json:"last_seen"`
	Undelivered uint64   `json:"undelivered"`
	Faults      []string `json:"faults,omitempty"`

	Held        uint64            `json:"held,omitempty"`
	Alarm       bool              `json:"local_alarm,omitempty"`
	Provisional []provisionalJSON `json:"provisional,omitempty"`
}

// provisionalJSON is a value that is shown and counts for nothing.
type provisionalJSON struct {
	Point   sensors.PointID `json:"point"`
	Outside bool            `json:"outside,omitempty"`
	readingJSON
}

func gatewayOf(g Gateway) gatewayJSON {
	out := gatewayJSON{Name: g.Name, Site: g.Site, Online: g.Online, LastSeen: stamp(g.LastSeen), Undelivered: g.Undelivered,
		Faults: g.Faults, Held: g.Held, Alarm: g.Alarm}
	for _, p := range g.Provisional {
		out.Provisional = append(out.Provisional, provisionalJSON{p.Reading.Point, p.Outside, readingOf(p.Reading)})
	}
	return out
}

type sitesAnswer struct {
	Now     stamp        `json:"now"`
	County  countyJSON   `json:"county"`
	Sites   []siteJSON   `json:"sites"`
	Trouble *troubleJSON `json:"trouble"` // null while the collector is well
}

func (s *Server) sites(r *http.Request) (any, error) {
	if err := onlyParams(r); err != nil {
		return nil, err
	}
	seen := map[string]Gateway{}
	for _, g := range s.deps.Live.Gateways() {
		seen[g.Name] = g
	}
	c, reach := s.deps.County, reachOf(r)
	sites := make([]siteJSON, 0, len(c.Sites))
	for _, site := range c.Sites {
		if !reach.Site(site.ID) {
			if len(reach.Parties) > 0 { // an owner reads where his goods lay, and nothing of the rooms there
				sites = append(sites, siteJSON{site.ID, site.Kind, site.Name, nil, nil, nil, []string{}})
			}
			continue
		}
		var gateway *gatewayJSON
		if site.Gateway != "" {
			g, ok := seen[site.Gateway]
			if !ok {
				g = Gateway{Name: site.Gateway, Site: site.ID}
			}
			known := gatewayOf(g)
			gateway = &known
		}
		zones := make([]string, 0, len(site.Zones))
		for _, z := range site.Zones {
			zones = append(zones, z.ID)
		}
		sites = append(sites, siteJSON{site.ID, site.Kind, site.Name, site.Latitude, site.Longitude, gateway, zones})
	}
	return sitesAnswer{stamp(s.opt.Now()), countyJSON{c.ID, c.Name, c.Notice, c.Timezone, s.staleAfter().Seconds(), !whoOf(r).ReadOnly && whoOf(r).Has(access.Driver, access.Manager, access.Quality, access.Admin, access.Device)}, sites, s.trouble()}, nil
}

type zoneJSON struct {
	ID     string                           `json:"id"`
	Site   string                           `json:"site"`
	Kind   config.ZoneKind                  `json:"kind"`
	Name   config.Label                     `json:"name"`
	Main   sensors.PointID                  `json:"main,omitempty"` // the point that stands for the zone
	Limits map[sensors.Quantity][]limitJSON `json:"limits"`
	Points []pointJSON                      `json:"points"`
	// Product is the goods' temperature as estimated; absent where it is not.
	Product *productJSON  `json:"product,omitempty"`
	Spark   *envelopeJSON `json:"spark"`  // main point, 24 h; null when the store did not answer
	Recent  *envelopeJSON `json:"recent"` // main point, last quarter of an hour
	useJSON
}

type limitJSON struct {
	Side   alerting.Side  `json:"side"`
	Level  alerting.Level `json:"level"`
	Value  float64        `json:"value"`
	DelayS float64        `json:"delay_s"`
	// WithinS is of a sum of times: over how long they are added up.
	WithinS float64 `json:"within_s,omitempty"`
	Reached bool    `json:"reached,omitempty"` // a value equal to the limit is beyond it
}

type productJSON struct {
	Value         *float64    `json:"v"` // null: nobody can say
	Time          stamp       `json:"t"`
	TimeConstantS float64     `json:"time_constant_s"`
	Limits        []limitJSON `json:"limits"`
}

type pointJSON struct {
	ID       sensors.PointID  `json:"id"`
	Zone     string           `json:"zone"`
	Quantity sensors.Quantity `json:"quantity"`
	Unit     sensors.Unit     `json:"unit"`
	Status   PointStatus      `json:"status"`
	Sender   string           `json:"sender,omitempty"` // the third party that measures it
	Received stamp            `json:"received"`
	Reading  *readingJSON     `json:"reading"` // null when none has ever come
}

type readingJSON struct {
	Time    stamp          `json:"t"`
	Value   *float64       `json:"v"` // null when the quality is bad
	Quality string         `json:"q"`
	Reason  sensors.Reason `json:"reason,omitempty"`
	Class   string         `json:"class,omitempty"` // thirdParty, in stored readings
}

// thirdParty is the class of readings that come from no gateway of ours: what
// is promised of them begins at the broker.
const thirdParty = "third-party"

func readingOf(r sensors.Reading) readingJSON {
	out := readingJSON{Time: stamp(r.Time), Quality: r.Quality.String(), Reason: r.Reason}
	if v, ok := r.Value(); ok {
		out.Value = &v
	}
	return out
}

func (s *Server) point(p sensors.Point) pointJSON {
	out := pointJSON{ID: p.ID, Zone: p.ID.Zone(), Quantity: p.Quantity, Unit: p.Quantity.Unit(), Status: PointUnknown, Sender: s.deps.County.Sources[p.ID]}
	if l, ok := s.deps.Live.Latest(p.ID); ok {
		reading := readingOf(l.Reading)
		out.Status, out.Received, out.Reading = l.Status, stamp(l.Received), &reading
	}
	return out
}

func (s *Server) zone(z Zone) zoneJSON {
	site, _, _ := cutZone(z.ID)
	inForce := z.Limits
	if s.deps.Rooms != nil {
		inForce = s.deps.Rooms.Limits(z.ID)
	}
	out := zoneJSON{ID: z.ID, Site: site, Kind: z.Kind, Name: z.Name, Points: make([]pointJSON, 0, len(z.Points)),
		Limits: make(map[sensors.Quantity][]limitJSON, len(inForce))}
	if p, ok := z.Main(); ok {
		out.Main = p.ID
	}
	out.useJSON = s.useOf(z.ID)
	for q, limits := range inForce {
		out.Limits[q] = limitsOf(limits)
	}
	if s.deps.Rooms != nil {
		out.Product = productOf(s.deps.Rooms.Product(z.ID))
	}
	for _, p := range z.Points {
		out.Points = append(out.Points, s.point(p))
	}
	return out
}

func limitsOf(limits []alerting.Limit) []limitJSON {
	list := make([]limitJSON, 0, len(limits))
	for _, l := range limits {
		list = append(list, limitJSON{l.Side, l.Level, l.Value, l.Delay.Seconds(), l.Within.Seconds(), l.Reached})
	}
	return list
}

func productOf(p Product, ok bool) *productJSON {
	if !ok {
		return nil
	}
	out := &productJSON{Time: stamp(p.At), TimeConstantS: p.TimeConstant.Seconds(), Limits: limitsOf(p.Limits)}
	if p.Known {
		out.Value = &p.Value
	}
	return out
}

func cutZone(id string) (site, zone string, ok bool) {
	for i := range id {
		if id[i] == '/' {
			return id[:i], id[i+1:], true
		}
	}
	return id, "", false
}

type zonesAnswer struct {
	Now     stamp      `json:"now"`
	History string     `json:"history"` // "ok", "omitted", or "unavailable" when the store did not answer
	Zones   []zoneJSON `json:"zones"`
}

func (s *Server) zones(r *http.Request) (any, error) {
	if err := onlyParams(r, "sparkline"); err != nil {
		return nil, err
	}
	withSpark := true
	switch r.URL.Query().Get("sparkline") {
	case "0":
		withSpark = false
	case "", "1":
	default:
		return nil, badInput("sparkline 只能是 0 或 1", "sparkline must be 0 or 1")
	}
	zones := []zoneJSON{}
	var mains []sensors.Point
	for _, site := range inReach(r, s.deps.County.Sites, Site.id) {
		for _, z := range site.Zones {
			zones = append(zones, s.zone(z))
			if p, ok := z.Main(); ok {
				mains = append(mains, p)
			}
		}
	}
	history := "omitted"
	if withSpark {
		history = s.addSparks(r, zones, mains)
	}
	return zonesAnswer{stamp(s.opt.Now()), history, zones}, nil
}

func (s *Server) addSparks(r *http.Request, zones []zoneJSON, mains []sensors.Point) string {
	found, err := s.sparks.of(r.Context(), mains)
	if err != nil {
		s.opt.Logger.Warn("sparklines left out, the store did not answer", "err", err)
		return "unavailable"
	}
	for i, z := range zones {
		if k, ok := found[z.Main]; ok {
			day, recent := k.day.json(), k.recent.json()
			day.Mean, recent.Min, recent.Max = nil, nil, nil // not drawn; spares a slow link
			day.Doubts, recent.Doubts = nil, nil
			zones[i].Spark, zones[i].Recent = &day, &recent
		}
	}
	return "ok"
}

type pointsAnswer struct {
	Now    stamp       `json:"now"`
	Points []pointJSON `json:"points"`
}

func (s *Server) points(r *http.Request) (any, error) {
	if err := onlyParams(r, "zone"); err != nil {
		return nil, err
	}
	zone := r.URL.Query().Get("zone")
	if _, ok := s.index.zones[zone]; zone != "" && !ok {
		return nil, notFound("没有这个库区："+clip(zone), "there is no such zone: "+clip(zone))
	}
	points := []pointJSON{}
	for _, site := range inReach(r, s.deps.County.Sites, Site.id) {
		for _, z := range site.Zones {
			if zone != "" && z.ID != zone {
				continue
			}
			for _, p := range z.Points {
				points = append(points, s.point(p))
			}
		}
	}
	return pointsAnswer{stamp(s.opt.Now()), points}, nil
}
