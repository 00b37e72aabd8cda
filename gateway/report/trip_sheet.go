package report

import (
	"fmt"
	"strings"
	"time"

	"coldchain/alerting/trip"
	"coldchain/gateway/config"
	"coldchain/sensors"
)

var phases = map[trip.Phase]config.Label{
	trip.Idle: {ZH: "空闲", EN: "parked"}, trip.Conditioning: {ZH: "预冷 / 预热", EN: "pre-conditioning"}, trip.Loading: {ZH: "装货", EN: "loading"},
	trip.InTransit: {ZH: "运输中", EN: "in transit"}, trip.Unloading: {ZH: "卸货", EN: "unloading"}, trip.Returning: {ZH: "空驶", EN: "driving empty"},
}

// Sheet implements Report.
func (r TripReport) Sheet(l language) Sheet {
	t := tongue{l, r.zone}
	// Excursions, gaps and alarms are told as those of a shipment with one leg.
	box := Shipment{Legs: []Leg{{Site: r.Name, Interval: r.Air}}, Alarms: r.Alarms, sites: r.sites}
	return Sheet{
		Language: l, Title: t.label(OfTrip.title()), Subtitle: t.label(r.County) + " · " + t.label(r.Name) + " · " + t.day(r.From) + " " + t.clock(r.From), Stamp: r.stamp(t), Stem: "trip-" + r.ID, Made: r.Made,
		Facts:  r.facts(t),
		Tables: []Table{r.stops(t), r.cargo(t), r.phases(t), box.excursions(t), box.gaps(t), box.alarms(t), r.unseen(t), r.doors(t), r.slots(t)},
		Signed: []string{t.say("司机", "Driver"), t.say("交货人", "Delivered by"), t.say("收货人", "Received by"), t.say("日期", "Date")},
		Notes: []string{
			t.say("停靠与里程只取良好定位：3 分钟内不出 300 米为一次停靠；里程为相隔不超过 10 分钟的定位之间的直线之和，停靠时不计，实际里程只会更长。没有定位的时间不作推测。", "Stops and distance are from good positions alone: three minutes within 300 m are a stop; the distance is the sum of straight lines between positions at most 10 minutes apart, without stops: what was driven is longer. Nothing is guessed where there was no position."),
			t.say("平均温度按时间加权；超限时间只计有读数的时间，高低不相抵。没有读数的时间不作填补。货物一栏按各自产品档案的限值，其余按车厢限值。", "Means are weighted by time; time beyond a limit is of covered time alone, and warm and cold are never netted. Time without readings is not filled in. Goods are counted by the limits of their own profiles, the rest by those of the box."),
			t.say("阶段由定位、车门、台账推断，有人说明的以所说为准，直到情况变化。司机为现在排班的人。", "Phases are inferred from positions, door and books; what somebody said stands until the evidence changes. Drivers are those on the roster now."),
			t.say("本表不是冷链温度记录证明：未签名，数据补传后可能改变（见版本）。", "This is no certificate: it is not signed, and late data may change it (see the version)."),
		},
	}
}

func (r TripReport) stamp(t tongue) string {
	if !r.Withdrawn.IsZero() {
		return t.say("已撤销：补到的数据表明这不是一次行程", "withdrawn: late data made no trip of it")
	}
	return t.label(r.Notice)
}

func (r TripReport) facts(t tongue) []Fact {
	when := func(at time.Time) string { return t.day(at) + " " + t.clock(at) }
	out := []Fact{{t.say("行程", "Trip"), r.ID}, {t.say("车辆", "Truck"), t.label(r.Name)}}
	add := func(zh, en, value string) {
		if value != "" {
			out = append(out, Fact{t.say(zh, en), value})
		}
	}
	add("司机（排班）", "Driver (roster)", strings.Join(r.Drivers, "、"))
	add("开始", "Began", when(r.From))
	if r.To.IsZero() {
		add("结束", "Ended", t.say("仍在途中", "still under way"))
	} else {
		add("结束", "Ended", when(r.To))
	}
	add("里程", "Distance", r.distance(t))
	air := r.Air.Summary
	if air.MinC != nil && air.MaxC != nil && air.MeanC != nil {
		add("车厢温度", "Air of the box", number(*air.MinC, 1)+" … "+number(*air.MaxC, 1)+t.say(" °C，平均 ", " °C, mean ")+number(*air.MeanC, 1)+" °C")
	} else {
		add("车厢温度", "Air of the box", t.say("没有读数", "no readings"))
	}
	if air.MKTC != nil {
		add("平均动力学温度", "Mean kinetic temperature", number(*air.MKTC, 1)+" °C")
	}
	for _, side := range []struct {
		zh, en string
		cell   Cell
	}{{"超上限", "Above the limit", beyond(t, air.Above, High)}, {"超下限", "Below the limit", beyond(t, air.Below, Low)}} {
		if side.cell.Mark != Plain {
			add(side.zh, side.en, side.cell.Text)
		}
	}
	if air.DurationS > 0 {
		add("监测覆盖率", "Coverage", share(air.Coverage).Text+" %")
	}
	add("版本", "Version", fmt.Sprint(r.Version))
	add("制表时间", "Made", when(r.Made))
	return out
}

