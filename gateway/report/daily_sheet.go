package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"coldchain/alerting/duty"
)

// Sheet implements Report: a page for each room, and one for what happened.
func (d DailyRecord) Sheet(l language) Sheet {
	t := tongue{l, d.zone}
	out := Sheet{
		Language: l, Title: t.label(Daily.title()), Subtitle: t.label(d.County) + " · " + t.label(d.Name), Stamp: t.label(d.Notice),
		Stem: "daily-" + d.Site + "-" + d.Date, Made: d.Made,
		Facts: []Fact{
			{t.say("单位/站点", "Site"), t.label(d.Name)}, {t.say("日期", "Date"), d.Date},
			{t.say("制表时间", "Made"), t.day(d.Made) + " " + t.clock(d.Made)},
		},
		Signed: []string{t.say("记录人", "Recorded by"), t.say("审核人", "Checked by"), t.say("日期", "Date")},
	}
	if !d.Over {
		out.Facts = append(out.Facts, Fact{t.say("说明", "Note"), t.say("当日未结束，数据到制表时间为止", "the day is not over: data up to when this was made")})
	}
	for i, r := range d.Rooms {
		out.Tables = append(out.Tables, d.room(t, r, i > 0))
	}
	out.Tables = append(out.Tables, d.alarms(t, len(d.Rooms) > 0), d.hands(t), d.missing(t))
	out.Notes = []string{
		t.say("每行为半小时内全部读数的平均值；↑ ↓ 后为该半小时内超出上下限的最高、最低值。“—”为无读数，“?”为存疑读数，未作任何填补。",
			"Each line is the mean of all readings of its half hour; behind ↑ and ↓ stands the highest or lowest value beyond the limit. “—” is no reading, “?” a reading in doubt; nothing is filled in."),
		t.say("覆盖率为良好读数所代表时间的比例；人工测温单独列出，不计入覆盖率。", "Coverage is the share of the time that good readings speak for; temperatures measured by hand stand apart and do not count towards it."),
		t.say("上下限为库房自身的报警限；库内批次的更严要求见批次证明。", "Limits are the room's own; stricter ones of the goods in it are on the certificates of the batches."),
	}
	return out
}

func (d DailyRecord) room(t tongue, r RoomDay, page bool) Table {
	about := []string{}
	if r.High != nil {
		about = append(about, t.say("上限 ", "high limit ")+number(*r.High, 1)+" °C")
	}
	if r.Low != nil {
		about = append(about, t.say("下限 ", "low limit ")+number(*r.Low, 1)+" °C")
	}
	if len(r.Batches) > 0 {
		about = append(about, t.say("在库批次 ", "batches ")+listed(r.Batches, 6))
	} else {
		about = append(about, t.say("无登记批次", "no batch booked"))
	}
	for _, u := range r.Unused {
		word := t.say("停用", "switched off")
		if u.Kind == duty.StandsEmpty {
			word = t.say("空库", "empty")
		}
		about = append(about, fmt.Sprintf("%s %s–%s（%s）", word, t.moment(u.From, false), t.moment(u.To, false), u.Reason))
	}
	out := Table{Title: t.label(r.Name) + " " + object(r.Room), About: strings.Join(about, " · "), Page: page, Dense: true,
		Columns: []Column{{Name: t.say("时间", "Time")}}, Empty: t.say("本库没有测点", "no point in this room")}
	for _, p := range r.Points {
		out.Columns = append(out.Columns, Column{Name: t.point(p.Point, p.Quantity), Unit: unit(p.Unit), Number: true, Wide: 2})
	}
	if len(r.Points) == 0 {
		return out
	}
	if out.Empty = t.say("全天停用，没有读数", "out of use all day, no readings"); d.restedAllDay(r) {
		out.Page = false // a line needs no page
		return out
	}
	for i := range r.Points[0].Slots {
		row := Row{Cells: []Cell{text(t.clock(r.Points[0].Slots[i].At))}}
		for _, p := range r.Points {
			row.Cells = append(row.Cells, slotCell(t, p, p.Slots[i], r))
		}
		out.Rows = append(out.Rows, row)
	}
	sum := func(name string, cell func(PointDay) Cell) {
		row := Row{Cells: []Cell{text(name)}, Sum: true}
		for _, p := range r.Points {
			row.Cells = append(row.Cells, cell(p))
		}
		out.Rows = append(out.Rows, row)
	}
	sum(t.say("最低", "min"), func(p PointDay) Cell { return value(p.Min, 1) })
	sum(t.say("最高", "max"), func(p PointDay) Cell { return value(p.Max, 1) })
	sum(t.say("平均", "mean"), func(p PointDay) Cell { return value(p.Mean, 1) })
	sum(t.say("覆盖率 %", "coverage %"), func(p PointDay) Cell { return share(p.Coverage) })
	return out
}

