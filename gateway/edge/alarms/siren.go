package alarms

import (
	"cmp"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/duty"
	"coldchain/gateway/edge/page"
	"coldchain/gateway/wire"
	"coldchain/sensors"
)

const (
	// mainsSiren is from the loss of the supply to the siren [E]: the rule
	// itself has no delay.
	mainsSiren = 30 * time.Second
	// silenced is how long an answer silences the siren [E].
	silenced = 15 * time.Minute
)

// Outputs is what siren and beacon ought to do: the beacon shines as long as
// there is an alarm, the siren sounds for what somebody near it can mend.
func (j *Judge) Outputs() (siren, beacon bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, p := range j.open {
		siren = siren || j.sounds(p)
	}
	return siren, len(j.open) > 0
}

func (j *Judge) sounds(p *present) bool {
	now := j.line.At
	switch {
	case p.quiet(now):
		return false
	case p.Rule == alerting.MainsLost:
		return now >= p.Start.Add(mainsSiren).UnixMilli()
	}
	return p.Rule == alerting.DoorOpen || duty.FamilyOf(p.Rule) == duty.Goods
}

// Active implements page.Siren.
func (j *Judge) Active() bool {
	siren, _ := j.Outputs()
	return siren
}

// Acknowledge implements page.Siren: it silences the siren for what is wrong now
// and as serious as it is now; the county learns who did.
func (j *Judge) Acknowledge(_ time.Time, by string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, p := range j.sorted() {
		j.answer(p, by)
	}
}

// answer silences the siren for an alarm; the county learns who did.
func (j *Judge) answer(p *present, by string) {
	p.Quiet, p.QuietLevel, p.AnsweredBy, p.BySMS, j.changed = j.line.At+silenced.Milliseconds(), p.Level, "", false, true
	j.tell(wire.EventAlarmSilenced, p.Alarm, by)
}

// sameAlarm is by how much the start of an alarm may differ here and at the
// county: what a clock may be slewed by, and a poll that only one has seen.
const sameAlarm = int64(120_000) // ms, as the county has it

// hush lets the siren be silent for an alarm that somebody has answered at the
// county: for that alarm, as serious as it was, as long as it is in his hands. What
// no clock here can place is nobody's answer.
func (j *Judge) hush(p *present) {
	if j.book == nil {
		return
	}
	wall, known := j.line.wall(p.Start.UnixMilli())
	if !known {
		return
	}
	for _, a := range j.book.Answers {
		if a.Rule != string(p.Rule) || a.Object != p.Object || abs(a.StartMS-wall) > sameAlarm {
			continue
		}
		until, known := j.line.of(a.UntilMS)
		if !known || until <= p.Quiet && !alerting.Level(a.Level).MoreSevere(p.QuietLevel) {
			continue
		}
		p.Quiet, p.QuietLevel, p.AnsweredBy, j.changed = until, alerting.Level(a.Level), a.By, true
		p.BySMS = false
	}
}

// hear takes note that the county looks after an alarm: then the site does not
// tell people of it.
func (j *Judge) hear(p *present) {
	if j.book == nil || p.Heard {
		return
	}
	wall, known := j.line.wall(p.Start.UnixMilli())
	for _, h := range j.book.Heard {
		if known && h.Rule == string(p.Rule) && h.Object == p.Object && abs(h.StartMS-wall) <= sameAlarm {
			p.Heard, j.changed = true, true
		}
	}
}

// sorted is what is open, the most serious first, then the oldest.
func (j *Judge) sorted() []*present {
	out := make([]*present, 0, len(j.open))
	for _, p := range j.open {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *present) int {
		return cmp.Or(cmp.Compare(weight(a), weight(b)), a.Start.Compare(b.Start), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func weight(p *present) int {
	switch f := duty.FamilyOf(p.Rule); {
	case p.Level == alerting.Excursion:
		return 0
	case f == duty.Goods || f == duty.Power:
		return 1
	}
	return 2
}

// Show implements edge.Judge. What hangs on a dead line is told by the line.
func (j *Judge) Show() ([]page.Alarm, page.Limits) {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines, folded := map[string]bool{}, map[string]int{}
	for _, p := range j.open {
		if p.Rule == duty.BusFault || p.Rule == duty.DeviceFault {
			lines[p.Object] = true
		}
	}
	var out []page.Alarm
	var shown []*present
	for _, p := range j.sorted() {
		if line := j.under(p, lines); line != "" {
			folded[line]++
			continue
		}
		shown = append(shown, p)
	}
	for _, p := range shown {
		quiet := p.quiet(j.line.At)
		a := page.Alarm{Rule: p.Rule, Object: p.Object, Quantity: j.quantity(p.Object), Reason: p.Reason, Delay: p.Delay, Masked: p.Masked, Level: p.Level, Lasts: at(j.line.At).Sub(p.Start),
			Value: p.LastValue, Limit: p.Limit, HasValue: p.HasValue, Folded: folded[p.Object], Silenced: quiet}
		if quiet {
			a.AnsweredBy, a.BySMS = p.AnsweredBy, p.BySMS
		}
		a.Told = j.toldOf(p.ID)
		if wall, known := j.line.wall(p.Start.UnixMilli()); known {
			a.Since = at(wall)
		}
		out = append(out, a)
	}
	return out, j.origin()
}

// under is the dead line that explains an alarm; empty when none does.
func (j *Judge) under(p *present, lines map[string]bool) string {
	if p.Rule != alerting.Silence && p.Rule != alerting.Fault && p.Rule != duty.DeviceFault {
		return ""
	}
	bus, device := j.tree.Of(p.Alarm)
	for _, object := range []string{j.o.Site + "/" + bus, j.o.Site + "/" + bus + "/" + device} {
		if lines[object] && object != p.Object {
			return object
		}
	}
	return ""
}

func (j *Judge) quantity(object string) sensors.Quantity {
	for _, p := range j.o.Points {
		if string(p.ID) == object {
			return p.Quantity
		}
	}
	return ""
}

func (j *Judge) origin() page.Limits {
	l := page.Limits{County: j.county != nil, None: true}
	for k := range *j.bounds.Load() {
		l.None = l.None && k.Quantity.IsState()
	}
	if wall, known := j.line.wall(j.countyAt); known && l.County && j.countyAt != 0 {
		l.At = at(wall)
	}
	return l
}
