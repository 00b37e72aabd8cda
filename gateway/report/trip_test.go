package report

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/alerting/trip"
	"coldchain/alerting/wording"
	"coldchain/sensors"
)

var errNoTrip = errors.New("no such trip")

// ran is one trip that is known.
type ran struct {
	run    Run
	limits exposure.Limits // that were asked for
}

func (r *ran) Run(_ context.Context, id string, _ time.Time, limits func(string) exposure.Limits) (Run, error) {
	if id != r.run.ID {
		return Run{}, errNoTrip
	}
	r.limits = limits(r.run.Box)
	return r.run, nil
}

// driven is a trip with two batches, a stop at no known place, an hour without a
// position, and a box that was too warm for half an hour.
func driven() *ran {
	one := 1
	loaded := &trip.Booking{At: clock(9, 0), Zone: "balagong/mutton-1", Stop: new(int)}
	unloaded := &trip.Booking{At: clock(12, 0), Place: "演示村 <代销点>"}
	km := 84_321.0
	stay := exposure.Interval{Zone: "truck-2/box", From: clock(9, 0), To: clock(12, 0), Summary: shipped().went.Intervals[1].Summary}
	air := stay
	air.Point, air.Summary.DurationS, air.Summary.MKTC = "truck-2/box/air", 3*3600, num(3.4)
	cold := stay
	cold.Summary = exposure.Summary{MinC: num(-2), MaxC: num(3), MeanC: num(0.4), Coverage: 1, Above: &exposure.Side{LimitC: 4}, Below: &exposure.Side{LimitC: -1, Seconds: 600}}
	return &ran{run: Run{ID: "truck-2-20261123T010000Z", Truck: "truck-2", Box: "truck-2/box", Version: 2, Drivers: []string{"巴图"}, Air: air,
		Trip: trip.Trip{From: clock(9, 0), To: clock(12, 10), DistanceM: &km,
			Phases: []trip.PhaseTime{{Phase: trip.Loading, Span: trip.Span{From: clock(9, 0), To: clock(9, 20)}}, {Phase: trip.InTransit, Span: trip.Span{From: clock(9, 20), To: clock(11, 50)}}, {Phase: trip.Unloading, Span: trip.Span{From: clock(11, 50), To: clock(12, 10)}, By: "巴图"}},
			Stops: []trip.Stop{
				{Place: "balagong", Latitude: 40.3, Longitude: 107, Left: clock(9, 20), From: clock(9, 0), To: clock(9, 20), DoorS: 600},
				{Latitude: 40.1234, Longitude: 107.5, Arrived: clock(10, 5), Left: clock(10, 15), LeftUnseen: true, From: clock(10, 5), To: clock(10, 15)},
				{Place: "village-01", Arrived: clock(11, 50), ArrivedUnseen: true, From: clock(11, 50), To: clock(12, 10), UnseenS: 720},
			},
			Unseen: []trip.Span{{From: clock(10, 15), To: clock(11, 50)}}, Doors: []trip.Span{{From: clock(9, 5), To: clock(9, 15)}},
		},
		Goods: []Carried{
			{Cargo: trip.Cargo{Batch: "HJQ261123-TLG-007", Loaded: loaded, Unloaded: unloaded}, Product: "塔拉沟山羊肉", Quantity: "240 kg", Profile: "mutton-chilled", Stay: stay},
			{Cargo: trip.Cargo{Batch: "HJQ261123-MLK-001", Unloaded: &trip.Booking{At: clock(11, 55), Stop: &one}}, Product: "鲜奶", Quantity: "300 L", Profile: "milk", Stay: cold},
			{Cargo: trip.Cargo{Batch: "HJQ261123-XYZ-001"}, Product: "<b>无档案</b>", Stay: exposure.Interval{Summary: exposure.Summary{MinC: num(1), MaxC: num(2), Coverage: 0.5}}},
		},
	}}
}

