package webtest

import (
	"time"

	"coldchain/alerting/batch"
)

// papers writes down what people wrote of the scene's batches: one that has been
// through everything, one that was made of two, one that waits for its paper.
func (s *Scene) papers(now time.Time) {
	ago := func(hours float64) time.Time {
		return now.Add(-time.Duration(hours * float64(time.Hour))).Truncate(time.Second)
	}
	s.Rule = batch.Rule{Documents: []string{batch.DocQuarantine}, Coverage: 0.9, Gap: 2 * time.Hour}
	full, poor := 0.987, 0.71
	s.Evidence = map[string]batch.Evidence{
		"HJQ261123-TLG-007": {Coverage: &full, LongestGap: 40 * time.Minute, Exposure: 2, Alarms: []batch.AlarmSeen{{Excursion: true, Open: true}}},
		"HJQ261122-TLG-003": {Coverage: &poor, LongestGap: 5 * time.Hour, Exposure: 1},
		"HJQ261121-MUT-011": {Coverage: &full, Exposure: 1},
	}
	cold, warm := 2.4, 6.8
	d := s.record("HJQ261123-TLG-007")
	d.Details = batch.Details{Owner: batch.Party{Name: "示例养殖合作社", Code: "91350100M000100Y43"}, Keeper: batch.Party{Name: "演示冷链中心"}, Carrier: batch.Party{Name: "演示运输队"}, Born: ago(40),
		Codes: []batch.Code{{Kind: batch.TraceCode, Value: "150625-演示-2611230007"}, {Kind: batch.EarTag, Value: "315062500012345"}, {Kind: batch.EarTag, Value: "315062500012346"}}}
	d.Documents = append(d.Documents, batch.Document{Kind: batch.DocQuarantine, Number: "演示 15-0001234", Date: ago(36)}, batch.Document{Kind: batch.DocPromise, Number: "CN-0007", Date: ago(36)})
	d.Inspections = append(d.Inspections, batch.Inspection{At: ago(34), Item: "TVB-N", Method: "GB 5009.228", Value: "9.8 mg/100 g", Limit: "15 mg/100 g", Pass: true, By: "萨仁"})
	d.Handovers = append(d.Handovers, batch.Handover{At: ago(9), From: "其其格", To: "巴图", ProductC: &cold, Method: "between-packs", Outcome: batch.Accepted},
		batch.Handover{At: ago(6), From: "巴图", To: "那日苏", ProductC: &warm, Method: "surface", Outcome: batch.Reservation, Note: "外箱有水"})
	d.Manual = append(d.Manual, batch.Manual{Batch: d.ID, At: ago(5), ValueC: 4.9, Class: batch.ClassManual, Method: "core", By: "那日苏"})
	d.Verdicts = append(d.Verdicts, batch.Verdict{Version: 1, Decision: batch.OnHold, Reason: "交接时 6.8 °C，先测中心", By: "萨仁", At: ago(5)},
		batch.Verdict{Version: 2, Decision: batch.PartiallyReleased, Quantity: "120 kg", Reason: "中心 4.9 °C，感官正常", Severe: true, By: "萨仁", At: ago(2)})
	d.Corrections = append(d.Corrections, batch.Correction{Version: 1, Reason: "装车时间登记晚了半小时", By: "其其格", At: ago(8),
		Stays: []batch.Custody{{Zone: "centre/mutton-1", From: ago(31), To: ago(8.5)}, {Zone: "truck-2/box-1", From: ago(8.5)}}})
	for _, l := range []batch.Link{
		{Parent: "HJQ261118-YZS-006", Child: "HJQ261123-TLG-007", Relation: batch.Merge, Quantity: "60 kg", At: ago(31)},
		{Parent: "HJQ261123-TLG-007", Child: "HJQ261122-TLG-003", Relation: batch.Split, Quantity: "80 kg", At: ago(22)},
	} {
		for _, id := range []string{l.Parent, l.Child} {
			s.record(id).Links = append(s.record(id).Links, l)
		}
	}
}
