package state

import (
	"context"
	"fmt"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/exposure"
	"coldchain/sensors"
)

// CauseGatewaySilent is the cause of a gap while nothing was heard of a site.
const CauseGatewaySilent = "gateway-silent"

// Holes returns why a point may have no readings in a time: what its gateway
// declared missing, and beside that when the point, or its whole site, was
// silent. Declared gaps say it more exactly and come first where both hold.
// Oldest first, and none overlaps another.
func (db *DB) Holes(ctx context.Context, point sensors.PointID, from, to time.Time) ([]exposure.Hole, error) {
	var declared, silent []exposure.Hole
	add := func(list *[]exposure.Hole, a, b int64, cause string) {
		h := exposure.Hole{From: time.UnixMilli(a).UTC(), To: time.UnixMilli(b).UTC(), Cause: cause}
		if h.From.Before(from) {
			h.From = from
		}
		if h.To.After(to) {
			h.To = to
		}
		if h.From.Before(h.To) {
			*list = append(*list, h)
		}
	}
	// A scope without a slash is a gateway: all of its points.
	rows, err := db.reader.QueryContext(ctx, `SELECT from_ms, to_ms, name FROM entries
		WHERE kind = 'gap' AND site = ? AND to_ms > ? AND from_ms < ? AND (object = ? OR instr(object, '/') = 0) ORDER BY from_ms`,
		point.Site(), from.UnixMilli(), to.UnixMilli(), string(point))
	err = each(rows, err, func() error {
		var a, b int64
		var cause string
		if err := rows.Scan(&a, &b, &cause); err != nil {
			return err
		}
		add(&declared, a, b, cause)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the declared gaps of %s: %w", point, err)
	}
	rows, err = db.reader.QueryContext(ctx, `SELECT rule, reason, start_ms, coalesce(returned_ms, ?) FROM alarms
		WHERE (zone = ? AND object = ? AND rule IN (?, ?) OR zone = '' AND object = ? AND rule = ?)
		AND start_ms < ? AND (returned_ms IS NULL OR returned_ms > ?) ORDER BY rule, start_ms`,
		to.UnixMilli(), point.Zone(), string(point), string(alerting.Silence), string(alerting.Fault), point.Site(), string(alerting.SiteSilent),
		to.UnixMilli(), from.UnixMilli())
	err = each(rows, err, func() error {
		var rule, reason string
		var a, b int64
		if err := rows.Scan(&rule, &reason, &a, &b); err != nil {
			return err
		}
		switch {
		case rule == string(alerting.SiteSilent):
			reason = CauseGatewaySilent
		case reason == "":
			reason = rule
		}
		add(&silent, a, b, reason)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the silences of %s: %w", point, err)
	}
	return layered(declared, silent), nil
}

// layered puts holes over each other: where one lies already, a later one of
// the lists shows only beside it.
func layered(lists ...[]exposure.Hole) (out []exposure.Hole) {
	for _, list := range lists {
		for _, h := range list {
			var rest []exposure.Hole
			at := h.From
			for _, o := range out {
				if !o.To.After(at) || !o.From.Before(h.To) {
					continue
				}
				if at.Before(o.From) {
					rest = append(rest, exposure.Hole{From: at, To: o.From, Cause: h.Cause})
				}
				at = o.To
			}
			if at.Before(h.To) {
				rest = append(rest, exposure.Hole{From: at, To: h.To, Cause: h.Cause})
			}
			out = append(out, rest...)
			slices.SortFunc(out, func(a, b exposure.Hole) int { return a.From.Compare(b.From) })
		}
	}
	return out
}
