package certificate

import (
	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/gateway/evidence"
	"coldchain/gateway/words"
)

// say is a code's words; a code of a newer program stands for itself.
func say(table map[string]words.Text, code string) words.Text {
	if t, ok := table[code]; ok {
		return t
	}
	return words.Text{ZH: code, EN: code}
}

// both is a code in one line.
func both(t words.Text) string {
	if t.ZH == t.EN || t.EN == "" {
		return t.ZH
	}
	return t.ZH + " " + t.EN
}

func decision(d batch.Decision) words.Text {
	return say(map[string]words.Text{
		string(batch.Undecided):         {ZH: "尚未判定", EN: "Undecided"},
		string(batch.OnHold):            {ZH: "暂扣待查", EN: "On hold"},
		string(batch.Released):          {ZH: "放行", EN: "Released"},
		string(batch.PartiallyReleased): {ZH: "部分放行", EN: "Partially released"},
		string(batch.Rejected):          {ZH: "拒收", EN: "Rejected"},
	}, string(d))
}

func role(r evidence.Role) words.Text {
	return say(map[string]words.Text{
		string(evidence.Owner):   {ZH: "货主", EN: "Owner"},
		string(evidence.Keeper):  {ZH: "储存方", EN: "Keeper"},
		string(evidence.Carrier): {ZH: "承运方", EN: "Carrier"},
	}, string(r))
}

func kind(k exposure.Kind) words.Text {
	return say(map[string]words.Text{
		string(exposure.Store):       {ZH: "冷库", EN: "store"},
		string(exposure.Truck):       {ZH: "冷藏车", EN: "truck"},
		string(exposure.Unmonitored): {ZH: "不在监测范围", EN: "unmonitored by design"},
	}, string(k))
}

func basis(b string) words.Text {
	return say(map[string]words.Text{
		"air":      {ZH: "空气", EN: "air"},
		"product":  {ZH: "货物", EN: "product"},
		"estimate": {ZH: "估算", EN: "estimate"},
		"":         {ZH: "—"},
	}, b)
}

func cause(c string) words.Text {
	return say(map[string]words.Text{
		"restart":             {ZH: "采集器重启", EN: "gateway restarted"},
		"disk-limit":          {ZH: "存储已满", EN: "disk limit"},
		"gateway-silent":      {ZH: "网关失联", EN: "gateway silent"},
		"sensor-fault":        {ZH: "探头故障", EN: "sensor fault"},
		"unknown":             {ZH: "原因不明", EN: "cause unknown"},
		"calibration-expired": {ZH: "校准过期", EN: "calibration expired"},
	}, c)
}

func outcome(o batch.Outcome) words.Text {
	return say(map[string]words.Text{
		string(batch.Accepted):    {ZH: "接收", EN: "accepted"},
		string(batch.Reservation): {ZH: "保留意见接收", EN: "accepted with reservation"},
		string(batch.Refused):     {ZH: "拒收", EN: "refused"},
	}, string(o))
}

func measured(method string) words.Text {
	return say(map[string]words.Text{
		"surface":       {ZH: "表面", EN: "surface"},
		"between-packs": {ZH: "包装间", EN: "between packs"},
		"core":          {ZH: "中心", EN: "core"},
		"air":           {ZH: "空气中", EN: "in the air"},
		"":              {},
	}, method)
}

func class(c exposure.Class) words.Text {
	return say(map[string]words.Text{
		string(exposure.Manual):   {ZH: "手工测温", EN: "by hand"},
		string(exposure.Imported): {ZH: "随货记录仪", EN: "imported logger"},
	}, string(c))
}

func document(kind string) words.Text {
	return say(map[string]words.Text{
		batch.DocQuarantine: {ZH: "动物检疫合格证明", EN: "quarantine certificate"},
		batch.DocMeat:       {ZH: "肉品品质检验合格证", EN: "meat inspection"},
		batch.DocPromise:    {ZH: "承诺达标合格证", EN: "conformity promise"},
		batch.DocTest:       {ZH: "检验报告", EN: "test report"},
		batch.DocOther:      {ZH: "其他", EN: "other"},
	}, kind)
}

func relation(r batch.Relation) words.Text {
	return say(map[string]words.Text{
		string(batch.Split):      {ZH: "分批", EN: "split"},
		string(batch.Merge):      {ZH: "合批", EN: "merged"},
		string(batch.Transform):  {ZH: "加工", EN: "made into"},
		string(batch.Aggregated): {ZH: "装入", EN: "packed into"},
	}, string(r))
}

func level(l string) words.Text {
	return say(map[string]words.Text{
		"warning":   {ZH: "预警", EN: "warning"},
		"excursion": {ZH: "超限", EN: "excursion"},
	}, l)
}

func sideWord(s string) words.Text {
	return say(map[string]words.Text{"high": {ZH: "上限", EN: "high"}, "low": {ZH: "下限", EN: "low"}}, s)
}

func rule(r string) words.Text {
	return say(map[string]words.Text{
		"high-limit":          {ZH: "超高限", EN: "above the limit"},
		"low-limit":           {ZH: "低于下限", EN: "below the limit"},
		"high-total":          {ZH: "累计超高限", EN: "above, in total"},
		"low-total":           {ZH: "累计低于下限", EN: "below, in total"},
		"product-high":        {ZH: "货物过热", EN: "goods too warm"},
		"product-low":         {ZH: "货物过冷", EN: "goods too cold"},
		"estimate-high":       {ZH: "货物过热（估算）", EN: "goods too warm (estimate)"},
		"estimate-low":        {ZH: "货物过冷（估算）", EN: "goods too cold (estimate)"},
		"silence":             {ZH: "测点无读数", EN: "no reading"},
		"sensor-fault":        {ZH: "探头故障", EN: "sensor fault"},
		"site-silent":         {ZH: "站点失联", EN: "site silent"},
		"door-open":           {ZH: "门未关", EN: "door open"},
		"mains-lost":          {ZH: "停电", EN: "mains lost"},
		"defrost-long":        {ZH: "除霜过长", EN: "defrost too long"},
		"rate-of-rise":        {ZH: "升温过快", EN: "rises too fast"},
		"pull-down":           {ZH: "降温过慢", EN: "slow pull-down"},
		"condensation":        {ZH: "结露", EN: "condensation"},
		"compressor-silent":   {ZH: "压缩机不运行", EN: "compressor silent"},
		"calibration-expired": {ZH: "校准过期", EN: "calibration expired"},
	}, r)
}

func answer(a string) words.Text {
	return say(map[string]words.Text{
		"acknowledged": {ZH: "知道了", EN: "acknowledged"},
		"on-the-way":   {ZH: "在路上", EN: "on the way"},
		"on-site":      {ZH: "已到场", EN: "on site"},
		"handled":      {ZH: "已处理", EN: "handled"},
	}, a)
}

// closing is a code that an alarm was closed with, or what was written instead.
func closing(code string) words.Text {
	if code == "other" {
		return words.Text{ZH: "其他", EN: "other"}
	}
	if t, ok := words.Closing(code); ok {
		return t
	}
	return words.Text{ZH: code}
}
