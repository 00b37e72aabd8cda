package wording

import (
	"coldchain/alerting"
	"coldchain/alerting/duty"
)

// Language is that of a text.
type Language uint8

// The languages.
const (
	Chinese Language = iota
	English
)

// LanguageOf reads a roster's language; what is not English is Chinese.
func LanguageOf(s string) Language {
	if s == "en" {
		return English
	}
	return Chinese
}

type word [2]string

// say returns a word; a key that is not there comes back itself, so that a gap
// shows and fails a test.
func (l Language) say(key string) string {
	if w, ok := words[key]; ok {
		return w[l]
	}
	return key
}

// what says in a few words what a rule means; one that no table knows is named.
func (l Language) what(rule alerting.RuleName) string {
	if w, ok := rules[rule]; ok {
		return w[l]
	}
	return string(rule)
}

var words = map[string]word{
	"under-a-minute": {"不到1分钟", "under 1 min"},
	"minutes":        {"分钟", " min"},
	"hours":          {"小时", " h"},
	"days":           {"天", " days"},
	"comma":          {"，", ", "},
	"stop":           {"。", ". "},
	"list":           {"、", ", "},
	"semicolon":      {"；", "; "},

	"goods":       {"货温", "goods "},
	"estimated":   {"货温估算", "goods, estimated "},
	"over-total":  {"累计超上限%s", "over %s all told"},
	"under-total": {"累计低于下限%s", "under %s all told"},
	"over":        {"超过上限%s", "over %s"},
	"under":       {"低于下限%s", "under %s"},
	"since":       {"%s起", "since %s"},
	"until":       {"%s到%s", "%s to %s"},
	"left":        {"约剩%s", "%s left"},
	"lasting":     {"已%s", "for %s"},
	"again":       {"第%d次", "%d times"},
	"batches":     {"批次%s", "batch %s"},
	"batch-count": {"涉及%d批货", "batches: %d"},
	"more":        {"%s等%d批", "%s of %d"},
	"folded":      {"另有%d处受影响", "%d more affected"},
	"grown":       {"加重：", "WORSE: "},
	"reminder":    {"仍在：", "STILL: "},
	"returned":    {"已恢复：", "OVER: "},
	"closed":      {"已有人处理：", "CLOSED: "},
	"digest":      {"%d个报警：", "%d alarms: "},
	"wide":        {"%d个站点%s：", "%d sites, %s: "},
	"over-many":   {"%d处已恢复：", "%d are over: "},

	// Of the watch; the reasons of a pull-down and of a clock are words too.
	"rise":                {"%[1]s升%[2]s °C", "%[2]s °C warmer in %[1]s"},
	"pull-down":           {"%s%s °C，%s前要到%s °C", "%s %s °C, by %s must be %s °C"},
	"by-product-probe":    {"货芯", "core"},
	"by-product-estimate": {"估算货温", "goods (estimate)"},
	"by-air":              {"库温", "air"},
	"dew":                 {"要结露：露点%s °C，货温%s °C", "condensation: dew point %s °C, goods %s °C"},
	"air-is":              {"库温%s °C", "air %s °C"},
	// Of batches that grow old, by the alarm's reason.
	"spoils-life-used":               {"货架期已用完（%s %%）", "shelf life is used up (%s %%)"},
	"spoils-share-used":              {"货架期已用%s %%", "%s %% of shelf life used"},
	"spoils-share-maybe-used":        {"货架期计缺口至多用%s %%", "up to %s %% of shelf life used (gaps)"},
	"spoils-late-for-delivery":       {"放不到交货，货架期已用%s %%", "will not keep to delivery, %s %% used"},
	"spoils-maybe-late-for-delivery": {"可能放不到交货，至多用%s %%", "may not keep to delivery, %s %% at most"},
	"keeps":                          {"按现在%s °C还能放%s天", "keeps %[2]s days at %[1]s °C"},
	"deliver":                        {"交货%s", "delivery %s"},
	"settled":                        {"已了结：", "SETTLED: "},

	"expiring":     {"校准快到期", "calibration expires soon"},
	"clock-none":   {"时钟没校过", "clock is not set"},
	"clock-ahead":  {"时钟快了", "clock is ahead"},
	"clock-behind": {"时钟慢了", "clock is behind"},

	"messages": {"%d条消息：", "%d messages: "},
	"well":     {"一切正常", "all well"},
	"not-well": {"要注意", "attention"},
	"alarms":   {"%d个报警", "%d alarms"},
	"stale":    {"数据不新", "values are old"},
	"gap":      {"数据有缺口", "gaps in the data"},
	"offline":  {"网关没有联系", "gateway not in touch"},
	// The same with a number.
	"gap-n":     {"昨天起缺数据%d分钟", "%d min without data since yesterday"},
	"silent-n":  {"%d个测点没有数据", "%d points silent"},
	"fault-n":   {"%d个探头有故障", "%d probes at fault"},
	"device-n":  {"%d处设备故障", "%d device faults"},
	"backlog-n": {"积压%d条未传", "%d readings still to come"},
	"clock":     {"时钟不准", "clock wrong"},
	"backlog":   {"有积压未传", "data still to come"},
	"morning":   {"早安：", "Morning: "},

	"reply-1":          {"知道了请回1", "reply 1 if you know"},
	"drill":            {"报警演练：不是真的", "Alarm drill: not real"},
	"drill-todo":       {"请点“知道了”或回复1", "press acknowledge or reply 1"},
	"review":           {"%s起的冷链月通报已出稿", "The monthly report from %s is drafted"},
	"review-todo":      {"请在报表页审核，24日前报送", "Review it on the reports page; send it before the 24th"},
	"report-late":      {"%s起的冷链月通报过了24日还没报送", "The monthly report from %s was not sent before the 24th"},
	"report-late-todo": {"请审核并报送", "Review it and send it"},
	"drill-missed":     {"演练无人应答：%s", "drill not answered: %s"},
	"drill-nobody":     {"本周演练没有进行", "this week's drill was not held"},
	"channel-fails":    {"通知通道%s不通，请检查", "messages by %s fail, please look"},
}

