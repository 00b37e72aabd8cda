package evidencetest

import (
	"fmt"
	"strings"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/gateway/evidence"
)

// calm is the paper of a batch that nothing happened to.
func calm() evidence.Document {
	code := "HJQ261123-TLG-007"
	measured, u := 1.8, 0.3
	at := func(h float64) time.Time { return Start.Add(hours(h)) }
	return evidence.Document{
		Number: "CC-2026-0007", Version: 1, Made: at(73), By: "person:qiqige", Demo: true,
		Page:   "https://coldchain.hangjin.example/c/7Q2M5ZK3YV4NA6TJX2R8DH9BWE",
		County: evidence.County{ID: "hangjin", Name: "杭锦旗", Office: "杭锦旗冷链物流服务中心", Phone: "0477-555 0123", Zone: "Asia/Shanghai"},
		Batch:  evidence.Goods{Code: code, Product: "塔拉沟山羊肉（冷鲜，二分体）", Quantity: "240 kg", Born: at(-12), Created: at(0)},
		Parties: []evidence.Party{
			{Role: evidence.Owner, Party: batch.Party{Name: "演示塔拉沟农牧业专业合作社", Code: "93150625MA0N000017"}},
			{Role: evidence.Keeper, Party: batch.Party{Name: "演示杭锦旗冷链仓储有限公司", Code: "91150625MA0N00002K"}, Filing: "蒙冷备 150625-0003"},
			{Role: evidence.Carrier, Party: batch.Party{Name: "演示草原冷链运输有限公司", Code: "91150625MA0N00003H"}},
		},
		Profile: evidence.Profile{Name: "mutton-chilled", ZH: "冷鲜羊肉", EN: "chilled mutton"},
		Standards: []evidence.Standard{
			{Number: "GB 31605-2020", Title: "食品冷链物流卫生规范", For: "监测、记录、交接 monitoring, records, handover"},
			{Number: "GB 20799-2016", Title: "食品安全国家标准 肉和肉制品经营卫生规范", For: "温度限值 temperature limits"},
			{Number: "GB/T 40956-2021", Title: "食品冷链物流交接规范", For: "交接 handover"},
			{Number: "GB/T 28843-2024", Title: "食品冷链物流追溯管理要求", For: "追溯 traceability"},
		},
		Places: []evidence.Place{
			{Zone: slaughter, Name: "独贵塔拉镇冷库 1 号预冷间", Filing: "蒙冷备 150625-0011"},
			{Zone: truck, Name: "冷藏车 1", Plate: "蒙K·演001"},
			{Zone: centre, Name: "锡尼中心冷库 2 号冷藏间", Filing: "蒙冷备 150625-0003", Photo: strings.Repeat("5e", 32)},
			{Zone: village, Name: "演示村07站 冷柜"},
		},
		Handovers: []batch.Handover{
			{At: at(20), Batch: code, From: "那仁", To: "王师傅", ProductC: &measured, Method: "core", Outcome: batch.Accepted},
			{At: at(24.5), Batch: code, From: "王师傅", To: "其其格", ProductC: &measured, Method: "between-packs", Outcome: batch.Accepted},
		},
		Documents: []batch.Document{
			{Kind: batch.DocQuarantine, Number: "NO.1506250012345", Date: at(-6), File: strings.Repeat("a1", 32), Name: "检疫证.jpg"},
			{Kind: batch.DocMeat, Number: "RPZ-2026-3391", Date: at(-5)},
		},
		Inspections: []batch.Inspection{{At: at(25), Item: "感官", Method: "GB 2707-2016", Value: "色泽正常，无异味", Limit: "无异味、无黏液", Pass: true, By: "其其格"}},
		Verdicts:    []batch.Verdict{{Batch: code, Version: 1, Decision: batch.Released, Reason: "全程 0 次超限，单证齐全", By: "其其格", At: at(72.5), Exposure: 1}},
		Probes: []evidence.Probe{
			{Point: centre + "/air", Device: "SHT45 0x44 #1F02A9C1", Certificate: "RD2026-0611-17", Laboratory: "演示计量检定所", From: at(-3000), Until: at(5700), UncertaintyC: &u, CheckedAtC: []string{"0 °C"}},
			{Point: slaughter + "/air", Device: "PT100 / XY-MD03 @7", Certificate: "RD2026-0611-21", Laboratory: "演示计量检定所", From: at(-3000), Until: at(5700), UncertaintyC: &u, CheckedAtC: []string{"0 °C", "−18 °C"}},
			{Point: truck + "/air", Device: "DS18B20 28-0316a2f9", Certificate: "RD2026-0611-22", Laboratory: "演示计量检定所", From: at(-3000), Until: at(5700), UncertaintyC: &u},
		},
		Methods: []evidence.Method{
			{Name: "temperature", ZH: "读数保持到下一个读数（阶梯法）；无读数的时间是缺口，不填补。", EN: "A reading holds until the next one (step); time without a reading is a gap and is not filled.", Source: "coldchain exposure"},
			{Name: "mkt", ZH: "平均动力学温度，ΔH 83.144 kJ/mol；冻品不计。", EN: "Mean kinetic temperature, ΔH 83.144 kJ/mol; not for frozen goods.", Source: "USP <1079.2>, <1160>"},
			{Name: "life", ZH: "按冷鲜肉假单胞菌生长速率积分，0–20 ℃ 有效。", EN: "Growth rate of pseudomonads on meat, integrated; valid from 0 to 20 °C.", Source: "Koutsoumanis et al. 2006"},
		},
	}
}

