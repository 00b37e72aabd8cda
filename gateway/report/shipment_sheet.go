package report

import (
	"strconv"
	"strings"

	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/alerting/wording"
	"coldchain/gateway/config"
)

// Sheet implements Report.
func (s Shipment) Sheet(l language) Sheet {
	t := tongue{l, s.zone}
	out := Sheet{
		Language: l, Title: t.label(OfShipment.title()), Subtitle: t.label(s.County) + " · " + s.Batch.ID, Stamp: t.label(s.Notice), Stem: "shipment-" + s.Batch.ID,
		Facts: s.facts(t), Tables: []Table{s.legs(t), s.excursions(t), s.gaps(t), s.handovers(t), s.papers(t), s.inspections(t), s.alarms(t)},
		Signed: []string{t.say("交货人", "Delivered by"), t.say("收货人", "Received by"), t.say("日期", "Date")},
		Notes: []string{
			t.say("平均温度按时间加权；超限时间与度·分只计有读数的时间，高低不相抵。没有读数的时间不作填补。", "Means are weighted by time; time and degree-minutes beyond a limit are of covered time alone, and warm and cold are never netted. Time without readings is not filled in."),
			t.say("无监测的地点不计入覆盖率；人工测温只作参考。", "Places where nothing watched it do not count towards coverage; temperatures by hand bound what happened, and no more."),
			t.say("本表不是冷链温度记录证明：未签名，数据补传后可能改变。", "This is no certificate: it is not signed, and late data may change it."),
		},
	}
	if len(s.Exposure.Inherited) > 0 {
		out.Notes = append(out.Notes, t.say("含来源批次的经过：", "What it came out of is in it: ")+listed(s.Exposure.Inherited, 6))
	}
	return out
}

func (s Shipment) facts(t tongue) []Fact {
	out := []Fact{{t.say("批次", "Batch"), s.Batch.ID}}
	add := func(zh, en, value string) {
		if value != "" {
			out = append(out, Fact{t.say(zh, en), value})
		}
	}
	add("品名", "Product", s.Batch.Product)
	add("数量", "Quantity", s.Batch.Quantity)
	add("委托方", "Owner", party(s.Details.Owner))
	add("受托方", "Keeper", party(s.Details.Keeper))
	add("承运方", "Carrier", party(s.Details.Carrier))
	if !s.Details.Born.IsZero() {
		add("生产日期", "Made on", t.day(s.Details.Born))
	}
	if x := s.Exposure; x.Total.DurationS > 0 {
		add("监测覆盖率", "Coverage", share(x.Total.Coverage).Text+" %")
	}
	if at := s.Exposure.MonitoredUntil; !at.IsZero() {
		add("监测至", "Monitored until", t.day(at)+" "+t.clock(at))
	}
	if life := s.Exposure.Life; life != nil {
		add("已用货架期", "Shelf life used", number(100*life.Used, 1)+" %")
	}
	add("判定", "Verdict", s.verdict(t))
	add("制表时间", "Made", t.day(s.Made)+" "+t.clock(s.Made))
	return out
}

// party is a name with its code.
func party(p batch.Party) string {
	if p.Code == "" {
		return p.Name
	}
	return p.Name + " " + p.Code
}

func (s Shipment) verdict(t tongue) string {
	v := s.Verdict
	for _, d := range decisions {
		if d.Decision != v.Decision {
			continue
		}
		said := t.label(d.Label)
		if v.Quantity != "" {
			said += " " + v.Quantity
		}
		by := []string{v.By}
		if v.Second != "" {
			by = append(by, v.Second)
		}
		return said + "（" + strings.Join(by, "、") + " " + t.day(v.At) + "）"
	}
	return t.say("未判定", "undecided")
}

