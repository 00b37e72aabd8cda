package report

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/alerting/wording"
)

var errNoBatch = errors.New("no such batch")

// lot is one batch that went a way.
type lot struct {
	dossier batch.Dossier
	went    exposure.Batch
}

func (l lot) Dossier(_ context.Context, id string) (batch.Dossier, error) {
	if id != l.dossier.ID {
		return batch.Dossier{}, errNoBatch
	}
	return l.dossier, nil
}

func (l lot) Exposure(context.Context, string) (exposure.Batch, error) { return l.went, nil }

func num(v float64) *float64 { return &v }

// shipped is a lot that was kept, driven too warm for a while, and left in a
// village shop.
func shipped() lot {
	d := batch.Dossier{
		Batch:     batch.Batch{ID: "HJQ261123-TLG-007", Product: "塔拉沟山羊肉", Profile: "mutton-chilled", Quantity: "240 kg", Created: clock(6, 0)},
		Details:   batch.Details{Owner: batch.Party{Name: "演示牧业", Code: "91350100M000100Y43"}, Born: clock(0, 0).AddDate(0, 0, -1)},
		Handovers: []batch.Handover{{At: clock(9, 0), From: "其其格", To: "<巴图>", ProductC: num(3.9), Method: "core", Outcome: batch.Reservation, Note: "箱子破了"}},
		Documents: []batch.Document{{Kind: batch.DocQuarantine, Number: "演-15-1", Date: clock(0, 0)}},
		Inspections: []batch.Inspection{
			{At: clock(8, 0), Item: "气味", Value: "正常", Pass: true, By: "萨仁"}, {At: clock(8, 30), Item: "TVB-N", Method: "GB 5009.228", Value: "22 mg/100 g", Limit: "15", By: "萨仁"},
		},
		Verdicts: []batch.Verdict{
			{Version: 1, Decision: batch.PartiallyReleased, Quantity: "200 kg", By: "萨仁", At: clock(15, 0), Severe: true, Second: "王主任", SecondAt: clock(15, 5)},
			{Version: 2, Decision: batch.Rejected, By: "萨仁", At: clock(16, 0), Severe: true}, // waits
		},
	}
	went := exposure.Batch{Batch: d.ID, Version: 3, MonitoredUntil: clock(12, 0), Inherited: []string{"HJQ261122-TLG-001"}, Life: &exposure.Life{Used: 0.218},
		Total: exposure.Summary{DurationS: 21_600, Coverage: 0.9999},
		Intervals: []exposure.Interval{
			{Zone: "balagong/mutton-1", Kind: exposure.Store, From: clock(6, 0), To: clock(9, 0), Summary: exposure.Summary{MinC: num(0.5), MaxC: num(3), MeanC: num(1.9), Coverage: 1, Above: &exposure.Side{LimitC: 4}}},
			{Zone: "truck-2/box", Kind: exposure.Truck, From: clock(9, 0), To: clock(12, 0), Summary: exposure.Summary{MinC: num(-0.04), MaxC: num(6.2), MeanC: num(3.1), Coverage: 0.9444,
				Above: &exposure.Side{LimitC: 4, Seconds: 1800, Runs: []exposure.Run{{From: clock(10, 0), To: clock(10, 30), PeakC: 6.2, DegreeMinutes: 33.3}}},
				Below: &exposure.Side{LimitC: -1}, Gaps: []exposure.Gap{{From: clock(11, 0), To: clock(11, 10), Seconds: 600, Cause: "restart"}}}},
			{Zone: "演示村 代销点", Kind: exposure.Unmonitored, From: clock(12, 0), To: clock(16, 0)},
		}}
	return lot{d, went}
}

func TestShipment(t *testing.T) {
	m, _ := maker(t)
	m.Goods = shipped()
	s, err := m.Shipment(t.Context(), "HJQ261123-TLG-007", clock(16, 30))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Legs) != 3 || s.Legs[1].Site.ZH != "2 号车" || s.Legs[2].Site.ZH != "演示村 代销点" || s.Legs[2].Room.ZH != "" {
		t.Errorf("legs %+v", s.Legs)
	}
	if s.Verdict.Decision != batch.PartiallyReleased {
		t.Errorf("a verdict that waits for a second person is shown: %+v", s.Verdict)
	}
	if len(s.Alarms) != 1 || s.Alarms[0].ID != "a1" {
		t.Errorf("of the county's alarms those that named it: %+v", s.Alarms)
	}
	if _, err := m.Shipment(t.Context(), "NOSUCH", clock(16, 30)); !errors.Is(err, errNoBatch) {
		t.Errorf("%v", err)
	}
	for _, c := range []struct {
		l     wording.Language
		words []string
	}{
		{wording.Chinese, []string{"冷链运输报告", "演示牧业 91350100M000100Y43", "部分放行 200 kg（萨仁、王主任 2026-11-23）", "2 号车 车厢", "↑6.2", "30 分钟", "33.3", "演示村 代销点", "无监测", "&lt;巴图&gt;", "有保留接收", "动物检疫合格证明", "不合格", "99.9 %", "11-23 12:00", "21.8 %", "HJQ261122-TLG-001", "重启"}},
		{wording.English, []string{"Shipment report", "partially released 200 kg", "Truck 2 Box", "not watched", "accepted with reservation", "failed"}},
	} {
		page := html(t, s.Sheet(c.l))
		for _, w := range c.words {
			if !strings.Contains(page, w) {
				t.Errorf("%v: no %q in\n%s", c.l, w, page)
			}
		}
		if strings.Contains(page, "−0.0") || strings.Contains(page, "NaN") || strings.Contains(page, "<巴图>") {
			t.Errorf("%v: a zero with a sign, a number that is none, or text that is not escaped", c.l)
		}
		golden := "testdata/shipment." + map[wording.Language]string{wording.Chinese: "zh", wording.English: "en"}[c.l] + ".html"
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
	if err := XLSX(&out, s.Sheet(wording.Chinese)); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetList()[0])
	found := false
	for _, row := range rows {
		found = found || strings.Contains(strings.Join(row, "|"), "2 号车 车厢|11-23 09:00|11-23 12:00|0.0|6.2|3.1|30 分钟|0|94.4")
	}
	if err != nil || !found {
		t.Errorf("%v: the truck's line is not in the workbook\n%q", err, rows)
	}
}

// A batch that nobody has decided on, and that has been nowhere, is a report too.
func TestShipmentOfABatchThatIsOnlyBooked(t *testing.T) {
	m, _ := maker(t)
	m.Goods = lot{dossier: batch.Dossier{Batch: batch.Batch{ID: "B", Created: clock(6, 0)}}, went: exposure.Batch{Batch: "B"}}
	s, err := m.Shipment(t.Context(), "B", clock(6, 0).Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if page := html(t, s.Sheet(wording.Chinese)); !strings.Contains(page, "未判定") || !strings.Contains(page, "没有登记的停留") || strings.Contains(page, "监测覆盖率") {
		t.Errorf("%s", page)
	}
}
