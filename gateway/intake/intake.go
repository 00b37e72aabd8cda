// Package intake reads lists of batches as people keep them, CSV or XLSX, into
// rows to be booked. It guarantees that every line of the list is either a row
// or a refusal that names the line, that no cell is guessed at where it could
// mean two things, and that what a list can ask of the machine is bounded.
package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"coldchain/alerting/batch"
)

// The bounds of a list.
const (
	MaxSize = 8 << 20 // bytes
	MaxRows = 20_000
	maxCell = 500 // bytes
)

// Row is one line of a list.
type Row struct {
	Line    int // as a person counts: the header is 1 in a plain list
	Batch   batch.Batch
	Zone    string    // "site/zone", or what the list says; empty: not booked into a room
	At      time.Time // since when it lies there; zero: now
	Details batch.Details
	// ProductC is how warm the goods were when they came in, °C, and Method where
	// that was measured; nil: nobody measured.
	ProductC *float64
	Method   string
	// Documents are those of columns for them.
	Documents []batch.Document
}

// Refusal is a line that was not taken, and why, in both languages.
type Refusal struct {
	Line   int    `json:"line"`
	Column string `json:"column,omitempty"` // as the list calls it
	Batch  string `json:"batch,omitempty"`
	ZH     string `json:"zh"`
	EN     string `json:"en"`
}

// List is what was read.
type List struct {
	Rows    []Row
	Refused []Refusal
}

// Problem is a list that cannot be read at all.
type Problem struct{ ZH, EN string }

// Error returns the English sentence.
func (p *Problem) Error() string { return p.EN }

func problem(zh, en string, values ...any) error {
	return &Problem{fmt.Sprintf(zh, values...), fmt.Sprintf(en, values...)}
}

// column is a column that is understood.
type column struct {
	key   string
	words []string // the header, in lower case
	hint  Label
	set   func(r *Row, cell string, w wall) error
}

// Label is a text in both languages.
type Label struct{ ZH, EN string }