func (s Shipment) legs(t tongue) Table {
	out := Table{Title: t.say("经过", "Where it was"), Empty: t.say("没有登记的停留", "no stay is booked"), Columns: []Column{
		{Name: t.say("地点", "place"), Wide: 3}, {Name: t.say("从", "from"), Wide: 1.5}, {Name: t.say("到", "to"), Wide: 1.5},
		{Name: t.say("最低", "min"), Unit: "°C", Number: true}, {Name: t.say("最高", "max"), Unit: "°C", Number: true}, {Name: t.say("平均", "mean"), Unit: "°C", Number: true},
		{Name: t.say("超上限", "above"), Number: true, Wide: 1.3}, {Name: t.say("超下限", "below"), Number: true, Wide: 1.3}, {Name: t.say("覆盖率", "coverage"), Unit: "%", Number: true, Wide: 1.2},
	}}
	for _, g := range s.Legs {
		sum := g.Summary
		row := []Cell{text(s.name(t, g)), text(t.moment(g.From, false)), text(t.moment(g.To, false))}
		if g.Kind == exposure.Unmonitored {
			row = append(row, text(""), text(""), text(""), text(""), text(""), Cell{Text: t.say("无监测", "not watched"), Mark: Missing})
			out.Rows = append(out.Rows, Row{Cells: row})
			continue
		}
		lowest, highest := value(sum.MinC, 1), value(sum.MaxC, 1)
		if sum.Above != nil && sum.Above.Seconds > 0 {
			highest.Text, highest.Mark = "↑"+highest.Text, High
		}
		if sum.Below != nil && sum.Below.Seconds > 0 {
			lowest.Text, lowest.Mark = "↓"+lowest.Text, Low
		}
		row = append(row, lowest, highest, value(sum.MeanC, 1), beyond(t, sum.Above, High), beyond(t, sum.Below, Low), share(sum.Coverage))
		out.Rows = append(out.Rows, Row{Cells: row})
	}
	return out
}

func (s Shipment) name(t tongue, g Leg) string {
	site, room := t.label(g.Site), t.label(g.Room)
	if site == "" {
		return t.say("去向不明", "nobody knows")
	}
	return strings.TrimSpace(site + " " + room)
}

// beyond is the time spent beyond a limit.
func beyond(t tongue, side *exposure.Side, mark Mark) Cell {
	switch {
	case side == nil:
		return text("")
	case side.Seconds == 0:
		return text("0")
	}
	return Cell{Text: t.length(side.Seconds), Mark: mark}
}

func (s Shipment) excursions(t tongue) Table {
	out := Table{Title: t.say("超限", "Excursions"), Empty: t.say("有读数的时间里没有超限", "none in the time with readings"), Columns: []Column{
		{Name: t.say("地点", "place"), Wide: 3}, {Name: t.say("从", "from"), Wide: 1.5}, {Name: t.say("到", "to"), Wide: 1.5}, {Name: t.say("时长", "length"), Wide: 1.3},
		{Name: t.say("极值", "peak"), Unit: "°C", Number: true}, {Name: t.say("限值", "limit"), Unit: "°C", Number: true}, {Name: t.say("超限量", "beyond it"), Unit: "°C·min", Number: true, Wide: 1.3},
	}}
	for _, g := range s.Legs {
		for _, side := range []*exposure.Side{g.Summary.Above, g.Summary.Below} {
			if side == nil {
				continue
			}
			for _, r := range side.Runs {
				peak := value(&r.PeakC, 1)
				if peak.Mark = High; side == g.Summary.Below {
					peak.Mark = Low
				}
				out.Rows = append(out.Rows, Row{Cells: []Cell{text(s.name(t, g)), text(t.moment(r.From, false)), text(t.moment(r.To, false)), text(t.length(r.To.Sub(r.From).Seconds())),
					peak, value(&side.LimitC, 1), value(&r.DegreeMinutes, 1)}})
			}
		}
	}
	return out
}

func (s Shipment) gaps(t tongue) Table {
	out := Table{Title: t.say("没有读数的时间", "Time without readings"), Empty: t.say("没有缺口", "no gap"), Columns: []Column{
		{Name: t.say("地点", "place"), Wide: 3}, {Name: t.say("从", "from"), Wide: 1.5}, {Name: t.say("到", "to"), Wide: 1.5}, {Name: t.say("时长", "length"), Wide: 1.3}, {Name: t.say("原因", "cause"), Wide: 3},
	}}
	for _, g := range s.Legs {
		for _, x := range g.Summary.Gaps {
			out.Rows = append(out.Rows, Row{Cells: []Cell{text(s.name(t, g)), text(t.moment(x.From, false)), text(t.moment(x.To, false)), text(t.length(x.Seconds)), text(t.cause(x.Cause))}})
		}
	}
	return out
}

