package certificate

import (
	"fmt"
	"strings"

	"coldchain/alerting/exposure"
)

// annexes are the tables behind the sheet. One without rows is left out, unless
// its being empty says something.
func annexes(v view, c clock) []table {
	out := []table{v.everyStay(c), v.everyExcursion(c), v.everyGap(c)}
	for _, t := range []table{v.record(c), v.hand(c), v.loggers(c), v.loggerRecord(c), v.alarms(c), v.handovers(c), v.papers(c), v.inspections(c), v.verdicts(c), v.links(c), v.calibration(c), v.places(), v.limits(), v.standards(), v.methods(), v.audit(c), v.readings(c)} {
		if len(t.Rows) > 0 {
			out = append(out, t)
		}
	}
	for i := range out {
		out[i].ID = fmt.Sprint(i + 1)
	}
	return out
}

func (v *view) everyStay(c clock) table {
	t := table{ZH: "每一段停留", EN: "Every stay", Note: "总计只含有监测的时间；不在监测范围的时间、缺口分开列。 Totals are of covered time alone.", Cols: []column{
		{"", "", 5, false}, {"地点与测点", "Place and point", 38, false}, {"从 / 到", "From / to", 20, false}, {"读数", "Readings", 13, true}, {"最低 / 均值 / 最高 ℃", "Lowest / mean / highest", 26, true}, {"SD / MKT ℃", "", 15, true},
		{"高于限值", "Above", 25, true}, {"低于限值", "Below", 25, true}, {"覆盖 %", "Coverage", 13, true}, {"湿度 %RH", "Humidity", 14, true}}}
	row := func(letter, place, from, to string, s exposure.Summary, h *exposure.Humidity) []string {
		rh := none
		if h != nil {
			rh = fixed(h.Min, 0) + "–" + fixed(h.Max, 0)
		}
		return []string{letter, place, from + "\n" + to, fmt.Sprint(s.Points), celsius(s.MinC) + " / " + celsius(s.MeanC) + " / " + celsius(s.MaxC), celsius(s.SDC) + " / " + celsius(s.MKTC),
			sideLong(s.Above), sideLong(s.Below), percent(s.Coverage), rh}
	}
	for n, i := range v.Doc.Exposure.Intervals {
		place := v.place(i.Zone)
		if i.Kind == exposure.Unmonitored {
			place += "\n" + both(kind(i.Kind))
		} else {
			place += "\n" + i.Point + " · " + both(basis(i.Basis))
		}
		r := row(v.Letters[i.Zone], place, c.short(i.From), c.short(i.To), i.Summary, i.Humidity)
		var less []string
		for _, x := range []struct {
			s    float64
			word string
		}{{i.Summary.UncertainS, "存疑 uncertain"}, {i.Summary.MaskedS, "除霜/开门 masked"}, {i.Summary.MaskedLearnedS, "其中按规律认出的除霜 of it, learned"}, {i.Summary.CalibrationExpiredS, "校准过期 expired"}} {
			if x.s > 0 {
				less = append(less, x.word+" "+span(x.s))
			}
		}
		if len(less) > 0 {
			r[1] += "\n" + strings.Join(less, "；")
		}
		t.Rows = append(t.Rows, r)
		if beyond(i.Summary.Above) || beyond(i.Summary.Below) {
			t.mark(n)
		}
	}
	total := v.Doc.Exposure.Total
	t.Rows = append(t.Rows, row("Σ", "总计 Total\n不在监测范围 unmonitored "+span(v.Doc.Exposure.UnmonitoredS), c.short(total.Start), c.short(total.End), total, nil))
	return t
}

func sideLong(s *exposure.Side) string {
	switch {
	case s == nil:
		return none
	case s.Events == 0:
		return "0"
	}
	return fmt.Sprintf("%s\n%d×，%s ℃ min", span(s.Seconds), s.Events, fixed(s.DegreeMinutes, 0))
}

func (v *view) everyExcursion(clock) table {
	t := v.Excursions
	t.ZH, t.EN = "每一次超限", "Every excursion"
	if n := len(t.Rows); n >= exposure.MaxRuns {
		t.Note = fmt.Sprintf("列出最长的 %d 次；合计含全部。 The longest %d are listed; totals are of all.", n, n)
	}
	return t
}

