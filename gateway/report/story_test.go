package report

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/duty"
	"coldchain/alerting/exposure"
	"coldchain/gateway/config"
	"coldchain/gateway/store"
	"coldchain/gateway/store/sqlite"
	"coldchain/sensors"
)

var shanghai = time.FixedZone("CST", 8*3600)

// clock is a time of the story's day in the county.
func clock(hour, minute int) time.Time { return time.Date(2026, 11, 23, hour, minute, 0, 0, shanghai) }

const (
	air  = sensors.PointID("balagong/mutton-1/air")
	rh   = sensors.PointID("balagong/mutton-1/rh")
	mast = sensors.PointID("village-01/power/mains")
)

func county() County {
	return County{Name: config.Label{ZH: "杭锦旗", EN: "Hangjin Banner"}, Notice: config.Label{ZH: "演示", EN: "Demo"}, Zone: shanghai, Sites: []Site{
		{ID: "balagong", Kind: config.TownshipStore, Name: config.Label{ZH: "巴拉贡镇", EN: "Balagong"}, Rooms: []Room{
			{ID: "balagong/mutton-1", Name: config.Label{ZH: "羊肉库", EN: "Mutton room"},
				Points: []sensors.Point{{ID: air, Quantity: sensors.Temperature}, {ID: rh, Quantity: sensors.Humidity}},
				Limits: []alerting.Limit{{Side: alerting.High, Level: alerting.Warning, Value: 4}, {Side: alerting.High, Level: alerting.Excursion, Value: 5}, {Side: alerting.Low, Level: alerting.Excursion, Value: -1}}},
			{ID: "balagong/spare", Name: config.Label{ZH: "备用库", EN: "Spare room"}, Points: []sensors.Point{{ID: "balagong/spare/air", Quantity: sensors.Temperature}}},
		}},
		{ID: "truck-2", Kind: config.Truck, Name: config.Label{ZH: "2 号车", EN: "Truck 2"}, Rooms: []Room{{ID: "truck-2/box", Name: config.Label{ZH: "车厢", EN: "Box"}, Points: []sensors.Point{{ID: "truck-2/box/air", Quantity: sensors.Temperature}}}}},
		{ID: "village-01", Kind: config.VillageStation, Name: config.Label{ZH: "演示村01", EN: "Demo village 01"}, Others: []sensors.Point{{ID: mast, Quantity: sensors.Mains}}},
		{ID: "village-02", Kind: config.VillageStation, Name: config.Label{ZH: "演示村02", EN: "Demo village 02"}, Others: []sensors.Point{{ID: "village-02/power/mains", Quantity: sensors.Mains}}},
	}}
}

// books is a county.db in memory, with the quality officer's part.
type books struct {
	alarms      []Alarm
	gaps        []Gap
	disuses     []duty.Disuse
	stays       []batch.Custody
	verdicts    []batch.Verdict
	inspections []batch.Inspection
	hands       []exposure.Hand
	down        error
}

func (b books) Alarms(_ context.Context, site string, _, _ time.Time) (out []Alarm, _ error) {
	for _, a := range b.alarms {
		if site == "" || strings.HasPrefix(a.Object, site+"/") {
			out = append(out, a)
		}
	}
	return out, b.down
}

func (b books) Gaps(_ context.Context, site string, _, _ time.Time) (out []Gap, _ error) {
	for _, g := range b.gaps {
		if site == "" || g.Site == site {
			out = append(out, g)
		}
	}
	return out, b.down
}

func (b books) Disuses(context.Context, time.Time, time.Time) ([]duty.Disuse, error) {
	return b.disuses, b.down
}

func (b books) Stays(context.Context, time.Time, time.Time) ([]batch.Custody, error) {
	return b.stays, b.down
}

func (b books) Verdicts(context.Context, time.Time, time.Time) ([]batch.Verdict, error) {
	return b.verdicts, b.down
}

func (b books) Inspections(context.Context, time.Time, time.Time) ([]batch.Inspection, error) {
	return b.inspections, b.down
}

func (b books) Hands(_ context.Context, room string, _, _ time.Time) ([]exposure.Hand, error) {
	if room != "balagong/mutton-1" {
		return nil, b.down
	}
	return b.hands, b.down
}

// series is a real store of readings, whose rollups are stale where the test
// says so.
type series struct {
	*sqlite.Store
	stale []store.Stretch
}

func (s series) Stale(context.Context, sensors.PointID, time.Time, time.Time) ([]store.Stretch, error) {
	return s.stale, nil
}

func readings(t *testing.T) series {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "readings.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return series{Store: s}
}

