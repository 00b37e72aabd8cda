package report

import (
	"fmt"
	"strings"
	"time"

	"coldchain/alerting/batch"
	"coldchain/alerting/wording"
	"coldchain/gateway/config"
)

type language = wording.Language

// Sheet implements Report.
func (s Summary) Sheet(l language) Sheet {
	t := tongue{l, s.zone}
	out := Sheet{
		Language: l, Title: t.label(s.Kind.title()), Subtitle: t.label(s.County), Stamp: t.label(s.Notice), Stem: string(s.Kind) + "-" + t.day(s.From), Made: s.Made,
		Facts: []Fact{
			{t.say("期间", "Period"), t.day(s.From) + " – " + t.day(s.To.Add(-time.Hour))}, {t.say("制表时间", "Made"), t.day(s.Made) + " " + t.clock(s.Made)},
		},
		Signed: []string{t.say("制表", "Made by"), t.say("审核", "Reviewed by"), t.say("日期（盖章）", "Date, stamp")},
	}
	state := t.say("草稿，待审核", "draft, to be reviewed")
	if !s.Over {
		state = t.say("期间未结束，数据到制表时间为止", "the period is not over: data up to when this was made")
	} else if s.Sent != nil {
		state = fmt.Sprintf(t.say("已报送（%s %s）", "sent (%s %s)"), s.Sent.By, t.day(s.Sent.At))
	} else if s.Reviewed != nil {
		state = fmt.Sprintf(t.say("已审核（%s %s），24 日前报送", "reviewed (%s %s), to be sent before the 24th"), s.Reviewed.By, t.day(s.Reviewed.At))
	} else if s.Kind == Monthly {
		state = t.say("草稿：22 日出稿，审核后 24 日前报送", "draft: drafted on the 22nd, to be reviewed and sent before the 24th")
	}
	out.Facts = append(out.Facts, Fact{t.say("状态", "State"), state})
	out.Tables = []Table{s.served(t), s.facilities(t), s.alarmSums(t), s.rules(t), s.goods(t), s.missingData(t)}
	out.Notes = []string{
		t.say("“运行天数”为至少有一小时良好读数的天数；“闲置”为运行而无登记批次的天数。", "A day counts as running with at least an hour of good readings, as idle when it ran and held no booked batch."),
		t.say("“在限时间”为全部读数都在限内的一刻钟所占的有数时间比例，只会低估；限值为库房自身的报警限。", "“In range” is the share of covered time in quarter-hours of which every value lay inside the room's own limits: it can only be too low."),
		t.say("应答时间从报警发出到第一人应答，只算实时报警。", "Response is from an alarm being raised to the first answer, of live alarms."),
		t.say("没有读数的时间不计入任何温度统计，也未作填补。", "Time without readings is in no statistic of temperature, and is not filled in."),
	}
	return out
}

func (s Summary) served(t tongue) Table {
	out := Table{Title: t.say("一、站点", "1 Stations served"), Columns: []Column{
		{Name: t.say("类别", "kind"), Wide: 2}, {Name: t.say("数量", "sites"), Number: true}, {Name: t.say("有数据", "with data"), Number: true}, {Name: t.say("无数据的站点", "without data"), Wide: 5},
	}}
	for _, k := range s.Served {
		var silent []string
		for _, l := range k.Silent {
			silent = append(silent, t.label(l))
		}
		kind, ok := siteKinds[k.Kind]
		if !ok {
			kind = config.Label{ZH: string(k.Kind), EN: string(k.Kind)}
		}
		c := text(listed(silent, 12))
		if len(silent) > 0 {
			c.Mark = Missing
		}
		out.Rows = append(out.Rows, Row{Cells: []Cell{text(t.label(kind)), count(k.Sites), count(k.Heard), c}})
	}
	return out
}

func (s Summary) facilities(t tongue) Table {
	out := Table{Title: t.say("二、设施使用与温度", "2 Use of facilities, temperatures"), Empty: t.say("没有库房", "no rooms"), Columns: []Column{
		{Name: t.say("站点", "site"), Wide: 2.4}, {Name: t.say("库房", "room"), Wide: 1.9}, {Name: t.say("运行", "running"), Unit: t.say("天", "d"), Number: true},
		{Name: t.say("停用", "out of use"), Unit: t.say("天", "d"), Number: true}, {Name: t.say("闲置", "idle"), Unit: t.say("天", "d"), Number: true},
		{Name: t.say("批次", "batches"), Number: true}, {Name: t.say("装车", "loads"), Number: true},
		{Name: t.say("最低", "min"), Unit: "°C", Number: true}, {Name: t.say("最高", "max"), Unit: "°C", Number: true}, {Name: t.say("平均", "mean"), Unit: "°C", Number: true},
		{Name: t.say("在限时间", "in range"), Unit: "%", Number: true, Wide: 1.3}, {Name: t.say("覆盖率", "coverage"), Unit: "%", Number: true, Wide: 1.2},
	}}
	for _, r := range s.Rooms {
		inRange := Cell{Text: "—", Mark: Missing}
		if r.InRange != nil {
			inRange = share(*r.InRange)
		}
		loads := text("")
		if r.SiteKind == config.Truck {
			loads = count(r.Loads)
		}
		lowest, highest := value(r.Min, 1), value(r.Max, 1)
		if r.High != nil && r.Max != nil && *r.Max > *r.High {
			highest.Mark, highest.Text = High, "↑"+highest.Text
		}
		if r.Low != nil && r.Min != nil && *r.Min < *r.Low {
			lowest.Mark, lowest.Text = Low, "↓"+lowest.Text
		}
		out.Rows = append(out.Rows, Row{Cells: []Cell{
			text(t.label(r.Site)), text(t.label(r.Name)), count(r.Running), count(r.OutOfUse), count(r.Idle), count(r.Batches), loads,
			lowest, highest, value(r.Mean, 1), inRange, share(r.Coverage),
		}})
	}
	return out
}

