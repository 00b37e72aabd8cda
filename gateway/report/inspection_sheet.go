package report

import (
	"fmt"
	"strings"

	"coldchain/sensors"
)

// Sheet implements Report: what was found out first, then a record for each room.
func (n Inspection) Sheet(l language) Sheet {
	t := tongue{l, n.zone}
	var names []string
	for _, r := range n.Rooms {
		names = append(names, t.label(r.Name))
	}
	last := n.To.AddDate(0, 0, -1)
	out := Sheet{
		Language: l, Title: t.say("冷链检查记录", "Cold-chain records for inspection"), Subtitle: t.label(n.County), Stamp: t.label(n.Notice),
		Stem: "inspection-" + t.day(n.From) + "-" + t.day(last), Made: n.Made,
		Facts: []Fact{
			{t.say("库房", "Rooms"), strings.Join(names, t.say("、", ", "))}, {t.say("日期", "Dates"), t.day(n.From) + " – " + t.day(last)},
			{t.say("制表时间", "Made"), t.day(n.Made) + " " + t.clock(n.Made)},
		},
		Signed: []string{t.say("检查人", "Inspector"), t.say("陪同", "Accompanied by"), t.say("日期", "Date")},
	}
	// Alarms, hands and gaps look as in the daily record.
	d := DailyRecord{From: n.From, To: n.To, Rooms: n.Rooms, Alarms: n.Alarms, Gaps: n.Gaps, Hands: n.Hands, HandsKept: n.HandsKept, zone: n.zone}
	alarms, hands, gaps := d.alarms(t, false), d.hands(t), d.missing(t)
	alarms.Empty, hands.Empty = t.say("这几天没有报警", "no alarm on these days"), t.say("这几天没有人工测温", "nothing was measured by hand")
	if !n.HandsKept {
		hands.Empty = t.say("本系统未登记人工测温", "this county's system records none")
	}
	out.Tables = append(out.Tables, n.overview(t), n.goods(t), alarms, gaps, hands, n.calibration(t))
	for _, r := range n.Rooms {
		out.Tables = append(out.Tables, n.record(t, r))
	}
	out.Notes = []string{
		t.say("每行为一小时内全部读数的最低、平均、最高；“—”为无读数，未作任何填补。覆盖率为良好读数所代表时间的比例。",
			"Each line is the lowest, mean and highest of all readings of its hour; “—” is no reading, and nothing is filled in. Coverage is the share of the time that good readings speak for."),
		t.say("上下限为库房自身的报警限。跨越所查日期的报警和缺口完整列出；批次的进出只列所查日期之内的。",
			"Limits are the room's own. Alarms and gaps that reach beyond the dates are shown whole; of batches only what happened within them."),
		t.say("校准有效期为现场网关所报。", "Until when a probe is calibrated is what its gateway says."),
	}
	return out
}

func (n Inspection) overview(t tongue) Table {
	out := Table{Title: t.say("概况", "At a glance"), Columns: []Column{
		{Name: t.say("库房", "room"), Wide: 3}, {Name: t.say("上限", "high"), Unit: "°C", Number: true}, {Name: t.say("下限", "low"), Unit: "°C", Number: true},
		{Name: t.say("最低", "min"), Unit: "°C", Number: true}, {Name: t.say("平均", "mean"), Unit: "°C", Number: true}, {Name: t.say("最高", "max"), Unit: "°C", Number: true},
		{Name: t.say("在限时间", "in range"), Unit: "%", Number: true}, {Name: t.say("覆盖率", "coverage"), Unit: "%", Number: true}, {Name: t.say("报警", "alarms"), Number: true},
	}}
	for _, r := range n.Rooms {
		alarms := 0
		for _, a := range n.Alarms {
			if inRoom(a.Object, r.Room) || a.Zone == r.Room {
				alarms++
			}
		}
		row := []Cell{text(t.label(r.Name)), limit(r.High), limit(r.Low)}
		p, ok := r.main()
		if !ok {
			none := Cell{Text: "—", Mark: Missing}
			out.Rows = append(out.Rows, Row{Cells: append(row, none, none, none, none, none, count(alarms))})
			continue
		}
		low, high := extremes(r, p.Stats)
		inRange := Cell{Text: "—", Mark: Missing}
		if p.InRange != nil {
			inRange = share(*p.InRange)
		}
		out.Rows = append(out.Rows, Row{Cells: append(row, low, value(p.Mean, 1), high, inRange, share(p.Coverage), count(alarms))})
	}
	return out
}

// limit is a cell of one; none is not a reading that is missing.
func limit(v *float64) Cell {
	if v == nil {
		return text("—")
	}
	return value(v, 1)
}

// main is the point that the limits are of.
func (r RoomDay) main() (PointDay, bool) {
	for _, p := range r.Points {
		if p.main {
			return p, true
		}
	}
	return PointDay{}, false
}

// extremes are the lowest and highest value, marked where they are beyond.
func extremes(r RoomDay, s Stats) (low, high Cell) {
	low, high = value(s.Min, 1), value(s.Max, 1)
	if r.Low != nil && s.Min != nil && *s.Min < *r.Low {
		low.Text, low.Mark = "↓"+low.Text, Low
	}
	if r.High != nil && s.Max != nil && *s.Max > *r.High {
		high.Text, high.Mark = "↑"+high.Text, High
	}
	return low, high
}

