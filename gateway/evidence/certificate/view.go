package certificate

import (
	"cmp"
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/alerting/profile"
	"coldchain/gateway/evidence"
	"coldchain/gateway/words"
)

// tone is the colour of a verdict; the word beside it says the same.
type tone string

const (
	calm    tone = "calm"
	waiting tone = "waiting"
	severe  tone = "severe"
	plain   tone = "plain"
)

// view is a document as people read it: both drawings are made of it.
type view struct {
	Doc         evidence.Document
	Number      string // with its version
	Fingerprint string
	Zone        string // of the times

	Verdict struct {
		words.Text
		Tone          tone
		Reason, By    string
		Second        string
		Quantity      string
		NotYet, Twice bool
	}
	Figures []figure
	Goods   []fact
	Parties []fact
	Letters map[string]string // zone to its letter on the chart

	Stays      table // of the sheet: all columns in one line
	Excursions table
	Probes     []string // one sentence each
	Gaps       string
	Annexes    []table
}

// figure is one of the large numbers.
type figure struct {
	ZH, EN, Value, Unit, Note string
	Alert                     bool
}

// fact is a label with what it says.
type fact struct{ ZH, EN, Value string }

// table is a list with its columns; Note stands under the title, Empty where
// there are no rows.
type table struct {
	ID     string
	ZH, EN string
	Note   string
	Empty  string
	Cols   []column
	Rows   [][]string
	Alert  map[int]bool  // rows that are beyond a limit
	Red    map[int][]int // of such a row: the columns that say so
}

// column has a width in parts of the whole.
type column struct {
	ZH, EN string
	Width  float64
	Right  bool
}

// inset keeps a column apart from numbers that end where it begins.
func (t table) inset(i int) float64 {
	if i > 0 && t.Cols[i-1].Right && !t.Cols[i].Right {
		return 2
	}
	return 0
}

// viewOf makes a document readable. key is the one that signed it.
func viewOf(d evidence.Document, key ed25519.PublicKey) (view, error) {
	zone, err := time.LoadLocation(d.County.Zone)
	if err != nil {
		return view{}, fmt.Errorf("certificate %s: time zone %q: %w", d.Number, d.County.Zone, err)
	}
	c := clock{zone}
	v := view{Doc: d, Number: d.Number, Fingerprint: evidence.Fingerprint(key), Letters: map[string]string{}}
	v.Zone = fmt.Sprintf("%s（UTC%s）", d.County.Zone, d.Made.In(zone).Format("-07:00"))
	for _, i := range d.Exposure.Intervals {
		if _, ok := v.Letters[i.Zone]; !ok {
			v.Letters[i.Zone] = letter(len(v.Letters))
		}
	}
	v.verdict(c)
	v.figures(c)
	v.facts(c)
	v.stays(c)
	v.excursions(c)
	v.probes(c)
	v.Annexes = annexes(v, c)
	return v, nil
}

func (v *view) verdict(c clock) {
	x, ok := v.Doc.Verdict()
	out := &v.Verdict
	out.Text, out.NotYet = decision(x.Decision), !ok
	out.Tone = map[batch.Decision]tone{batch.Released: calm, batch.PartiallyReleased: waiting, batch.OnHold: waiting, batch.Rejected: severe}[x.Decision]
	if out.Tone == "" {
		out.Tone = plain
	}
	if !ok {
		out.Reason = "尚未作出判定；本证明只记录温度。 Nobody has decided yet; this record is of temperatures alone."
		return
	}
	out.Reason, out.Quantity = x.Reason, x.Quantity
	out.By = fmt.Sprintf("%s，%s", person(x.By), c.at(x.At))
	switch {
	case x.Second != "":
		out.Second = fmt.Sprintf("%s，%s", person(x.Second), c.at(x.SecondAt))
	case x.Severe:
		out.Twice = true // a second person is still to sign
	}
}

