package intake

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"coldchain/alerting/batch"
)

var shanghai = time.FixedZone("CST", 8*3600)

func read(t *testing.T, text string) List {
	t.Helper()
	l, err := Read(strings.NewReader(text), shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

const list = `杭锦旗屠宰场 11 月 23 日
批次号,品名,档案,数量,货主,库区,入库时间,检疫证号,检疫日期,耳标,备注
A-1,羊肉,mutton-chilled,240 kg,演示牧业,balagong/mutton,2026-11-23 08:00,15-0001,2026/11/22,315062500012345、315062500012346,好
,,,,,,,,,,
A-2,"羊肉, 带骨",mutton-chilled,12 箱,,balagong/mutton,2026年11月23日 9:05,,,,
A-1,牛肉,,,,,,,,,
A-3,,,,,,,,,,
A-4,羊肉,,,,,11/23/2026,,,,
A-5,羊肉,,,,,,15-0002,,,
A-6,羊肉,,,,,,,,415062500012345,
,羊肉,,,,,,,,,
`

// TestEveryLineIsARowOrARefusal in both forms of the same list.
func TestEveryLineIsARowOrARefusal(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(list)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"UTF-8": list, "BOM": "\xEF\xBB\xBF" + list, "GB 18030": gb, "CRLF": strings.ReplaceAll(list, "\n", "\r\n")} {
		l := read(t, text)
		if len(l.Rows) != 2 {
			t.Fatalf("%s: %d rows: %+v", name, len(l.Rows), l)
		}
		a := l.Rows[0]
		if a.Line != 3 || a.Batch.ID != "A-1" || a.Batch.Owner != "演示牧业" || a.Zone != "balagong/mutton" || !a.At.Equal(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: %+v", name, a)
		}
		if len(a.Documents) != 1 || a.Documents[0].Number != "15-0001" || a.Documents[0].Kind != batch.DocQuarantine || len(a.Details.Codes) != 2 || a.Details.Codes[1].Value != "315062500012346" {
			t.Errorf("%s: %+v", name, a)
		}
		if b := l.Rows[1]; b.Line != 5 || b.Batch.Product != "羊肉, 带骨" || !b.At.Equal(time.Date(2026, 11, 23, 1, 5, 0, 0, time.UTC)) {
			t.Errorf("%s: %+v", name, b)
		}
		want := map[int]string{2: "not known", 6: "line 3 already", 7: "no product", 8: "write it like", 9: "number and its date", 10: "15 digits", 11: "no batch id"}
		for _, r := range l.Refused {
			if w := want[r.Line]; w == "" || !strings.Contains(r.EN, w) || r.ZH == "" || r.ZH == r.EN {
				t.Errorf("%s: %+v", name, r)
			}
			delete(want, r.Line)
		}
		if len(want) > 0 {
			t.Errorf("%s: not refused: %v", name, want)
		}
	}
}

// TestHowWarmGoodsCameIn: a temperature without the place where it was taken is
// no measurement.
func TestHowWarmGoodsCameIn(t *testing.T) {
	l := read(t, "批次号,品名,入库温度,测温位置\nA,羊肉,-16.5,箱间\nB,羊肉,−17 °C,中心\nC,羊肉,3.5℃,surface\nD,羊肉,,\n"+
		"E,羊肉,-16.5,\nF,羊肉,,箱间\nG,羊肉,冷,箱间\nH,羊肉,-165,箱间\nI,羊肉,-16.5,空气\n")
	want := []struct {
		c      float64
		method string
	}{{-16.5, "between-packs"}, {-17, "core"}, {3.5, "surface"}}
	if len(l.Rows) != 4 || l.Rows[3].ProductC != nil || len(l.Refused) != 5 {
		t.Fatalf("%+v", l)
	}
	for i, w := range want {
		if r := l.Rows[i]; r.ProductC == nil || *r.ProductC != w.c || r.Method != w.method {
			t.Errorf("%s: %v %s", r.Batch.ID, r.ProductC, r.Method)
		}
	}
}

func TestEnglishAndOtherSeparators(t *testing.T) {
	for _, text := range []string{"Batch;Product;Since\nA;milk;2026-11-23T08:00:00+08:00\n", "id\tproduct\tat\nA\tmilk\t2026-11-23 8:0\n", "ID*,Product*,Received\nA,milk,2026.11.23 08:00:00\n"} {
		l := read(t, text)
		if len(l.Rows) != 1 || len(l.Refused) != 0 || !l.Rows[0].At.Equal(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%q: %+v", text, l)
		}
	}
}

func TestListsThatCannotBeRead(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":        {" \n", "empty"},
		"no header":    {"a,b\nc,d\n", "no header"},
		"two columns":  {"批次号,批号\nA,B\n", "two columns"},
		"quotes":       {"批次号,品名\n\"A,羊肉\n", "quotes"},
		"old Excel":    {"\xD0\xCF\x11\xE0...", ".xls"},
		"no workbook":  {"PK\x03\x04nothing", "no readable .xlsx"},
		"not readable": {"批次号\n\xff\xff\xff", "encoding"},
		"too long":     {"id,product\n" + strings.Repeat("A,x\n", MaxRows+20), "divide"},
		"too large":    {"id,product\n" + strings.Repeat("x", MaxSize), "larger"},
	} {
		_, err := Read(strings.NewReader(c.text), shanghai)
		p, ok := err.(*Problem)
		if !ok || !strings.Contains(p.EN, c.want) || p.ZH == "" || strings.Contains(p.ZH+p.EN, "%!") {
			t.Errorf("%s: %v, want a problem with %q", name, err, c.want)
		}
	}
}

