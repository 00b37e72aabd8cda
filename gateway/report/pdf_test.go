package report

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coldchain/alerting/wording"
	"coldchain/gateway/evidence/certificate/font"
	"coldchain/gateway/evidence/evidencetest"
	"coldchain/gateway/paper"
)

// draw draws a sheet into a file and returns its path.
func draw(t *testing.T, s Sheet) string {
	t.Helper()
	faces, err := font.Load()
	if errors.Is(err, font.ErrNone) {
		evidencetest.Lacks(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	var out, again bytes.Buffer
	if err := errors.Join(PDF(&out, faces, s), PDF(&again, faces, s)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), again.Bytes()) {
		t.Errorf("%s: drawn again, it is another file", s.Stem)
	}
	path := filepath.Join(t.TempDir(), s.Stem+".pdf")
	if folder := os.Getenv("REPORT_PICTURES"); folder != "" { // to look at
		path = filepath.Join(folder, s.Stem+"."+map[bool]string{true: "en", false: "zh"}[s.Language == wording.English]+".pdf")
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// read is what another program reads, in the order in which it was drawn and
// without spaces: where lines are broken is not what is said.
func read(t *testing.T, path string) string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		evidencetest.Lacks(t, err.Error()+": run `make test-deps` to get it")
	}
	text, err := exec.Command(tool, "-raw", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return flat(string(text))
}

func flat(s string) string { return strings.Join(strings.Fields(s), "") }

func reports(t *testing.T) []Report {
	t.Helper()
	m, _ := maker(t)
	d, err := m.Daily(t.Context(), "balagong", clock(18, 0), clock(30, 0))
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Summary(t.Context(), Monthly, clock(18, 0), time.Date(2026, 12, 22, 9, 0, 0, 0, shanghai))
	if err != nil {
		t.Fatal(err)
	}
	tm, r := tripMaker(t)
	tm.Goods = anyLot{shipped()}
	x, err := tm.Trip(t.Context(), r.run.ID, clock(16, 30))
	if err != nil {
		t.Fatal(err)
	}
	load, err := tm.Load(t.Context(), r.run.ID, clock(16, 30))
	if err != nil {
		t.Fatal(err)
	}
	return []Report{d, s, x, load}
}

// Nothing that a sheet says is lost when it is drawn.
func TestPDFSaysWhatTheSheetSays(t *testing.T) {
	for _, r := range reports(t) {
		for _, l := range []wording.Language{wording.Chinese, wording.English} {
			s := r.Sheet(l)
			says(t, s, read(t, draw(t, s)))
		}
	}
}

func says(t *testing.T, s Sheet, text string) {
	t.Helper()
	want := append(append([]string{s.Title, s.Subtitle, s.Stamp}, s.Notes...), s.Signed...)
	for _, f := range s.Facts {
		want = append(want, f.Name, f.Value)
	}
	for _, tab := range s.Tables {
		want = append(want, tab.Title, tab.About)
		if len(tab.Rows) == 0 {
			want = append(want, tab.Empty)
			continue
		}
		for _, c := range tab.Columns {
			want = append(want, c.Name, c.Unit)
		}
		for _, r := range tab.Rows {
			for _, c := range r.Cells {
				want = append(want, c.Text)
			}
		}
	}
	for _, w := range want {
		if w := flat(paper.Printable(w)); !strings.Contains(text, w) {
			t.Errorf("%s (%v) does not say %q", s.Stem, s.Language, w)
		}
	}
}

// A table that is longer than a page goes on under the same heads, and a row
// that is longer than a page loses nothing.
func TestPDFOfManyRows(t *testing.T) {
	s := Sheet{Language: wording.Chinese, Title: "长表", Subtitle: "测试", Stem: "long", Stamp: "演示", Made: clock(9, 0)}
	tab := Table{Title: "行", Columns: []Column{{Name: "表头甲"}, {Name: "表头乙", Number: true, Wide: 3}}}
	for i := range 150 {
		tab.Rows = append(tab.Rows, Row{Cells: []Cell{text(strings.Repeat("字", 3)), count(i)}})
	}
	long := "始" + strings.Repeat("很长的备注，", 900) + "终"
	tab.Rows = append(tab.Rows, Row{Cells: []Cell{text("长"), text(long)}})
	s.Tables = []Table{tab}
	got := read(t, draw(t, s))
	says(t, Sheet{Title: s.Title, Tables: []Table{{Title: "行", Columns: tab.Columns, Rows: tab.Rows[:150]}}}, got)
	if n := strings.Count(got, "很长的备注"); n < 880 || !strings.Contains(got, "终") { // a page's foot may stand within one
		t.Errorf("%d of 900 remarks", n)
	}
	if n := strings.Count(got, "表头甲表头乙"); n < 4 {
		t.Errorf("the heads stand %d times", n)
	}
}

func TestPDFWithoutAFont(t *testing.T) {
	if err := PDF(&bytes.Buffer{}, font.Faces{}, Sheet{Stem: "x"}); !errors.Is(err, font.ErrNone) {
		t.Errorf("%v", err)
	}
}
