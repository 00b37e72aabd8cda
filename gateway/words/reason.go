// Package words has what the programs of a site say to people in Chinese and
// English about a reading. It guarantees words for every sensors.Reason, in one
// table: the site's page, the installer and the tool say the same.
package words

import "coldchain/sensors"

// Text is a text for people.
type Text struct{ ZH, EN string }

// reason is why a reading is not good, and what a technician looks at first.
type reason struct{ why, check Text }

// Reason says why a reading is not good; ok is false for a reason that has no
// words here (of a newer driver). NoReason is said by nothing.
func Reason(r sensors.Reason) (_ Text, ok bool) {
	t, ok := reasons[r]
	return t.why, ok
}

// Check says what a technician looks at first; empty where the reason tells.
func Check(r sensors.Reason) Text { return reasons[r].check }

var reasons = map[sensors.Reason]reason{
	sensors.NoReason:           {Text{"", ""}, Text{}},
	sensors.Timeout:            {Text{"设备没有回答", "the device did not answer"}, Text{"查电源、接线、地址", "check power, wiring, address"}},
	sensors.Unreachable:        {Text{"设备或线路连不上", "device or line not reachable"}, Text{"查端口或网络", "check port or network"}},
	sensors.CRCError:           {Text{"数据在线路上损坏", "answer damaged on the line"}, Text{"查屏蔽、接地、终端电阻", "check shield, ground, termination"}},
	sensors.NoAck:              {Text{"芯片没有应答", "the chip did not acknowledge"}, Text{"查接线和地址", "check wiring and address"}},
	sensors.ShortRead:          {Text{"回答不完整", "answer too short"}, Text{}},
	sensors.BadAnswer:          {Text{"回答不是问的内容", "not the answer to the question"}, Text{"查地址是否重复、型号是否正确", "address used twice, or wrong device type"}},
	sensors.DeviceFault:        {Text{"设备自报故障", "the device reports a fault"}, Text{}},
	sensors.DeviceBusy:         {Text{"设备忙", "the device is busy"}, Text{}},
	sensors.ConfigFault:        {Text{"设备拒绝了这个问题", "the device refuses the question"}, Text{"查型号配置", "check the profile"}},
	sensors.SensorFault:        {Text{"探头断开或短路", "probe open, shorted or missing"}, Text{"查探头接线", "check the probe's wiring"}},
	sensors.StatusUnread:       {Text{"设备的故障标志读不到", "the device's fault flag could not be read"}, Text{}},
	sensors.OutOfRange:         {Text{"超出可能的范围", "beyond what is possible"}, Text{}},
	sensors.Cancelled:          {Text{"读取被中止", "the poll was given up"}, Text{}},
	sensors.NotImplemented:     {Text{"设备没有这个测点", "the device has no such point"}, Text{}},
	sensors.FlatLine:           {Text{"数值长时间不动", "has not moved for too long"}, Text{}},
	sensors.ReceivedTime:       {Text{"没有自带时间，按收到时刻记", "came without a time; that of receipt is used"}, Text{}},
	sensors.ClockUncertain:     {Text{"当时时钟不可信", "measured while no clock could be trusted"}, Text{}},
	sensors.NoFix:              {Text{"卫星还没有定位", "no satellite fix"}, Text{}},
	sensors.Imprecise:          {Text{"设备说误差大", "the device says its error is large"}, Text{}},
	sensors.RateOfChange:       {Text{"变化快得不合常理", "changes faster than it can"}, Text{}},
	sensors.Disagreement:       {Text{"两个探头不一致", "two probes disagree"}, Text{}},
	sensors.Swapped:            {Text{"温度和湿度像是接反了", "temperature and humidity look exchanged"}, Text{"查型号的寄存器", "check the profile's registers"}},
	sensors.NeighbourValue:     {Text{"跳到了别的测点的数值", "jumped to another point's value"}, Text{}},
	sensors.CalibrationExpired: {Text{"校准已过期", "calibration has expired"}, Text{}},
}
