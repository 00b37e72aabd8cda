package report

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/wording"
	"coldchain/sensors"
)

// lots is what is known of batches, in memory.
type lots struct{ decided []batch.Verdict }

func (g lots) Lot(_ context.Context, id string) (batch.Dossier, error) {
	return batch.Dossier{Batch: batch.Batch{ID: id, Product: "塔拉沟山羊肉", Quantity: "240 kg"}, Verdicts: g.decided}, nil
}

func (lots) CalibratedUntil(p sensors.PointID) (time.Time, bool) {
	return time.Date(2027, 3, 1, 0, 0, 0, 0, shanghai), p == air
}

func inspected(t *testing.T, rooms ...string) Inspection {
	t.Helper()
	m, _ := maker(t)
	m.Inspected = lots{[]batch.Verdict{{Version: 1, Decision: batch.Released, By: "巴雅尔", At: clock(9, 0), Reason: "全程合格"}, {Version: 2, Decision: batch.Rejected, Severe: true, By: "巴雅尔", At: clock(12, 0)}}}
	n, err := m.Inspect(t.Context(), rooms, clock(0, 0), clock(24, 0), clock(30, 0))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAnInspectorReadsARoom: hours with gaps, alarms with handling, calibration,
// and the batches with the verdict that holds.
func TestAnInspectorReadsARoom(t *testing.T) {
	n := inspected(t, "balagong/mutton-1")
	if len(n.Rooms) != 1 || len(n.Alarms) != 2 || len(n.Gaps) != 1 || len(n.Hands) != 1 || len(n.Probes) != 2 || len(n.Stays) != 1 {
		t.Fatalf("%+v", n)
	}
	slots := n.Rooms[0].Points[0].Slots
	if len(slots) != 24 || slots[13].Coverage > 0.06 { // the reading before a hole speaks for three minutes
		t.Errorf("%d lines, at 13:00 %+v", len(slots), slots[13])
	}
	near(t, "10:00 mean", slots[10].Mean, (20*6+40*2)/60.)
	near(t, "10:00 max", slots[10].Max, 6)
	if s := n.Stays[0]; s.Verdict.Decision != batch.Released || !s.Waits || s.From != clock(6, 0) || !s.To.IsZero() {
		t.Errorf("%+v", s)
	}
	for l, want := range map[wording.Language][]string{
		wording.Chinese: {"冷链检查记录", "巴拉贡镇 羊肉库", "↑6.0", "HJQ261123-TLG-007", "放行（巴雅尔 11-23 09:00）全程合格", "待第二人签字", "此后仍在", "2027-03-01", "在有效期内", "网关未报有效期", "门没关", "其其格", "11-23 13:00", "2.4", "93.1"},
		wording.English: {"Cold-chain records for inspection", "Balagong Mutton room", "released (巴雅尔 11-23 09:00)", "the newest waits for a second person", "stays on", "valid", "its gateway names none"},
	} {
		page := html(t, n.Sheet(l))
		for _, w := range want {
			if !strings.Contains(page, w) {
				t.Errorf("the page does not say %q", w)
			}
		}
		if strings.Contains(page, "<门没关好>") || strings.Contains(page, "ZgotmplZ") || strings.Contains(page, "NaN") {
			t.Error("what people wrote is not escaped, or a value is none")
		}
		if strings.Contains(page, "<script") || strings.Contains(page, `class="bar"`) {
			t.Error("a page without a bar has one")
		}
	}
}

// TestNothingBesideTheRoomsAndDatesIsTold: what the other rooms of the story hold
// is on no page of this one.
func TestNothingBesideTheRoomsAndDatesIsTold(t *testing.T) {
	m, _ := maker(t)
	m.Inspected = lots{}
	for name, c := range map[string]struct {
		rooms    []string
		from, to time.Time
		not      []string
	}{
		"another room":          {[]string{"balagong/spare"}, clock(0, 0), clock(24, 0), []string{"mutton", "羊肉库", "TLG-007", "其其格", "a1", "2.4"}},
		"the truck":             {[]string{"truck-2/box"}, clock(0, 0), clock(24, 0), []string{"balagong", "巴拉贡", "TLG-007", "冬季停用", "restart"}},
		"a room's name's start": {[]string{"balagong/spare"}, clock(0, 0), clock(24, 0), []string{"door"}},
		"the day before":        {[]string{"balagong/mutton-1"}, clock(-24, 0), clock(0, 0), []string{"TLG-007", `"a1"`, `"a2"`}},
	} {
		n, err := m.Inspect(t.Context(), c.rooms, c.from, c.to, clock(30, 0))
		if err != nil {
			t.Fatal(err)
		}
		value, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		for _, not := range c.not {
			if strings.Contains(string(value), not) || strings.Contains(html(t, n.Sheet(wording.Chinese)), not) {
				t.Errorf("%s: tells %q", name, not)
			}
		}
	}
	if _, err := m.Inspect(t.Context(), []string{"balagong/mutton-1", "balagong/mutton"}, clock(0, 0), clock(24, 0), clock(30, 0)); !errors.Is(err, ErrNoSite) {
		t.Errorf("a room that is not there: %v", err)
	}
}

func TestWhatAnInspectorReadsIsDrawn(t *testing.T) {
	n := inspected(t, "balagong/mutton-1", "balagong/spare")
	for _, l := range []wording.Language{wording.Chinese, wording.English} {
		s := n.Sheet(l)
		says(t, s, read(t, draw(t, s)))
	}
	// The spare room told nothing all day: that is one line, not twenty-four.
	last := n.Sheet(wording.Chinese).Tables[len(n.Sheet(wording.Chinese).Tables)-1]
	if len(last.Rows) != 1 || last.Rows[0].Cells[0].Text != "11-23 00:00 – 11-24 00:00" {
		t.Errorf("%+v", last.Rows)
	}
}

func TestAPageWithABar(t *testing.T) {
	var out strings.Builder
	if err := HTMLWith(&out, inspected(t, "balagong/mutton-1").Sheet(wording.Chinese), "abc", Bar{Print: "打印", Links: []Link{{"English", `/x?a=1&b="2"`}}}); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, w := range []string{`<button type="button" id="print">打印</button>`, `<a href="/x?a=1&amp;b=%222%22">English</a>`, `<script nonce="abc">`} {
		if !strings.Contains(page, w) {
			t.Errorf("no %s", w)
		}
	}
	if strings.Count(page, `nonce="abc"`) != strings.Count(page, "<style")+strings.Count(page, "<script") {
		t.Error("a style or script without the nonce")
	}
}

type marks struct{ reviewed, sent *Answer }

func (m marks) Marks(context.Context, Kind, time.Time) (reviewed, sent *Answer, err error) {
	return m.reviewed, m.sent, nil
}

// TestAReportSaysWhoReviewedAndSentIt instead of calling itself a draft.
func TestAReportSaysWhoReviewedAndSentIt(t *testing.T) {
	m, _ := maker(t)
	by := &Answer{By: "王主任", At: clock(9, 0)}
	for want, filed := range map[string]marks{"草稿：22 日出稿": {}, "已审核（王主任 2026-11-23）": {reviewed: by}, "已报送（王主任 2026-11-23）": {by, by}} {
		m.Filed = filed
		s, err := m.Summary(t.Context(), Monthly, clock(18, 0), time.Date(2026, 12, 22, 9, 0, 0, 0, shanghai))
		if err != nil {
			t.Fatal(err)
		}
		if page := html(t, s.Sheet(wording.Chinese)); !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}