// TestWorkbooks: dates as Excel keeps them, ear tags as numbers, and a template
// that reads as an empty list.
func TestWorkbooks(t *testing.T) {
	f := excelize.NewFile()
	rows := [][]any{{"批次号", "品名", "数量", "入库时间", "耳标", "屠宰日期"},
		{"A", "羊肉", "240 kg", time.Date(2026, 11, 23, 8, 30, 0, 0, time.UTC), 315062500012345, "2026-11-22"}, {"B", "羊肉", 12.5, "2026-11-23 08:30"}}
	for i, r := range rows {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &r); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	l, err := Read(&b, shanghai)
	if err != nil || len(l.Rows) != 2 || len(l.Refused) != 0 {
		t.Fatalf("%+v %v", l, err)
	}
	at := time.Date(2026, 11, 23, 0, 30, 0, 0, time.UTC)
	if r := l.Rows[0]; !r.At.Equal(at) || r.Details.Codes[0].Value != "315062500012345" || !r.Details.Born.Equal(time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", r)
	}
	if r := l.Rows[1]; !r.At.Equal(at) || r.Batch.Quantity != "12.5" || r.Line != 3 {
		t.Errorf("%+v", r)
	}
	for _, xlsx := range []bool{true, false} {
		b.Reset()
		if err := Template(&b, xlsx); err != nil {
			t.Fatal(err)
		}
		l, err := Read(&b, shanghai)
		if err != nil || len(l.Rows) != 0 || len(l.Refused) != 0 {
			t.Errorf("template (xlsx %v): %+v %v", xlsx, l, err)
		}
	}
}

func TestColumnsDoNotShareAWord(t *testing.T) {
	seen := map[string]string{}
	for _, c := range columns() {
		for _, w := range append([]string{c.key}, c.words...) {
			if before, taken := seen[w]; taken && before != c.key {
				t.Errorf("%q heads %s and %s", w, before, c.key)
			}
			seen[w] = c.key
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(list))
	f.Add([]byte("id;product\n\"a\";b"))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, body []byte) {
		l, err := Read(bytes.NewReader(body), shanghai)
		if err != nil {
			return
		}
		for _, r := range l.Rows {
			if r.Line < 1 || r.Batch.ID == "" || r.Batch.Product == "" {
				t.Errorf("%+v", r)
			}
		}
	})
}

// TestADayOfDeliveryIsItsEnd: people write a day, and mean by that night.
func TestADayOfDeliveryIsItsEnd(t *testing.T) {
	l := read(t, "批次号,品名,交货日期\nA-1,羊肉,2026-11-29\nA-2,羊肉,2026-11-29 10:00\nA-3,羊肉,\nA-4,羊肉,29/11/2026\n")
	if len(l.Rows) != 3 || len(l.Refused) != 1 || l.Refused[0].Column != "交货日期" {
		t.Fatalf("%+v", l)
	}
	for i, want := range []time.Time{time.Date(2026, 11, 29, 23, 59, 59, 0, shanghai), time.Date(2026, 11, 29, 10, 0, 0, 0, shanghai), {}} {
		if got := l.Rows[i].Details.DeliverBy; !got.Equal(want) {
			t.Errorf("line %d: %s, want %s", l.Rows[i].Line, got, want)
		}
	}
}
