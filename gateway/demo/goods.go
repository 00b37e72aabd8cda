package demo

import (
	"fmt"
	"math"
	"time"

	"coldchain/alerting/batch"
	"coldchain/gateway/config"
	"coldchain/sensors/sim"
)

// product is a kind of goods: the code's middle part, the label, the profile
// and the sizes of a lot.
type product struct {
	code, name, profile string
	kilograms           int
	unit                string // what quantities are written in
}

// The county's goods. 塔拉沟山羊肉 is the banner's own geographical indication.
var (
	goat   = product{"TLG", "塔拉沟山羊肉", "goat-frozen", 240, "kg"}
	mutton = product{"MUT", "羊肉", "mutton-frozen", 320, "kg"}
	beef   = product{"BEF", "牛肉", "beef-frozen", 400, "kg"}
	offal  = product{"OFF", "羊杂", "offal-frozen", 150, "kg"}
	fresh  = product{"FRM", "鲜羊肉", "mutton-chilled", 180, "kg"}
	milk   = product{"MLK", "鲜奶", "milk", 300, "L"}
	yogurt = product{"YGT", "酸奶", "yoghurt", 160, "kg"}
	potato = product{"POT", "土豆", "potato", 2000, "kg"}
	carrot = product{"CAR", "胡萝卜", "carrot", 800, "kg"}
	tomato = product{"TOM", "番茄", "tomato", 500, "kg"}
	egg    = product{"EGG", "鸡蛋", "egg", 90, "kg"}
)

// owners are fictitious, and say so.
var owners = []string{"演示牧民合作社（虚构）", "演示肉业公司（虚构）", "演示乳品厂（虚构）", "演示种植合作社（虚构）"}

// goodsOf says what lies in a room, by its name.
func goodsOf(room string) []product {
	switch room {
	case "mutton-1":
		return []product{goat, mutton, goat}
	case "beef-1":
		return []product{beef, beef}
	case "offal-1":
		return []product{offal, offal}
	case "meat-1":
		return []product{fresh, fresh}
	case "dairy-1":
		return []product{milk, yogurt, egg}
	case "vegetable-1", "carrot-1":
		return []product{carrot, carrot}
	case "potato-1":
		return []product{potato, potato}
	case "tomato-1":
		return []product{tomato, tomato}
	case "freezer-1":
		return []product{mutton}
	}
	return nil
}

func (p product) owner() string {
	switch p.code {
	case "TLG", "MUT", "OFF", "FRM":
		return owners[0]
	case "BEF":
		return owners[1]
	case "MLK", "YGT":
		return owners[2]
	}
	return owners[3]
}

// slip counts lots per product and writes their codes.
type slip struct {
	county *County
	count  map[string]int
}

// lot adds a batch made days before the start.
func (s *slip) lot(p product, made time.Time, part float64) string {
	s.count[p.code]++
	id := fmt.Sprintf("HJQ%s-%s-%03d", made.In(countyTime).Format("060102"), p.code, s.count[p.code])
	amount := max(10, int(math.Round(float64(p.kilograms)*part/10)*10))
	s.county.Batches = append(s.county.Batches, batch.Batch{
		ID: id, Product: p.name, Profile: p.profile, Quantity: fmt.Sprintf("%d %s", amount, p.unit), Owner: p.owner(), Created: made,
	})
	return id
}

func (s *slip) held(id, zone string, from, to time.Time) {
	s.county.Custody = append(s.county.Custody, batch.Custody{Batch: id, Zone: zone, From: from, To: to})
}

// countyTime is the zone lots are dated in.
var countyTime = time.FixedZone("UTC+8", 8*3600)