// columns are those of a list, in the order of the template.
func columns() []column {
	text := func(at func(*Row) *string) func(*Row, string, wall) error {
		return func(r *Row, cell string, _ wall) error { *at(r) = cell; return nil }
	}
	when := func(at func(*Row) *time.Time) func(*Row, string, wall) error {
		return func(r *Row, cell string, w wall) (err error) { *at(r), err = w.parse(cell); return err }
	}
	code := func(kind batch.CodeKind) func(*Row, string, wall) error {
		return func(r *Row, cell string, _ wall) error {
			for _, v := range strings.FieldsFunc(cell, func(c rune) bool { return strings.ContainsRune(",;，；、 ", c) }) {
				c := batch.Code{Kind: kind, Value: v}
				if err := c.Check(); err != nil {
					return err
				}
				r.Details.Codes = append(r.Details.Codes, c)
			}
			return nil
		}
	}
	return []column{
		{"id", []string{"批次号", "批号", "批次", "batch", "id", "batch id", "code"}, Label{"必填，字母、数字、连字符", "needed: letters, digits, hyphens"}, text(func(r *Row) *string { return &r.Batch.ID })},
		{"product", []string{"品名", "产品", "货物", "product", "name"}, Label{"必填", "needed"}, text(func(r *Row) *string { return &r.Batch.Product })},
		{"profile", []string{"档案", "产品档案", "profile"}, Label{"如 mutton-chilled", "such as mutton-chilled"}, text(func(r *Row) *string { return &r.Batch.Profile })},
		{"quantity", []string{"数量", "重量", "quantity", "amount"}, Label{"如 240 kg、12 箱", "such as 240 kg"}, text(func(r *Row) *string { return &r.Batch.Quantity })},
		{"owner", []string{"货主", "委托方", "owner"}, Label{}, text(func(r *Row) *string { return &r.Details.Owner.Name })},
		{"owner_code", []string{"货主信用代码", "委托方信用代码", "统一社会信用代码", "owner code", "owner_code"}, Label{"18 位", "18 characters"}, text(func(r *Row) *string { return &r.Details.Owner.Code })},
		{"keeper", []string{"受托方", "保管方", "keeper"}, Label{}, text(func(r *Row) *string { return &r.Details.Keeper.Name })},
		{"keeper_code", []string{"受托方信用代码", "keeper code", "keeper_code"}, Label{"18 位", "18 characters"}, text(func(r *Row) *string { return &r.Details.Keeper.Code })},
		{"carrier", []string{"承运方", "carrier"}, Label{}, text(func(r *Row) *string { return &r.Details.Carrier.Name })},
		{"carrier_code", []string{"承运方信用代码", "carrier code", "carrier_code"}, Label{"18 位", "18 characters"}, text(func(r *Row) *string { return &r.Details.Carrier.Code })},
		{"zone", []string{"库区", "库房", "zone", "room"}, Label{"站点/库区，如 balagong/mutton", "site/zone"}, text(func(r *Row) *string { return &r.Zone })},
		{"at", []string{"入库时间", "入库日期", "at", "since", "received"}, Label{"如 2026-11-23 08:00；空着就是现在", "such as 2026-11-23 08:00; empty: now"}, when(func(r *Row) *time.Time { return &r.At })},
		{"product_c", []string{"入库温度", "货温", "product_c", "temperature"}, Label{"货品温度 °C，写了就要写测温位置", "of the goods, °C, with its method"}, func(r *Row, cell string, _ wall) error {
			v, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimRight(strings.Replace(cell, "−", "-", 1), " °℃Cc")), 64)
			if err != nil {
				return problem("入库温度 %.40[1]q 看不懂，应写成 -16.5", "temperature %.40[1]q: write it like -16.5", cell)
			}
			r.ProductC = &v
			return batch.CheckC(v)
		}},
		{"method", []string{"测温位置", "测温方法", "method"}, Label{"表面、箱间或中心", "surface, between-packs or core"}, func(r *Row, cell string, _ wall) error {
			r.Method = map[string]string{"表面": "surface", "外包装表面": "surface", "surface": "surface", "箱间": "between-packs", "between-packs": "between-packs", "中心": "core", "货芯": "core", "core": "core"}[strings.ToLower(cell)]
			if r.Method == "" {
				return problem("测温位置 %.40[1]q 不认识：表面、箱间或中心", "method %.40[1]q: want surface, between-packs or core", cell)
			}
			return nil
		}},
		{"born", []string{"生产日期", "屠宰日期", "生产时间", "born", "produced"}, Label{"如 2026-11-22", "such as 2026-11-22"}, when(func(r *Row) *time.Time { return &r.Details.Born })},
		{"deliver_by", []string{"交货日期", "交货时间", "交货", "deliver by", "deliver_by", "delivery"}, Label{"如 2026-11-29，就是当天晚上以前", "such as 2026-11-29: by that night"}, func(r *Row, cell string, w wall) error {
			t, err := w.parse(cell)
			if day := t.In(w.location); err == nil && day.Hour()+day.Minute()+day.Second() == 0 {
				t = batch.DayEnd(day).UTC()
			}
			r.Details.DeliverBy = t
			return err
		}},
		{"trace", []string{"追溯码", "trace", "trace code"}, Label{}, func(r *Row, cell string, _ wall) error { // letter for letter, so never cut into pieces
			c := batch.Code{Kind: batch.TraceCode, Value: cell}
			r.Details.Codes = append(r.Details.Codes, c)
			return c.Check()
		}},
		{"ear_tags", []string{"耳标", "耳标号", "ear tag", "ear tags", "ear_tags"}, Label{"15 位，可写多个，用顿号隔开", "15 digits, several with commas"}, code(batch.EarTag)},
		{"sc", []string{"生产许可证", "食品生产许可证编号", "sc"}, Label{"SC 加 14 位", "SC and 14 digits"}, code(batch.SCNumber)},
		{"quarantine_number", []string{"检疫证号", "动物检疫合格证明", "检疫证", "quarantine", "quarantine_number"}, Label{"写了就要写检疫日期", "with its date"}, func(r *Row, cell string, _ wall) error {
			r.document().Number = cell
			return nil
		}},
		{"quarantine_date", []string{"检疫日期", "quarantine date", "quarantine_date"}, Label{"如 2026-11-22", "such as 2026-11-22"}, func(r *Row, cell string, w wall) (err error) {
			r.document().Date, err = w.parse(cell)
			return err
		}},
	}
}

