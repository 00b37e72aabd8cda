package demo

import (
	"fmt"
	"math"
	"time"

	"coldchain/gateway/config"
	"coldchain/sensors/sim"
)

// controller is the make of a room's refrigeration controller; it decides
// which points the room has.
type controller string

const (
	carel   controller = "carel-ir33"
	danfoss controller = "danfoss-erc214"
	eliwell controller = "eliwell-idplus"
	// simple is a small freezer: one transmitter and a door contact.
	simple controller = "xy-md02"
)

// place is a site as the tables below give it.
type place struct {
	id       string
	kind     config.SiteKind
	name     config.Label
	lat, lon float64
	make     controller
	rooms    []room
	route    []sim.Stop
}

type room struct {
	id     string
	kind   sim.Kind
	name   config.Label
	volume float64 // m³, 0: the kind's
	load   float64 // kg, 0: the kind's
}

func label(zh, en string) config.Label { return config.Label{ZH: zh, EN: en} }

// The townships' coordinates. The first was seen in a public source, the
// others are from memory and good enough for a map of the demonstration.
var (
	xini         = [2]float64{39.83, 108.73}
	balagong     = [2]float64{40.3, 107.0}
	huhemudu     = [2]float64{40.5, 107.2}
	jirigalangtu = [2]float64{40.7, 107.8}
	duguitala    = [2]float64{40.6, 108.7}
	yihewusu     = [2]float64{40.0, 107.8}
	tarangaole   = [2]float64{40.0, 109.2}
	dongsheng    = [2]float64{39.82, 110.0}
)

// places lists the county: 1 centre, 7 township stores, 38 village stations
// and 4 trucks, in this order.
func places() []place {
	all := append([]place{centre()}, townships()...)
	for i := 1; i <= 38; i++ {
		all = append(all, village(i))
	}
	return append(all, trucks()...)
}

func centre() place {
	return place{
		id: "centre", kind: config.Centre, name: label("锡尼配送中心", "Xini distribution centre"),
		lat: xini[0], lon: xini[1], make: carel,
		rooms: []room{
			{"mutton-1", sim.Frozen, label("羊肉库", "Mutton store"), 120, 9000},
			{"beef-1", sim.Frozen, label("牛肉库", "Beef store"), 90, 7000},
			{"meat-1", sim.Chilled, label("鲜肉保鲜库", "Fresh meat"), 80, 3500},
			{"dairy-1", sim.Dairy, label("奶品库", "Dairy"), 60, 2500},
			{"vegetable-1", sim.Vegetable, label("蔬菜保鲜库", "Vegetables"), 80, 4000},
			{"tomato-1", sim.WarmCrop, label("番茄库", "Tomatoes"), 45, 2000},
		},
	}
}

func townships() []place {
	store := func(id, zh, en string, at [2]float64, make controller, rooms ...room) place {
		return place{id: id, kind: config.TownshipStore, name: label(zh, en), lat: at[0], lon: at[1], make: make, rooms: rooms}
	}
	mutton := room{"mutton-1", sim.Frozen, label("羊肉库", "Mutton store"), 0, 2600}
	beef := room{"beef-1", sim.Frozen, label("牛肉库", "Beef store"), 0, 2200}
	offal := room{"offal-1", sim.Frozen, label("羊杂库", "Offal store"), 30, 1500}
	meat := room{"meat-1", sim.Chilled, label("鲜肉保鲜库", "Fresh meat"), 0, 1600}
	dairy := room{"dairy-1", sim.Dairy, label("奶品库", "Dairy"), 30, 1200}
	potato := room{"potato-1", sim.Potato, label("土豆库", "Potatoes"), 60, 8000}
	carrot := room{"carrot-1", sim.Vegetable, label("胡萝卜库", "Carrots"), 45, 3000}
	tomato := room{"tomato-1", sim.WarmCrop, label("番茄库", "Tomatoes"), 45, 1800}
	// The story's room is half empty, as in autumn: it warms within hours.
	failing := mutton
	failing.load = 1400
	return []place{
		store("xini", "锡尼镇冷库", "Xini cold store", [2]float64{39.85, 108.71}, carel, mutton, meat, dairy),
		store("balagong", "巴拉贡镇冷库", "Balagong cold store", balagong, carel, failing, beef, meat, tomato),
		store("jirigalangtu", "吉日嘎朗图镇冷库", "Jirigalangtu cold store", jirigalangtu, eliwell, potato, mutton),
		store("duguitala", "独贵塔拉镇冷库", "Duguitala cold store", duguitala, carel, mutton, meat, potato, carrot),
		store("huhemudu", "呼和木独镇冷库", "Huhemudu cold store", huhemudu, danfoss, mutton, tomato, carrot),
		store("yihewusu", "伊和乌素苏木冷库", "Yihewusu cold store", yihewusu, eliwell, mutton, meat, dairy),
		store("tarangaole", "塔然高勒管委会冷库", "Tarangaole cold store", tarangaole, danfoss, offal, meat),
	}
}