// restedAllDay reports whether a room was out of use all day and nothing was
// heard of it: 48 empty lines would say no more.
func (d DailyRecord) restedAllDay(r RoomDay) bool {
	heard := slices.ContainsFunc(r.Points, func(p PointDay) bool { return p.Readings > 0 })
	return !heard && slices.ContainsFunc(r.Unused, func(u UnusedTime) bool { return !u.From.After(d.From) && !u.To.Before(d.To) })
}

// named is a point or a room in the words of the site.
func (d DailyRecord) named(t tongue, object string) string {
	for _, r := range d.Rooms {
		if object == r.Room {
			return t.label(r.Name)
		}
		if name, ok := strings.CutPrefix(object, r.Room+"/"); ok {
			if l, known := points[name]; known {
				name = t.label(l)
			}
			return t.label(r.Name) + " " + name
		}
	}
	if object == d.Site || object == "" {
		return t.label(d.Name)
	}
	return object
}

// slotCell is a half hour: its mean, and what was beyond a limit.
func slotCell(t tongue, p PointDay, s Slot, r RoomDay) Cell {
	if s.Ahead {
		return Cell{Mark: Ahead}
	}
	c := value(s.Mean, 1)
	if s.Mean == nil {
		if s.Reason != "" {
			c.Text += " " + t.reason(s.Reason)
		}
		return c
	}
	if s.Doubt {
		c.Text, c.Mark = c.Text+" ?", Unsure
	}
	if p.main && r.High != nil && *s.Max > *r.High {
		c.Text, c.Mark = c.Text+" ↑"+number(*s.Max, 1), High
	}
	if p.main && r.Low != nil && *s.Min < *r.Low {
		c.Text, c.Mark = c.Text+" ↓"+number(*s.Min, 1), Low
	}
	return c
}

func listed(codes []string, most int) string {
	if len(codes) <= most {
		return strings.Join(codes, "、")
	}
	return fmt.Sprintf("%s … (%d)", strings.Join(codes[:most], "、"), len(codes))
}

// alarms are what happened and who did what about it.
func (d DailyRecord) alarms(t tongue, page bool) Table {
	out := Table{Title: t.say("报警与处理", "Alarms and what was done"), Page: page, Empty: t.say("当日没有报警", "no alarm on this day"), Columns: []Column{
		{Name: t.say("开始", "from")}, {Name: t.say("结束", "to")}, {Name: t.say("对象", "object"), Wide: 1.4}, {Name: t.say("内容", "what"), Wide: 1.5},
		{Name: t.say("极值/限值", "peak/limit"), Wide: 1.2}, {Name: t.say("批次", "batches"), Wide: 2.1}, {Name: t.say("谁应答", "answered by"), Wide: 1.8}, {Name: t.say("处理", "done"), Wide: 2},
	}}
	for _, a := range d.Alarms {
		peak := ""
		if a.HasValue {
			peak = number(a.Peak, 1) + " / " + number(a.Limit, 1)
		}
		out.Rows = append(out.Rows, Row{Cells: []Cell{
			text(t.moment(a.Start, d.has(a.Start))), text(t.moment(a.Returned, d.has(a.Returned))), text(d.named(t, a.Object)), text(t.What(a.Rule)),
			text(peak), text(listed(a.Batches, 3)), answered(t, a, d), text(done(t, a, d)),
		}})
	}
	return out
}

