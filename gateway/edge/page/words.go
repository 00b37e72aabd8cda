package page

import (
	"fmt"

	reasonwords "coldchain/gateway/words"
	"coldchain/sensors"
)

// lang is a language of the page; Chinese is first.
type lang uint8

const (
	zh lang = iota
	en
)

func (l lang) tag() string { return [...]string{"zh-CN", "en"}[l] }
func (l lang) key() string { return [...]string{"zh", "en"}[l] }
func (l lang) other() lang { return 1 - l }

// word is one text in each language.
type word [2]string

// say returns a text of the page. A key that is not there comes back itself: a
// gap in the table shows, and fails a test.
func (l lang) say(key string) string {
	if w, ok := words[key]; ok {
		return w[l]
	}
	return key
}

// with fills the gaps of a text.
func (l lang) with(key string, args ...any) string { return fmt.Sprintf(l.say(key), args...) }

// reason says why a reading is not good. A reason that no table knows (of a
// newer driver) is shown as it is.
func (l lang) reason(r sensors.Reason) string {
	t, ok := reasonwords.Reason(r)
	switch {
	case !ok:
		return string(r)
	case l == zh:
		return t.ZH
	}
	return t.EN
}

// quality is a reading's quality with its reason.
func (l lang) quality(r sensors.Reading) string {
	q := l.say(r.Quality.String())
	if why := l.reason(r.Reason); why != "" {
		return l.with("because", q, why)
	}
	return q
}

func (l lang) quantity(q sensors.Quantity) string {
	if w, ok := quantities[q]; ok {
		return w[l]
	}
	return string(q)
}

func (l lang) switched(q sensors.Quantity, on bool) string {
	w, ok := switches[q]
	switch {
	case !ok && on:
		return "1"
	case !ok:
		return "0"
	case on:
		return w[0][l]
	}
	return w[1][l]
}

