package webtest

import (
	"fmt"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/gateway/config"
	"coldchain/gateway/web"
	"coldchain/sensors"
)

// kindOf is how a kind of room is drawn.
type kindOf struct {
	kind        config.ZoneKind
	zh, en      string
	mean, swing float64
	limits      []alerting.Limit
}

func kinds() map[string]kindOf {
	high := func(level alerting.Level, v float64, minutes int) alerting.Limit {
		return alerting.Limit{Side: alerting.High, Level: level, Value: v, Delay: time.Duration(minutes) * time.Minute}
	}
	low := func(level alerting.Level, v float64, minutes int) alerting.Limit {
		return alerting.Limit{Side: alerting.Low, Level: level, Value: v, Delay: time.Duration(minutes) * time.Minute}
	}
	w, e := alerting.Warning, alerting.Excursion
	chilled := []alerting.Limit{high(w, 4, 15), high(e, 5, 30), high(e, 7, 10), low(e, -1, 15)}
	frozen := []alerting.Limit{high(w, -17, 30), high(e, -15, 60)}
	return map[string]kindOf{
		"mutton":  {config.Chilled, "羊肉库", "Mutton room", 1.9, 0.7, chilled},
		"beef":    {config.Chilled, "牛肉库", "Beef room", 2.2, 0.6, chilled},
		"frozen":  {config.Frozen, "冻肉库", "Frozen room", -19.6, 0.8, frozen},
		"blast":   {config.Frozen, "冻藏二号库", "Frozen room 2", -20.4, 0.9, frozen},
		"dairy":   {config.Dairy, "鲜奶库", "Milk room", 4.0, 0.6, []alerting.Limit{high(w, 6, 15), high(e, 7, 30), low(w, 1, 15), low(e, 0, 20)}},
		"veg":     {config.Vegetable, "蔬菜库", "Vegetable room", 2.3, 0.5, []alerting.Limit{high(w, 6, 60), low(w, 0, 10), low(e, -0.5, 10)}},
		"potato":  {config.Potato, "土豆窖", "Potato cellar", 4.6, 0.3, []alerting.Limit{high(w, 8, 240), low(w, 2, 15), low(e, 1, 15)}},
		"tomato":  {config.WarmCrop, "番茄库", "Tomato room", 10.2, 0.5, []alerting.Limit{high(w, 15, 120), low(w, 7, 120), low(e, 2, 10)}},
		"box":     {config.ChilledBox, "冷藏车厢", "Chilled box", 2.4, 0.6, chilled},
		"icebox":  {config.FrozenBox, "冷冻车厢", "Frozen box", -18.4, 0.8, []alerting.Limit{high(w, -15, 15), high(e, -12, 20)}},
		"freezer": {config.Frozen, "冰柜", "Freezer", -19.2, 0.9, frozen},
	}
}

// place is a site in short: rooms are "kind" or "kind!fate".
type place struct {
	id, zh, en string
	kind       config.SiteKind
	rooms      string
}

func places() []place {
	list := []place{
		{"centre", "旗配送中心", "County centre", config.Centre, "frozen blast mutton veg dairy"},
		{"xini", "锡尼镇", "Xini", config.TownshipStore, "mutton!expired frozen dairy!disagrees !generator"},
		{"balagong", "巴拉贡镇", "Balagong", config.TownshipStore, "mutton!failing frozen veg"},
		{"jirigalangtu", "吉日嘎朗图镇", "Jirigalangtu", config.TownshipStore, "beef frozen!warm potato"},
		{"duguitala", "独贵塔拉镇", "Duguitala", config.TownshipStore, "mutton!gap tomato"},
		{"huhemudu", "呼和木独镇", "Huhemudu", config.TownshipStore, "potato veg frozen!jumps"},
		{"yihewusu", "伊和乌素苏木", "Yihewusu", config.TownshipStore, "mutton!unread frozen !battery"},
		{"tarangaole", "塔然高勒管委会", "Tarangaole", config.TownshipStore, "dairy!broken mutton"},
		{"truck-1", "蒙K·演示1", "Truck 1", config.Truck, "box!lost"},
		{"truck-2", "蒙K·演示2", "Truck 2", config.Truck, "box"},
		{"truck-3", "蒙K·演示3", "Truck 3", config.Truck, "icebox"},
		{"truck-4", "蒙K·演示4", "Truck 4", config.Truck, "box!clockless"},
	}
	for i := range 38 {
		p := place{id: fmt.Sprintf("village-%02d", i+1), zh: fmt.Sprintf("演示村%02d", i+1), en: fmt.Sprintf("Village %02d", i+1), kind: config.VillageStation}
		switch {
		case i%7 == 3:
			p.rooms = "freezer"
			if i == 10 {
				p.rooms = "freezer!clockless"
			}
		case i == 11:
			p.rooms = "!powerless"
		case i == 20:
			p.rooms = "!generator"
		case i == 25:
			p.rooms = "!battery"
		}
		list = append(list, p)
	}
	return list
}

