package report

import (
	"cmp"
	"context"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/duty"
)

type disuse = duty.Disuse

// within is how long a stretch lasted inside [from, to); a zero end goes on.
func within(start, end, from, to time.Time) time.Duration {
	if start.Before(from) {
		start = from
	}
	if end.IsZero() || end.After(to) {
		end = to
	}
	return max(0, end.Sub(start))
}

func sumAlarms(alarms []Alarm, from, to time.Time) AlarmSums {
	out := AlarmSums{ByRule: []RuleSum{}}
	rules := map[alerting.RuleName]int{}
	var took []float64
	for _, a := range alarms {
		switch {
		case a.Class == alerting.Late:
			out.Late++
		case a.Level == alerting.Excursion:
			out.Excursions++
		default:
			out.Warnings++
		}
		if a.Answered != nil || a.Looked != nil {
			out.Answered++
		}
		if a.Answered != nil && a.Class == alerting.Live {
			took = append(took, max(0, a.Answered.At.Sub(a.Raised).Seconds()))
		}
		if a.State.Present() || a.State == alerting.ReturnedUnacknowledged {
			out.Open++
		}
		i, ok := rules[a.Rule]
		if !ok {
			i = len(out.ByRule)
			rules[a.Rule] = i
			out.ByRule = append(out.ByRule, RuleSum{Rule: a.Rule})
		}
		out.ByRule[i].Alarms++
		out.ByRule[i].LastedS += within(a.Start, a.Returned, from, to).Seconds()
	}
	slices.SortFunc(out.ByRule, func(a, b RuleSum) int { return cmp.Or(cmp.Compare(b.Alarms, a.Alarms), cmp.Compare(a.Rule, b.Rule)) })
	if n := len(took); n > 0 {
		slices.Sort(took)
		median := (took[(n-1)/2] + took[n/2]) / 2
		out.MedianS, out.LongestS = &median, &took[n-1]
	}
	return out
}

// missing tells of every site how much is missing, and what its gateway says of
// it. Rooms out of use all the time have nothing to miss.
func (m Maker) missing(ctx context.Context, out *Summary, from, until time.Time) error {
	gaps, err := m.Records.Gaps(ctx, "", from, until)
	if err != nil {
		return err
	}
	used := map[string]RoomUse{}
	for _, r := range out.Rooms {
		used[r.Room] = r
	}
	for _, s := range m.County.Sites {
		sum, rooms := 0.0, 0
		for _, r := range s.Rooms {
			if u := used[r.ID]; u.Days > u.OutOfUse {
				sum, rooms = sum+u.Coverage, rooms+1
			}
		}
		if rooms == 0 {
			continue
		}
		line := MissingSum{Site: s.Name, Coverage: sum / float64(rooms), Declared: []CauseSum{}}
		line.MissingS = (float64(rooms) - sum) * until.Sub(from).Seconds()
		for _, g := range gaps {
			if g.Site != s.ID {
				continue
			}
			i := slices.IndexFunc(line.Declared, func(c CauseSum) bool { return c.Cause == g.Cause })
			if i < 0 {
				i = len(line.Declared)
				line.Declared = append(line.Declared, CauseSum{Cause: g.Cause})
			}
			line.Declared[i].Gaps++
			line.Declared[i].LastedS += within(g.From, g.To, from, until).Seconds()
		}
		slices.SortStableFunc(line.Declared, func(a, b CauseSum) int { return cmp.Compare(b.LastedS, a.LastedS) })
		out.Missing = append(out.Missing, line)
	}
	slices.SortStableFunc(out.Missing, func(a, b MissingSum) int { return cmp.Compare(a.Coverage, b.Coverage) })
	return nil
}

// quality adds up what the quality officer recorded, where anything is.
func (m Maker) quality(ctx context.Context, out *Summary, from, until time.Time) error {
	if m.Quality == nil {
		return nil
	}
	verdicts, err := m.Quality.Verdicts(ctx, from, until)
	if err != nil {
		return err
	}
	newest := map[string]batch.Verdict{}
	for _, v := range verdicts {
		if was, ok := newest[v.Batch]; !ok || v.Version > was.Version {
			newest[v.Batch] = v
		}
	}
	out.Verdicts = map[batch.Decision]int{}
	for _, v := range newest {
		out.Verdicts[v.Decision]++
	}
	inspections, err := m.Quality.Inspections(ctx, from, until)
	if err != nil {
		return err
	}
	out.Inspections = &InspectionSums{Done: len(inspections)}
	for _, i := range inspections {
		if !i.Pass {
			out.Inspections.Failed++
		}
	}
	return nil
}