func (v *view) everyGap(c clock) table {
	t := table{ZH: "每一个缺口", EN: "Every gap", Empty: "没有缺口。 No gap.", Note: "缺口不填补，不计入任何统计。 Gaps are not filled and are in no sum.", Cols: []column{
		{"", "", 5, false}, {"地点", "Place", 60, false}, {"从", "From", 30, true}, {"到", "To", 30, true}, {"历时", "Lasted", 25, true}, {"原因", "Cause", 50, false}}}
	for _, i := range v.Doc.Exposure.Intervals {
		for _, g := range i.Summary.Gaps {
			t.Rows = append(t.Rows, []string{v.Letters[i.Zone], v.place(i.Zone), c.at(g.From), c.at(g.To), span(g.Seconds), both(cause(g.Cause))})
		}
	}
	return t
}

func (v *view) hand(c clock) table {
	t := table{ZH: "手工测温与随货记录", EN: "Measured by hand, and imported", Note: "只作参考，不计入覆盖率。 They bound, and do not count as coverage.", Cols: []column{
		{"时间", "At", 32, true}, {"地点", "Place", 60, false}, {"℃", "", 14, true}, {"部位", "Where", 34, false}, {"来源", "Class", 34, false}, {"测量人", "By", 26, false}}}
	for _, i := range v.Doc.Exposure.Intervals {
		for _, h := range i.Hand {
			value := h.ValueC
			t.Rows = append(t.Rows, []string{c.at(h.At), v.place(i.Zone), celsius(&value), both(measured(h.Method)), both(class(h.Class)), person(h.By)})
		}
	}
	return t
}

func (v *view) alarms(c clock) table {
	t := table{ZH: "报警与处置", EN: "Alarms and what was done", Cols: []column{
		{"报警", "Alarm", 44, false}, {"开始 / 恢复", "Start / return", 26, false}, {"限值 / 极值", "Limit / peak ℃", 20, true}, {"回应", "Answers", 44, false}, {"关闭", "Closing", 50, false}}}
	for _, a := range v.Doc.Alarms {
		var steps []string
		for _, s := range a.Steps {
			line := c.short(s.At) + " " + person(s.By) + " " + answer(s.Word).ZH
			if s.Note != "" {
				line += "：" + s.Note
			}
			steps = append(steps, line)
		}
		closed := "尚未关闭 not closed"
		if x := a.Closing; x != nil {
			closed = fmt.Sprintf("%s → %s → %s", closing(x.Cause).ZH, closing(x.Action).ZH, closing(x.Outcome).ZH)
			if x.Note != "" {
				closed += "；" + x.Note
			}
			closed += "\n" + c.short(x.At) + " " + person(x.By)
			if x.Second != "" {
				closed += "，复核 " + person(x.Second)
			}
		}
		values := none
		if a.LimitC != nil {
			values = celsius(a.LimitC) + " / " + celsius(a.PeakC)
		}
		name := both(rule(a.Rule)) + "\n" + a.Object + " · " + both(level(a.Level))
		if a.Late {
			name += "\n事后发现 found afterwards"
		}
		t.Rows = append(t.Rows, []string{name, c.short(a.Start) + "\n" + c.short(a.Returned), values, strings.Join(steps, "\n"), closed})
	}
	return t
}

func (v *view) handovers(c clock) table {
	t := table{ZH: "交接", EN: "Handovers", Note: "GB/T 40956-2021", Cols: []column{
		{"时间", "At", 30, true}, {"交", "From", 26, false}, {"接", "To", 26, false}, {"货物温度", "Product ℃", 18, true}, {"部位", "Where", 28, false}, {"结果", "Outcome", 40, false}, {"备注", "Note", 40, false}}}
	for _, h := range v.Doc.Handovers {
		t.Rows = append(t.Rows, []string{c.at(h.At), h.From, h.To, celsius(h.ProductC), both(measured(h.Method)), both(outcome(h.Outcome)), h.Note})
	}
	return t
}

