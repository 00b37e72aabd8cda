package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"coldchain/alerting/batch"
	"coldchain/alerting/wording"
	"coldchain/gateway/store"
)

var update = flag.Bool("update", false, "write the golden files anew")

func near(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	if got == nil || math.Abs(*got-want) > 1e-9 {
		t.Errorf("%s: %s, want %v", what, value(got, 9).Text, want)
	}
}

func TestDayOfARoom(t *testing.T) {
	m, _ := maker(t)
	d, err := m.Daily(t.Context(), "balagong", clock(18, 0), clock(30, 0))
	if err != nil {
		t.Fatal(err)
	}
	if d.Date != "2026-11-23" || !d.Over || len(d.Rooms) != 2 || len(d.Alarms) != 2 || len(d.Gaps) != 1 || len(d.Hands) != 1 {
		t.Fatalf("%+v", d)
	}
	room := d.Rooms[0]
	near(t, "high limit", room.High, 5)
	near(t, "low limit", room.Low, -1)
	p := room.Points[0]
	if len(p.Slots) != 48 {
		t.Fatalf("%d slots", len(p.Slots))
	}
	near(t, "10:00 mean", p.Slots[20].Mean, (20*6+10*2)/30.)
	near(t, "10:00 max", p.Slots[20].Max, 6)
	for _, slot := range []int{27, 30} { // without readings, and of a broken probe
		if s := p.Slots[slot]; s.Mean != nil || s.Min != nil || s.Coverage > 0.11 {
			t.Errorf("%s has a value: %+v", s.At, s)
		}
	}
	if p.Slots[30].Reason != "timeout" || !p.Slots[32].Doubt || p.Slots[33].Doubt {
		t.Errorf("15:00 %+v, 16:00 %+v, 16:30 %+v", p.Slots[30], p.Slots[32], p.Slots[33])
	}
	near(t, "min", p.Min, 2)
	near(t, "max", p.Max, 6)
	// 24 h less an hour without readings, half an hour of a broken probe and ten
	// minutes of doubt. The reading before a hole speaks for three minutes; a bad
	// one ends what the reading before it said.
	if got, want := p.Coverage, 1-(60.-2+30+10)/1440; math.Abs(got-want) > 1e-9 {
		t.Errorf("coverage %v, want %v", got, want)
	}
	if slices.Contains(room.Batches, "B2") || !slices.Contains(room.Batches, "HJQ261123-TLG-007") {
		t.Errorf("batches %v", room.Batches)
	}
	if spare := d.Rooms[1]; len(spare.Unused) != 1 || spare.Points[0].Mean != nil || spare.Points[0].Coverage != 0 {
		t.Errorf("the spare room: %+v", spare)
	}
}

// The numbers do not depend on whether rollups or readings were asked.
func TestRollupsAndReadingsSayTheSame(t *testing.T) {
	m, s := maker(t)
	want, err := m.Daily(t.Context(), "balagong", clock(18, 0), clock(30, 0))
	if err != nil {
		t.Fatal(err)
	}
	for name, stale := range map[string][]store.Stretch{
		"all": {{From: clock(0, 0), To: clock(24, 0)}}, "more than all": {{From: clock(-9, 0), To: clock(99, 0)}},
		"an odd piece": {{From: clock(9, 59), To: clock(10, 1)}}, "touching pieces": {{From: clock(10, 1), To: clock(10, 2)}, {From: clock(10, 14), To: clock(10, 16)}, {From: clock(15, 0), To: clock(15, 45)}},
	} {
		s.stale = stale
		m.Series = s
		got, err := m.Daily(t.Context(), "balagong", clock(18, 0), clock(30, 0))
		if err != nil {
			t.Fatal(err)
		}
		for i := range got.Rooms[0].Points {
			a, b := got.Rooms[0].Points[i], want.Rooms[0].Points[i]
			x, _ := json.Marshal(a)
			y, _ := json.Marshal(b)
			if !bytes.Equal(x, y) {
				for k := range a.Slots {
					x, _ := json.Marshal(a.Slots[k])
					y, _ := json.Marshal(b.Slots[k])
					if !bytes.Equal(x, y) {
						t.Errorf("%s: %s\n%s from readings\n%s from rollups", name, a.Point, x, y)
					}
				}
			}
		}
	}
}