// fillWithGoods puts batches into every room and truck. In each larger room
// one lot is recent, and in the frozen and chilled rooms that a truck visits
// one has left by it: it lay there before the story's fault and not during it.
func (c *County) fillWithGoods() {
	s := &slip{county: c, count: map[string]int{}}
	for i, site := range c.Config.Sites {
		if site.Kind == config.Truck {
			continue
		}
		for j, zone := range site.Zones {
			for k, p := range goodsOf(zone.ID) {
				age := time.Duration(26+9*k+((7*i+5*j)%11)) * time.Hour
				at := c.start.Add(-age).Truncate(10 * time.Minute)
				id := s.lot(p, at.Add(-3*time.Hour), 0.6+0.15*float64((i+j+k)%5))
				s.held(id, site.ID+"/"+zone.ID, at, time.Time{})
			}
		}
	}
	for _, t := range []struct {
		truck, from, zone string
		at                [2]float64
		product           product
	}{
		{"truck-1", "jirigalangtu/mutton-1", "centre/mutton-1", jirigalangtu, mutton},
		{"truck-2", "balagong/mutton-1", "centre/mutton-1", balagong, goat},
		{"truck-3", "tarangaole/meat-1", "centre/meat-1", tarangaole, fresh},
	} {
		c.haul(s, t.truck, t.from, t.zone, t.at, t.product)
	}
	c.unload(s)
}

// The truck that stands idle: it was unloaded, and its unit switched off after
// that, so that its box is warm and nobody is told.
const (
	idleTruck    = "truck-4"
	loadedBefore = 20 * time.Hour // before the start
	emptyBefore  = 9 * time.Hour
	offBefore    = 8 * time.Hour
)

// idle adds to the plan what happened to the truck that stands idle.
func idle(p *sim.Plan) {
	p.Faults = append(p.Faults,
		sim.Fault{Kind: sim.DoorShut, Zone: idleTruck + "/box", At: sim.After(-sim.DefaultHistory)},
		sim.Fault{Kind: sim.CompressorFailure, Zone: idleTruck + "/box", At: sim.After(-offBefore)})
}

// unload books what the idle truck brought.
func (c *County) unload(s *slip) {
	from, to := c.start.Add(-loadedBefore).Truncate(time.Minute), c.start.Add(-emptyBefore).Truncate(time.Minute)
	id := s.lot(goat, from.Add(-3*time.Hour), 0.8)
	s.held(id, idleTruck+"/box", from, to)
	s.held(id, "centre/mutton-1", to, time.Time{})
}

// visit is a truck standing near a place.
type visit struct{ from, to time.Time }

// visits lists a truck's stays near a place during the simulated past, oldest
// first, to the minute.
func (c *County) visits(truck string, at [2]float64) (list []visit) {
	var now *visit
	for t := c.Sim.Begin(); !t.After(c.start); t = t.Add(time.Minute) {
		lat, lon, standing, _ := c.Sim.Position(truck, t)
		there := standing && math.Abs(lat-at[0]) < 0.01 && math.Abs(lon-at[1]) < 0.01
		switch {
		case there && now == nil:
			now = &visit{from: t, to: t}
		case there:
			now.to = t
		case now != nil:
			list, now = append(list, *now), nil
		}
	}
	return list
}

// safeBefore is how long before the start a hauled lot has left its room at
// least: earlier than any story's fault.
const safeBefore = 8 * time.Hour

// haul gives a truck its load: a lot fetched at a store some time ago, brought
// to the centre where the truck has been there since; and one loaded at the
// centre on its last visit, still aboard.
func (c *County) haul(s *slip, truck, from, to string, at [2]float64, p product) {
	box := truck + "/box"
	home := c.visits(truck, xini)
	if len(home) > 0 {
		last := home[len(home)-1].to
		id := s.lot(p, last.Add(-30*time.Hour), 0.8)
		s.held(id, to, last.Add(-20*time.Hour), last)
		s.held(id, box, last, time.Time{})
	}
	for _, v := range c.visits(truck, at) {
		if from == "" || v.to.After(c.start.Add(-safeBefore)) {
			return
		}
		for _, h := range home {
			if h.from.After(v.to) {
				id := s.lot(p, v.to.Add(-52*time.Hour), 1)
				s.held(id, from, v.to.Add(-46*time.Hour), v.to)
				s.held(id, box, v.to, h.from)
				s.held(id, to, h.from, time.Time{})
				return
			}
		}
	}
}