func (v *view) figures(c clock) {
	t := v.Doc.Exposure.Total
	add := func(f figure) { v.Figures = append(v.Figures, f) }
	add(figure{"监测覆盖率", "Coverage", percent(t.Coverage), "%", v.gapNote(), t.Coverage < profile.UsualRelease().Coverage})
	add(figure{"最低 – 最高", "Lowest – highest", celsius(t.MinC) + " – " + celsius(t.MaxC), "℃", "均值 mean " + celsius(t.MeanC) + mkt(t), false})
	side := func(zh, en string, s *exposure.Side) {
		if s == nil {
			add(figure{zh, en, none, "", "无此限值 no such limit", false})
			return
		}
		add(figure{zh + " " + fixed(s.LimitC, 1) + " ℃", en, span(s.Seconds), "", fmt.Sprintf("%d 次 times，%s ℃ min", s.Events, fixed(s.DegreeMinutes, 0)), s.Events > 0})
	}
	side("高于", "Above the limit", t.Above)
	side("低于", "Below the limit", t.Below)
	life := figure{"已用保质期", "Shelf life used", none, "", "无适用模型 no model applies", false}
	if l := v.Doc.Exposure.Life; l != nil {
		life.Value, life.Unit, life.Note = fixed(l.Used*100, 0), "%", "至多 at most "+fixed(l.UsedMax*100, 0)+" %"
		if l.RemainingDays != nil {
			life.Note += "；剩 left " + fixed(*l.RemainingDays, 1) + " d @ " + fixed(l.ReferenceC, 0) + " ℃"
		}
		life.Alert = l.UsedMax >= 1
	}
	add(life)
	until := figure{"监测到", "Monitored until", none, "", "", false}
	if m := v.Doc.Exposure.MonitoredUntil; !m.IsZero() {
		until.Value, until.Note = c.short(m), "此后无监测 not monitored after"
	}
	add(until)
}

func mkt(t exposure.Summary) string {
	if t.MKTC == nil {
		return ""
	}
	return " · MKT " + celsius(t.MKTC)
}

func (v *view) gapNote() string {
	n, s := 0, 0.0
	for _, i := range v.Doc.Exposure.Intervals {
		for _, g := range i.Summary.Gaps {
			n, s = n+1, s+g.Seconds
		}
	}
	if n == 0 {
		return "没有缺口 no gap"
	}
	return fmt.Sprintf("%d 个缺口 gaps · %s", n, span(s))
}

func (v *view) facts(c clock) {
	d := v.Doc
	v.Goods = []fact{
		{"品名", "Product", d.Batch.Product},
		{"批次", "Batch", d.Batch.Code},
		{"数量", "Quantity", cmp.Or(d.Batch.Quantity, none)},
		{"生产", "Produced", c.at(d.Batch.Born)},
		{"档案", "Profile", strings.TrimSpace(d.Profile.ZH + " " + d.Profile.EN)},
	}
	for _, p := range d.Parties {
		value := p.Name
		if p.Code != "" {
			value += "\n" + p.Code
		}
		if p.Filing != "" {
			value += " · 备案 " + p.Filing
		}
		r := role(p.Role)
		v.Parties = append(v.Parties, fact{r.ZH, r.EN, value})
	}
	for _, x := range d.Documents {
		if x.Kind == batch.DocQuarantine {
			v.Parties = append(v.Parties, fact{"检疫证", "Quarantine", x.Number + "，" + c.day(x.Date)})
		}
	}
}

// place is what a zone is called.
func (v *view) place(zone string) string {
	i := slices.IndexFunc(v.Doc.Places, func(p evidence.Place) bool { return p.Zone == zone })
	if i < 0 || v.Doc.Places[i].Name == "" {
		return zone
	}
	p := v.Doc.Places[i]
	if p.Plate != "" {
		return p.Name + " " + p.Plate
	}
	return p.Name
}