var words = map[string]word{
	"language":    {"English", "中文"}, // the other one, in its own words
	"tab-zones":   {"库房", "Rooms"},
	"tab-devices": {"设备", "Devices"},
	"tab-cab":     {"驾驶室", "Cab"},

	"act":       {"快去看", "Act now"},
	"attention": {"要注意", "Attention"},
	"nodata":    {"无数据", "No data"},
	"ok":        {"正常", "Normal"},

	"good":      {"良好", "good"},
	"uncertain": {"存疑", "uncertain"},
	"bad":       {"无效", "bad"},
	"never":     {"还没有读数", "not read yet"},
	"old":       {"旧", "old"},

	"because":     {"%s：%s", "%s: %s"},
	"ago":         {"%s前", "%s ago"},
	"above":       {"高于上限 %s", "above %s"},
	"below":       {"低于下限 %s", "below %s"},
	"was-above":   {"断数据前已高于上限 %s", "was above %s before data stopped"},
	"was-below":   {"断数据前已低于下限 %s", "was below %s before data stopped"},
	"last-valued": {"上次 %s，%s前", "last %s, %s ago"},
	"for":         {"%s · 已 %s", "%s · for %s"},
	"limits":      {"限值 %s 至 %s %s", "limits %s to %s %s"},
	"limit-high":  {"上限 %s %s", "at most %s %s"},
	"limit-low":   {"下限 %s %s", "at least %s %s"},

	"seconds":         {"%d 秒", "%d s"},
	"minutes+seconds": {"%d 分 %02d 秒", "%d min %02d s"},
	"minutes":         {"%d 分钟", "%d min"},
	"hours+minutes":   {"%d 小时 %02d 分", "%d h %02d min"},
	"days+hours":      {"%d 天 %d 小时", "%d d %d h"},

	"siren":        {"警报在响", "The siren sounds"},
	"siren-text":   {"先静音，再去看库房。静音不等于处理。", "Silence it, then go and look. Silence cools nothing."},
	"siren-button": {"静音", "Silence the siren"},

	"alarm-since":        {"%s 起，已 %s", "since %s, for %s"},
	"alarm-for":          {"已 %s", "for %s"},
	"alarm-over":         {"超过上限 %s", "over the limit of %s"},
	"alarm-under":        {"低于下限 %s", "under the limit of %s"},
	"alarm-folded":       {"另有 %d 处受影响", "affected besides: %d"},
	"alarm-silenced":     {"已静音，最多 15 分钟", "silenced, for 15 min at most"},
	"alarm-answered":     {"%s 已应答（旗县），先不响", "%s has answered at the county; silent for now"},
	"alarm-answered-sms": {"%s 短信已应答，先不响", "%s has answered by SMS; silent for now"},
	"alarm-told":         {"已短信告知：%s", "told by SMS: %s"},
	"list":               {"、", ", "},
	"alarm-masked":       {"其中除霜、开门 %s", "defrost or open door: %s of it"},
	"limits-county":      {"限值：旗县的，含货物要求", "limits: the county's, goods included"},
	"limits-own":         {"限值：本站配置的，旗县的还没有收到", "limits: this site's own, none came from the county"},
	"limits-none":        {"没有温度限值，只看停电、门和探头", "no temperature limits: only mains, doors and probes are watched"},

	"phase-idle":         {"停着", "Parked"},
	"phase-conditioning": {"预冷（预热）", "Pre-cooling (or warming)"},
	"phase-loading":      {"装货", "Loading"},
	"phase-in-transit":   {"在路上", "On the road"},
	"phase-unloading":    {"卸货", "Unloading"},
	"phase-returning":    {"空车返回", "Returning empty"},
	"next-idle":          {"卸完了", "All unloaded"},
	"next-conditioning":  {"装车前检查", "Check before loading"},
	"next-loading":       {"开始装车", "Begin loading"},
	"next-in-transit":    {"出发", "Depart"},
	"next-unloading":     {"到站，交接卸货", "Arrived: hand over"},
	"load-empty":         {"车厢空着，温度不报警", "The box is empty: no temperature alarms"},
	"load-loaded":        {"账上有货，按温度报警", "Goods are booked in: temperature alarms are on"},
	"load-unknown":       {"不知道有没有货，按有货报警", "Nobody knows what is in it: temperature alarms are on"},
	"truck-empty":        {"看过了，车是空的", "I looked: it is empty"},
	"truck-seen":         {"按门、位置和温度判断", "by door, position and air"},
	"truck-said":         {"司机按的", "as the driver says"},
	"truck-since":        {"%s 起", "since %s"},
	"truck-books":        {"您说车是空的，旗县账上还有货：请打电话让人登记，登记前仍按有货报警", "You say it is empty; the county's books hold goods in it. Have them booked out: alarms stay on until then"},
	"box-ready":          {"车厢 %s，可以装货（%s）", "The box is at %s, ready to load (%s)"},
	"box-warm":           {"车厢 %s，太热（%s）：先预冷再装", "The box is at %s, too warm (%s): cool it before loading"},
	"box-cold":           {"车厢 %s，太冷（%s）：先预热再装", "The box is at %s, too cold (%s): warm it before loading"},
	"box-unknown":        {"车厢温度不知道（%s）：先量一下再装", "Nobody knows how warm the box is (%s): measure it before loading"},
	"band":               {"%s 至 %s %s", "%s to %s %s"},
	"load-anyway":        {"还是要装？点一个原因，会记下来：", "Load it all the same? Tap a reason, it is written down:"},
	"reason-leaving":     {"车要走了，路上调到温度", "It must leave; brought to temperature on the way"},
	"reason-repair":      {"机组坏了，已报修", "The unit is broken, the repairer is called"},
	"reason-owner":       {"货主同意这样装", "The owner of the goods agrees"},
	"goods":              {"装一批货", "Load a batch"},
	"goods-code":         {"标签上的六位号码", "Six digits of the label"},
	"goods-photo":        {"或者拍标签上的二维码", "or a photo of its code"},
	"goods-do":           {"装上车", "Load it"},
	"goods-noted":        {"已记在本机，有信号就登记到旗县", "Noted here; the county books it once there is signal"},
	"no-goods":           {"没有记下：请输入六位号码，或者拍二维码", "Not noted: type the six digits, or take a photo of the code"},
	"no-code":            {"没有记下：照片里没有找到二维码，靠近一点再拍，或者输六位号码", "Not noted: no code found in the photo; go nearer, or type the six digits"},
	"bad-code":           {"没有记下：号码不对，请照标签再看一遍", "Not noted: that is not the code of a batch; read it again from the label"},
	"photo-bad":          {"没有记下：这不是照片（JPEG 或 PNG），或者太大", "Not noted: that is no photo (JPEG or PNG), or it is too big"},
	"photo-big":          {"没有记下：照片超过 12 MB", "Not noted: the photo is larger than 12 MB"},
	"no-truck":           {"这里不是货车", "This is no truck"},
	"no-phase":           {"没有记下：不认识这个按钮，请刷新页面", "Not noted: that is no button of this page; reload it"},
	"not-ready":          {"没有记下：车厢还没有准备好，请回到页面点一个原因再装", "Not noted: the box is not ready; go back and tap a reason to load it all the same"},

	"not-durable": {"读数存不进去：%s。请马上报修，断电会丢数据", "Readings cannot be saved: %s. Call the technician now, a power cut loses them"},
	"cut":         {"页面和网关断开了，下面是旧数值，已过", "The page lost the gateway; what follows is old, for"},
	"cut-unit":    {"秒", "s"},
	"as-of":       {"截至 %s", "as of %s"},
	"no-zones":    {"配置里没有测点", "The configuration has no points"},

	"link-up":     {"已连上旗县", "Connected to the county"},
	"link-down":   {"没有网络，读数存在本机", "No network; readings are kept here"},
	"all-sent":    {"全部已送达", "all delivered"},
	"waiting":     {"待送 %d 条", "%d to deliver"},
	"oldest":      {"最早 %s（%s前）", "oldest %s (%s ago)"},
	"clock":       {"时钟：%s", "clock: %s"},
	"clock-gnss":  {"卫星", "satellites"},
	"clock-ntp":   {"网络", "network"},
	"clock-rtc":   {"时钟芯片，未校准", "clock chip, not synchronised"},
	"clock-none":  {"不可信", "not to be trusted"},
	"clock-other": {"不明", "unknown"},

	"device":     {"设备", "Device"},
	"profile":    {"型号", "Profile"},
	"bus":        {"总线", "Bus"},
	"polls":      {"读取", "Polls"},
	"failed":     {"失败", "Failed"},
	"failures":   {"失败原因", "Why"},
	"last-good":  {"上次有值", "Last value"},
	"latency":    {"用时（平时）", "Latency (usual)"},
	"now":        {"现在", "Now"},
	"works":      {"正常", "works"},
	"point":      {"测点", "Point"},
	"value":      {"数值", "Value"},
	"quality":    {"质量", "Quality"},
	"raw":        {"原始值", "Raw"},
	"age":        {"多久前", "Age"},
	"limit":      {"限值", "Limits"},
	"bus-sum":    {"%d 台设备 · 读取 %d 次 · 失败 %d 次", "devices: %d · polls: %d · failed: %d"},
	"since":      {"从本次启动算起", "since this start"},
	"no-failure": {"没有", "none"},

	"forbidden": {"没有执行：请在网关自己的页面上按静音，刷新后再试", "Not done: press the button on the gateway's own page; reload it and try again"},
	"host":      {"没有执行：请用网关的地址（例如 http://192.168.1.20）打开页面再按静音", "Not done: open the page by the gateway's address (such as http://192.168.1.20) and press again"},
	"no-siren":  {"这个网关没有接警号", "This gateway has no siren"},
}