func (s Summary) alarmSums(t tongue) Table {
	a := s.Alarms
	response := func(v *float64) Cell {
		if v == nil {
			return Cell{Text: "—", Mark: Missing}
		}
		return text(t.length(*v))
	}
	return Table{Title: t.say("三、报警与响应", "3 Alarms and response"), Columns: []Column{
		{Name: t.say("超限", "excursions"), Number: true}, {Name: t.say("预警", "warnings"), Number: true}, {Name: t.say("补传后发现", "found late"), Number: true},
		{Name: t.say("已应答", "answered"), Number: true}, {Name: t.say("未了结", "open"), Number: true},
		{Name: t.say("应答中位数", "median response"), Wide: 1.5}, {Name: t.say("最长应答", "longest response"), Wide: 1.5},
	}, Rows: []Row{{Cells: []Cell{count(a.Excursions), count(a.Warnings), count(a.Late), count(a.Answered), count(a.Open), response(a.MedianS), response(a.LongestS)}}}}
}

func (s Summary) rules(t tongue) Table {
	out := Table{Title: t.say("报警种类", "Alarms by kind"), Empty: t.say("期间没有报警", "no alarm in the period"), Columns: []Column{
		{Name: t.say("种类", "kind"), Wide: 3}, {Name: t.say("次数", "number"), Number: true}, {Name: t.say("合计时长", "lasted in all"), Wide: 2},
	}}
	for _, r := range s.Alarms.ByRule {
		out.Rows = append(out.Rows, Row{Cells: []Cell{text(t.What(r.Rule)), count(r.Alarms), text(t.length(r.LastedS))}})
	}
	return out
}

var decisions = []struct {
	batch.Decision
	config.Label
}{
	{batch.Released, config.Label{ZH: "放行", EN: "released"}}, {batch.PartiallyReleased, config.Label{ZH: "部分放行", EN: "partially released"}},
	{batch.OnHold, config.Label{ZH: "暂扣", EN: "on hold"}}, {batch.Rejected, config.Label{ZH: "拒收", EN: "rejected"}},
}

func (s Summary) goods(t tongue) Table {
	out := Table{Title: t.say("四、批次、判定与检验", "4 Batches, verdicts, inspections"), Columns: []Column{{Name: t.say("项目", "item"), Wide: 3}, {Name: t.say("数量", "number"), Number: true, Wide: 2}}}
	add := func(name string, c Cell) { out.Rows = append(out.Rows, Row{Cells: []Cell{text(name), c}}) }
	add(t.say("在库在途批次", "batches in store or on the road"), count(s.Batches))
	none := Cell{Text: t.say("本系统未登记", "not recorded by this system"), Mark: Missing}
	if s.Verdicts == nil {
		add(t.say("判定", "verdicts"), none)
	} else {
		for _, d := range decisions {
			add(t.say("判定：", "verdict: ")+t.label(d.Label), count(s.Verdicts[d.Decision]))
		}
	}
	if s.Inspections == nil {
		add(t.say("检验", "inspections"), none)
	} else {
		add(t.say("检验", "inspections"), count(s.Inspections.Done))
		add(t.say("其中不合格", "of which failed"), count(s.Inspections.Failed))
	}
	return out
}

func (s Summary) missingData(t tongue) Table {
	out := Table{Title: t.say("五、数据缺失", "5 Missing data"), Empty: t.say("没有在用的库房", "no room was in use"), Columns: []Column{
		{Name: t.say("站点", "site"), Wide: 2}, {Name: t.say("覆盖率", "coverage"), Unit: "%", Number: true}, {Name: t.say("缺失时长（各库合计）", "missing, all rooms"), Wide: 2}, {Name: t.say("网关申报的原因", "causes that gateways declared"), Wide: 5},
	}}
	for _, m := range s.Missing {
		var why []string
		for _, c := range m.Declared {
			why = append(why, fmt.Sprintf(t.say("%s %d 次 %s", "%s %d times %s"), t.cause(c.Cause), c.Gaps, t.length(c.LastedS)))
		}
		out.Rows = append(out.Rows, Row{Cells: []Cell{text(t.label(m.Site)), share(m.Coverage), text(t.length(m.MissingS)), text(strings.Join(why, "；"))}})
	}
	return out
}