var rules = map[alerting.RuleName]word{
	alerting.HighLimit:    {"温度高", "too warm"},
	alerting.LowLimit:     {"温度低", "too cold"},
	alerting.HighTotal:    {"累计超温", "too warm too often"},
	alerting.LowTotal:     {"累计低温", "too cold too often"},
	alerting.ProductHigh:  {"货温高", "goods too warm"},
	alerting.ProductLow:   {"货温低", "goods too cold"},
	alerting.EstimateHigh: {"货温（估算）高", "goods too warm (estimate)"},
	alerting.EstimateLow:  {"货温（估算）低", "goods too cold (estimate)"},
	alerting.Silence:      {"没有数据", "no readings"},
	alerting.SiteSilent:   {"全站无信号", "nothing is heard"},
	alerting.MainsLost:    {"停电", "power cut"},
	duty.GatewaySilent:    {"网关无信号", "gateway silent"},
	duty.BusFault:         {"线路无应答", "line dead"},
	duty.DeviceFault:      {"设备无应答", "device dead"},
	alerting.Fault:        {"探头故障", "probe fault"},
	alerting.DoorOpen:     {"门一直开着", "door open"},
	alerting.DefrostLong:  {"除霜不停", "defrost does not end"},
	alerting.BatteryLow:   {"备用电池没电", "standby battery flat"},
	alerting.StoreFailing: {"读数库不收数据", "readings store fails"},
	alerting.GatewayTwin:  {"网关重名", "two gateways, one name"},
	duty.Humidity:         {"湿度不对", "humidity"},
	duty.Condensation:     {"可能结露", "condensation"},
	duty.RateOfRise:       {"升温太快", "warming fast"},
	duty.PullDown:         {"降温太慢", "cooling too slowly"},
	duty.NotCooling:       {"压缩机不转", "compressor not running"},
	alerting.Spoilage:     {"货架期快用完", "shelf life nearly used"},
	duty.OffWithGoods:     {"有货却已停用", "off with goods inside"},
	duty.ClockWrong:       {"时钟不准", "clock wrong"},
	duty.Calibration:      {"校准过期", "calibration expired"},
	duty.DiskFilling:      {"磁盘快满", "disk filling"},
	duty.ChannelFails:     {"通知通道不通", "channel fails"},
	duty.DrillMissed:      {"演练无人应答", "drill missed"},
	duty.ReportLate:       {"月通报没按时报送", "report not sent"},
}

