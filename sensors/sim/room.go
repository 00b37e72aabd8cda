package sim

import "math"

// room is what does not change while the simulation runs.
type room struct {
	build
	productHeat float64 // J/K of the goods
	vapourHeat  float64 // m³ that hold the moisture
	doors       uint64  // stream of the openings
	route       *legs
	quiet       bool

	failed, stuck, shut []span
}

// roomState is everything that does: a plain value, so that a copy is a
// checkpoint.
type roomState struct {
	air, product float64 // °C
	vapour       float64 // g/m³
	gained, lost float64 // J into and out of air and goods since the beginning

	doorSlot, doorFrom, doorTo int64
	nextDefrost, defrostUntil  int64
	defrostAbove               float64 // air temperature that ends the defrost

	calling, running, heating, defrosting, open bool
}

// slot is the working time in which a door is opened at most once.
const slot = 20 * 60

func newRoom(p Plan, site Site, r Room, route *legs) room {
	b, _ := r.Kind.build() // the plan was checked
	volume, load := b.volume, b.load
	if r.Volume > 0 {
		volume = r.Volume
	}
	if r.LoadKG > 0 {
		load = max(50, r.LoadKG)
	}
	size := volume / b.volume
	surface := math.Pow(size, 2.0/3)
	goods := math.Pow(load/b.load, 2.0/3)
	b.airHeat *= size
	b.fans *= size
	b.breath *= load / b.load
	b.exchange *= goods
	b.leak *= surface
	b.doorLeak *= surface
	b.cooling *= surface
	b.heating *= surface
	b.defrostHeat *= surface

	zone := site.ID + "/" + r.ID
	of := func(kind FaultKind) []span {
		return p.spansOf(kind, func(f Fault) bool { return f.Zone == zone })
	}
	return room{
		build: b, productHeat: load * b.specific, vapourHeat: volume,
		doors: stream(p.Seed, "door", zone), route: route, quiet: r.Quietly,
		failed: of(CompressorFailure), stuck: of(DoorOpen), shut: of(DoorShut),
	}
}

func (r *room) beginning(t int64, a air) roomState {
	s := roomState{doorSlot: math.MinInt64}
	s.air = (r.cutIn + r.cutOut) / 2
	if r.build.heating > 0 && a.building < s.air {
		s.air = (r.heatOn + r.heatOff) / 2
	}
	s.product = s.air
	s.vapour = 0.8 * saturation(s.air)
	s.nextDefrost = t + int64(unit(r.doors, -1)*float64(r.defrostEvery))
	return s
}

// run advances the state second by second from one time to another within one
// minute, under one weather. The step is explicit Euler: at 1 s it is far
// below the shortest time constant (about 10 minutes).
func (r *room) run(s *roomState, from, to int64, a air, mains *mains) {
	ambient := a.building
	if r.outside {
		ambient = a.outdoors
	}
	for t := from; t < to; t++ {
		small, power := mains.at(t)
		s.open = r.doorAt(s, t)
		r.control(s, t, small, power)

		leak := r.leak
		if s.open {
			leak += r.doorLeak
		}
		in := leak * (ambient - s.air)
		if small {
			in += r.fans
			if s.heating {
				in += r.build.heating
			}
			if s.defrosting {
				in += r.defrostHeat
			}
		}
		out := 0.0
		if s.running {
			out = r.cooling
		}
		shared := r.exchange * (s.air - s.product)
		s.air += (in - out - shared) / r.airHeat
		s.product += shared / r.productHeat
		s.gained += in
		s.lost += out
		r.moisture(s, leak, a)
	}
}

// control is the room's controller: thermostat with hysteresis, heater,
// periodic defrost. Defrost begins where the compressor has just reached its
// cut-out, so that it starts from the coldest air; a room that cannot get cold
// does not defrost.
func (r *room) control(s *roomState, t int64, small, power bool) {
	if s.defrosting {
		if t >= s.defrostUntil || s.air >= s.defrostAbove {
			s.defrosting, s.calling = false, true
		}
	} else if s.air >= r.cutIn {
		s.calling = true
	} else if s.calling && s.air <= r.cutOut {
		s.calling = false
		if t >= s.nextDefrost {
			s.defrosting = true
			s.defrostUntil = t + r.defrostLongest
			s.defrostAbove = s.air + r.defrostRise
			s.nextDefrost = t + r.defrostEvery
		}
	}
	s.running = s.calling && power && !anyHolds(r.failed, t)
	if r.build.heating > 0 {
		if s.air <= r.heatOn {
			s.heating = true
		} else if s.air >= r.heatOff {
			s.heating = false
		}
	}
	if !small {
		s.heating = false
	}
}

// doorAt decides whether the door stands open. The openings of a slot follow
// from its number alone.
func (r *room) doorAt(s *roomState, t int64) bool {
	if len(r.stuck) > 0 && anyHolds(r.stuck, t) {
		return true
	}
	if r.quiet || len(r.shut) > 0 && anyHolds(r.shut, t) {
		return false
	}
	if r.route != nil {
		_, _, stood, stay := r.route.at(t)
		return doorAtStop(stood, stay)
	}
	if n := floorDiv(t, slot); n != s.doorSlot {
		s.doorSlot, s.doorFrom, s.doorTo = n, 0, 0
		hour := secondOfDay(n*slot) / 3600
		if hour >= 8 && hour < 18 && unit(r.doors, 3*n) < r.opening {
			length := 20 + unit(r.doors, 3*n+1)*(r.longest-20)
			s.doorFrom = n*slot + int64(unit(r.doors, 3*n+2)*(slot-length))
			s.doorTo = s.doorFrom + int64(length)
		}
	}
	return t >= s.doorFrom && t < s.doorTo
}

// moisture follows the water in the air: it comes from the goods and through
// the door, and goes to the coil while the coil is colder than the dew point.
func (r *room) moisture(s *roomState, leak float64, a air) {
	change := r.breath
	if s.open {
		// Air carries about 1.2 kJ/(m³ K): the door's W/K as a flow of m³/s.
		change += (leak - r.leak) / 1200 * (a.vapour - s.vapour)
	}
	if s.running {
		if coil := saturation(s.air - r.coilApproach); s.vapour > coil {
			change -= 0.05 * (s.vapour - coil) * r.vapourHeat / 45
		}
	}
	if s.defrosting {
		change += 0.01 // some of the frost evaporates
	}
	s.vapour = max(0, s.vapour+change/r.vapourHeat)
	// Frost on walls and goods takes what the air cannot hold. The exact limit
	// matters only close to it, so the exponential is spared far below.
	if most := saturation(s.air) * frostPoint(s.air); s.vapour > most {
		s.vapour = most
	}
}

// mains are a site's three phases.
type mains struct{ lost [3][]span }

// at reports whether the small consumers on phase 1 (fans, heaters) have power,
// and whether all three phases are there, which a compressor needs.
func (m *mains) at(t int64) (small, power bool) {
	small = len(m.lost[0]) == 0 || !anyHolds(m.lost[0], t)
	power = small &&
		(len(m.lost[1]) == 0 || !anyHolds(m.lost[1], t)) &&
		(len(m.lost[2]) == 0 || !anyHolds(m.lost[2], t))
	return small, power
}

func newMains(p Plan, site string) *mains {
	m := &mains{}
	for i := range m.lost {
		m.lost[i] = p.spansOf(MainsCut, func(f Fault) bool {
			if f.Site != site {
				return false
			}
			for _, n := range f.Phases {
				if n == i+1 {
					return true
				}
			}
			return len(f.Phases) == 0
		})
	}
	return m
}
