package watch

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// TestARealFridgeRingsNothing: a day of a refrigerator in use, with its door
// opened and its radio gone for hours, under the rules of a chilled room.
func TestARealFridgeRingsNothing(t *testing.T) {
	folder := os.Getenv("COLDCHAIN_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "data")
	}
	f, err := os.Open(filepath.Join(folder, "ruuvi_fridge.csv"))
	if err != nil {
		t.Skipf("no recorded data: %v (COLDCHAIN_DATA names the folder)", err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var log []sensors.Reading
	for _, row := range rows[1:] {
		at, err := time.Parse("2006-01-02T15:04:05-0700", row[0])
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range []sensors.PointID{"site/fridge/air", "site/fridge/humidity"} {
			if v, err := strconv.ParseFloat(row[i+1], 64); err == nil {
				log = append(log, sensors.NewGood(p, at.UTC(), v))
			}
		}
	}
	slices.SortStableFunc(log, func(a, b sensors.Reading) int { return a.Time.Compare(b.Time) })
	w := newWatch(t, Config{Zones: []Zone{{ID: "site/fridge", Rules: DefaultRules("chilled"), Points: []sensors.Point{
		{ID: "site/fridge/air", Quantity: sensors.Temperature}, {ID: "site/fridge/humidity", Quantity: sensors.Humidity},
	}}}})
	judged, warmest := 0, 0.0
	for _, r := range log {
		for _, tr := range w.Observe(r, r.Time) {
			if tr.Change == alerting.Raised {
				t.Errorf("a false alarm: %+v", tr.Alarm)
			}
		}
		if p := w.byID["site/fridge/air"]; r.Point == p.id && p.rise.count == 1 {
			if v, known := p.rise.over((20 * time.Minute).Milliseconds()); known {
				judged++
				warmest = max(warmest, v)
			}
		}
	}
	if judged < 100 || warmest < 0.5 {
		t.Errorf("of %d readings %d windows could be judged, the steepest by %.1f °C: the log proves nothing", len(log), judged, warmest)
	}
	t.Logf("%d windows judged; the steepest warmed by %.1f °C in 20 min", judged, warmest)
}
