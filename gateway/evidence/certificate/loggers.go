package certificate

import (
	"fmt"

	"coldchain/alerting/exposure"
)

// loggers draws what loggers that travelled along say: broken lines, and nothing
// else on the chart is one but the limits, which are red.
func (p *chart) loggers(on canvas) {
	for _, r := range p.v.Doc.Imported {
		a, b := p.at(r.From), p.at(r.To)
		on.line(soft, 0.2, false, (a+b)/2, p.height(r.MinC), (a+b)/2, p.height(r.MaxC))
		on.line(ink, 0.3, true, a, p.height(r.MeanC), b, p.height(r.MeanC))
	}
	if len(p.v.Doc.Imported) > 0 {
		on.text(soft, 6.5, 'R', p.right-0.8, p.top+2.4, "- - 随货记录仪 logger")
	}
}

// loggers are the files of loggers that travelled along, with their digests and
// what they say beside the probes.
func (v *view) loggers(c clock) table {
	t := table{ZH: "随货记录仪", EN: "Loggers that travelled along", Note: "界定无监测时的温度，不计入覆盖率和合计。 They bound what nothing measured; they are in no coverage and no total.", Cols: []column{
		{"号", "No.", 10, true}, {"地点与文件", "Place, file and SHA-256", 62, false}, {"从 / 到", "From / to", 24, false}, {"读数", "Values", 14, true}, {"最低 / 均值 / 最高 ℃", "Lowest / mean / highest", 28, true},
		{"高于 / 低于限值", "Above / below", 26, true}, {"与探头相比", "Beside the probe", 30, false}}}
	for _, i := range v.Doc.Exposure.Intervals {
		for _, l := range i.Imported {
			s := l.Summary
			beside := "无探头可比 no probe beside it"
			if b := l.Beside; b != nil {
				beside = fmt.Sprintf("%d / %d 相差 apart > %g ℃；最大 at most %s ℃ %s", b.Apart, b.Points, exposure.ApartC, fixed(b.FarthestC, 1), c.short(b.FarthestAt))
				if b.Apart > 0 {
					t.mark(len(t.Rows))
				}
			}
			if beyond(s.Above) || beyond(s.Below) {
				t.mark(len(t.Rows))
			}
			place := v.place(i.Zone)
			if i.Zone == "" {
				place = "离开后 after it had left"
			}
			t.Rows = append(t.Rows, []string{fmt.Sprint(l.Number), place + " · " + both(measured(l.Method)) + "\n" + l.Name + "\n" + l.File + "\n" + l.Batch + " · " + person(l.By),
				c.short(s.Start) + "\n" + c.short(s.End), fmt.Sprint(s.Points), celsius(s.MinC) + " / " + celsius(s.MeanC) + " / " + celsius(s.MaxC), sideLong(s.Above) + "\n" + sideLong(s.Below), beside})
		}
	}
	return t
}

// loggerRecord lists their values.
func (v *view) loggerRecord(c clock) table {
	t := table{ZH: "随货记录仪记录表", EN: "Table of what the loggers say", Note: "每段的最低、均值、最高。 Lowest, mean and highest of each stretch.", Cols: []column{
		{"号", "No.", 10, true}, {"从", "From", 30, true}, {"到", "To", 30, true}, {"读数", "Values", 18, true}, {"最低 ℃", "Lowest", 20, true}, {"均值 ℃", "Mean", 20, true}, {"最高 ℃", "Highest", 20, true}}}
	for n, r := range v.Doc.Imported {
		t.Rows = append(t.Rows, []string{fmt.Sprint(r.Number), c.at(r.From), c.at(r.To), fmt.Sprint(r.Count), fixed(r.MinC, 1), fixed(r.MeanC, 1), fixed(r.MaxC, 1)})
		high, low := v.Doc.Profile.HighC, v.Doc.Profile.LowC
		if high != nil && r.MaxC > high.ValueC || low != nil && r.MinC < low.ValueC {
			t.mark(n)
		}
	}
	return t
}
