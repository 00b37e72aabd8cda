package state

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// ExposureVersion is which version of a batch's exposure was told last.
type ExposureVersion struct {
	Version int       // 1 and up; 0: none yet
	AsOf    time.Time // the digest is of what lies before
	Digest  []byte    // SHA-256 over stays and readings
}

func (e ExposureVersion) same(o ExposureVersion) bool {
	return e.Version == o.Version && e.AsOf.Equal(o.AsOf) && bytes.Equal(e.Digest, o.Digest)
}

// exposer works exposure out, for whoever asked.
var exposer = Actor{Kind: System, ID: "exposure"}

// ExposureVersion returns what was told of a batch last; Version 0 when nothing was.
func (db *DB) ExposureVersion(ctx context.Context, batch string) (ExposureVersion, error) {
	e, err := exposureVersionIn(ctx, db.reader, batch)
	if err != nil {
		return ExposureVersion{}, fmt.Errorf("read the exposure's version of %.64s: %w", batch, err)
	}
	return e, nil
}

func exposureVersionIn(ctx context.Context, q interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}, batch string) (e ExposureVersion, err error) {
	var ms int64
	err = q.QueryRowContext(ctx, "SELECT version, as_of_ms, digest FROM exposures WHERE batch = ?", batch).Scan(&e.Version, &ms, &e.Digest)
	if errors.Is(err, sql.ErrNoRows) {
		return ExposureVersion{}, nil
	}
	e.AsOf = time.UnixMilli(ms).UTC()
	return e, err
}

// NoteExposureVersion replaces what was told of a batch, and returns what stands: when
// somebody else was quicker and before is not it any more, that. A new version
// is audited; that time went on is not.
func (db *DB) NoteExposureVersion(ctx context.Context, batch string, before, now ExposureVersion) (stands ExposureVersion, err error) {
	now.AsOf = toMillisecond(now.AsOf)
	err = db.change(ctx, exposer, func(tx *txn) error {
		was, err := exposureVersionIn(tx.ctx, tx.Tx, batch)
		if err != nil {
			return err
		}
		if !was.same(before) || was.same(now) {
			stands = was
			return errUnchanged
		}
		stands = now
		if _, err := tx.ExecContext(tx.ctx, `INSERT INTO exposures (batch, version, as_of_ms, digest) VALUES (?, ?, ?, ?)
			ON CONFLICT (batch) DO UPDATE SET version = excluded.version, as_of_ms = excluded.as_of_ms, digest = excluded.digest`,
			batch, now.Version, now.AsOf.UnixMilli(), now.Digest); err != nil {
			return err
		}
		if now.Version == was.Version {
			return nil
		}
		return tx.audit("exposure.version", batch, detail{"version": now.Version, "as_of": stamp(now.AsOf), "digest": hex.EncodeToString(now.Digest)})
	})
	if err != nil {
		return ExposureVersion{}, fmt.Errorf("note the exposure's version of %.64s: %w", batch, err)
	}
	return stands, nil
}