// whereabouts is where a site of the made-up county stands: towns in a ring, and
// villages strewn over the whole of it. A truck moves.
func whereabouts(p place) (latitude, longitude *float64) {
	if p.kind == config.Truck {
		return nil, nil
	}
	at := func(lat, lon float64) (*float64, *float64) { return &lat, &lon }
	towns := map[string][2]float64{"centre": {39.84, 108.73}, "xini": {39.88, 108.62}, "balagong": {40.32, 107.06}, "jirigalangtu": {40.62, 108.47},
		"duguitala": {40.58, 108.70}, "huhemudu": {40.47, 107.50}, "yihewusu": {39.93, 107.63}, "tarangaole": {40.03, 109.02}}
	if t, ok := towns[p.id]; ok {
		return at(t[0], t[1])
	}
	h := hash(p.id)
	return at(39.5+1.15*float64(h%997)/997, 107.1+1.85*float64(h/997%991)/991)
}

// build makes the county, its rooms and its gateways.
func (s *Scene) build() {
	s.County = web.County{ID: "hangjin", Name: config.Label{ZH: "杭锦旗", EN: "Hangjin Banner"},
		Notice: config.Label{ZH: "演示", EN: "Demo"}, Timezone: "Asia/Shanghai"}
	known := kinds()
	for _, p := range places() {
		lat, lon := whereabouts(p)
		site := web.Site{Latitude: lat, Longitude: lon, ID: p.id, Kind: p.kind, Name: config.Label{ZH: p.zh, EN: p.en}, Gateway: "gw-" + p.id, SilentAfter: 10 * time.Minute}
		technical := well
		for _, word := range strings.Fields(p.rooms) {
			name, f, _ := strings.Cut(word, "!")
			fated := fate(f)
			if s.story != Demo {
				fated = well
			}
			if name == "" {
				technical = fated
				continue
			}
			k := known[name]
			z := web.Zone{ID: p.id + "/" + name + "-1", Kind: k.kind, Name: config.Label{ZH: k.zh, EN: k.en},
				Limits: map[sensors.Quantity][]alerting.Limit{sensors.Temperature: k.limits}}
			for point, q := range map[string]sensors.Quantity{"air": sensors.Temperature, "humidity": sensors.Humidity,
				"door": sensors.Door, "defrost": sensors.Defrost, "compressor": sensors.Compressor} {
				if name == "freezer" && point != "air" || p.kind == config.Truck && point == "defrost" {
					continue
				}
				z.Points = append(z.Points, sensors.Point{ID: sensors.PointID(z.ID + "/" + point), Quantity: q})
			}
			if fated == disagrees {
				z.Points = append(z.Points, sensors.Point{ID: sensors.PointID(z.ID + "/product"), Quantity: sensors.Temperature})
			}
			if p.kind == config.TownshipStore {
				z.Points = append(z.Points, sensors.Point{ID: sensors.PointID(z.ID + "/set-point"), Quantity: sensors.SetPoint})
			}
			s.add(&site, z, room{mean: k.mean, swing: k.swing, fate: fated})
			if fated == lost {
				technical = lost
			}
		}
		s.addTechnical(&site, p, technical)
		s.County.Sites = append(s.County.Sites, site)
		g := web.Gateway{Name: site.Gateway, Site: site.ID, Online: technical != lost, LastSeen: s.start.Add(-8 * time.Second)}
		if technical == lost {
			g.LastSeen, g.Undelivered = s.start.Add(-47*time.Minute), 188
		}
		s.Boxes = append(s.Boxes, g)
	}
}