func (n Inspection) goods(t tongue) Table {
	out := Table{Title: t.say("批次与判定", "Batches and verdicts"), Empty: t.say("没有登记的批次", "no batch was booked there"), Columns: []Column{
		{Name: t.say("批次", "batch"), Wide: 2.2}, {Name: t.say("品名", "product"), Wide: 1.6}, {Name: t.say("数量", "quantity")}, {Name: t.say("库房", "room"), Wide: 1.6},
		{Name: t.say("入库", "in"), Wide: 1.2}, {Name: t.say("出库", "out"), Wide: 1.2}, {Name: t.say("判定", "verdict"), Wide: 2.4},
	}}
	d := DailyRecord{Rooms: n.Rooms}
	for _, s := range n.Stays {
		from, to := t.say("此前已在", "before"), t.say("此后仍在", "stays on")
		if !s.From.IsZero() {
			from = t.moment(s.From, false)
		}
		if !s.To.IsZero() {
			to = t.moment(s.To, false)
		}
		out.Rows = append(out.Rows, Row{Cells: []Cell{text(s.Batch), text(s.Product), text(s.Quantity), text(d.named(t, s.Room)), text(from), text(to), n.verdict(t, s)}})
	}
	return out
}

func (n Inspection) verdict(t tongue, s Stay) Cell {
	if !n.GoodsKept {
		return Cell{Text: t.say("本系统未登记", "not recorded by this system"), Mark: Missing}
	}
	said := t.say("尚未判定", "none yet")
	if s.Verdict.Version > 0 {
		said = string(s.Verdict.Decision)
		for _, d := range decisions {
			if d.Decision == s.Verdict.Decision {
				said = t.label(d.Label)
			}
		}
		said += fmt.Sprintf(t.say("（%s %s）%s", " (%s %s) %s"), s.Verdict.By, t.moment(s.Verdict.At, false), s.Verdict.Reason)
	}
	if s.Waits {
		said += t.say("；最新判定待第二人签字", "; the newest waits for a second person")
	}
	return text(said)
}

func (n Inspection) calibration(t tongue) Table {
	out := Table{Title: t.say("探头校准", "Calibration of probes"), Empty: t.say("本系统未登记", "not recorded by this system"), Columns: []Column{
		{Name: t.say("测点", "point"), Wide: 3}, {Name: t.say("校准有效至", "calibrated until"), Wide: 2}, {Name: t.say("状态", "state"), Wide: 2},
	}}
	d := DailyRecord{Rooms: n.Rooms}
	for _, p := range n.Probes {
		until, state := Cell{Text: "—", Mark: Missing}, Cell{Text: t.say("网关未报有效期", "its gateway names none"), Mark: Missing}
		if !p.Until.IsZero() {
			until, state = text(t.day(p.Until)), text(t.say("在有效期内", "valid"))
			switch {
			case p.Until.Before(n.Made):
				state = Cell{Text: t.say("已过期", "expired"), Mark: High}
			case p.Until.Before(n.To):
				state = Cell{Text: t.say("所查日期内到期", "ends within these dates"), Mark: Unsure}
			}
		}
		out.Rows = append(out.Rows, Row{Cells: []Cell{text(d.named(t, string(p.Point)) + "（" + string(p.Point) + "）"), until, state}})
	}
	return out
}

// record is a room's hours. Hours without any reading that follow each other are
// one line.
func (n Inspection) record(t tongue, r RoomDay) Table {
	out := Table{Title: t.say("温度记录：", "Record: ") + t.label(r.Name), About: t.say("每小时；时间为当地时间", "by the hour, local time"), Page: true, Dense: true,
		Empty: t.say("本库没有测点", "no point in this room"), Columns: []Column{{Name: t.say("时间", "time"), Wide: 1.4}}}
	for _, p := range r.Points {
		name := t.point(p.Point, p.Quantity)
		if p.main {
			for _, w := range []string{t.say("最低", "min"), t.say("平均", "mean"), t.say("最高", "max")} {
				out.Columns = append(out.Columns, Column{Name: name + " " + w, Unit: unit(p.Unit), Number: true})
			}
			out.Columns = append(out.Columns, Column{Name: t.say("覆盖率", "coverage"), Unit: "%", Number: true})
			continue
		}
		out.Columns = append(out.Columns, Column{Name: name + " " + t.say("平均", "mean"), Unit: unit(p.Unit), Number: true})
	}
	if len(r.Points) == 0 {
		return out
	}
	slots := r.Points[0].Slots
	for i := 0; i < len(slots) && !slots[i].Ahead; i++ {
		first := i
		for r.silent(i) && i+1 < len(slots) && !slots[i+1].Ahead && r.silent(i+1) && r.why(i+1) == r.why(first) {
			i++
		}
		at := t.moment(slots[first].At, false)
		if i > first {
			at += " – " + t.moment(slots[i].At.Add(hour), false)
		}
		out.Rows = append(out.Rows, Row{Cells: append([]Cell{text(at)}, r.line(t, i)...)})
	}
	return out
}

func (r RoomDay) silent(i int) bool {
	for _, p := range r.Points {
		if p.Slots[i].Mean != nil {
			return false
		}
	}
	return true
}

func (r RoomDay) why(i int) (out string) {
	for _, p := range r.Points {
		out += string(p.Slots[i].Reason) + "/"
	}
	return out
}

func (r RoomDay) line(t tongue, i int) (out []Cell) {
	for _, p := range r.Points {
		s := p.Slots[i]
		none := Cell{Text: "—", Mark: Missing}
		if s.Mean == nil && s.Reason != sensors.Reason("") {
			none.Text += " " + t.reason(s.Reason)
		}
		mean := value(s.Mean, 1)
		if s.Mean == nil {
			mean = none
		} else if s.Doubt {
			mean.Text, mean.Mark = mean.Text+" ?", Unsure
		}
		if !p.main {
			out = append(out, mean)
			continue
		}
		low, high := extremes(r, s.Stats)
		out = append(out, low, mean, high, share(s.Coverage))
	}
	return out
}
