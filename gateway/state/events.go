package state

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"coldchain/gateway/wire"
)

// Events returns what gateways have journaled beside readings and gaps (steps
// of a clock, boots that were placed, records that are gone), newest first. What
// sites said of their alarms is in SiteEvents and SiteAlarmsApart.
func (db *DB) Events(ctx context.Context, f EntryFilter) ([]JournalEntry, error) {
	rows, err := db.reader.QueryContext(ctx, `SELECT gateway, epoch, seq, site, from_ms, name, object, boot, clock, detail FROM entries
		WHERE kind = 'event' AND name NOT LIKE 'alarm-%' AND (?1 = '' OR site = ?1) AND (?2 IS NULL OR to_ms >= ?2) AND (?3 IS NULL OR from_ms <= ?3)
		ORDER BY from_ms DESC, gateway, epoch DESC, seq DESC LIMIT ?4`, f.Site, millis(f.From), millis(f.To), limit(f.Limit))
	out := []JournalEntry{}
	err = each(rows, err, func() error {
		e := JournalEntry{Record: wire.Record{Kind: wire.EventRecord}}
		var at int64
		var text string
		if err := rows.Scan(&e.Gateway, &e.Epoch, &e.Seq, &e.Site, &at, &e.Event.Name, &e.Event.Object, &e.Boot, &e.Clock, &text); err != nil {
			return err
		}
		e.Event.At = time.UnixMilli(at).UTC()
		out = append(out, e)
		return json.Unmarshal([]byte(text), &out[len(out)-1].Event.Detail)
	})
	if err != nil {
		return nil, fmt.Errorf("read events of gateways: %w", err)
	}
	return out, nil
}