func (r TripReport) distance(t tongue) string {
	switch {
	case r.DistanceM == nil:
		return t.say("没有定位，不计", "no positions: not told")
	case len(r.Unseen) > 0:
		return t.say("至少 ", "at least ") + number(*r.DistanceM/1000, 1) + t.say(" km（有时没有定位）", " km (part of it unseen)")
	}
	return t.say("至少 ", "at least ") + number(*r.DistanceM/1000, 1) + " km"
}

// place is a stop in words: a site, or where no site is.
func (r TripReport) place(t tongue, s trip.Stop) string {
	for _, site := range r.sites {
		if site.ID == s.Place {
			return t.label(site.Name)
		}
	}
	if s.Place != "" {
		return s.Place
	}
	return t.say("未知地点 ", "unknown place ") + number(s.Latitude, 4) + ", " + number(s.Longitude, 4)
}

func (r TripReport) stops(t tongue) Table {
	out := Table{Title: t.say("停靠", "Stops"), Empty: t.say("没有定位：停靠何处不明", "no positions: where it stopped is not known"), Columns: []Column{
		{Name: t.say("地点", "place"), Wide: 3}, {Name: t.say("到", "arrived"), Wide: 1.5}, {Name: t.say("离", "left"), Wide: 1.5}, {Name: t.say("停留", "stay"), Wide: 1.4}, {Name: t.say("开门", "door open"), Wide: 1.4}, {Name: t.say("备注", "note"), Wide: 2.5},
	}}
	for i, s := range r.Stops {
		arrived, left := t.say("起点", "start"), t.say("终点", "end")
		if !s.Arrived.IsZero() {
			arrived = t.moment(s.Arrived, false)
		}
		switch {
		case !s.Left.IsZero():
			left = t.moment(s.Left, false)
		case r.To.IsZero() && i == len(r.Stops)-1:
			left = t.say("仍在此", "still there")
		}
		out.Rows = append(out.Rows, Row{Cells: []Cell{text(r.place(t, s)), text(arrived), text(left), text(t.length(s.To.Sub(s.From).Seconds())), text(t.length(s.DoorS)), text(stopNote(t, s))}})
	}
	return out
}

func stopNote(t tongue, s trip.Stop) string {
	var out []string
	if s.ArrivedUnseen {
		out = append(out, t.say("之前没有定位，可能更早到", "no position before: it may have come earlier"))
	}
	if s.LeftUnseen {
		out = append(out, t.say("之后没有定位，可能更晚走", "no position after: it may have left later"))
	}
	if s.UnseenS > 0 {
		out = append(out, t.say("其间 ", "no position for ")+t.length(s.UnseenS)+t.say("没有定位", " of it"))
	}
	return strings.Join(out, t.say("；", "; "))
}

func (r TripReport) cargo(t tongue) Table {
	out := Table{Title: t.say("货物", "Goods"), Empty: t.say("台账上没有货", "the books have none aboard"), Columns: []Column{
		{Name: t.say("批次", "batch"), Wide: 2.4}, {Name: t.say("品名", "product"), Wide: 1.6}, {Name: t.say("数量", "quantity"), Wide: 1.1}, {Name: t.say("装车", "loaded"), Wide: 2.2}, {Name: t.say("卸车", "unloaded"), Wide: 2.2},
		{Name: t.say("最低", "min"), Unit: "°C", Number: true}, {Name: t.say("最高", "max"), Unit: "°C", Number: true}, {Name: t.say("超限", "beyond"), Number: true, Wide: 1.3}, {Name: t.say("覆盖率", "coverage"), Unit: "%", Number: true, Wide: 1.2},
	}}
	for _, g := range r.Goods {
		sum := g.Stay.Summary
		low, high := value(sum.MinC, 1), value(sum.MaxC, 1)
		if sum.Above != nil && sum.Above.Seconds > 0 {
			high.Text, high.Mark = "↑"+high.Text, High
		}
		if sum.Below != nil && sum.Below.Seconds > 0 {
			low.Text, low.Mark = "↓"+low.Text, Low
		}
		past := text(t.say("无限值", "no limits"))
		if sum.MinC == nil { // nothing was measured: nothing is said
			past = value(nil, 0)
		} else if sum.Above != nil || sum.Below != nil {
			past = beyond(t, sum.Above, High)
			if cold := beyond(t, sum.Below, Low); cold.Mark == Low {
				past = Cell{Text: strings.Trim(strings.TrimSuffix(past.Text, "0")+" "+cold.Text, " "), Mark: Low}
			}
			if past.Text == "" {
				past.Text = "0"
			}
		}
		out.Rows = append(out.Rows, Row{Cells: []Cell{text(g.Batch), text(g.Product), text(g.Quantity), text(r.booking(t, g.Loaded, t.say("出发前已在车上", "aboard before"))), text(r.booking(t, g.Unloaded, t.say("仍在车上", "stayed aboard"))),
			low, high, past, share(sum.Coverage)}})
	}
	return out
}

