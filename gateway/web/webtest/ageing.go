package webtest

import (
	"time"

	"coldchain/alerting"
	"coldchain/alerting/ageing"
	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/gateway/web"
)

// Outlook implements web.Ages.
func (f *Fake) Outlook(id string) (o ageing.Outlook, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o, ok = f.Ages[id]
	return o, ok
}

// ages tells of three batches that grow old, one of them too fast, with its
// alarm.
func (s *Scene) ages(now time.Time) {
	days := func(v float64) *float64 { return &v }
	deliver := batch.DayEnd(time.Date(now.Year(), now.Month(), now.Day()+2, 0, 0, 0, 0, now.Location())).UTC()
	const late = "HJQ261122-TLG-003"
	s.Ages = map[string]ageing.Outlook{
		late: {At: now, Used: 0.823, UsedMax: 0.85, AlarmAt: 0.7, PresentC: days(4.13), RemainingDays: days(2.04), RemainingDaysMin: days(1.2), Deliver: deliver,
			Reasons: []exposure.Spoils{exposure.ShareUsed, exposure.LateForDelivery}},
		"HJQ261123-TLG-007": {At: now, Used: 0.214, UsedMax: 0.214, AlarmAt: 0.7, PresentC: days(4.13), RemainingDays: days(8.9), RemainingDaysMin: days(8.9)},
		"HJQ261123-MLK-001": {At: now, Used: 0.05, UsedMax: 0.31, AlarmAt: 0.7},
	}
	s.record(late).Details.DeliverBy = deliver
	i := s.lot(late)
	if i < 0 || s.story != Demo {
		return
	}
	h := s.Lots[i]
	held := h.Custody[len(h.Custody)-1]
	start := now.Add(-3 * time.Hour).Truncate(time.Second)
	s.AlarmList = append(s.AlarmList, web.Alarm{Alarm: alerting.Alarm{ID: alerting.AlarmID(alerting.Spoilage, late, start), Rule: alerting.Spoilage, Object: held.Zone + "/" + late, Zone: held.Zone,
		Level: alerting.Warning, Class: alerting.Live, State: alerting.Unacknowledged, Reason: ageing.Late, Start: start, Raised: start, LastSeen: now,
		Limit: 70, Peak: 82.3, LastValue: 82.3, HasValue: true}, Batches: []web.ExposedBatch{{Batch: h.Batch, Custody: held}}})
}
