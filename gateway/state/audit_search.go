package state

import (
	"context"
	"fmt"
	"time"
)

// AuditQuery looks through the audit from its newest row backwards; zero fields
// choose all.
type AuditQuery struct {
	Before int64 // only rows with a lower Seq; 0: from the newest on
	Who    string
	Action string // its beginning, as "batch."
	Object string
	From   time.Time // at or after
	To     time.Time // before
	Limit  int       // always positive
}

// auditStretch is how many rows one look passes over at most: a search for what is
// not there must not read the whole of ten years while others wait.
const auditStretch = 50_000

// SearchAudit returns at most q.Limit rows, newest first, of the newest
// auditStretch rows before q.Before. next is q.Before of the rest; 0 when there is
// none. Who and Object match a part of what is written.
func (db *DB) SearchAudit(ctx context.Context, q AuditQuery) (found []AuditRow, next int64, err error) {
	if q.Before <= 0 {
		head, err := db.AuditHead(ctx)
		if err != nil {
			return nil, 0, err
		}
		q.Before = head.Seq + 1
	}
	floor := max(q.Before-auditStretch, 1)
	from, to := int64(-1<<62), int64(1<<62)
	if !q.From.IsZero() {
		from = q.From.UnixMilli()
	}
	if !q.To.IsZero() {
		to = q.To.UnixMilli()
	}
	rows, err := db.reader.QueryContext(ctx, auditColumns+` WHERE seq >= ?1 AND seq < ?2 AND at_ms >= ?3 AND at_ms < ?4
		AND (?5 = '' OR instr(actor_id, ?5) > 0) AND (?6 = '' OR substr(action, 1, length(?6)) = ?6) AND (?7 = '' OR instr(object, ?7) > 0)
		ORDER BY seq DESC LIMIT ?8`, floor, q.Before, from, to, q.Who, q.Action, q.Object, q.Limit)
	err = each(rows, err, func() error {
		var r AuditRow
		if err := r.scan(rows); err != nil {
			return err
		}
		found = append(found, r)
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("search the audit: %w", err)
	}
	next = floor
	if len(found) == q.Limit {
		next = found[len(found)-1].Seq
	}
	if next <= 1 {
		next = 0
	}
	return found, next, nil
}
