package exposure

import (
	"context"
	"fmt"
	"time"

	"coldchain/alerting/exposure"
)

// Zone returns what a zone's point said from..to, whatever lay there, beyond
// limits; with the hand measurements that are in the stretch.
func (r *Reader) Zone(ctx context.Context, zone string, from, to time.Time, limits exposure.Limits, hand []exposure.Hand, now time.Time) (exposure.Interval, error) {
	now = now.UTC().Truncate(time.Millisecond)
	o := exposure.Options{Method: exposure.Step, Interval: interval, HoleFactor: hole, Limits: limits, Frozen: Frozen(limits)}
	b := &building{r: r, o: o, now: now, closed: now.Add(-settle), seen: map[string]bool{}}
	h := &exposure.History{}
	if err := b.stay(ctx, h, newDigest(time.Time{}, b.closed), Lot{}, Stay{Zone: zone, From: from, To: to, Hand: hand}, now); err != nil {
		return exposure.Interval{}, fmt.Errorf("%s from %s: %w", zone, from.Format(time.RFC3339), err)
	}
	told := h.Batch("", "", now, 0)
	if len(told.Intervals) == 0 {
		return exposure.Interval{Zone: zone, From: from, To: from}, nil
	}
	return told.Intervals[0], nil
}

// Limits are those that a profile's goods are counted beyond; none without one.
func (r *Reader) Limits(profile string) exposure.Limits { return r.options(profile).Limits }
