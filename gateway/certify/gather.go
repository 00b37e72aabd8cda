package certify

import (
	"context"
	"slices"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/exposure"
	"coldchain/alerting/spoilage"
	"coldchain/gateway/evidence"
	"coldchain/gateway/state"
	"coldchain/sensors"
)

const (
	mostAlarms = 1000
	mostRows   = 10_000
)

// gather fills in what is written down of the batch. The end of the audit is
// read after its rows.
func (m *Maker) gather(ctx context.Context, d evidence.Document, courses []evidence.Course) (evidence.Input, error) {
	dossier, err := m.o.State.Dossier(ctx, d.Exposure.Batch)
	if err != nil {
		return evidence.Input{}, err
	}
	if d.Alarms, err = m.alarms(ctx, dossier.ID); err != nil {
		return evidence.Input{}, err
	}
	m.written(&d, dossier)
	m.measuredBy(&d)
	rows, err := m.o.State.Audit(ctx, state.AuditFilter{Object: dossier.ID, Limit: mostRows})
	if err != nil {
		return evidence.Input{}, err
	}
	head, err := m.o.State.AuditHead(ctx)
	if err != nil {
		return evidence.Input{}, err
	}
	logs, err := m.logs(ctx, d.Exposure.Intervals)
	if err != nil {
		return evidence.Input{}, err
	}
	return evidence.Input{Document: d, Courses: courses, Logs: logs, Rows: rows, Head: head}, nil
}

// logs reads the values of the loggers' files that an exposure names.
func (m *Maker) logs(ctx context.Context, intervals []exposure.Interval) (map[string][]exposure.Sample, error) {
	out := map[string][]exposure.Sample{}
	for _, i := range intervals {
		for _, l := range i.Imported {
			if out[l.Sum] != nil {
				continue
			}
			values, err := m.o.State.LoggerValues(ctx, l.Sum)
			if err != nil {
				return nil, err
			}
			for _, v := range values {
				if v.C != nil {
					out[l.Sum] = append(out[l.Sum], exposure.Sample{At: v.At, Value: *v.C})
				}
			}
		}
	}
	return out, nil
}

// written takes over what people wrote down.
func (m *Maker) written(d *evidence.Document, x batch.Dossier) {
	d.Batch = evidence.Goods{Code: x.ID, Product: x.Product, Quantity: x.Quantity, Born: x.Details.Born, Created: x.Created}
	for _, p := range []struct {
		role evidence.Role
		of   batch.Party
	}{{evidence.Owner, x.Details.Owner}, {evidence.Keeper, x.Details.Keeper}, {evidence.Carrier, x.Details.Carrier}} {
		if p.role == evidence.Owner && p.of.Name == "" {
			p.of.Name = x.Owner
		}
		if p.of.Name != "" {
			d.Parties = append(d.Parties, evidence.Party{Role: p.role, Party: p.of})
		}
	}
	d.Documents, d.Inspections, d.Links = x.Documents, slices.Clone(x.Inspections), x.Links
	for i := range d.Inspections {
		d.Inspections[i].By = m.o.Person(d.Inspections[i].By)
	}
	for _, h := range x.Handovers {
		h.From, h.To = m.o.Person(h.From), m.o.Person(h.To)
		d.Handovers = append(d.Handovers, h)
	}
	for _, v := range x.Verdicts {
		v.By, v.Second = m.o.Person(v.By), m.o.Person(v.Second)
		d.Verdicts = append(d.Verdicts, v)
	}
	d.Profile = m.profile(x.Profile, d.Exposure.Total)
}

// profile is the product profile with every number's source.
func (m *Maker) profile(name string, total exposure.Summary) evidence.Profile {
	out := evidence.Profile{Name: name, ZH: name, EN: name}
	p, ok := m.o.Profile(name)
	if !ok {
		return out
	}
	out.ZH, out.EN = p.Label.ZH, p.Label.EN
	for _, l := range p.Limits {
		x := evidence.Limit{Side: string(l.Side), Level: string(l.Level), ValueC: l.Value, DelayS: l.Delay.Seconds(), Source: l.Source}
		out.Limits = append(out.Limits, x)
		// The one that time was counted beyond.
		switch {
		case l.Side == alerting.High && total.Above != nil && total.Above.LimitC == l.Value && out.HighC == nil:
			out.HighC = &x
		case l.Side == alerting.Low && total.Below != nil && total.Below.LimitC == l.Value && out.LowC == nil:
			out.LowC = &x
		}
	}
	return out
}

