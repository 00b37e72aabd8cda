package state

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// AuditBreak is the first row at which the chain does not hold.
type AuditBreak struct {
	Seq int64  // the row, or the number that should have come
	Why string // one sentence
}

// Error names the row.
func (b *AuditBreak) Error() string { return fmt.Sprintf("audit row %d: %s", b.Seq, b.Why) }

// VerifyAudit walks the whole chain and returns an *AuditBreak for the first
// row that was changed, taken out or put in. It also knows the newest row this
// process has written. Rows cut off the end before this process opened the
// file, or a tail that was rewritten with all its hashes, show only against a
// head kept elsewhere: see VerifyAuditAgainst.
func (db *DB) VerifyAudit(ctx context.Context) error {
	// Taken before the snapshot: rows written later are no evidence against it.
	db.mu.Lock()
	own := db.head
	db.mu.Unlock()
	return db.verifyAudit(ctx, own)
}

// VerifyAuditAgainst does the same and also requires that the chain goes
// through a head that was kept elsewhere.
func (db *DB) VerifyAuditAgainst(ctx context.Context, kept AuditHead) error {
	db.mu.Lock()
	own := db.head
	db.mu.Unlock()
	return db.verifyAudit(ctx, own, kept)
}

func (db *DB) verifyAudit(ctx context.Context, heads ...AuditHead) error {
	last := AuditHead{Hash: make([]byte, sha256.Size)}
	rows, err := db.reader.QueryContext(ctx, auditColumns+" ORDER BY seq")
	var r AuditRow
	err = each(rows, err, func() error {
		if err := r.scan(rows); err != nil {
			return err
		}
		if err := r.follows(last); err != nil {
			return err
		}
		last = AuditHead{Seq: r.Seq, Hash: r.Hash}
		for _, h := range heads {
			if h.Seq == r.Seq && !bytes.Equal(h.Hash, r.Hash) {
				return &AuditBreak{r.Seq, "it is not the row that was here when its hash was kept: it or an earlier one was rewritten"}
			}
		}
		return nil
	})
	if err == nil {
		for _, h := range heads {
			if h.Seq > last.Seq {
				err = &AuditBreak{last.Seq + 1, fmt.Sprintf("missing: the chain ends at %d and a kept head is at %d", last.Seq, h.Seq)}
				break
			}
		}
	}
	if err != nil {
		return fmt.Errorf("verify audit: %w", err)
	}
	return nil
}

// Intact reports whether the row's hash fits its contents: for a row that was
// taken out of the chain, as a certificate does.
func (r AuditRow) Intact() bool { return bytes.Equal(r.Hash, r.sum()) }

// follows checks r as the row behind last.
func (r AuditRow) follows(last AuditHead) error {
	switch {
	case r.Seq > last.Seq+1:
		return &AuditBreak{last.Seq + 1, fmt.Sprintf("missing: the next row is %d", r.Seq)}
	case r.Seq != last.Seq+1:
		return &AuditBreak{r.Seq, "its number is not one that this program gives"}
	case !r.Intact():
		return &AuditBreak{r.Seq, "its hash does not fit its contents: it was changed"}
	case !bytes.Equal(r.Prev, last.Hash):
		return &AuditBreak{r.Seq, "it does not follow the row before it: one of the two was put in or replaced"}
	}
	return nil
}

// AuditHead returns the end of the chain, to be kept where the owner of this
// file cannot write.
func (db *DB) AuditHead(ctx context.Context) (AuditHead, error) {
	h := AuditHead{Hash: make([]byte, sha256.Size)}
	err := db.reader.QueryRowContext(ctx, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").Scan(&h.Seq, &h.Hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return AuditHead{}, fmt.Errorf("read the audit's head: %w", err)
	}
	return h, nil
}

// AuditFilter chooses audit rows; zero fields choose all.
type AuditFilter struct {
	Object string
	After  int64 // only rows with a higher Seq
	Limit  int
}

// Audit returns rows in order of Seq.
func (db *DB) Audit(ctx context.Context, f AuditFilter) ([]AuditRow, error) {
	rows, err := db.reader.QueryContext(ctx, auditColumns+` WHERE seq > ? AND (? = '' OR object = ?) ORDER BY seq LIMIT ?`,
		f.After, f.Object, f.Object, limit(f.Limit))
	out := []AuditRow{}
	err = each(rows, err, func() error {
		var r AuditRow
		if err := r.scan(rows); err != nil {
			return err
		}
		out = append(out, r)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read audit rows: %w", err)
	}
	return out, nil
}

const auditColumns = "SELECT seq, at_ms, actor_kind, actor_id, action, object, detail, prev, hash FROM audit"

func (r *AuditRow) scan(rows *sql.Rows) error {
	var at int64
	r.Prev, r.Hash = nil, nil
	if err := rows.Scan(&r.Seq, &at, &r.Actor.Kind, &r.Actor.ID, &r.Action, &r.Object, &r.Detail, &r.Prev, &r.Hash); err != nil {
		return err
	}
	r.At = time.UnixMilli(at).UTC()
	return nil
}

// limit is a LIMIT for SQLite, where a negative one means none.
func limit(n int) int {
	if n <= 0 {
		return -1
	}
	return n
}
