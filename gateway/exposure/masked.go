package exposure

import (
	"context"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/gateway/store"
	"coldchain/sensors"
)

// switchBefore is how long before a stay a switch is looked at: a mask lasts no
// longer.
const switchBefore = 2 * time.Hour

// masked returns when the zone's switches excused it, in order of time and
// without overlaps.
func (b *building) masked(ctx context.Context, z Zone, from, to time.Time) ([]alerting.Span, error) {
	var all []alerting.Span
	for _, s := range z.Switches {
		var list []sensors.Reading
		q := store.Query{Point: s.Point, Quantity: s.Quantity, From: from.Add(-switchBefore), To: earlier(to, b.now)}
		on := false
		err := store.ReadValues(ctx, b.r.Readings, q, func(v store.Value) bool {
			// A switch that stays off says nothing new: a season of it is not kept.
			if now := v.Quality != sensors.Bad && v.Value >= 0.5; now || on {
				on = now
				if now {
					list = append(list, sensors.NewGood(s.Point, v.At, v.Value))
				} else {
					list = append(list, sensors.NewBad(s.Point, v.At, v.Reason))
				}
			}
			return true
		})
		if err != nil {
			return nil, err
		}
		all = append(all, alerting.MaskedTimes(s.Mask, list)...)
	}
	slices.SortFunc(all, func(x, y alerting.Span) int { return x.From.Compare(y.From) })
	out := all[:0]
	for _, s := range all {
		if n := len(out); n > 0 && !s.From.After(out[n-1].To) {
			if s.To.After(out[n-1].To) {
				out[n-1].To = s.To
			}
			continue
		}
		out = append(out, s)
	}
	return out, nil
}
