package ageing_test

import (
	"errors"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/ageing"
	"coldchain/alerting/exposure"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// tenth uses a tenth of the life a day at 4 °C, twice as much at 8, and says
// nothing over 20.
type tenth struct{}

func (tenth) Rate(c float64) (float64, error) {
	if c > 20 {
		return 0, errors.New("over 20 °C")
	}
	return max(0, c) / 40 / 24, nil
}

// moment is one look at a batch, and what is to come of it.
type moment struct {
	hours         float64
	zone          string
	used, most    float64
	unknown       bool // what it has used is not known
	warm          any  // °C, or nil
	deliver, gone float64
	want          alerting.Change // "" nothing
	reason        string
	level         alerting.Level
}

func after(hours float64) time.Time {
	return noon.Add(time.Duration(hours * float64(time.Hour)))
}

func (m moment) goods() ageing.Goods {
	g := ageing.Goods{Batch: "HJQ261123-TLG-007", Zone: m.zone, Model: exposure.Model{Name: "tenth", Ager: tenth{}, ReferenceC: 4}, AlarmAt: 0.7,
		Reached: func(share float64) (time.Time, bool) { return after(m.hours - 0.5), share == 0.7 }}
	if g.Zone == "" {
		g.Zone = "balagong/mutton"
	}
	if !m.unknown {
		g.Life = &exposure.Life{Used: m.used, UsedMax: max(m.used, m.most)}
	}
	if c, ok := m.warm.(int); ok {
		v := float64(c)
		g.PresentC = &v
	}
	if m.deliver != 0 {
		g.Deliver = after(m.deliver)
	}
	if m.gone != 0 {
		g.Gone = after(m.gone)
	}
	return g
}

func TestSpoilageAlarms(t *testing.T) {
	const day = 24.0
	for name, course := range map[string][]moment{
		"the share is used, then all of it, then it leaves": {
			{hours: 1, used: 0.6, warm: 4},
			{hours: 24, used: 0.7, warm: 4, want: alerting.Raised, reason: "share-used", level: alerting.Warning},
			{hours: 24.2, used: 0.701, warm: 4},
			{hours: 24.4, used: 0.71, warm: 4, want: alerting.Updated, reason: "share-used", level: alerting.Warning},
			{hours: 100, used: 1, warm: 4, want: alerting.Escalated, reason: "life-used", level: alerting.Excursion},
			{hours: 101, used: 1.005, warm: 1, want: alerting.Updated, reason: "life-used", level: alerting.Excursion},
			{hours: 110, used: 1.02, gone: 109, want: alerting.Returned, reason: "life-used", level: alerting.Excursion},
		},
		"nothing is wrong and it leaves": {
			{hours: 1, used: 0.6, warm: 4},
			{hours: 2, used: 0.6, gone: 2},
		},
		"cold does not bring life back": {
			{hours: 1, used: 0.71, warm: 8, want: alerting.Raised, reason: "share-used", level: alerting.Warning},
			{hours: 1.2, used: 0.71, warm: 0},
			{hours: 1.4, used: 0.69, warm: 0, want: alerting.Updated, reason: "share-used", level: alerting.Warning},
		},
		"a stay had been booked wrongly": {
			{hours: 1, used: 0.71, warm: 4, want: alerting.Raised, reason: "share-used", level: alerting.Warning},
			{hours: 1.2, used: 0.66, warm: 4, want: alerting.Updated, reason: "share-used", level: alerting.Warning},
			{hours: 1.4, used: 0.2, warm: 4, want: alerting.Returned, reason: "share-used", level: alerting.Warning},
		},
		"a gap was filled by late data": {
			{hours: 1, used: 0.5, most: 0.8, warm: 4, want: alerting.Raised, reason: "share-maybe-used", level: alerting.Warning},
			{hours: 2, used: 0.52, most: 0.52, warm: 4, want: alerting.Returned, reason: "share-maybe-used", level: alerting.Warning},
		},
		"too warm to last until the delivery, and cold again": {
			{hours: 1, used: 0.4, warm: 4, deliver: 5 * day},
			{hours: 2, used: 0.4, warm: 8, deliver: 5 * day, want: alerting.Raised, reason: "late-for-delivery", level: alerting.Warning},
			{hours: 2.2, used: 0.401, warm: 5, deliver: 5 * day},                                                                       // 4.8 days: enough, and near
			{hours: 2.4, used: 0.402, warm: 8, deliver: 5 * day},                                                                       // no second alarm
			{hours: 2.6, used: 0.403, warm: nil, deliver: 5 * day},                                                                     // nobody knows
			{hours: 2.8, used: 0.404, warm: 30, deliver: 5 * day},                                                                      // nor does the model
			{hours: 3, used: 0.404, warm: 4, deliver: 5 * day, want: alerting.Returned, reason: "late-for-delivery", level: "warning"}, // 5.96 days
		},
		"the delivery is put off, and given up": {
			{hours: 1, used: 0.4, warm: 4, deliver: 9 * day, want: alerting.Raised, reason: "late-for-delivery", level: alerting.Warning},
			{hours: 1.2, used: 0.4, warm: 4, want: alerting.Returned, reason: "late-for-delivery", level: alerting.Warning},
		},
		"the day of delivery is past and it is still there": {
			{hours: 1, used: 0.4, warm: 8, deliver: 4 * day, want: alerting.Raised, reason: "late-for-delivery", level: alerting.Warning},
			{hours: 4*day + 1, used: 0.4, warm: 0, deliver: 4 * day, want: alerting.Updated, reason: "late-for-delivery", level: alerting.Warning},
		},
		"late only if the gaps are counted": {
			{hours: 1, used: 0.1, most: 0.6, warm: 4, deliver: 5 * day, want: alerting.Raised, reason: "maybe-late-for-delivery", level: alerting.Warning},
		},
		"what is not known neither raises nor ends": {
			{hours: 1, unknown: true, warm: 20, deliver: day},
			{hours: 2, used: 0.9, warm: 4, want: alerting.Raised, reason: "share-used", level: alerting.Warning},
			{hours: 3, unknown: true},
			{hours: 4, unknown: true, gone: 4, want: alerting.Returned, reason: "share-used", level: alerting.Warning},
		},
		"it goes to a truck": {
			{hours: 1, used: 0.8, warm: 4, want: alerting.Raised, reason: "share-used", level: alerting.Warning},
			{hours: 1.1, zone: "truck-1/box", used: 0.8, warm: 4, want: alerting.Updated, reason: "share-used", level: alerting.Warning},
		},
		"all of it is used when it is first seen": {
			{hours: 1, used: 1.3, warm: 4, want: alerting.Raised, reason: "life-used", level: alerting.Excursion},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var open *alerting.Alarm
			id := ""
			for i, m := range course {
				got, changed := ageing.Judge(after(m.hours), m.goods(), open)
				if changed != (m.want != "") || changed && (got.Change != m.want || string(got.Alarm.Reason) != m.reason || got.Alarm.Level != m.level) {
					t.Fatalf("look %d: %v %s %s %s; want %s %s %s", i+1, changed, got.Change, got.Alarm.Reason, got.Alarm.Level, m.want, m.reason, m.level)
				}
				if !changed {
					continue
				}
				a := got.Alarm
				if id == "" {
					id = a.ID
				}
				if a.ID != id || ageing.BatchOf(a) != "HJQ261123-TLG-007" || a.Zone != m.goods().Zone {
					t.Errorf("look %d: the alarm is not the same any more: %+v", i+1, a)
				}
				if open = &a; m.want == alerting.Returned {
					if a.Returned.IsZero() || a.Returned.Before(a.Start) {
						t.Errorf("look %d: over at %s", i+1, a.Returned)
					}
					open = nil
				}
			}
		})
	}
}

