package state

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// InspectionLink lets an inspector read some rooms of some days, until it
// expires or is revoked.
type InspectionLink struct {
	ID       string
	Zones    []string  // "site/zone", sorted
	From, To time.Time // what may be read: From inside, To outside
	Until    time.Time // when it expires
	By       string
	Made     time.Time
	Ended    time.Time // when it was revoked; zero: it was not
	Opened   time.Time // the newest opening in the audit; zero: never
}

// The bounds of a link.
const (
	MaxInspectionZones = 20
	MaxInspectionTime  = 62 * 24 * time.Hour // of what it shows
	MaxInspectionLife  = 31 * 24 * time.Hour // of itself
)

// openedEvery is how often an opening of one link gets a row of its own in the
// audit: who presses a key a hundred times must not fill it.
const openedEvery = time.Minute

// MakeInspectionLink makes a link; ID, By and Made are set. Refusals: ErrInvalid,
// ErrUnknownZone.
func (db *DB) MakeInspectionLink(ctx context.Context, actor Actor, l InspectionLink) (InspectionLink, error) {
	err := db.change(ctx, actor, func(tx *txn) error {
		l.Zones = slices.Compact(slices.Sorted(slices.Values(l.Zones)))
		l.ID, l.By, l.Made, l.Ended, l.Opened = rand.Text(), actor.ID, toMillisecond(tx.at), time.Time{}, time.Time{}
		l.From, l.To, l.Until = toMillisecond(l.From), toMillisecond(l.To), toMillisecond(l.Until)
		if n := len(l.Zones); n < 1 || n > MaxInspectionZones {
			return refuse(ErrInvalid, "%d rooms: a link shows 1 to %d", n, MaxInspectionZones)
		}
		for _, z := range l.Zones {
			if err := db.checkZone(z); err != nil {
				return err
			}
		}
		if !l.From.Before(l.To) || l.To.Sub(l.From) > MaxInspectionTime {
			return refuse(ErrInvalid, "from %s to %s: a link shows at most %d days", stamp(l.From), stamp(l.To), int(MaxInspectionTime.Hours()/24))
		}
		if !l.Until.After(tx.at) || l.Until.Sub(tx.at) > MaxInspectionLife {
			return refuse(ErrInvalid, "until %s: a link lasts at most %d days from now", stamp(l.Until), int(MaxInspectionLife.Hours()/24))
		}
		zones, err := json.Marshal(l.Zones)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO inspection_links (id, zones, from_ms, to_ms, made_ms, until_ms, actor_kind, actor_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			l.ID, string(zones), l.From.UnixMilli(), l.To.UnixMilli(), l.Made.UnixMilli(), l.Until.UnixMilli(), string(actor.Kind), actor.ID); err != nil {
			return err
		}
		return tx.audit("inspection.link-made", l.ID, detail{"zones": l.Zones, "from": stamp(l.From), "to": stamp(l.To), "until": stamp(l.Until)})
	})
	if err != nil {
		return InspectionLink{}, fmt.Errorf("make a link for an inspector: %w", err)
	}
	return l, nil
}

// InspectionLinks returns the links that have not ended, newest first.
func (db *DB) InspectionLinks(ctx context.Context, now time.Time) (out []InspectionLink, err error) {
	err = db.view(ctx, func(tx *sql.Tx) error {
		out, err = readInspectionLinks(ctx, tx, "WHERE until_ms > ? AND ended_ms IS NULL ORDER BY made_ms DESC, id", now.UnixMilli())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the links of inspectors: %w", err)
	}
	return out, nil
}

// RevokeInspectionLink ends a link now; one that has ended stays as it was.
// ErrNotFound when there is none.
func (db *DB) RevokeInspectionLink(ctx context.Context, actor Actor, id string) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		l, err := tx.inspectionLink(id)
		if err != nil {
			return err
		}
		if !l.Ended.IsZero() || !l.Until.After(tx.at) {
			return errUnchanged
		}
		if _, err := tx.ExecContext(ctx, "UPDATE inspection_links SET ended_ms = ? WHERE id = ?", tx.at.UnixMilli(), id); err != nil {
			return err
		}
		return tx.audit("inspection.link-revoked", id, detail{"was_until": stamp(l.Until)})
	})
	if err != nil {
		return fmt.Errorf("revoke link %.40s: %w", id, err)
	}
	return nil
}

// OpenInspectionLink returns a link that holds, and writes into the audit that
// it was opened; a link that was opened within the last minute is not written
// again. One that is unknown, expired or revoked is ErrNotFound: which of them
// is nobody's business.
func (db *DB) OpenInspectionLink(ctx context.Context, actor Actor, id string) (l InspectionLink, err error) {
	err = db.change(ctx, actor, func(tx *txn) error {
		if l, err = tx.inspectionLink(id); err != nil {
			return err
		}
		if !l.Ended.IsZero() || !l.Until.After(tx.at) {
			return refuse(ErrNotFound, "there is no such link")
		}
		if !l.Opened.IsZero() && tx.at.Sub(l.Opened).Abs() < openedEvery {
			return errUnchanged
		}
		l.Opened = toMillisecond(tx.at)
		if _, err := tx.ExecContext(ctx, "UPDATE inspection_links SET opened_ms = ? WHERE id = ?", l.Opened.UnixMilli(), id); err != nil {
			return err
		}
		return tx.audit("inspection.opened", id, detail{"made_by": l.By})
	})
	if err != nil {
		return InspectionLink{}, fmt.Errorf("open the link of an inspector: %w", err)
	}
	return l, nil
}

func (tx *txn) inspectionLink(id string) (InspectionLink, error) {
	found, err := readInspectionLinks(tx.ctx, tx.Tx, "WHERE id = ?", id)
	if err != nil {
		return InspectionLink{}, err
	}
	if len(found) == 0 {
		return InspectionLink{}, refuse(ErrNotFound, "there is no such link")
	}
	return found[0], nil
}

func readInspectionLinks(ctx context.Context, tx *sql.Tx, where string, args ...any) ([]InspectionLink, error) {
	out := []InspectionLink{}
	rows, err := tx.QueryContext(ctx, "SELECT id, zones, from_ms, to_ms, until_ms, actor_id, made_ms, ended_ms, opened_ms FROM inspection_links "+where, args...)
	return out, each(rows, err, func() error {
		var l InspectionLink
		var zones string
		var from, to, until, made int64
		var ended, opened sql.NullInt64
		if err := rows.Scan(&l.ID, &zones, &from, &to, &until, &l.By, &made, &ended, &opened); err != nil {
			return err
		}
		l.From, l.To, l.Until, l.Made = time.UnixMilli(from).UTC(), time.UnixMilli(to).UTC(), time.UnixMilli(until).UTC(), time.UnixMilli(made).UTC()
		l.Ended, l.Opened = fromMillis(ended), fromMillis(opened)
		if err := json.Unmarshal([]byte(zones), &l.Zones); err != nil {
			return fmt.Errorf("rooms of link %s: %w", l.ID, err)
		}
		out = append(out, l)
		return nil
	})
}