func (v *view) papers(c clock) table {
	t := table{ZH: "单证", EN: "Documents", Cols: []column{{"种类", "Kind", 62, false}, {"号码", "Number", 50, false}, {"日期", "Date", 24, true}, {"文件 SHA-256", "File", 50, false}}}
	for _, d := range v.Doc.Documents {
		t.Rows = append(t.Rows, []string{both(document(d.Kind)), d.Number, c.day(d.Date), d.File})
	}
	return t
}

func (v *view) inspections(c clock) table {
	t := table{ZH: "检查", EN: "Inspections", Cols: []column{
		{"时间", "At", 30, true}, {"项目", "Item", 26, false}, {"方法", "Method", 30, false}, {"结果", "Value", 40, false}, {"要求", "Limit", 34, false}, {"是否符合", "Pass", 18, false}, {"检查人", "By", 20, false}}}
	for n, x := range v.Doc.Inspections {
		pass := "符合 yes"
		if !x.Pass {
			pass = "不符合 no"
			t.mark(n)
		}
		t.Rows = append(t.Rows, []string{c.at(x.At), x.Item, x.Method, x.Value, x.Limit, pass, person(x.By)})
	}
	return t
}

func (v *view) verdicts(c clock) table {
	t := table{ZH: "判定的每一版", EN: "Every version of the verdict", Cols: []column{
		{"版", "V.", 8, true}, {"判定", "Decision", 40, false}, {"理由", "Reason", 74, false}, {"判定人", "By", 34, false}, {"复核", "Second", 34, false}}}
	for _, x := range v.Doc.Verdicts {
		word := both(decision(x.Decision))
		if x.Quantity != "" {
			word += "\n" + x.Quantity
		}
		second := none
		if x.Second != "" {
			second = person(x.Second) + means(x.Second) + "\n" + c.at(x.SecondAt)
		}
		t.Rows = append(t.Rows, []string{fmt.Sprint(x.Version), word, x.Reason, person(x.By) + means(x.By) + "\n" + c.at(x.At), second})
	}
	return t
}

func (v *view) links(c clock) table {
	t := table{ZH: "分批与合批", EN: "What it came from and became", Cols: []column{{"时间", "At", 32, true}, {"从", "From", 50, false}, {"", "", 30, false}, {"到", "Into", 50, false}, {"数量", "Quantity", 24, true}}}
	for _, l := range v.Doc.Links {
		t.Rows = append(t.Rows, []string{c.at(l.At), l.Parent, both(relation(l.Relation)), l.Child, l.Quantity})
	}
	return t
}

func (v *view) calibration(c clock) table {
	t := table{ZH: "探头与校准", EN: "Probes and their calibration", Cols: []column{
		{"测点", "Point", 44, false}, {"器件", "Device", 40, false}, {"证书", "Certificate", 34, false}, {"机构", "Laboratory", 34, false}, {"有效期", "Valid", 26, false}, {"U (k=2)", "℃", 14, true}, {"核对点", "Checked at", 24, false}}}
	for _, p := range v.Doc.Probes {
		valid := none
		if !p.Until.IsZero() {
			valid = c.day(p.From) + "\n" + c.day(p.Until)
		}
		t.Rows = append(t.Rows, []string{p.Point, p.Device, orNone(p.Certificate), orNone(p.Laboratory), valid, celsius(p.UncertaintyC), orNone(strings.Join(p.CheckedAtC, "，"))})
	}
	return t
}

func orNone(s string) string {
	if s == "" {
		return none
	}
	return s
}

func (v *view) limits() table {
	t := table{ZH: "限值及出处", EN: "Limits and where they come from", Note: "档案 Profile: " + v.Doc.Profile.Name, Cols: []column{
		{"", "Side", 26, false}, {"级别", "Level", 34, false}, {"℃", "", 16, true}, {"允许时长", "Delay", 26, true}, {"出处", "Source", 84, false}}}
	for _, l := range v.Doc.Profile.Limits {
		value := l.ValueC
		t.Rows = append(t.Rows, []string{both(sideWord(l.Side)), both(level(l.Level)), celsius(&value), span(l.DelayS), l.Source})
	}
	return t
}

