package state

import (
	"context"
	"fmt"
	"time"

	"coldchain/gateway/wire"
)

// GapFilter chooses declared gaps; zero fields choose all.
type GapFilter struct {
	Site     string
	From, To time.Time // those that touch this time, both ends included
	Limit    int
}

// GapTotal is what gateways have declared missing for one cause.
type GapTotal struct {
	Cause    string        `json:"cause"`
	Gaps     int64         `json:"gaps"`
	Gateways int64         `json:"gateways"` // how many have declared one
	Readings int64         `json:"readings"` // dropped, where the gateway knew how many
	Length   time.Duration `json:"length"`   // the gaps' lengths within the window, added up
}

const gapWindow = ` FROM entries WHERE kind = 'gap' AND (?1 = '' OR site = ?1)
	AND (?2 IS NULL OR to_ms >= ?2) AND (?3 IS NULL OR from_ms <= ?3)`

// Gaps returns declared gaps, newest first.
func (db *DB) Gaps(ctx context.Context, f GapFilter) ([]JournalEntry, error) {
	rows, err := db.reader.QueryContext(ctx, `SELECT gateway, epoch, seq, site, from_ms, to_ms, name, object, count, boot, clock`+gapWindow+`
		ORDER BY to_ms DESC, gateway, epoch DESC, seq DESC LIMIT ?4`, f.Site, millis(f.From), millis(f.To), limit(f.Limit))
	out := []JournalEntry{}
	err = each(rows, err, func() error {
		e := JournalEntry{Record: wire.Record{Kind: wire.GapRecord}}
		var from, to int64
		if err := rows.Scan(&e.Gateway, &e.Epoch, &e.Seq, &e.Site, &from, &to, &e.Gap.Cause, &e.Gap.Scope, &e.Gap.Count, &e.Boot, &e.Clock); err != nil {
			return err
		}
		e.Gap.From, e.Gap.To = time.UnixMilli(from).UTC(), time.UnixMilli(to).UTC()
		out = append(out, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read declared gaps: %w", err)
	}
	return out, nil
}

// GapTotals adds declared gaps up by cause, the longest cause first. Of a gap
// that reaches beyond the window only the part inside is counted as length.
// The filter's Limit is not used.
func (db *DB) GapTotals(ctx context.Context, f GapFilter) ([]GapTotal, error) {
	rows, err := db.reader.QueryContext(ctx, `SELECT name, count(*), count(DISTINCT gateway), sum(count),
			sum(max(0, min(to_ms, coalesce(?3, to_ms)) - max(from_ms, coalesce(?2, from_ms)))) AS length`+gapWindow+`
		GROUP BY name ORDER BY length DESC, name`, f.Site, millis(f.From), millis(f.To))
	out := []GapTotal{}
	err = each(rows, err, func() error {
		var g GapTotal
		var length int64
		if err := rows.Scan(&g.Cause, &g.Gaps, &g.Gateways, &g.Readings, &length); err != nil {
			return err
		}
		g.Length = time.Duration(length) * time.Millisecond
		out = append(out, g)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("add up declared gaps: %w", err)
	}
	return out, nil
}