// Todo returns three lines on what to do now, by rule and kind of zone (the
// kinds of a county's configuration; "" when it does not matter).
func (l Language) Todo(rule alerting.RuleName, kind string) [3]string {
	lines, ok := todo[rule]
	if byKind, found := todoIn[kind][rule]; found {
		lines, ok = byKind, true
	}
	if !ok {
		lines = todo[""]
	}
	var out [3]string
	for i := range out {
		out[i] = lines[i][l]
	}
	return out
}

var todo = map[alerting.RuleName][3]word{
	"": {{"到现场看一看", "Go and look"}, {"看设备面板有无报警", "Read the panel"}, {"叫制冷维修", "Call the repairer"}},
	alerting.HighLimit: {{"关好门", "Close the door"}, {"看压缩机和面板", "Look at compressor and panel"},
		{"不降就叫维修", "Call the repairer if it does not fall"}},
	alerting.LowLimit: {{"关好门", "Close the door"}, {"调高设定或停制冷", "Raise the set point or stop cooling"},
		{"不升就叫维修", "Call the repairer if it does not rise"}},
	alerting.HighTotal: {{"少开门，查门封", "Open less, look at the seal"}, {"看除霜是否太勤", "Defrosts too often?"},
		{"请质检看货", "Have the goods checked"}},
	alerting.LowTotal: {{"调高设定", "Raise the set point"}, {"看风机吹到的货", "Look at goods by the fan"},
		{"请质检看货", "Have the goods checked"}},
	alerting.ProductHigh:  goodsWarm,
	alerting.ProductLow:   goodsCold,
	alerting.EstimateHigh: goodsWarm,
	alerting.EstimateLow:  goodsCold,
	alerting.Silence: {{"看探头和接线", "Look at probe and cable"}, {"用温度计量一次", "Measure by thermometer"},
		{"记下温度再叫维修", "Write it down, call the repairer"}},
	alerting.SiteSilent: {{"打电话问现场有没有电", "Ask there whether power is on"}, {"看网关和路由器的灯", "Look at gateway and router"},
		{"用温度计量各库", "Measure each room by thermometer"}},
	alerting.MainsLost: {{"关紧库门少开", "Keep doors shut"}, {"看总闸，问供电95598", "Check the breaker, ask the grid (95598)"},
		{"准备发电机", "Get the generator ready"}},
	duty.GatewaySilent: {{"看网关电源和灯", "Look at the gateway's power"}, {"看路由器", "Look at the router"},
		{"用温度计量各库", "Measure each room by thermometer"}},
	duty.BusFault:         lineDead,
	duty.DeviceFault:      lineDead,
	alerting.Fault:        {{"用温度计量一次", "Measure by thermometer"}, {"看探头和接线", "Look at probe and cable"}, {"叫人换探头", "Have it replaced"}},
	alerting.DoorOpen:     {{"去关门", "Close the door"}, {"看门封和卡住的货", "Look at seal and goods"}, {"关不上就叫维修", "Call the repairer if it will not shut"}},
	alerting.BatteryLow:   {{"看电池和充电器", "Look at battery and charger"}, {"停电后只能撑一会儿", "It will not last a power cut"}, {"叫人换电池", "Have it replaced"}},
	alerting.DefrostLong:  {{"看面板，手动停除霜", "Stop the defrost at the panel"}, {"看库温", "Watch the room"}, {"叫制冷维修", "Call the repairer"}},
	alerting.StoreFailing: {{"读数留在网关，没有丢", "Readings are safe at the gateways"}, {"看运维页写的原因", "Read why on the operations page"}, {"叫管理员", "Call the administrator"}},
	alerting.GatewayTwin:  {{"找出重名的两台设备", "Find the two boxes"}, {"关掉一台或改名", "Switch one off or rename it"}, {"叫管理员", "Call the administrator"}},
	duty.NotCooling: {{"看面板和空开", "Look at panel and breaker"}, {"关紧库门", "Keep doors shut"},
		{"叫制冷维修", "Call the repairer"}},
	alerting.Spoilage: {{"先卖先发", "Sell or ship it first"}, {"能转就转到更冷的库", "Move it to a colder room if you can"}, {"请质检看货定去向", "Have quality look and decide"}},
	duty.OffWithGoods: {{"把货转走或开机", "Move the goods or switch on"}, {"查是谁停用的", "Ask who switched it off"}, {"登记批次去向", "Write down where batches went"}},
	duty.PullDown:     {{"少装货，留风道", "Load less, leave air paths"}, {"看压缩机和风机", "Look at compressor and fans"}, {"叫制冷维修", "Call the repairer"}},
	duty.Condensation: {{"先别开箱，别贴标", "Do not open or label boxes yet"}, {"关门除湿，少放湿空气", "Shut the door, dry the air"}, {"擦干再入库", "Wipe dry before storing"}},
	duty.ClockWrong:   {{"看网关的网络", "Look at the gateway's network"}, {"看钟电池，校时服务", "Clock battery, time service"}, {"修好前报表时间存疑", "Until then its times are in doubt"}},
	duty.Calibration:  {{"约计量所或换新探头", "Book the laboratory or a new probe"}, {"送检前装备用探头", "Fit a spare while it is away"}, {"录入新证书", "Enter the new certificate"}},
	duty.DiskFilling:  {{"看什么占了磁盘", "See what fills the disk"}, {"删旧备份和旧日志", "Remove old copies and logs"}, {"换大盘前别停机", "Fit a larger disk; keep it running"}},
	duty.RateOfRise:   {{"关好门", "Close the door"}, {"看压缩机和面板", "Look at compressor and panel"}, {"叫制冷维修", "Call the repairer"}},
}