// measuredBy names places, probes and methods.
func (m *Maker) measuredBy(d *evidence.Document) {
	for _, i := range d.Exposure.Intervals {
		if !slices.ContainsFunc(d.Places, func(p evidence.Place) bool { return p.Zone == i.Zone }) {
			d.Places = append(d.Places, m.o.Place(i.Zone))
		}
		if i.Point == "" || slices.ContainsFunc(d.Probes, func(p evidence.Probe) bool { return p.Point == i.Point }) {
			continue
		}
		probe := evidence.Probe{Point: i.Point}
		if until, ok := m.o.CalibratedUntil(sensors.PointID(i.Point)); ok {
			probe.Until = until
		}
		if m.o.Calibration != nil { // a certificate says more than the gateway's date
			if p, ok := m.o.Calibration(i.Point, i.To); ok {
				probe = p
			}
		}
		d.Probes = append(d.Probes, probe)
	}
	d.Methods, d.Standards = methods(d.Exposure), standards()
	for i := range d.Exposure.Intervals {
		for h := range d.Exposure.Intervals[i].Hand {
			hand := &d.Exposure.Intervals[i].Hand[h]
			hand.By = m.o.Person(hand.By)
		}
		for l := range d.Exposure.Intervals[i].Imported {
			log := &d.Exposure.Intervals[i].Imported[l]
			log.By = m.o.Person(log.By)
		}
	}
}

func methods(x exposure.Batch) []evidence.Method {
	out := []evidence.Method{
		{Name: "gap", ZH: "相邻两个读数相隔太久，或中间有坏读数，整段算缺口，不填补；不确定的读数计入统计，不计入覆盖率。", EN: "Between readings that are too far apart, or with a bad one between them, all of the time is a gap and is not filled; uncertain readings are in the sums and not in the coverage.", Source: "coldchain exposure"},
		{Name: "limit", ZH: "等于限值算在范围内；高于与低于分别累计，不相抵。", EN: "A value equal to the limit is inside; above and below are added up apart and never netted.", Source: "coldchain exposure"},
	}
	if x.Total.Method == exposure.Trapezoid {
		out = append(out, evidence.Method{Name: "temperature", ZH: "相邻读数之间按直线（梯形法）。", EN: "A straight line between readings (trapezoid).", Source: "coldchain exposure"})
	} else {
		out = append(out, evidence.Method{Name: "temperature", ZH: "读数保持到下一个读数（阶梯法）。", EN: "A reading holds until the next one (step).", Source: "coldchain exposure"})
	}
	if x.Imported != nil {
		out = append(out, evidence.Method{Name: "logger", ZH: "随货记录仪的数据单独列出，界定无监测时的温度，不计入覆盖率和任何合计；与探头相差 2 ℃ 以上的另行注明。", EN: "What loggers that travelled along say is listed apart: it bounds what nothing measured and is in no coverage and no total; where it differs by more than 2 °C from a probe that is said.", Source: "coldchain exposure"})
	}
	if x.Total.MKTC != nil {
		out = append(out, evidence.Method{Name: "mkt", ZH: "平均动力学温度，ΔH 83.144 kJ/mol，按时间加权。", EN: "Mean kinetic temperature, ΔH 83.144 kJ/mol, weighted by time.", Source: "USP <1160>"})
	}
	if x.Life == nil {
		return out
	}
	if model, err := spoilage.Find(x.Life.Model); err == nil {
		out = append(out, evidence.Method{Name: "life", ZH: model.Label.ZH + "；上限把缺口按其两侧最热的读数计。", EN: model.Label.EN + "; the upper bound counts gaps as warm as the warmest reading beside them. How sure: " + string(model.Sureness) + ".", Source: model.Citation})
	}
	return out
}

// standards are those whose rules the paper and its records follow, in the
// editions that were applied.
func standards() []evidence.Standard {
	return []evidence.Standard{
		{Number: "GB 31605-2020", Title: "食品冷链物流卫生规范", For: "监测、记录、交接 monitoring, records, handover"},
		{Number: "GB/T 28843-2024", Title: "食品冷链物流追溯管理要求", For: "追溯信息 traceability"},
		{Number: "GB/T 40956-2021", Title: "食品冷链物流交接规范", For: "交接 handover"},
	}
}

// alarms are those that named the batch, and what people did.
func (m *Maker) alarms(ctx context.Context, id string) ([]evidence.Alarm, error) {
	found, err := m.o.State.Alarms(ctx, state.AlarmFilter{Batch: id, Limit: mostAlarms})
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(found))
	for i, a := range found {
		ids[i] = a.ID
	}
	answers, err := m.o.State.AnswersTo(ctx, ids...)
	if err != nil {
		return nil, err
	}
	var out []evidence.Alarm
	for _, a := range found {
		x := evidence.Alarm{ID: a.ID, Rule: string(a.Rule), Level: string(a.Level), Object: a.Object, Zone: a.Zone, Start: a.Start, Returned: a.Returned, Late: a.Class == alerting.Late}
		if a.HasValue {
			x.LimitC, x.PeakC = &a.Limit, &a.Peak
		}
		got := answers[a.ID]
		for _, s := range got.Steps {
			x.Steps = append(x.Steps, evidence.Step{At: s.At, By: m.o.Person(s.Person), Word: string(s.Answer), Note: s.Note})
		}
		if c := got.Closed; c != nil {
			x.Closing = &evidence.Closing{At: c.At, By: m.o.Person(c.By), Cause: string(c.Cause), Action: string(c.Action), Outcome: string(c.Outcome), Note: c.Note, Second: m.o.Person(c.Signed)}
		}
		out = append(out, x)
	}
	return out, nil
}
