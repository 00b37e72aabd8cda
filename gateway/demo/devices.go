package demo

import (
	"fmt"
	"time"

	"coldchain/gateway/config"
	"coldchain/sensors"
	"coldchain/sensors/sim"
)

// binding is one device as the edge's configuration and the simulator see it,
// with what it measures: point name -> channel and point name -> quantity.
type binding struct {
	name, profile, zone string
	probe               sim.Probe
	channels            map[string]string
	quantities          map[string]string
}

func device(name, profile, zone string) *binding {
	return &binding{name: name, profile: profile, zone: zone, channels: map[string]string{}, quantities: map[string]string{}}
}

func (b *binding) point(name, channel string, q sensors.Quantity) *binding {
	b.channels[name], b.quantities[name] = channel, string(q)
	return b
}

// technicalZone holds what belongs to a site and not to a room.
func technicalZone(p place) string {
	if p.kind == config.Truck {
		return "vehicle"
	}
	return "site"
}

// devicesOf lists a site's devices; the unit identifier is the place in the
// list plus one.
func devicesOf(p place) []*binding {
	var list []*binding
	add := func(b *binding) { list = append(list, b) }
	if p.kind == config.Truck {
		add(device("gnss", "demo-gnss", technicalZone(p)).
			point("lat", "latitude", sensors.Latitude).point("lon", "longitude", sensors.Longitude))
	} else {
		add(device("power", "dio-8", technicalZone(p)).point("mains", "mains", sensors.Mains))
	}
	for _, r := range p.rooms {
		name := func(what string) string { return r.id + "-" + what }
		switch p.make {
		case carel:
			add(device(name("controller"), "carel-ir33", r.id).
				point("air", "temperature", sensors.Temperature).point("door", "door", sensors.Door).
				point("defrost", "defrost", sensors.Defrost).point("compressor", "compressor", sensors.Compressor))
		case eliwell:
			add(device(name("controller"), "eliwell-idplus", r.id).
				point("air", "temperature", sensors.Temperature).point("door", "door", sensors.Door))
		case danfoss:
			add(device(name("controller"), "danfoss-erc214", r.id).point("air", "temperature", sensors.Temperature))
		}
		if p.make == simple {
			add(device(name("air"), "xy-md02", r.id).
				point("air", "temperature", sensors.Temperature).point("humidity", "humidity", sensors.Humidity))
		} else {
			add(device(name("humidity"), "xy-md02", r.id).point("humidity", "humidity", sensors.Humidity))
		}
		if p.make == danfoss || p.make == simple {
			add(device(name("contact"), "dio-8", r.id).point("door", "door", sensors.Door))
		}
		if p.kind != config.VillageStation {
			core := device(name("product"), "juying-pt100", r.id).point("product", "temperature-1", sensors.Temperature)
			core.probe = sim.InProduct
			add(core)
		}
	}
	return list
}

// simulated is the site for the simulator.
func simulated(p place) sim.Site {
	s := sim.Site{ID: p.id, Route: p.route}
	for _, r := range p.rooms {
		s.Rooms = append(s.Rooms, sim.Room{ID: r.id, Kind: r.kind, Volume: r.volume, LoadKG: r.load})
	}
	for i, b := range devicesOf(p) {
		d := sim.Device{Name: b.name, Unit: uint8(i + 1), Profile: b.profile, Probe: b.probe}
		if b.zone != technicalZone(p) {
			d.Room = b.zone
		}
		s.Devices = append(s.Devices, d)
	}
	return s
}

// site is the site in the county's configuration.
func (p place) site() config.Site {
	lat, lon := p.lat, p.lon
	s := config.Site{ID: p.id, Kind: p.kind, Name: p.name, Gateway: gatewayOf(p.id)}
	if p.kind != config.Truck {
		s.Latitude, s.Longitude = &lat, &lon
	}
	points := map[string]map[string]string{}
	for _, b := range devicesOf(p) {
		if points[b.zone] == nil {
			points[b.zone] = map[string]string{}
		}
		for name, q := range b.quantities {
			points[b.zone][name] = q
		}
	}
	for _, r := range p.rooms {
		kind := config.ZoneKind(r.kind) // the simulator uses the configuration's words
		s.Zones = append(s.Zones, config.Zone{
			ID: r.id, Kind: kind, Name: r.name, Points: points[r.id],
			Limits: map[string][]config.Limit{string(sensors.Temperature): shortened(kind)},
		})
	}
	technical := config.Zone{ID: technicalZone(p), Kind: config.Technical, Name: label("站点电源", "Power"), Points: points[technicalZone(p)]}
	if p.kind == config.Truck {
		technical.Name = label("车辆位置", "Position")
	}
	s.Zones = append(s.Zones, technical)
	return s
}

func gatewayOf(site string) string { return site + "-gw" }

// edge is the configuration of the site's edge agent. Its bus gets an address
// once the simulated slaves listen.
func (p place) edge(o Options) config.Edge {
	e := config.Edge{
		County: CountyID, Site: p.id, Gateway: gatewayOf(p.id), Data: o.edgeData(p.id),
		MQTT:     config.MQTT{Server: o.Broker},
		Sampling: config.Sampling{Interval: LiveInterval, OutsideInterval: OutsideInterval},
		Delivery: config.Delivery{BacklogRate: 100_000, Spread: time.Millisecond}, // its day of past is there at once
		Buses:    []config.Bus{{Name: busName}},
	}
	for i, b := range devicesOf(p) {
		e.Devices = append(e.Devices, config.Device{
			Name: b.name, Bus: busName, Zone: b.zone, Profile: b.profile, Slave: uint8(i + 1), Points: b.channels,
		})
	}
	for _, r := range p.rooms {
		limit := config.EdgeLimits{Zone: r.id, Quantity: string(sensors.Temperature)}
		for _, l := range shortened(config.ZoneKind(r.kind)) {
			v := l.Value
			switch {
			case l.Side == "high" && (limit.High == nil || v < *limit.High):
				limit.High = &v
			case l.Side == "low" && (limit.Low == nil || v > *limit.Low):
				limit.Low = &v
			}
		}
		e.Limits = append(e.Limits, limit)
	}
	e.ApplyDefaults()
	return e
}

func pointID(site, zone, point string) sensors.PointID {
	return sensors.PointID(fmt.Sprintf("%s/%s/%s", site, zone, point))
}