var quantities = map[sensors.Quantity]word{
	sensors.Temperature:    {"温度", "temperature"},
	sensors.Humidity:       {"湿度", "humidity"},
	sensors.Door:           {"门", "door"},
	sensors.Defrost:        {"除霜", "defrost"},
	sensors.Compressor:     {"压缩机", "compressor"},
	sensors.Mains:          {"市电", "mains"},
	sensors.Generator:      {"发电机", "generator"},
	sensors.BatteryOK:      {"备用电池", "battery"},
	sensors.BatteryVoltage: {"电池电压", "battery voltage"},
	sensors.SetPoint:       {"设定温度", "set point"},
	sensors.Latitude:       {"纬度", "latitude"},
	sensors.Longitude:      {"经度", "longitude"},
}

// switches are the words for 1 and for 0.
var switches = map[sensors.Quantity][2]word{
	sensors.Door:       {{"开着", "open"}, {"关着", "closed"}},
	sensors.Defrost:    {{"除霜中", "defrosting"}, {"没有除霜", "off"}},
	sensors.Compressor: {{"运行", "running"}, {"停着", "stopped"}},
	sensors.Mains:      {{"有电", "on"}, {"停电", "lost"}},
	sensors.Generator:  {{"运行", "running"}, {"停着", "off"}},
	sensors.BatteryOK:  {{"正常", "sound"}, {"要检查", "check it"}},
}