// eventful is the paper of a batch that much happened to, in its second version.
func eventful() evidence.Document {
	d := calm()
	at := func(h float64) time.Time { return Start.Add(hours(h)) }
	d.Number, d.Version, d.Made = "CC-2026-0008.2", 2, at(170)
	d.Supersedes = &evidence.Superseded{Number: "CC-2026-0008", Version: 1, Made: at(150), SHA256: strings.Repeat("0123456789abcdef", 4), Reason: "冷藏车 1 的 41 分钟读数在交货之后才送达，补入后重算"}
	d.Batch.Product = "塔拉沟山羊肉（冷鲜，带骨后腿，气调包装，每箱十二袋，净含量以实际称重为准）"
	d.Parties[0].Name = "演示内蒙古自治区鄂尔多斯市杭锦旗塔拉沟阿拉善双峰草原生态农牧业科技发展专业合作社联合社"
	d.Parties[2].Name = "演示呼和浩特—鄂尔多斯—包头草原城际冷链物流运输服务股份有限公司杭锦旗分公司"
	measured, warm := 2.2, 7.9
	d.Handovers = append(d.Handovers,
		batch.Handover{At: at(71.5), Batch: d.Batch.Code, From: "其其格", To: "王师傅", ProductC: &measured, Method: "surface", Outcome: batch.Accepted},
		batch.Handover{At: at(78), Batch: d.Batch.Code, From: "王师傅", To: "苏日娜", ProductC: &warm, Method: "between-packs", Outcome: batch.Reservation, Note: "包装间温度 7.9 ℃，收货时当面记录；两箱外包装受潮"})
	d.Verdicts = []batch.Verdict{
		{Batch: d.Batch.Code, Version: 1, Decision: batch.OnHold, Reason: "运输途中缺 41 分钟读数，等补送", By: "其其格", At: at(100), Exposure: 1},
		{Batch: d.Batch.Code, Version: 2, Decision: batch.PartiallyReleased, Quantity: "200 kg", Reason: "两箱受潮退回；其余感官与中心温度合格", By: "其其格", At: at(168), Severe: true, Second: "巴雅尔", SecondAt: at(169), Exposure: 2},
	}
	d.Links = []batch.Link{{Parent: d.Batch.Code, Child: d.Batch.Code + "-A", Relation: batch.Split, Quantity: "40 kg", At: at(90)}}
	limit := 4.0
	for i, a := range []struct {
		zone, rule string
		hour, peak float64
	}{{slaughter, "high-limit", 6, 7.1}, {truck, "high-limit", 22, 9.4}, {centre, "high-limit", 40, 6.2}, {truck, "low-limit", 73, -2.4}} {
		peak := a.peak
		d.Alarms = append(d.Alarms, evidence.Alarm{ID: fmt.Sprintf("%016x", i+0x5a17), Rule: a.rule, Level: "excursion", Object: a.zone + "/air", Zone: a.zone,
			Start: at(a.hour), Returned: at(a.hour + 1.2), LimitC: &limit, PeakC: &peak,
			Steps: []evidence.Step{{At: at(a.hour + 0.3), By: "person:naren", Word: "acknowledged"}, {At: at(a.hour + 0.7), By: "person:naren", Word: "on-site", Note: "门帘没放下"}},
			Closing: &evidence.Closing{At: at(a.hour + 5), By: "person:qiqige", Cause: "door-open", Action: "closed-door", Outcome: "goods-fine",
				Note: "放下门帘，检查门封；中心温度 3.1 ℃", Second: "person:bayar"}})
	}
	return d
}

// eventfulStays are thirty stays with everything that can be in one.
func eventfulStays() []stay {
	stays := []stay{
		{slaughter, exposure.Store, 20, 1.6, []bump{{6, 1.2, 5.2}}, nil},
		{truck, exposure.Truck, 4.5, 2.1, []bump{{2, 1.2, 6.8}}, []hole{{3.4, 0.68, "gateway-silent"}}},
		{centre, exposure.Store, 47, 1.9, []bump{{15, 1.5, 3.9}}, []hole{{30, 0.2, "restart"}, {41, 1.1, "sensor-fault"}}},
		{truck, exposure.Truck, 6.5, 1.1, []bump{{1.5, 1, -4}}, nil},
		{"演示村07站 门市", exposure.Unmonitored, 10, 0, nil, nil},
	}
	for i := range 24 {
		zone, kind := centre, exposure.Store
		if i%3 == 1 {
			zone, kind = truck, exposure.Truck
		}
		s := stay{zone: zone, kind: kind, hours: 3, mean: 1.5 + float64(i%5)*0.2}
		if i%4 == 2 {
			s.bumps = []bump{{0.5, 0.6 + float64(i)/30, 3.2 + float64(i)/10}}
		}
		stays = append(stays, s)
	}
	return append(stays, stay{village, exposure.Store, 8, 3.1, nil, nil})
}