// What differs by what lies in the zone, or because it drives.
var todoIn = map[string]map[alerting.RuleName][3]word{
	"frozen":      {alerting.HighLimit: frozenWarm},
	"frozen-box":  {alerting.HighLimit: boxWarm},
	"chilled-box": {alerting.HighLimit: boxWarm, alerting.LowLimit: boxCold},
	"vegetable":   {alerting.LowLimit: freezing},
	"potato":      {alerting.LowLimit: freezing},
	"warm-crop":   {alerting.LowLimit: freezing},
	"dairy":       {alerting.LowLimit: freezing},
}

var (
	lineDead = [3]word{{"看接线、转换器和电源", "Look at cable, converter and power"}, {"用温度计量各库", "Measure each room by thermometer"},
		{"叫人来修线路", "Have the line repaired"}}
	goodsWarm = [3]word{{"用温度计量货温", "Measure the goods by thermometer"}, {"能转就转到好库", "Move them to a sound room"},
		{"请质检看货", "Have the goods checked"}}
	goodsCold = [3]word{{"用温度计量货温", "Measure the goods by thermometer"}, {"开加热，盖保温被", "Heat, cover with blankets"},
		{"请质检看货", "Have the goods checked"}}
	frozenWarm = [3]word{{"关紧门，不再进货", "Shut the door, load nothing"}, {"看是否除霜或停机", "Defrost, or stopped?"},
		{"叫制冷维修", "Call the repairer"}}
	boxWarm = [3]word{{"停到安全处看机组", "Stop safely, look at the unit"}, {"关紧厢门", "Shut the box"},
		{"去最近的冷库", "Drive to the nearest store"}}
	boxCold  = [3]word{{"停到安全处看机组", "Stop safely, look at the unit"}, {"机组转加热", "Set the unit to heating"}, {"报县中心", "Tell the county"}}
	freezing = [3]word{{"关门，停制冷", "Shut the door, stop cooling"}, {"开加热，盖保温被", "Heat, cover with blankets"},
		{"转到暖库", "Move to a warm room"}}
)