func TestADayThatIsNotOver(t *testing.T) {
	m, _ := maker(t)
	d, err := m.Daily(t.Context(), "balagong", clock(18, 0), clock(12, 0))
	if err != nil {
		t.Fatal(err)
	}
	p := d.Rooms[0].Points[0]
	if d.Over || p.Slots[23].Ahead || !p.Slots[24].Ahead {
		t.Errorf("over %v, 11:30 %+v, 12:00 %+v", d.Over, p.Slots[23], p.Slots[24])
	}
	if p.Coverage != 1 {
		t.Errorf("coverage of a morning without a gap: %v", p.Coverage)
	}
}

func TestHandsThatAreNotKeptAreSaidToBeSo(t *testing.T) {
	m, _ := maker(t)
	m.Quality = nil
	d, err := m.Daily(t.Context(), "balagong", clock(18, 0), clock(30, 0))
	if err != nil || d.HandsKept {
		t.Fatalf("%v %+v", err, d.HandsKept)
	}
	if page := html(t, d.Sheet(wording.Chinese)); !strings.Contains(page, "未登记人工测温") || strings.Contains(page, "当日没有人工测温") {
		t.Error("the page does not say that none are kept")
	}
	s, err := m.Summary(t.Context(), Monthly, clock(18, 0), clock(30, 0))
	if err != nil || s.Verdicts != nil || s.Inspections != nil {
		t.Fatalf("%v %+v", err, s)
	}
	if page := html(t, s.Sheet(wording.English)); strings.Count(page, "not recorded by this system") != 2 {
		t.Error("the monthly report does not say that verdicts and inspections are not recorded")
	}
}

func TestWhatFailsIsSaid(t *testing.T) {
	m, _ := maker(t)
	if _, err := m.Daily(t.Context(), "nowhere", clock(18, 0), clock(30, 0)); !errors.Is(err, ErrNoSite) {
		t.Errorf("%v", err)
	}
	broken := records()
	broken.down = errors.New("county.db is gone")
	m.Records = broken
	if _, err := m.Daily(t.Context(), "balagong", clock(18, 0), clock(30, 0)); !errors.Is(err, broken.down) {
		t.Errorf("%v", err)
	}
	if _, err := m.Summary(t.Context(), Monthly, clock(18, 0), clock(30, 0)); !errors.Is(err, broken.down) {
		t.Errorf("%v", err)
	}
	if _, err := m.Summary(t.Context(), "yearly", clock(18, 0), clock(30, 0)); err == nil {
		t.Error("a yearly report was made")
	}
}

func TestPeriods(t *testing.T) {
	at := func(s string) time.Time {
		d, err := time.ParseInLocation("2006-01-02 15:04", s, shanghai)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		kind           Kind
		day, from, end string
	}{
		{Daily, "2026-11-23 23:59", "2026-11-23", "2026-11-24"}, {Weekly, "2026-11-23 00:00", "2026-11-23", "2026-11-30"}, {Weekly, "2026-11-29 23:00", "2026-11-23", "2026-11-30"},
		{Monthly, "2026-11-21 12:00", "2026-10-22", "2026-11-22"}, {Monthly, "2026-11-22 00:00", "2026-11-22", "2026-12-22"}, {Monthly, "2026-01-05 00:00", "2025-12-22", "2026-01-22"},
		{Monthly, "2026-12-25 00:00", "2026-12-22", "2027-01-22"}, {HalfYear, "2026-06-30 23:59", "2026-01-01", "2026-07-01"}, {HalfYear, "2026-07-01 00:00", "2026-07-01", "2027-01-01"},
	} {
		from, to, err := c.kind.Period(at(c.day).UTC(), shanghai)
		if err != nil || from.Format(time.DateOnly) != c.from || to.Format(time.DateOnly) != c.end {
			t.Errorf("%s of %s: %s to %s (%v), want %s to %s", c.kind, c.day, from, to, err, c.from, c.end)
		}
	}
}

