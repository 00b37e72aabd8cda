package install

import (
	"strings"

	"coldchain/sensors"
)

// Text is a text for people.
type Text struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Language is the one that a terminal is written in.
type Language string

// The languages.
const (
	Chinese Language = "zh"
	English Language = "en"
)

// LanguageOf reads a language from what a locale is called: zh_CN.UTF-8.
// Everything that is not Chinese is English.
func LanguageOf(locale string) Language {
	if strings.HasPrefix(strings.ToLower(locale), "zh") {
		return Chinese
	}
	return English
}

// Of picks the language's words.
func (l Language) Of(t Text) string {
	if l == Chinese {
		return t.ZH
	}
	return t.EN
}

// Reason says in words why a reading is not good and what to look at. A reason
// that has no words here yet shows as it is.
func Reason(r sensors.Reason) Text {
	switch r {
	case sensors.NoReason:
		return Text{}
	case sensors.Timeout:
		return Text{"无应答：查电源、接线、地址", "no answer: check power, wiring, address"}
	case sensors.Unreachable:
		return Text{"总线不通：查端口或网络", "bus not there: check port or network"}
	case sensors.CRCError:
		return Text{"数据损坏：查屏蔽、接地、终端电阻", "damaged answer: check shield, ground, termination"}
	case sensors.NoAck:
		return Text{"芯片无应答：查接线和地址", "chip does not acknowledge: check wiring and address"}
	case sensors.ShortRead:
		return Text{"数据不全", "answer too short"}
	case sensors.BadAnswer:
		return Text{"答非所问：查地址是否重复、型号是否正确", "not the answer: address used twice, or wrong device type"}
	case sensors.DeviceFault:
		return Text{"设备报告故障", "the device reports a fault"}
	case sensors.DeviceBusy:
		return Text{"设备忙", "the device is busy"}
	case sensors.ConfigFault:
		return Text{"设备拒绝该寄存器：型号配置不对", "the device refuses the register: wrong profile"}
	case sensors.SensorFault:
		return Text{"探头断路、短路或未接", "probe open, shorted or missing"}
	case sensors.StatusUnread:
		return Text{"读不到设备的故障标志", "the device's fault flag could not be read"}
	case sensors.OutOfRange:
		return Text{"超出可能的范围", "beyond what is possible"}
	case sensors.Cancelled:
		return Text{"已中止", "given up"}
	case sensors.NotImplemented:
		return Text{"设备没有此测点", "the device has no such point"}
	case sensors.FlatLine:
		return Text{"数值长时间不变", "the value has not moved for too long"}
	case sensors.ClockUncertain:
		return Text{"时钟未校准", "no clock can be trusted"}
	case sensors.NoFix:
		return Text{"未定位", "no position yet"}
	case sensors.Imprecise:
		return Text{"设备自报误差大", "the device says its error is large"}
	case sensors.RateOfChange:
		return Text{"变化过快", "faster than possible"}
	case sensors.Disagreement:
		return Text{"两个探头不一致", "two probes disagree"}
	case sensors.Swapped:
		return Text{"温度和湿度颠倒", "temperature and humidity are swapped"}
	case sensors.NeighbourValue:
		return Text{"与另一测点数值相同", "shows another point's value"}
	case sensors.CalibrationExpired:
		return Text{"校准已过期", "calibration has expired"}
	}
	return Text{string(r), string(r)}
}

// Quality in words.
func Quality(q sensors.Quality) Text {
	switch q {
	case sensors.Good:
		return Text{"正常", "good"}
	case sensors.Uncertain:
		return Text{"存疑", "uncertain"}
	}
	return Text{"坏", "bad"}
}

// Unit as people write it.
func Unit(q sensors.Quantity) string {
	switch q.Unit() {
	case sensors.Celsius:
		return "°C"
	case sensors.LatDegree, sensors.LonDegree:
		return "°"
	case sensors.Ratio:
		return ""
	}
	return string(q.Unit())
}