func tripMaker(t *testing.T) (Maker, *ran) {
	m, s := maker(t)
	var list []sensors.Reading
	for at := clock(9, 0); at.Before(clock(11, 0)); at = at.Add(time.Minute) {
		v := 3.0
		if !at.Before(clock(10, 0)) && at.Before(clock(10, 30)) {
			v = 6.2
		}
		list = append(list, sensors.NewGood("truck-2/box/air", at, v))
	}
	s.put(t, sensors.Temperature, list...)
	m.Series = s
	b := records()
	inside := alerting.Alarm{ID: "t1", Rule: alerting.HighLimit, Object: "truck-2/box/air", Zone: "truck-2/box", Level: alerting.Excursion, Start: clock(10, 0), Raised: clock(10, 20), Returned: clock(10, 30), Limit: 4, Peak: 6.2, HasValue: true}
	before, after := inside, inside
	before.ID, before.Start, before.Returned = "t0", clock(8, 0), clock(8, 30)
	after.ID, after.Start, after.Returned = "t2", clock(13, 0), clock(13, 30)
	b.alarms = append(b.alarms, Alarm{Alarm: before}, Alarm{Alarm: inside, Batches: []string{"HJQ261123-TLG-007"}}, Alarm{Alarm: after})
	m.Records = b
	m.County.Sites[1].Rooms[0].Limits = []alerting.Limit{{Side: alerting.High, Level: alerting.Excursion, Value: 4}, {Side: alerting.High, Level: alerting.Warning, Value: 3}}
	r := driven()
	m.Trips = r
	return m, r
}

// anyLot has the same history for every batch.
type anyLot struct{ lot }

func (l anyLot) Dossier(context.Context, string) (batch.Dossier, error) { return l.dossier, nil }