func TestAnAlarmBeginsWhenTheShareWasUsedUp(t *testing.T) {
	got, _ := ageing.Judge(after(10), moment{hours: 10, used: 0.8, warm: 4}.goods(), nil)
	if want := after(9.5); !got.Alarm.Start.Equal(want) || !got.Alarm.Raised.Equal(after(10)) || got.Alarm.LastValue != 80 || got.Alarm.Limit != 70 {
		t.Errorf("%+v", got.Alarm)
	}
	// Judged again by a program that forgot it: the same alarm.
	again, _ := ageing.Judge(after(10), moment{hours: 10, used: 0.8, warm: 4}.goods(), nil)
	if again.Alarm.ID != got.Alarm.ID {
		t.Error("it is another alarm")
	}
}

func TestWhatIsAhead(t *testing.T) {
	o, ok := moment{used: 0.6, most: 0.8, warm: 8, deliver: 24}.goods().Outlook(noon)
	if !ok || *o.RemainingDays < 1.99 || *o.RemainingDays > 2.01 || *o.RemainingDaysMin < 0.99 || *o.RemainingDaysMin > 1.01 || *o.PresentC != 8 {
		t.Errorf("%+v", o)
	}
	if o, ok := (moment{used: 0.6, warm: nil, deliver: 24}).goods().Outlook(noon); !ok || o.RemainingDays != nil || o.PresentC != nil || len(o.Reasons) != 0 {
		t.Errorf("%+v", o)
	}
	if _, ok := (moment{unknown: true, warm: 4}).goods().Outlook(noon); ok {
		t.Error("something is said of a life that nobody knows")
	}
}
