package duty

import "coldchain/alerting"

// Rules beside those of alerting, by the names under which they are told. A
// rule that this package does not know is told like an equipment fault.
const (
	GatewaySilent alerting.RuleName = "gateway-silent" // a gateway says nothing
	BusFault      alerting.RuleName = "bus-fault"      // a whole line answers nothing
	DeviceFault   alerting.RuleName = "device-fault"   // a chip or slave answers nothing
	Humidity      alerting.RuleName = "humidity"
	Condensation                    = alerting.Condensation
	RateOfRise                      = alerting.RateOfRise
	PullDown                        = alerting.PullDown
	NotCooling                      = alerting.CompressorSilent
	OffWithGoods  alerting.RuleName = "off-with-goods"
	ClockWrong                      = alerting.ClockWrong
	Calibration                     = alerting.CalibrationExpired
	DiskFilling                     = alerting.DiskFilling
	ChannelFails  alerting.RuleName = "channel-fails" // of this system: a way to people does not work
	DrillMissed   alerting.RuleName = "drill-missed"  // somebody did not answer the weekly exercise
	ReportLate    alerting.RuleName = "report-late"   // the monthly report was not sent in time
)

// Family is what an alarm is about, as far as telling people goes.
type Family string

// The families.
const (
	Goods     Family = "goods"     // the goods are, or soon will be, harmed
	Power     Family = "power"     // rung at once, before the network dies
	Link      Family = "link"      // nothing is heard
	Equipment Family = "equipment" // something is broken or stands wrong
)

// layer is how near to the root of the tree of causes a rule lies. A cause
// folds what lies deeper under the same place. Power is before the site: the
// silence after a power cut is the power cut.
type layer int

const (
	powerLayer layer = iota
	siteLayer
	gatewayLayer
	busLayer
	deviceLayer
	pointLayer
)

// treatment is how a rule is told. What is no consequence of something nearer
// to the root, such as an open door, stands alone.
type treatment struct {
	family Family
	layer  layer
	alone  bool
}

func treat(rule alerting.RuleName) treatment {
	switch rule {
	case alerting.MainsLost:
		return treatment{Power, powerLayer, false}
	case alerting.SiteSilent:
		return treatment{Link, siteLayer, false}
	case GatewaySilent:
		return treatment{Link, gatewayLayer, false}
	case BusFault:
		return treatment{Equipment, busLayer, false}
	case DeviceFault:
		return treatment{Equipment, deviceLayer, false}
	case alerting.Silence:
		return treatment{Link, pointLayer, false}
	case alerting.HighLimit, alerting.LowLimit, alerting.HighTotal, alerting.LowTotal,
		alerting.ProductHigh, alerting.ProductLow, alerting.EstimateHigh, alerting.EstimateLow, Humidity, Condensation, RateOfRise, PullDown:
		return treatment{Goods, pointLayer, false}
	case OffWithGoods, alerting.Spoilage:
		return treatment{Goods, pointLayer, true}
	case alerting.Fault, NotCooling, alerting.BatteryLow, alerting.DefrostLong:
		return treatment{Equipment, pointLayer, false}
	}
	return treatment{Equipment, pointLayer, true}
}

// IsOwn reports whether a rule is about telling people itself: Own says when it
// holds, and its messages are no alarm's.
func IsOwn(rule alerting.RuleName) bool {
	return rule == ChannelFails || rule == DrillMissed || rule == ReportLate
}

// isUpkeep reports whether a rule is about the county's own machinery and can
// wait for the day: who looks after it is told, and nobody who keeps goods.
func isUpkeep(rule alerting.RuleName) bool {
	return rule == ClockWrong || rule == Calibration || rule == DiskFilling
}

// warms reports whether a rule says in its own way that a room is not cooled as
// it should be. In one room these are one thing to tell people of.
func warms(rule alerting.RuleName) bool {
	return rule == alerting.HighLimit || rule == RateOfRise || rule == PullDown || rule == NotCooling
}

// FamilyOf says what a rule is about.
func FamilyOf(rule alerting.RuleName) Family { return treat(rule).family }

// IsCritical reports whether an alarm breaks through quiet hours: an excursion
// of any kind, or a power cut. Goods that grew old have done so over days, and
// nobody sells them at night.
func IsCritical(rule alerting.RuleName, level alerting.Level) bool {
	if rule == alerting.Spoilage {
		return false
	}
	return level == alerting.Excursion || FamilyOf(rule) == Power
}

// atOnce reports whether an alarm is never held back to be folded, and never
// folded either: what harms goods is told on its own.
func atOnce(a alerting.Alarm) bool {
	return treat(a.Rule).alone || FamilyOf(a.Rule) == Goods && a.Level == alerting.Excursion
}