func TestTripReport(t *testing.T) {
	m, asked := tripMaker(t)
	r, err := m.Trip(t.Context(), "truck-2-20261123T010000Z", clock(16, 30))
	if err != nil {
		t.Fatal(err)
	}
	if asked.limits.High == nil || *asked.limits.High != 4 || asked.limits.Low != nil {
		t.Errorf("the box's limits: %+v", asked.limits)
	}
	if len(r.Alarms) != 1 || r.Alarms[0].ID != "t1" {
		t.Errorf("of the truck's alarms those that touched the trip: %+v", r.Alarms)
	}
	if n := len(r.course.Points[0].Slots); n != 7 || !r.course.Points[0].Slots[0].At.Equal(clock(9, 0)) {
		t.Errorf("%d half hours of 9:00 to 12:10", n)
	}
	if _, err := m.Trip(t.Context(), "nosuch", clock(16, 30)); !errors.Is(err, errNoTrip) {
		t.Errorf("%v", err)
	}
	for _, c := range []struct {
		l     wording.Language
		words []string
	}{
		{wording.Chinese, []string{"冷链行程报告", "2 号车", "巴图", "至少 84.3 km（有时没有定位）", "未知地点 40.1234, 107.5000", "起点", "终点", "之前没有定位，可能更早到", "其间 12 分钟没有定位", "11-23 09:00 巴拉贡镇 羊肉库", "演示村 &lt;代销点&gt;",
			"出发前已在车上", "仍在车上", "↑6.2", "↓−2.0", "10 分钟", "无限值", "3.4 °C", "33.3", "重启", "&lt;b&gt;无档案&lt;/b&gt;", "94.4 %", "装货", "推断", "1 小时 35 分"}},
		{wording.English, []string{"Trip report", "at least 84.3 km (part of it unseen)", "unknown place 40.1234, 107.5000", "aboard before", "stayed aboard", "in transit", "no limits", "Truck 2"}},
	} {
		page := html(t, r.Sheet(c.l))
		for _, w := range c.words {
			if !strings.Contains(page, w) {
				t.Errorf("%v: no %q in\n%s", c.l, w, page)
			}
		}
		if strings.Contains(page, "NaN") || strings.Contains(page, "<代销点>") || strings.Contains(page, "0001-01-01") {
			t.Errorf("%v: a number that is none, text that is not escaped, or a time that is none", c.l)
		}
		golden := "testdata/trip." + map[wording.Language]string{wording.Chinese: "zh", wording.English: "en"}[c.l] + ".html"
		if *update {
			if err := os.WriteFile(golden, []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(golden); err != nil || page != string(want) {
			t.Errorf("%s is not what it was; look at it and run with -update (%v)", golden, err)
		}
	}
	var out bytes.Buffer
	if err := XLSX(&out, r.Sheet(wording.Chinese)); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetList()[0])
	if err != nil || !slices.ContainsFunc(rows, func(row []string) bool {
		return strings.Contains(strings.Join(row, "|"), "巴拉贡镇|起点|11-23 09:20|20 分钟|10 分钟")
	}) {
		t.Errorf("%v: the first stop is not in the workbook\n%q", err, rows)
	}
}

// A truck whose position nobody heard, still under way: what is not known is
// said, and nothing stands for it.
func TestTripWithoutPositions(t *testing.T) {
	m, r := tripMaker(t)
	r.run.To, r.run.DistanceM, r.run.Stops = time.Time{}, nil, nil
	r.run.Unseen = []trip.Span{{From: clock(9, 0)}}
	r.run.Phases[2].To = time.Time{}
	r.run.Air, r.run.Goods = exposure.Interval{}, nil
	unheard := driven().run.Goods[0]
	unheard.Stay = exposure.Interval{Summary: exposure.Summary{Above: &exposure.Side{LimitC: 4}}}
	r.run.Goods = []Carried{unheard}
	x, err := m.Trip(t.Context(), r.run.ID, clock(12, 40))
	if err != nil {
		t.Fatal(err)
	}
	page := html(t, x.Sheet(wording.Chinese))
	for _, w := range []string{"仍在途中", "没有定位，不计", "没有定位：停靠何处不明", `<td class="n m-missing">—</td><td class="n m-missing">—</td><td class="n m-missing">—</td><td class="n">0.0</td>`, "没有读数", "仍在继续", "3 小时 40 分"} {
		if !strings.Contains(page, w) {
			t.Errorf("no %q in\n%s", w, page)
		}
	}
	r.run.Withdrawn = clock(12, 0)
	if x, err = m.Trip(t.Context(), r.run.ID, clock(12, 40)); err != nil || !strings.Contains(html(t, x.Sheet(wording.English)), "withdrawn") {
		t.Errorf("a trip that is none any more does not say so: %v", err)
	}
}

// A truck load is the shipment of each batch that was aboard, once.
func TestTruckLoad(t *testing.T) {
	m, r := tripMaker(t)
	m.Goods = shipped()
	r.run.Goods = append(r.run.Goods[:1], r.run.Goods[0]) // aboard twice
	x, err := m.Load(t.Context(), r.run.ID, clock(16, 30))
	if err != nil || len(x.Shipments) != 1 {
		t.Fatal(err, len(x.Shipments))
	}
	page := html(t, x.Sheet(wording.Chinese))
	for _, w := range []string{"冷链整车运输报告", "停靠", "HJQ261123-TLG-007 · 经过", "动物检疫合格证明", "部分放行"} {
		if !strings.Contains(page, w) {
			t.Errorf("no %q", w)
		}
	}
	for i := range mostLoad + 1 {
		g := r.run.Goods[0]
		g.Batch = strings.Repeat("B", i+1)
		r.run.Goods = append(r.run.Goods, g)
	}
	m.Goods = anyLot{shipped()}
	if _, err := m.Load(t.Context(), r.run.ID, clock(16, 30)); !errors.Is(err, ErrTooMany) {
		t.Errorf("%v", err)
	}
}