// village returns station n of 38: around the townships, every third with a
// small freezer, the others with power and link only.
func village(n int) place {
	towns := [][2]float64{xini, balagong, jirigalangtu, duguitala, huhemudu, yihewusu, tarangaole}
	at := towns[n%len(towns)]
	angle := float64(n) * 2.39996 // the golden angle spreads them evenly
	p := place{
		id: fmt.Sprintf("village-%02d", n), kind: config.VillageStation,
		name: label(fmt.Sprintf("演示村%02d", n), fmt.Sprintf("Demo village %02d", n)),
		lat:  round4(at[0] + 0.14*math.Sin(angle)), lon: round4(at[1] + 0.18*math.Cos(angle)),
		make: simple,
	}
	if n%3 == 1 {
		p.rooms = []room{{"freezer-1", sim.Frozen, label("小冷库", "Small freezer"), 12, 500}}
	}
	return p
}

func round4(v float64) float64 { return math.Round(v*1e4) / 1e4 }

func trucks() []place {
	truck := func(n int, plate string, box room, stops ...[2]float64) place {
		p := place{
			id: fmt.Sprintf("truck-%d", n), kind: config.Truck, make: simple,
			name:  label(fmt.Sprintf("冷藏车%d %s", n, plate), fmt.Sprintf("Truck %d %s", n, plate)),
			rooms: []room{box},
		}
		// Out along the stops and back the same way, the centre only once.
		p.route = append(p.route, stop(xini, 50*time.Minute))
		for _, at := range stops {
			p.route = append(p.route, stop(at, 35*time.Minute))
		}
		for i := len(stops) - 2; i >= 0; i-- {
			p.route = append(p.route, stop(stops[i], 20*time.Minute))
		}
		return p
	}
	frozen := room{"box", sim.FrozenBox, label("冷冻车厢", "Frozen box"), 0, 0}
	chilled := room{"box", sim.ChilledBox, label("冷藏车厢", "Chilled box"), 0, 0}
	return []place{
		truck(1, "蒙K·演01", frozen, duguitala, jirigalangtu),
		truck(2, "蒙K·演02", frozen, yihewusu, balagong, huhemudu),
		truck(3, "蒙K·演03", chilled, tarangaole, dongsheng),
		parked(truck(4, "蒙K·演04", room{"box", sim.FrozenBox, label("冷冻车厢", "Frozen box"), 0, 60})),
	}
}

// parked has a truck stand in the centre's yard all day.
func parked(p place) place {
	const halfDay = 12 * time.Hour
	p.route = []sim.Stop{stop(xini, halfDay), stop(xini, halfDay)}
	return p
}

func stop(at [2]float64, stay time.Duration) sim.Stop {
	return sim.Stop{Latitude: at[0], Longitude: at[1], Stay: stay}
}