// has reports whether a moment is of this day: then its time is enough. Of more
// than a day it never is.
func (d DailyRecord) has(at time.Time) bool {
	return !at.Before(d.From) && at.Before(d.To) && d.To.Sub(d.From) <= 25*time.Hour
}

func answered(t tongue, a Alarm, d DailyRecord) Cell {
	switch {
	case a.Answered != nil:
		return text(a.Answered.By + " " + t.moment(a.Answered.At, d.has(a.Answered.At)))
	case a.Looked != nil:
		return text(a.Looked.By + " " + t.moment(a.Looked.At, d.has(a.Looked.At)) + t.say("（事后查看）", " (looked at afterwards)"))
	}
	return Cell{Text: t.say("无人应答", "nobody"), Mark: Missing}
}

func done(t tongue, a Alarm, d DailyRecord) string {
	var out []string
	if a.Answered != nil && a.Answered.Note != "" {
		out = append(out, a.Answered.Note)
	}
	if a.Looked != nil && a.Looked.Note != "" {
		out = append(out, a.Looked.Note)
	}
	if a.Closed != nil {
		var said []string
		for _, w := range a.Closed.Words {
			said = append(said, t.label(w))
		}
		if a.Closed.Note != "" {
			said = append(said, a.Closed.Note)
		}
		out = append(out, strings.Join(said, t.say("，", ", "))+"（"+a.Closed.By+" "+t.moment(a.Closed.At, d.has(a.Closed.At))+"）")
	}
	return strings.Join(out, "；")
}

func (d DailyRecord) hands(t tongue) Table {
	out := Table{Title: t.say("人工测温（不计入覆盖率）", "Measured by hand (no part of the coverage)"), Empty: t.say("当日没有人工测温", "nothing was measured by hand"), Columns: []Column{
		{Name: t.say("时间", "time")}, {Name: t.say("库房", "room"), Wide: 2}, {Name: t.say("温度", "temperature"), Unit: "°C", Number: true}, {Name: t.say("方法", "how"), Wide: 2}, {Name: t.say("测量人", "by"), Wide: 2},
	}}
	if !d.HandsKept {
		out.Empty = t.say("本系统未登记人工测温", "this county's system records none")
	}
	for _, h := range d.Hands {
		out.Rows = append(out.Rows, Row{Cells: []Cell{text(t.moment(h.At, d.has(h.At))), text(d.named(t, h.Room)), value(&h.ValueC, 1), text(t.taken(h.Hand)), text(h.By)}})
	}
	return out
}

func (d DailyRecord) missing(t tongue) Table {
	out := Table{Title: t.say("数据缺口（网关申报）", "Gaps that the gateway declared"), Empty: t.say("没有申报的缺口", "none was declared"), Columns: []Column{
		{Name: t.say("从", "from")}, {Name: t.say("到", "to")}, {Name: t.say("时长", "length")}, {Name: t.say("范围", "of"), Wide: 2}, {Name: t.say("原因", "cause"), Wide: 2},
	}}
	for _, g := range d.Gaps {
		scope := t.say("全部测点", "all points")
		if g.Scope != "" {
			scope = d.named(t, g.Scope)
		}
		out.Rows = append(out.Rows, Row{Cells: []Cell{
			text(t.moment(g.From, d.has(g.From))), text(t.moment(g.To, d.has(g.To))), text(t.length(g.To.Sub(g.From).Seconds())), text(scope), text(t.cause(g.Cause)),
		}})
	}
	return out
}