// booking is when and where a batch came or went, by the books or by where the
// truck stood.
func (r TripReport) booking(t tongue, b *trip.Booking, none string) string {
	if b == nil {
		return none
	}
	where := b.Place
	if where == "" && b.Zone != "" {
		site, room := County{Sites: r.sites}.place(b.Zone)
		where = strings.TrimSpace(t.label(site) + " " + t.label(room))
	}
	if where == "" && b.Stop != nil {
		where = r.place(t, r.Stops[*b.Stop])
	}
	return strings.TrimSpace(t.moment(b.At, false) + " " + where)
}

func (r TripReport) phases(t tongue) Table {
	out := Table{Title: t.say("阶段", "Phases"), Columns: []Column{
		{Name: t.say("阶段", "phase"), Wide: 2}, {Name: t.say("从", "from"), Wide: 1.5}, {Name: t.say("到", "to"), Wide: 1.5}, {Name: t.say("时长", "length"), Wide: 1.4}, {Name: t.say("依据", "by"), Wide: 2},
	}}
	for _, p := range r.Phases {
		end, by := p.To, t.say("推断", "inferred")
		if end.IsZero() {
			end = r.Until
		}
		if p.By != "" {
			by = p.By
		}
		out.Rows = append(out.Rows, Row{Cells: []Cell{text(t.label(phases[p.Phase])), text(t.moment(p.From, false)), text(t.moment(p.To, false)), text(t.length(end.Sub(p.From).Seconds())), text(by)}})
	}
	return out
}

func (r TripReport) spans(t tongue, title, empty string, list []trip.Span) Table {
	out := Table{Title: title, Empty: empty, Columns: []Column{{Name: t.say("从", "from"), Wide: 1.5}, {Name: t.say("到", "to"), Wide: 1.5}, {Name: t.say("时长", "length"), Wide: 1.4}}}
	for _, s := range list {
		end := s.To
		if end.IsZero() {
			end = r.Until
		}
		out.Rows = append(out.Rows, Row{Cells: []Cell{text(t.moment(s.From, false)), text(t.moment(s.To, false)), text(t.length(end.Sub(s.From).Seconds()))}})
	}
	return out
}

func (r TripReport) unseen(t tongue) Table {
	return r.spans(t, t.say("没有定位的时间", "Time without a position"), t.say("一直有定位", "there were positions all the time"), r.Unseen)
}

func (r TripReport) doors(t tongue) Table {
	return r.spans(t, t.say("车门打开", "Door open"), t.say("没有看到开门", "it was not seen open"), r.Doors)
}

// slots are the box's temperatures in half hours, the whole ones that the trip
// touches.
func (r TripReport) slots(t tongue) Table {
	out := Table{Title: t.say("车厢温度", "Temperatures of the box"), Dense: true, Empty: t.say("车厢没有温度测点", "nothing measures the box"), Columns: []Column{{Name: t.say("时间", "Time"), Wide: 1.4}}}
	if len(r.course.Points) == 0 || len(r.course.Points[0].Slots) == 0 {
		return out
	}
	slots := r.course.Points[0].Slots
	about := []string{}
	if len(slots) > 1 {
		about = append(about, t.say("每行 ", "a line is ")+t.length(slots[1].At.Sub(slots[0].At).Seconds())+t.say(" 的平均", ", its mean"))
	}
	if r.course.High != nil {
		about = append(about, t.say("上限 ", "high limit ")+number(*r.course.High, 1)+" °C")
	}
	if r.course.Low != nil {
		about = append(about, t.say("下限 ", "low limit ")+number(*r.course.Low, 1)+" °C")
	}
	out.About = strings.Join(about, " · ")
	for _, p := range r.course.Points {
		out.Columns = append(out.Columns, Column{Name: t.point(p.Point, p.Quantity), Unit: unit(sensors.Celsius), Number: true, Wide: 2})
	}
	for i, s := range slots {
		row := Row{Cells: []Cell{text(t.moment(s.At, false))}}
		for _, p := range r.course.Points {
			row.Cells = append(row.Cells, slotCell(t, p, p.Slots[i], r.course))
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// Sheet implements Report: the trip's stops and goods, then each batch on a page
// of its own.
func (x Load) Sheet(l language) Sheet {
	r := x.Trip
	t := tongue{l, r.zone}
	out := r.Sheet(l)
	out.Title, out.Stem, out.Tables = t.label(OfLoad.title()), "load-"+r.ID, []Table{r.stops(t), r.cargo(t)}
	for _, s := range x.Shipments {
		sheet := s.Sheet(l)
		head := Table{Title: s.Batch.ID + " " + s.Batch.Product, Page: true, Columns: []Column{{Name: t.say("项目", "item"), Wide: 1}, {Name: t.say("内容", "value"), Wide: 3}}}
		for _, f := range sheet.Facts {
			head.Rows = append(head.Rows, Row{Cells: []Cell{text(f.Name), text(f.Value)}})
		}
		out.Tables = append(out.Tables, head)
		for _, tab := range sheet.Tables {
			tab.Title = s.Batch.ID + " · " + tab.Title
			out.Tables = append(out.Tables, tab)
		}
	}
	return out
}