func (v *view) stays(c clock) {
	t := table{ZH: "在哪里、多少度", EN: "Where it was, and how cold", Cols: []column{
		{"", "", 5, false}, {"地点", "Place", 46, false}, {"从", "From", 19, true}, {"到", "To", 19, true}, {"最低 ℃", "Lowest", 12, true}, {"均值 ℃", "Mean", 12, true},
		{"最高 ℃", "Highest", 12, true}, {"覆盖 %", "Coverage", 13, true}, {"高于限值", "Above", 20, true}, {"低于限值", "Below", 20, true}}}
	for n, i := range v.Doc.Exposure.Intervals {
		s := i.Summary
		row := []string{v.Letters[i.Zone], v.place(i.Zone), c.short(i.From), c.short(i.To), celsius(s.MinC), celsius(s.MeanC), celsius(s.MaxC), percent(s.Coverage), sideSpan(s.Above), sideSpan(s.Below)}
		if i.Kind == exposure.Unmonitored {
			row[7] = "不监测"
		}
		t.Rows = append(t.Rows, row)
		if beyond(s.Above) {
			t.mark(n, 6, 8)
		}
		if beyond(s.Below) {
			t.mark(n, 4, 9)
		}
	}
	v.Stays = t
}

func (t *table) mark(row int, columns ...int) {
	if t.Alert == nil {
		t.Alert, t.Red = map[int]bool{}, map[int][]int{}
	}
	t.Alert[row] = true
	t.Red[row] = append(t.Red[row], columns...)
}

func beyond(s *exposure.Side) bool { return s != nil && s.Events > 0 }

func sideSpan(s *exposure.Side) string {
	if s == nil {
		return none
	}
	return span(s.Seconds)
}

// excursions are the runs beyond a limit with what was done about them, the
// longest first.
func (v *view) excursions(c clock) {
	t := table{ZH: "超限与处置", EN: "Excursions and what was done", Empty: "全程没有超限。 No excursion.", Cols: []column{
		{"", "", 5, false}, {"开始", "From", 19, true}, {"历时", "Lasted", 18, true}, {"极值 ℃", "Peak", 12, true}, {"面积", "℃ min", 12, true}, {"处置", "What was done", 109, false}}}
	type run struct {
		exposure.Run
		zone string
		low  bool
	}
	var all []run
	for _, i := range v.Doc.Exposure.Intervals {
		for n, s := range []*exposure.Side{i.Summary.Above, i.Summary.Below} {
			if s == nil {
				continue
			}
			for _, r := range s.Runs {
				all = append(all, run{r, i.Zone, n == 1})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b run) int { return cmp.Compare(b.To.Sub(b.From), a.To.Sub(a.From)) })
	for n, r := range all {
		peak := r.PeakC
		t.Rows = append(t.Rows, []string{v.Letters[r.zone], c.short(r.From), span(r.To.Sub(r.From).Seconds()), celsius(&peak), fixed(r.DegreeMinutes, 0), v.done(r.zone, r.low, r.From, r.To)})
		t.mark(n)
	}
	v.Excursions = t
}

// done is what people did about the alarm of an excursion.
func (v *view) done(zone string, low bool, from, to time.Time) string {
	for _, a := range v.Doc.Alarms {
		isLow := strings.HasSuffix(a.Rule, "low-limit") || strings.HasSuffix(a.Rule, "low-total") || strings.HasSuffix(a.Rule, "-low")
		if a.Zone != zone || isLow != low || a.Start.After(to) || !a.Returned.IsZero() && a.Returned.Before(from) {
			continue
		}
		if x := a.Closing; x != nil {
			return strings.Join(slices.DeleteFunc([]string{closing(x.Cause).ZH, closing(x.Action).ZH, closing(x.Outcome).ZH, x.Note}, func(s string) bool { return s == "" }), "；") + "（" + person(x.By) + "）"
		}
		if n := len(a.Steps); n > 0 {
			return answer(a.Steps[n-1].Word).ZH + "（" + person(a.Steps[n-1].By) + "），尚未关闭 not closed yet"
		}
		return "已报警，无人回应 alarm raised, nobody answered"
	}
	return "没有报警 no alarm was raised"
}

func (v *view) probes(c clock) {
	for _, p := range v.Doc.Probes {
		if p.Until.IsZero() {
			v.Probes = append(v.Probes, p.Point+"：没有校准证书 no calibration certificate")
			continue
		}
		text := fmt.Sprintf("%s：%s，有效至 until %s", p.Point, p.Certificate, c.day(p.Until))
		if p.UncertaintyC != nil {
			text += "，U " + fixed(*p.UncertaintyC, 1) + " ℃"
		}
		v.Probes = append(v.Probes, text)
	}
}