// document is the quarantine certificate of a row.
func (r *Row) document() *batch.Document {
	if len(r.Documents) == 0 {
		r.Documents = []batch.Document{{Kind: batch.DocQuarantine}}
	}
	return &r.Documents[0]
}

// wall is how times stand in a list.
type wall struct {
	location *time.Location
	serial   bool // a number is Excel's count of days
}

// parse reads the times that lists have. Day and month in digits, the year
// first: 1/2/2026 could be either and is refused.
func (w wall) parse(cell string) (time.Time, error) {
	if n, err := strconv.ParseFloat(cell, 64); err == nil && w.serial && n > 36_526 && n < 73_050 { // the years 2000 to 2099
		t, err := excelize.ExcelDateToTime(n, false)
		if err == nil {
			t = t.Round(time.Second)
			return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, w.location).UTC(), nil
		}
	}
	s := strings.NewReplacer("年", "-", "月", "-", "日", " ", "/", "-", ".", "-", "T", " ").Replace(cell)
	s = strings.TrimSpace(strings.Join(strings.Fields(s), " "))
	if t, err := time.Parse(time.RFC3339, cell); err == nil {
		return t.UTC(), nil
	}
	for _, layout := range []string{"2006-1-2 15:4:5", "2006-1-2 15:4", "2006-1-2"} {
		if t, err := time.ParseInLocation(layout, s, w.location); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, problem("时间 %.40[1]q 看不懂，应写成 2026-11-23 08:00", "time %.40[1]q: write it like 2026-11-23 08:00", cell)
}

// Read reads a list: XLSX by its first bytes, else CSV (UTF-8 or GB 18030, with
// comma, semicolon or tab). Times without a zone are of location. The error is a
// *Problem, or the reader's.
func Read(r io.Reader, location *time.Location) (List, error) {
	body, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return List{}, fmt.Errorf("receive the list: %w", err)
	}
	switch {
	case len(body) > MaxSize:
		return List{}, problem("表格超过 %[1]d MiB，请分成几份", "the list is larger than %[1]d MiB; divide it", MaxSize>>20)
	case len(bytes.TrimSpace(body)) == 0:
		return List{}, problem("表格是空的", "the list is empty")
	case bytes.HasPrefix(body, []byte("PK\x03\x04")):
		lines, err := readXLSX(body)
		if err != nil {
			return List{}, err
		}
		return rows(lines, wall{location, true})
	case bytes.HasPrefix(body, []byte("\xD0\xCF\x11\xE0")):
		return List{}, problem("这是旧的 .xls 表格，请另存为 .xlsx 或 CSV", "this is an old .xls; save it as .xlsx or CSV")
	}
	lines, err := readCSV(body)
	if err != nil {
		return List{}, err
	}
	return rows(lines, wall{location, false})
}

// line is one line of a list and where it stands.
type line struct {
	number int
	cells  []string
}

// headerWithin is where the header has to be: lists have a title above it.
const headerWithin = 10