func (v *view) standards() table {
	t := table{ZH: "依据的标准与版本", EN: "Standards and their editions", Cols: []column{{"编号", "Number", 40, false}, {"名称", "Title", 80, false}, {"用于", "For", 66, false}}}
	for _, s := range v.Doc.Standards {
		t.Rows = append(t.Rows, []string{s.Number, s.Title, s.For})
	}
	return t
}

func (v *view) methods() table {
	t := table{ZH: "方法", EN: "Methods", Cols: []column{{"", "Name", 24, false}, {"说明", "What is done", 110, false}, {"出处", "Source", 50, false}}}
	for _, m := range v.Doc.Methods {
		t.Rows = append(t.Rows, []string{m.Name, m.ZH + "\n" + m.EN, m.Source})
	}
	return t
}

func (v *view) audit(c clock) table {
	a := v.Doc.Audit
	t := table{ZH: "审计记录", EN: "Audit", Note: fmt.Sprintf("链尾 head: %d · %s", a.HeadSeq, a.HeadHash), Cols: []column{
		{"序号", "Seq", 14, true}, {"时间", "At", 30, true}, {"操作者", "Actor", 30, false}, {"动作", "Action", 34, false}, {"对象与内容", "Object and detail", 76, false}}}
	for _, r := range a.Rows {
		t.Rows = append(t.Rows, []string{fmt.Sprint(r.Seq), c.at(r.At), r.ActorKind + ":" + r.ActorID, r.Action, r.Object + "\n" + r.Detail})
	}
	if len(t.Rows) == 0 {
		t.Rows = append(t.Rows, []string{none, none, none, none, "没有这一批次的记录 no row of this batch"})
	}
	return t
}

func (v *view) readings(c clock) table {
	r := v.Doc.Readings
	t := table{ZH: "所用读数的哈希链", EN: "Hash chain over the readings used", Note: fmt.Sprintf("%s · %s · %d 个读数 readings · %s", r.Format, r.File, r.Count, r.Digest), Cols: []column{
		{"测点", "Point", 44, false}, {"从", "From", 30, true}, {"到", "To", 30, true}, {"读数", "Count", 16, true}, {"SHA-256", "", 66, false}}}
	for _, x := range r.Ranges {
		t.Rows = append(t.Rows, []string{x.Point, c.at(x.From), c.at(x.To), fmt.Sprint(x.Count), x.Digest})
	}
	return t
}

func (v *view) places() table {
	t := table{ZH: "地点", EN: "Places", Cols: []column{
		{"", "", 6, false}, {"名称", "Name", 56, false}, {"库区", "Zone", 34, false}, {"备案", "Filing", 34, false}, {"探头位置照片 SHA-256", "Photo of the probe's position", 56, false}}}
	for _, p := range v.Doc.Places {
		if l, ok := v.Letters[p.Zone]; ok {
			t.Rows = append(t.Rows, []string{l, v.place(p.Zone), p.Zone, orNone(p.Filing), orNone(p.Photo)})
		}
	}
	return t
}

func (v *view) record(c clock) table {
	t := table{ZH: "温度记录表", EN: "Table of temperatures", Note: "每段的最低、均值、最高读数。 Lowest, mean and highest reading of each stretch.", Cols: []column{
		{"", "", 6, false}, {"从", "From", 30, true}, {"到", "To", 30, true}, {"读数", "Readings", 18, true}, {"最低 ℃", "Lowest", 20, true}, {"均值 ℃", "Mean", 20, true}, {"最高 ℃", "Highest", 20, true}}}
	for n, r := range v.Doc.Table {
		t.Rows = append(t.Rows, []string{v.Letters[r.Zone], c.at(r.From), c.at(r.To), fmt.Sprint(r.Count), fixed(r.MinC, 1), fixed(r.MeanC, 1), fixed(r.MaxC, 1)})
		high, low := v.Doc.Profile.HighC, v.Doc.Profile.LowC
		if high != nil && r.MaxC > high.ValueC || low != nil && r.MinC < low.ValueC {
			t.mark(n)
		}
	}
	return t
}

// Statement is what a certificate is not.
const (
	StatementZH = "本证明只记录温度，不替代动物检疫证明或检验报告。"
	StatementEN = "It records temperatures alone and does not replace the quarantine certificate or a test report."
)