// outcomes are how handovers end (GB/T 40956-2021).
var outcomes = map[batch.Outcome]config.Label{
	batch.Accepted: {ZH: "接收", EN: "accepted"}, batch.Reservation: {ZH: "有保留接收", EN: "accepted with reservation"}, batch.Refused: {ZH: "拒收", EN: "refused"},
}

func (s Shipment) handovers(t tongue) Table {
	out := Table{Title: t.say("交接", "Handovers"), Empty: t.say("没有登记的交接", "none is booked"), Columns: []Column{
		{Name: t.say("时间", "time"), Wide: 1.5}, {Name: t.say("交", "from"), Wide: 1.5}, {Name: t.say("接", "to"), Wide: 1.5}, {Name: t.say("货温", "goods"), Unit: "°C", Number: true},
		{Name: t.say("方法", "how"), Wide: 1.3}, {Name: t.say("结果", "outcome"), Wide: 1.8}, {Name: t.say("备注", "note"), Wide: 3},
	}}
	for _, h := range s.Handovers {
		result := text(t.label(outcomes[h.Outcome]))
		if h.Outcome == batch.Refused {
			result.Mark = High
		}
		out.Rows = append(out.Rows, Row{Cells: []Cell{text(t.moment(h.At, false)), text(h.From), text(h.To), value(h.ProductC, 1), text(t.how(h.Method)), result, text(h.Note)}})
	}
	return out
}

func (s Shipment) papers(t tongue) Table {
	out := Table{Title: t.say("单证", "Documents"), Empty: t.say("没有登记的单证", "none is booked"), Columns: []Column{
		{Name: t.say("单证", "document"), Wide: 3}, {Name: t.say("编号", "number"), Wide: 3}, {Name: t.say("日期", "date"), Wide: 1.5},
	}}
	for _, d := range s.Documents {
		zh, en := batch.DocumentName(d.Kind)
		out.Rows = append(out.Rows, Row{Cells: []Cell{text(t.say(zh, en)), text(d.Number), text(t.day(d.Date))}})
	}
	return out
}

func (s Shipment) inspections(t tongue) Table {
	out := Table{Title: t.say("检验", "Inspections"), Empty: t.say("没有登记的检验", "none is booked"), Columns: []Column{
		{Name: t.say("时间", "time"), Wide: 1.5}, {Name: t.say("项目", "item"), Wide: 2}, {Name: t.say("方法", "method"), Wide: 2}, {Name: t.say("结果", "value"), Wide: 2},
		{Name: t.say("限值", "limit"), Wide: 1.5}, {Name: t.say("判定", "passed"), Wide: 1.2}, {Name: t.say("检验人", "by"), Wide: 1.5},
	}}
	for _, i := range s.Inspections {
		passed := text(t.say("合格", "passed"))
		if !i.Pass {
			passed = Cell{Text: t.say("不合格", "failed"), Mark: High}
		}
		out.Rows = append(out.Rows, Row{Cells: []Cell{text(t.moment(i.At, false)), text(i.Item), text(i.Method), text(i.Value), text(i.Limit), passed, text(i.By)}})
	}
	return out
}

// alarms are told like those of a day, with their dates.
func (s Shipment) alarms(t tongue) Table {
	d := DailyRecord{Alarms: s.Alarms}
	for _, site := range s.sites {
		for _, r := range site.Rooms {
			d.Rooms = append(d.Rooms, RoomDay{Room: r.ID, Name: config.Label{ZH: site.Name.ZH + " " + r.Name.ZH, EN: strings.TrimSpace(in(wording.English, site.Name) + " " + in(wording.English, r.Name))}})
		}
	}
	out := d.alarms(t, false)
	out.Empty = t.say("没有报警", "no alarm")
	if n := len(s.Alarms); n > 0 {
		out.About = t.say("共 ", "in all ") + strconv.Itoa(n)
	}
	return out
}
