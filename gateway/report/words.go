package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"coldchain/alerting/exposure"
	"coldchain/alerting/wording"
	"coldchain/gateway/config"
	"coldchain/gateway/words"
	"coldchain/sensors"
)

// tongue writes what stands between the numbers in a language and a time zone.
type tongue struct {
	wording.Language
	zone *time.Location
}

// say chooses one of two texts.
func (t tongue) say(zh, en string) string {
	if t.Language == wording.English {
		return en
	}
	return zh
}

func (t tongue) label(l config.Label) string { return in(t.Language, l) }

func (t tongue) clock(at time.Time) string { return at.In(t.zone).Format("15:04") }

// moment is a day and time; of a period of one day the time is enough.
func (t tongue) moment(at time.Time, sameDay bool) string {
	switch {
	case at.IsZero():
		return t.say("仍在继续", "still going on")
	case sameDay:
		return t.clock(at)
	}
	return at.In(t.zone).Format("01-02 15:04")
}

func (t tongue) day(at time.Time) string { return at.In(t.zone).Format(time.DateOnly) }

// number is a value with a real minus, and no zero with a sign.
func number(v float64, decimals int) string {
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		if strings.Trim(rest, "0.") == "" {
			return rest
		}
		return "−" + rest
	}
	return s
}

// value is a cell of a number; nil is a dash.
func value(v *float64, decimals int) Cell {
	if v == nil {
		return Cell{Text: "—", Mark: Missing}
	}
	r := math.Round(*v*math.Pow10(decimals)) / math.Pow10(decimals)
	return Cell{Text: number(*v, decimals), Value: &r, Decimals: decimals}
}

func count(n int) Cell {
	v := float64(n)
	return Cell{Text: strconv.Itoa(n), Value: &v}
}

// share is a percentage that never rounds up to all.
func share(v float64) Cell {
	p := math.Floor(v*1000) / 10
	return Cell{Text: number(p, 1), Value: &p, Decimals: 1}
}

func (t tongue) length(seconds float64) string {
	m := int(math.Round(seconds / 60))
	switch {
	case m < 60:
		return fmt.Sprintf(t.say("%d 分钟", "%d min"), m)
	case m < 48*60:
		return fmt.Sprintf(t.say("%d 小时 %02d 分", "%d h %02d min"), m/60, m%60)
	}
	return fmt.Sprintf(t.say("%d 天 %d 小时", "%d d %d h"), m/60/24, m/60%24)
}

// quantities are those that rooms are recorded in.
var quantities = map[sensors.Quantity]config.Label{
	sensors.Temperature: {ZH: "温度", EN: "temperature"}, sensors.Humidity: {ZH: "相对湿度", EN: "rel. humidity"},
}

var points = map[string]config.Label{
	"air": {ZH: "空气", EN: "air"}, "rh": {ZH: "湿度", EN: "humidity"}, "core": {ZH: "货芯", EN: "core"}, "product": {ZH: "货品", EN: "product"},
	"return": {ZH: "回风", EN: "return air"}, "supply": {ZH: "送风", EN: "supply air"}, "evaporator": {ZH: "蒸发器", EN: "evaporator"},
}

// point names a point by what it measures where.
func (t tongue) point(p sensors.PointID, q sensors.Quantity) string {
	name := p.Name()
	if l, ok := points[name]; ok {
		name = t.label(l)
	}
	what := string(q)
	if l, ok := quantities[q]; ok {
		what = t.label(l)
	}
	if name == string(q) || strings.Contains(name, what) || strings.Contains(what, name) {
		return what
	}
	return name + " " + what
}

// unit is a unit as people write it.
func unit(u sensors.Unit) string {
	switch u {
	case sensors.Celsius:
		return "°C"
	case sensors.PercentRH:
		return "%RH"
	}
	return string(u)
}

// object is what an alarm or a gap is about, without its site.
func object(s string) string {
	if _, rest, ok := strings.Cut(s, "/"); ok {
		return rest
	}
	return s
}

var siteKinds = map[config.SiteKind]config.Label{
	config.Centre: {ZH: "配送中心", EN: "distribution centre"}, config.TownshipStore: {ZH: "乡镇冷库", EN: "township cold stores"},
	config.VillageStation: {ZH: "村级站点", EN: "village stations"}, config.Truck: {ZH: "冷藏车", EN: "reefer trucks"},
}

// reason is why there is no value.
func (t tongue) reason(r sensors.Reason) string {
	if why, ok := words.Reason(r); ok {
		return t.say(why.ZH, why.EN)
	}
	return string(r)
}

// methods are the ways of measuring goods by hand (GB/T 40956-2021).
var methods = map[string]config.Label{
	"surface": {ZH: "外包装表面", EN: "surface"}, "between-packs": {ZH: "箱间", EN: "between packs"}, "core": {ZH: "中心", EN: "core"}, "air": {ZH: "空气", EN: "air"},
}

func (t tongue) how(method string) string {
	if l, ok := methods[method]; ok {
		return t.label(l)
	}
	return method
}

// taken is how a temperature by hand was taken; the file of a logger is said to
// be one.
func (t tongue) taken(h exposure.Hand) string {
	if h.Class == exposure.Imported {
		return t.how(h.Method) + t.say("（记录仪导入）", " (from a logger's file)")
	}
	return t.how(h.Method)
}

// causes are those of the county's own page.
var causes = map[string]config.Label{
	"restart": {ZH: "重启", EN: "restart"}, "disk-limit": {ZH: "磁盘到上限", EN: "disk limit"}, "journal-not-writable": {ZH: "日志写不进", EN: "journal not writable"},
}

// cause is why a gap is one; a word that has no other is shown as it is.
func (t tongue) cause(c string) string {
	if l, ok := causes[c]; ok {
		return t.label(l)
	}
	return c
}