func TestSummaryOfAMonth(t *testing.T) {
	m, _ := maker(t)
	s, err := m.Summary(t.Context(), Weekly, clock(18, 0), clock(30, 0)) // Monday, and Tuesday until six
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Served) != 3 || s.Served[0].Heard != 1 || s.Served[1].Heard != 0 || s.Served[2].Sites != 2 || s.Served[2].Heard != 1 || s.Served[2].Silent[0].ZH != "演示村02" {
		t.Errorf("served %+v", s.Served)
	}
	mutton, spare, box := s.Rooms[0], s.Rooms[1], s.Rooms[2]
	if mutton.Days != 2 || mutton.Running != 1 || mutton.Idle != 0 || mutton.Batches != 1 {
		t.Errorf("mutton %+v", mutton)
	}
	if spare.OutOfUse != 2 || spare.Running != 0 || spare.Mean != nil || spare.InRange != nil {
		t.Errorf("spare %+v", spare)
	}
	if box.Loads != 1 || box.Batches != 1 {
		t.Errorf("box %+v", box)
	}
	// 98 minutes of the day are not covered, and two are only by a reading of the
	// quarter-hour before: of that one there is no value to judge.
	covered := 1440. - 98 - 2
	near(t, "in range", mutton.InRange, (covered-30)/covered) // two quarter-hours held a value above 5 °C
	a := s.Alarms
	if a.Excursions != 1 || a.Warnings != 1 || a.Answered != 1 || a.Open != 1 || a.ByRule[0].Alarms != 1 {
		t.Errorf("alarms %+v", a)
	}
	near(t, "median response", a.MedianS, 180)
	near(t, "longest response", a.LongestS, 180)
	if s.Batches != 2 || s.Verdicts[batch.Released] != 1 || s.Verdicts[batch.OnHold] != 0 || s.Inspections.Done != 2 || s.Inspections.Failed != 1 {
		t.Errorf("goods %d %v %+v", s.Batches, s.Verdicts, s.Inspections)
	}
	if len(s.Missing) != 2 || s.Missing[0].Site.ZH != "2 号车" || s.Missing[0].Coverage != 0 || s.Missing[1].Declared[0].LastedS != 3600 {
		t.Errorf("missing %+v", s.Missing)
	}
	if days := time.Duration(s.Missing[0].MissingS) * time.Second; days != 30*time.Hour {
		t.Errorf("the truck misses %v of thirty hours", days)
	}
}

func html(t *testing.T, s Sheet) string {
	t.Helper()
	var out bytes.Buffer
	if err := HTML(&out, s, "abc"); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestPages(t *testing.T) {
	m, _ := maker(t)
	d, err := m.Daily(t.Context(), "balagong", clock(18, 0), clock(30, 0))
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Summary(t.Context(), Monthly, clock(18, 0), time.Date(2026, 12, 22, 9, 0, 0, 0, shanghai))
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range map[string]string{
		"daily.zh": html(t, d.Sheet(wording.Chinese)), "daily.en": html(t, d.Sheet(wording.English)),
		"monthly.zh": html(t, s.Sheet(wording.Chinese)), "monthly.en": html(t, s.Sheet(wording.English)),
	} {
		golden := "testdata/" + name + ".html"
		if *update {
			if err := os.WriteFile(golden, []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if page != string(want) {
			t.Errorf("%s is not what it was; look at it and run with -update", golden)
		}
		if strings.Contains(page, "<门没关好>") || strings.HasPrefix(name, "daily") && !strings.Contains(page, "&lt;门没关好&gt;") {
			t.Errorf("%s: what people wrote is not escaped", name)
		}
		if !strings.Contains(page, `<style nonce="abc">`) || strings.Contains(page, "ZgotmplZ") || strings.Contains(page, "NaN") {
			t.Errorf("%s: style, an unsafe value or a number that is none", name)
		}
	}
}

func TestWorkbook(t *testing.T) {
	m, _ := maker(t)
	b := records()
	b.alarms[0].Batches = []string{`=HYPERLINK("http://x")`}
	m.Records = b
	d, err := m.Daily(t.Context(), "balagong", clock(18, 0), clock(30, 0))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := XLSX(&out, d.Sheet(wording.Chinese)); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if sheets := f.GetSheetList(); len(sheets) != 2 {
		t.Fatalf("worksheets %q", sheets)
	}
	found := map[string]bool{}
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for r, row := range rows {
			for c, v := range row {
				at, _ := excelize.CoordinatesToCellName(c+1, r+1)
				if formula, err := f.GetCellFormula(sheet, at); err != nil || formula != "" {
					t.Errorf("%s of %s is the formula %q (%v)", at, sheet, formula, err)
				}
				kind, err := f.GetCellType(sheet, at)
				if err != nil {
					t.Fatal(err)
				}
				if v == "2.0" && kind != excelize.CellTypeSharedString {
					found["a number"] = true
				}
				if v == `=HYPERLINK("http://x")` && kind == excelize.CellTypeSharedString {
					found["a text"] = true
				}
				found[v] = true
			}
		}
	}
	for _, want := range []string{"a number", "a text", "4.7 ↑6.0", "—", "2.0 ?", "— 设备没有回答", "覆盖率 %"} {
		if !found[want] {
			t.Errorf("%q is not in the workbook", want)
		}
	}
}