// put stores readings and what they come to.
func (s series) put(t *testing.T, q sensors.Quantity, list ...sensors.Reading) {
	t.Helper()
	var records []store.Record
	var rollups []store.Rollup
	roller := store.NewRoller(list[0].Point, q, list[0].Time.Add(-time.Hour), func(r store.Rollup) { rollups = append(rollups, r) })
	for i, r := range list {
		records = append(records, store.Record{Reading: r, Quantity: q, Gateway: "gw-1", Epoch: uint64(len(r.Point)), Seq: uint64(i + 1)})
		roller.Add(r)
	}
	roller.Finish(list[len(list)-1].Time.Add(2 * time.Hour))
	if result, err := s.Write(t.Context(), records); err != nil || len(result.Rejections)+len(result.Collisions) > 0 {
		t.Fatal(result, err)
	}
	if err := s.WriteRollups(t.Context(), rollups); err != nil {
		t.Fatal(err)
	}
}

// story is a day of one reading a minute: 2 °C; warm to 6 from 10:00 to 10:20;
// nothing from 13:00 to 14:00; a broken probe at 15:00 for half an hour; doubt
// at 16:00.
func (s series) story(t *testing.T) {
	var warmth, damp []sensors.Reading
	for at := clock(0, 0); at.Before(clock(24, 0)); at = at.Add(time.Minute) {
		switch minutes := int(at.Sub(clock(0, 0)).Minutes()); {
		case minutes >= 600 && minutes < 620:
			warmth = append(warmth, sensors.NewGood(air, at, 6))
		case minutes >= 780 && minutes < 840:
			continue
		case minutes >= 900 && minutes < 930:
			warmth = append(warmth, sensors.NewBad(air, at, "timeout"))
		case minutes >= 960 && minutes < 970:
			warmth = append(warmth, sensors.NewUncertain(air, at, 2, "drift"))
		default:
			warmth = append(warmth, sensors.NewGood(air, at, 2))
		}
		damp = append(damp, sensors.NewGood(rh, at, 85))
	}
	s.put(t, sensors.Temperature, warmth...)
	s.put(t, sensors.Humidity, damp...)
	s.put(t, sensors.Mains, sensors.NewGood(mast, clock(9, 0), 1), sensors.NewGood(mast, clock(9, 1), 1))
}

func records() books {
	start := clock(10, 0)
	excursion := alerting.Alarm{ID: "a1", Rule: alerting.HighLimit, Object: string(air), Zone: "balagong/mutton-1", Level: alerting.Excursion, Class: alerting.Live, State: alerting.Normal,
		Start: start, Raised: start.Add(10 * time.Minute), Returned: clock(10, 20), LastSeen: clock(10, 20), Limit: 5, Peak: 6, HasValue: true}
	door := alerting.Alarm{ID: "a2", Rule: alerting.DoorOpen, Object: "balagong/mutton-1/door", Zone: "balagong/mutton-1", Level: alerting.Warning, Class: alerting.Live,
		State: alerting.Unacknowledged, Start: clock(23, 30), Raised: clock(23, 35), LastSeen: clock(23, 59)}
	return books{
		alarms: []Alarm{
			{Alarm: excursion, Batches: []string{"HJQ261123-TLG-007"}, Answered: &Answer{By: "其其格", At: clock(10, 13)}, Closed: &Answer{By: "其其格", At: clock(11, 0), Note: "<门没关好>", Words: []config.Label{{ZH: "门没关", EN: "Door left open"}, {ZH: "关门", EN: "Closed the door"}}}},
			{Alarm: door},
		},
		gaps:        []Gap{{Site: "balagong", From: clock(13, 0), To: clock(14, 0), Cause: "restart"}},
		disuses:     []duty.Disuse{{Zone: "balagong/spare", Kind: duty.SwitchedOff, From: clock(0, 0).AddDate(0, 0, -30), Until: clock(0, 0).AddDate(0, 0, 30), Reason: "冬季停用", By: "站长"}},
		stays:       []batch.Custody{{Batch: "HJQ261123-TLG-007", Zone: "balagong/mutton-1", From: clock(6, 0)}, {Batch: "B2", Zone: "truck-2/box", From: clock(7, 0), To: clock(9, 0)}},
		verdicts:    []batch.Verdict{{Batch: "B2", Version: 1, Decision: batch.OnHold}, {Batch: "B2", Version: 2, Decision: batch.Released}},
		inspections: []batch.Inspection{{Item: "TVB-N", Pass: true}, {Item: "气味", Pass: false}},
		hands:       []exposure.Hand{{At: clock(13, 30), ValueC: 2.4, Class: exposure.Manual, By: "其其格", Method: "surface"}},
	}
}

func maker(t *testing.T) (Maker, series) {
	s := readings(t)
	s.story(t)
	b := records()
	return Maker{County: county(), Series: s, Records: b, Quality: b}, s
}
