// Package rehearsal plays recorded readings through the alarm engine and the
// watch, so that somebody who changes a rule sees what it would have rung before
// it rings. It is pure, and guarantees that the same readings, bookings and rules
// give the same alarms as they would have in life, had each reading arrived when
// it was measured and each booking been made when it was of.
package rehearsal

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// step is how often the engine's timers are looked at: as seldom as an alarm's
// delay in minutes allows.
const step = 30 * time.Second

// Play judges readings measured from..to, which come in order of time, and
// returns every alarm that would have been raised, by start. An alarm that is
// still present at the end has no Returned. An error of the readings ends the
// rehearsal: half of one proves nothing.
func Play(rules Rules, past Past, from, to time.Time, readings iter.Seq2[sensors.Reading, error]) ([]alerting.Alarm, error) {
	if !from.Before(to) {
		return nil, fmt.Errorf("from %s is not before %s", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	p, err := newPlay(rules, past, from)
	if err != nil {
		return nil, err
	}
	now := from
	for r, err := range readings {
		if err != nil {
			return nil, err
		}
		if r.Time.Before(from) || !r.Time.Before(to) {
			continue
		}
		for now.Add(step).Before(r.Time) {
			now = now.Add(step)
			if err := p.advance(now); err != nil {
				return nil, err
			}
		}
		if r.Time.Before(now.Add(-step)) {
			return nil, fmt.Errorf("%s: the reading of %s comes after one of %s: want them in order of time",
				r.Point, r.Time.Format(time.RFC3339), now.Format(time.RFC3339))
		}
		if err := p.observe(r); err != nil {
			return nil, err
		}
	}
	for now.Add(step).Before(to) {
		now = now.Add(step)
		if err := p.advance(now); err != nil {
			return nil, err
		}
	}
	out := make([]alerting.Alarm, 0, len(p.alarms))
	for _, id := range p.order {
		out = append(out, p.alarms[id])
	}
	slices.SortStableFunc(out, func(a, b alerting.Alarm) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Object, b.Object))
	})
	return out, nil
}

// Change is one difference between what two sets of rules would have rung.
type Change struct {
	What   string // new, gone, milder, more-serious, later or earlier
	Before alerting.Alarm
	After  alerting.Alarm
}

// Compare says what rules would ring that others did not. Two alarms are the
// same when they are of one rule and object and overlap in time.
func Compare(before, after []alerting.Alarm) []Change {
	var out []Change
	matched := make([]bool, len(before))
	for _, a := range after {
		i := slices.IndexFunc(before, func(b alerting.Alarm) bool { return same(a, b) })
		if i < 0 {
			out = append(out, Change{What: "new", After: a})
			continue
		}
		matched[i] = true
		b := before[i]
		switch {
		case a.Level.MoreSevere(b.Level):
			out = append(out, Change{"more-serious", b, a})
		case b.Level.MoreSevere(a.Level):
			out = append(out, Change{"milder", b, a})
		case a.Raised.Before(b.Raised):
			out = append(out, Change{"earlier", b, a})
		case b.Raised.Before(a.Raised):
			out = append(out, Change{"later", b, a})
		}
	}
	for i, b := range before {
		if !matched[i] && !slices.ContainsFunc(after, func(a alerting.Alarm) bool { return same(a, b) }) {
			out = append(out, Change{What: "gone", Before: b})
		}
	}
	return out
}

func same(a, b alerting.Alarm) bool {
	ends := func(x alerting.Alarm) time.Time {
		if x.Returned.IsZero() {
			return time.Unix(1<<40, 0)
		}
		return x.Returned
	}
	return a.Rule == b.Rule && a.Object == b.Object && !a.Start.After(ends(b)) && !b.Start.After(ends(a))
}