func rows(lines []line, w wall) (List, error) {
	known := columns()
	header, at := -1, []int{}
	for i := range min(len(lines), headerWithin) {
		if found := headerOf(lines[i].cells, known); slices.Contains(found, 0) {
			header, at = i, found
			break
		}
	}
	if header < 0 {
		return List{}, problem("前 %[1]d 行里没有表头：要有“批次号”一列。可以下载模板", "there is no header in the first %[1]d lines: want a column called batch. A template can be downloaded", headerWithin)
	}
	for i, c := range at {
		if c >= 0 && slices.Contains(at[:i], c) {
			return List{}, problem("第 %[1]d 行里“%[2]s”有两列", "line %[1]d has two columns called %[2]q", lines[header].number, lines[header].cells[i])
		}
	}
	if len(lines)-header-1 > MaxRows {
		return List{}, problem("超过 %[1]d 行，请分成几份", "more than %[1]d lines; divide the list", MaxRows)
	}
	out := List{Rows: []Row{}, Refused: []Refusal{}}
	for i, word := range lines[header].cells {
		if at[i] < 0 && word != "" { // what would be left out quietly is said
			out.Refused = append(out.Refused, Refusal{Line: lines[header].number, Column: word, ZH: "不认识这一列，没有读", EN: "this column is not known and was not read"})
		}
	}
	seen := map[string]int{}
	for _, l := range lines[header+1:] {
		out.take(l, lines[header].cells, at, known, w, seen)
	}
	return out, nil
}

// headerOf says for each cell which column it heads; -1: none.
func headerOf(cells []string, known []column) []int {
	out := make([]int, len(cells))
	for i, c := range cells {
		word := strings.ToLower(strings.Trim(c, " *＊:："))
		out[i] = slices.IndexFunc(known, func(k column) bool { return k.key == word || slices.Contains(k.words, word) })
	}
	return out
}

// take makes a row of a line, or a refusal. Empty lines are passed over.
func (out *List) take(l line, header []string, at []int, known []column, w wall, seen map[string]int) {
	if !slices.ContainsFunc(l.cells, func(c string) bool { return c != "" }) {
		return
	}
	r := Row{Line: l.number}
	refuse := func(column string, err error) {
		f := Refusal{Line: l.number, Column: column, Batch: r.Batch.ID, ZH: err.Error(), EN: err.Error()}
		var p *Problem
		var b *batch.Fault
		if errors.As(err, &p) {
			f.ZH, f.EN = p.ZH, p.EN
		} else if errors.As(err, &b) {
			f.ZH, f.EN = b.ZH, b.EN
		}
		out.Refused = append(out.Refused, f)
	}
	for i, cell := range l.cells {
		name := ""
		if i < len(header) {
			name = header[i]
		}
		switch {
		case cell == "":
		case !utf8.ValidString(cell) || len(cell) > maxCell && known[max(0, col(at, i))].key != "ear_tags":
			refuse(name, problem("内容太长或有乱码", "the cell is too long or not readable"))
			return
		case col(at, i) < 0:
			if name == "" {
				refuse("", problem("第 %[1]d 格没有表头", "cell %[1]d has no header above it", i+1))
				return
			}
		default:
			if err := known[at[i]].set(&r, cell, w); err != nil {
				refuse(name, err)
				return
			}
		}
	}
	r.Batch.Owner = r.Details.Owner.Name
	if err := r.check(seen); err != nil {
		refuse("", err)
		return
	}
	seen[r.Batch.ID] = l.number
	out.Rows = append(out.Rows, r)
}

func col(at []int, i int) int {
	if i < len(at) {
		return at[i]
	}
	return -1
}

func (r Row) check(seen map[string]int) error {
	switch before, twice := seen[r.Batch.ID]; {
	case r.Batch.ID == "":
		return problem("没有批次号", "there is no batch id")
	case twice:
		return problem("批次 %[1]s 在第 %[2]d 行已经有了", "batch %[1]s stands in line %[2]d already", r.Batch.ID, before)
	case r.Batch.Product == "":
		return problem("没有品名", "there is no product")
	}
	if (r.ProductC != nil) != (r.Method != "") {
		return problem("入库温度和测温位置要一起写", "a temperature needs its method, and a method its temperature")
	}
	for _, d := range r.Documents {
		if d.Number == "" || d.Date.IsZero() {
			return problem("检疫证要写证号和日期", "a quarantine certificate needs its number and its date")
		}
	}
	return r.Details.Check()
}
