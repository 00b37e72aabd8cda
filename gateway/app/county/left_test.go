package county

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/config"
	"coldchain/gateway/store"
	"coldchain/gateway/store/sqlite"
	"coldchain/sensors"
)

func TestAWarningSaysHowLongIsLeft(t *testing.T) {
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "readings.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	const air = sensors.PointID("balagong/mutton/air")
	var records []store.Record
	for m := range 40 { // 6 °C an hour: 4.5 °C now, 2.5 °C under the next limit
		at := now.Add(time.Duration(m-39) * time.Minute)
		records = append(records, store.Record{Reading: sensors.NewGood(air, at, 4.5-float64(39-m)/10), Quantity: sensors.Temperature, Gateway: "gw", Epoch: 1, Seq: uint64(m + 1)})
	}
	if _, err := db.Write(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	f := newForeteller(&config.County{}, db, func() time.Time { return now })
	limits := []alerting.Limit{
		{Side: alerting.High, Level: alerting.Warning, Value: 4, Delay: 15 * time.Minute},
		{Side: alerting.High, Level: alerting.Excursion, Value: 7, Delay: 10 * time.Minute},
		{Side: alerting.High, Level: alerting.Excursion, Value: 10, Delay: time.Minute},
		{Side: alerting.Low, Level: alerting.Excursion, Value: -1, Delay: time.Minute},
	}
	warning := alerting.Alarm{Rule: alerting.HighLimit, Object: string(air), State: alerting.Unacknowledged, HasValue: true, LastValue: 4.5, LastSeen: now}
	left := f.left(t.Context(), warning, limits)
	if left == nil || left.Limit != 7 || (left.Earliest-25*time.Minute).Abs() > time.Minute || left.Rate < 5.9 || left.Rate > 6.1 {
		t.Fatalf("%+v; want 7 °C in 25 min at 6 °C an hour", left)
	}
	for what, change := range map[string]func(*alerting.Alarm){
		"over":                    func(a *alerting.Alarm) { a.State = alerting.ReturnedUnacknowledged },
		"beyond every limit":      func(a *alerting.Alarm) { a.LastValue = 11 },
		"a door":                  func(a *alerting.Alarm) { a.Rule, a.HasValue = alerting.DoorOpen, false },
		"on its way back":         func(a *alerting.Alarm) { a.Rule, a.LastValue = alerting.LowLimit, 0 },
		"silent for half an hour": func(a *alerting.Alarm) { a.LastSeen = now.Add(-30 * time.Minute) },
	} {
		a := warning
		change(&a)
		if left := f.left(t.Context(), a, limits); left != nil {
			t.Errorf("%s: %+v; want no time named", what, left)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if left := f.left(gone, warning, limits); left != nil {
		t.Errorf("a store that is away told a time: %+v", left)
	}
}
