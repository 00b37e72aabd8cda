package wording

import (
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/ageing"
	"coldchain/alerting/duty"
	"coldchain/alerting/notify"
	"coldchain/alerting/watch"
	"coldchain/sensors"
)

// TestRulesOfTheWatchSayWhatTheyMean: their numbers are no value over a limit.
func TestRulesOfTheWatchSayWhatTheyMean(t *testing.T) {
	start := time.Date(2026, 7, 1, 8, 0, 0, 0, cst)
	for _, c := range []struct {
		alarm  alerting.Alarm
		zh, en string
	}{
		{alerting.Alarm{Rule: alerting.PullDown, Reason: watch.ByProbe, LastValue: 16.2, Limit: 7, Delay: 10 * time.Hour, HasValue: true},
			"货芯16.2 °C，18:00前要到7 °C", "core 16.2 °C, by 18:00 must be 7 °C"},
		{alerting.Alarm{Rule: alerting.PullDown, Reason: watch.ByEstimate, LastValue: -3, Limit: -15, Delay: 24 * time.Hour, HasValue: true},
			"估算货温−3 °C，08:00前要到−15 °C", "goods (estimate) −3 °C, by 08:00 must be −15 °C"},
		{alerting.Alarm{Rule: alerting.PullDown, Reason: watch.ByAir, LastValue: 9, Limit: 7, Delay: 10 * time.Hour, HasValue: true},
			"库温9 °C，18:00前要到7 °C", "air 9 °C, by 18:00 must be 7 °C"},
		{alerting.Alarm{Rule: alerting.RateOfRise, LastValue: 5.4, Limit: 5, Delay: 20 * time.Minute, HasValue: true}, "20分钟升5.4 °C", "5.4 °C warmer in 20 min"},
		{alerting.Alarm{Rule: alerting.Condensation, LastValue: 8.7, Limit: -16, HasValue: true}, "要结露：露点8.7 °C，货温−16 °C", "condensation: dew point 8.7 °C, goods −16 °C"},
		{alerting.Alarm{Rule: alerting.CompressorSilent, LastValue: 3.7, Limit: 3.5, HasValue: true}, "压缩机不转，库温3.7 °C", "compressor not running, air 3.7 °C"},
		{alerting.Alarm{Rule: alerting.CalibrationExpired, Reason: watch.Expiring}, "校准快到期", "calibration expires soon"},
		{alerting.Alarm{Rule: alerting.CalibrationExpired, Reason: watch.Expired}, "校准过期", "calibration expired"},
		{alerting.Alarm{Rule: alerting.ClockWrong, Reason: watch.ClockAhead}, "时钟快了", "clock is ahead"},
		{alerting.Alarm{Rule: alerting.DiskFilling, Reason: watch.DiskLow}, "磁盘快满", "disk filling"},
		{alerting.Alarm{Rule: alerting.PullDown}, "降温太慢", "cooling too slowly"}, // no more is known
	} {
		c.alarm.Object, c.alarm.Start = "s/z/p", start
		with := composer(labels{"锡尼", "排酸间", "chilling"}, Subject{})
		if got := with.what(Chinese, Subject{Alarm: c.alarm}); got != c.zh || units(got) > 40 {
			t.Errorf("%s: %q, want %q", c.alarm.Rule, got, c.zh)
		}
		if got := with.what(English, Subject{Alarm: c.alarm}); got != c.en {
			t.Errorf("%s: %q, want %q", c.alarm.Rule, got, c.en)
		}
	}
}

// TestHumidityIsToldInItsUnit and not in degrees.
func TestHumidityIsToldInItsUnit(t *testing.T) {
	c := composer(labels{"锡尼", "菜库", "vegetable"}, Subject{})
	c.Unit = func(string) string { return "%RH" }
	a := alerting.Alarm{Rule: alerting.LowLimit, Object: "s/z/humidity", LastValue: 80, Peak: 80, Limit: 85, HasValue: true}
	if got := c.what(Chinese, Subject{Alarm: a}); got != "80 %RH，低于下限85 %RH" {
		t.Errorf("%q", got)
	}
}

// TestEveryReasonOfTheWatchHasWords where a message names it.
func TestEveryReasonOfTheWatchHasWords(t *testing.T) {
	for _, r := range []sensors.Reason{watch.ByProbe, watch.ByEstimate, watch.ByAir, watch.ClockNone, watch.ClockAhead, watch.ClockBehind} {
		if _, ok := words[string(r)]; !ok {
			t.Errorf("%s has no words", r)
		}
	}
}

// TestABatchThatGrowsOldIsToldInOneShortMessage: how much is used, how long it
// keeps and until when it must, with its code.
func TestABatchThatGrowsOldIsToldInOneShortMessage(t *testing.T) {
	days := func(v float64) *float64 { return &v }
	o := &ageing.Outlook{PresentC: days(4.13), RemainingDays: days(2.04), RemainingDaysMin: days(1.2), Deliver: time.Date(2026, 11, 29, 15, 59, 59, 0, time.UTC)}
	for _, c := range []struct {
		reason   sensors.Reason
		kind     notify.Kind
		o        *ageing.Outlook
		language Language
		want     string
	}{
		{ageing.ShareUsed, notify.Raised, o, Chinese, "锡尼羊肉库货架期已用82 %，按现在4.1 °C还能放1.2–2天，交货11-29，批次HJQ261123-TLG-007，先卖先发"},
		{ageing.Late, notify.Raised, o, Chinese, "锡尼羊肉库放不到交货，货架期已用82 %，按现在4.1 °C还能放1.2–2天，交货11-29，批次HJQ261123-TLG-007"},
		{ageing.LifeUsed, notify.Grown, nil, Chinese, "加重：锡尼羊肉库货架期已用完（82 %），批次HJQ261123-TLG-007，先卖先发"},
		{ageing.MaybeShare, notify.Reminder, nil, Chinese, "仍在：锡尼羊肉库货架期计缺口至多用82 %，批次HJQ261123-TLG-007，先卖先发"},
		{ageing.MaybeLate, notify.Raised, o, English, "锡尼 羊肉库 may not keep to delivery, 82 % at most, 涉及"},
		{"", notify.Returned, o, Chinese, "已了结：锡尼羊肉库货架期快用完，批次HJQ261123-TLG-007"},
	} {
		s := Subject{Alarm: alerting.Alarm{ID: "a", Rule: alerting.Spoilage, Reason: c.reason, Object: "s/z/HJQ261123-TLG-007", Zone: "s/z", LastValue: 82.4, Peak: 82.4, Limit: 70, HasValue: true,
			Start: time.Date(2026, 11, 26, 8, 0, 0, 0, cst)}, Batches: []string{"HJQ261123-TLG-007"}, Ages: c.o}
		if c.kind == notify.Returned {
			s.Returned = s.Start.Add(time.Hour)
		}
		w := composer(labels{"锡尼", "羊肉库", "chilled"}, s).Compose(c.language, duty.Intent{Kind: c.kind, Count: 1, At: s.Start, Covers: []duty.Cover{{Alarm: "a", Rule: s.Rule, Object: s.Object, Level: alerting.Warning}}})
		if !strings.HasPrefix(w.Short, c.want) && c.language == Chinese || units(w.Short) > MostShort {
			t.Errorf("%s: %q of %d units, want %q", c.reason, w.Short, units(w.Short), c.want)
		}
		if c.language == English {
			t.Log(w.Short)
		}
	}
}