func (s *Scene) addTechnical(site *web.Site, p place, f fate) {
	z := web.Zone{ID: p.id + "/power", Kind: config.Technical, Name: config.Label{ZH: "供电与网络", EN: "Power and link"}}
	z.Points = []sensors.Point{{ID: sensors.PointID(z.ID + "/mains"), Quantity: sensors.Mains}}
	if f == generator || f == battery || p.kind == config.Centre {
		z.Points = append(z.Points, sensors.Point{ID: sensors.PointID(z.ID + "/generator"), Quantity: sensors.Generator},
			sensors.Point{ID: sensors.PointID(z.ID + "/battery"), Quantity: sensors.BatteryOK},
			sensors.Point{ID: sensors.PointID(z.ID + "/voltage"), Quantity: sensors.BatteryVoltage})
	}
	if p.kind == config.Truck {
		z.Points = []sensors.Point{{ID: sensors.PointID(z.ID + "/latitude"), Quantity: sensors.Latitude},
			{ID: sensors.PointID(z.ID + "/longitude"), Quantity: sensors.Longitude}}
	}
	s.add(site, z, room{fate: f})
}

func (s *Scene) add(site *web.Site, z web.Zone, r room) {
	web.SortPoints(z.Points)
	r.zone = z
	site.Zones = append(site.Zones, z)
	s.rooms = append(s.rooms, r)
}

// goods puts batches into the rooms and names them in the alarms.
func (s *Scene) goods(now time.Time) {
	lots := []struct {
		id, product, quantity, owner, stays string // stays: zone@hours ago, oldest first; "-" has left
	}{
		{"HJQ261123-TLG-007", "塔拉沟山羊肉", "240 kg", "示例养殖合作社", "centre/mutton-1@31 truck-2/box-1@9 balagong/mutton-1@6"},
		{"HJQ261122-TLG-003", "塔拉沟山羊肉", "180 kg", "示例养殖合作社", "balagong/mutton-1@22"},
		{"HJQ261121-MUT-011", "羊肉", "320 kg", "演示肉业", "xini/mutton-1@44 balagong/mutton-1@18"},
		{"HJQ261122-BEE-002", "牛肉", "410 kg", "演示肉业", "jirigalangtu/beef-1@26"},
		{"HJQ261119-MUT-020", "冻羊肉", "1.2 t", "演示肉业", "jirigalangtu/frozen-1@90"},
		{"HJQ261123-MLK-001", "鲜牛奶", "600 L", "示例牧场", "tarangaole/dairy-1@7"},
		{"HJQ261120-POT-004", "土豆", "5 t", "示例农场", "huhemudu/potato-1@70"},
		{"HJQ261123-CAR-001", "胡萝卜", "800 kg", "示例农场", "centre/veg-1@12 truck-1/box-1@2"},
		{"HJQ261118-YZS-006", "羊杂", "90 kg", "演示肉业", "xini/mutton-1@60 truck-4/box-1@40 -@33"},
		{"HJQ261122-TOM-002", "番茄", "260 kg", "示例农场", "duguitala/tomato-1@20"},
	}
	for _, l := range lots {
		h := web.BatchHistory{Batch: batch.Batch{ID: l.id, Product: l.product, Quantity: l.quantity, Owner: l.owner, Profile: "demo"}, Short: batch.Short(int64(len(s.Lots) + 1))}
		for _, stay := range strings.Fields(l.stays) {
			zone, hours, _ := strings.Cut(stay, "@")
			var ago int
			fmt.Sscan(hours, &ago)
			at := now.Add(-time.Duration(ago)*time.Hour - 13*time.Minute).Truncate(time.Second)
			if n := len(h.Custody); n > 0 {
				h.Custody[n-1].To = at
			} else {
				h.Created = at
			}
			if zone != "-" {
				h.Custody = append(h.Custody, batch.Custody{Batch: l.id, Zone: zone, From: at})
			}
		}
		s.Lots = append(s.Lots, h)
	}
	for i := range s.AlarmList {
		a := &s.AlarmList[i]
		for _, h := range s.Lots {
			for _, c := range h.Custody {
				if (c.Zone == a.Zone || strings.HasPrefix(c.Zone, a.Object+"/")) && c.Overlaps(a.Start, a.Returned) {
					a.Batches = append(a.Batches, web.ExposedBatch{Batch: h.Batch, Custody: c})
				}
			}
		}
	}
}
