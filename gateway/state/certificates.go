package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Certificate is one that was signed. The signed file is kept beside county.db.
type Certificate struct {
	Number  string
	Batch   string
	Version int // 1 and up, of its batch
	Made    time.Time
	By      Actor
	Reason  string            // why it was made anew; empty for the first
	SHA256  [sha256.Size]byte // of the signed file in canonical form
	// PageKey finds its public page, without being its address; zero: it has none.
	PageKey [sha256.Size]byte
	// Request is the key of the request that it answers: sent again, it is this one.
	Request IdempotencyKey
}

// AddCertificate notes a certificate whose file is durable. ErrStale when its
// batch has that version already: somebody else was quicker.
func (db *DB) AddCertificate(ctx context.Context, actor Actor, c Certificate) error {
	err := db.change(ctx, actor, func(tx *txn) error {
		var newest int
		err := tx.QueryRowContext(tx.ctx, "SELECT coalesce(max(version), 0) FROM certificates WHERE batch = ?", c.Batch).Scan(&newest)
		if err != nil {
			return err
		}
		if c.Version != newest+1 {
			return refuse(ErrStale, "batch %s has version %d of its certificate, and this would be version %d", c.Batch, newest, c.Version)
		}
		var page any
		if c.PageKey != [sha256.Size]byte{} {
			page = c.PageKey[:]
		}
		if _, err := tx.ExecContext(tx.ctx, `INSERT INTO certificates (number, batch, version, made_ms, reason, sha256, page_key, actor_kind, actor_id, request)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, c.Number, c.Batch, c.Version, c.Made.UnixMilli(), c.Reason, c.SHA256[:], page, actor.Kind, actor.ID, c.Request); err != nil {
			return err
		}
		if db.stamps {
			if _, err := tx.ExecContext(tx.ctx, "INSERT INTO stamps (number, next_ms) VALUES (?, ?)", c.Number, tx.at.UnixMilli()); err != nil {
				return err
			}
		}
		return tx.audit("certificate.signed", c.Batch, detail{"number": c.Number, "version": c.Version, "made": stamp(c.Made), "sha256": hex.EncodeToString(c.SHA256[:]), "reason": c.Reason})
	})
	if err != nil {
		return fmt.Errorf("note certificate %.80s: %w", c.Number, err)
	}
	return nil
}

const certificateColumns = `SELECT number, batch, version, made_ms, reason, sha256, page_key, actor_kind, actor_id, request FROM certificates`

// Certificates returns those of a batch, newest first.
func (db *DB) Certificates(ctx context.Context, batch string) ([]Certificate, error) {
	out := []Certificate{}
	rows, err := db.reader.QueryContext(ctx, certificateColumns+" WHERE batch = ? ORDER BY version DESC", batch)
	err = each(rows, err, func() error {
		c, err := scanCertificate(rows)
		out = append(out, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the certificates of batch %.64s: %w", batch, err)
	}
	return out, nil
}

// Certificate returns one by its number, or ErrNotFound.
func (db *DB) Certificate(ctx context.Context, number string) (Certificate, error) {
	return db.certificate(ctx, " WHERE number = ?", number)
}

// CertificateOfPage returns the one behind a public page, or ErrNotFound.
func (db *DB) CertificateOfPage(ctx context.Context, key [sha256.Size]byte) (Certificate, error) {
	return db.certificate(ctx, " WHERE page_key = ?", key[:])
}

// CertificateOfRequest returns the one that answered a request, or ErrNotFound.
func (db *DB) CertificateOfRequest(ctx context.Context, key IdempotencyKey) (Certificate, error) {
	return db.certificate(ctx, " WHERE request = ?", key)
}

func (db *DB) certificate(ctx context.Context, where string, of any) (Certificate, error) {
	c, err := scanCertificate(db.reader.QueryRowContext(ctx, certificateColumns+where, of))
	if errors.Is(err, sql.ErrNoRows) {
		return Certificate{}, refuse(ErrNotFound, "there is no such certificate")
	}
	if err != nil {
		return Certificate{}, fmt.Errorf("read a certificate: %w", err)
	}
	return c, nil
}

func scanCertificate(row interface{ Scan(...any) error }) (c Certificate, err error) {
	var made int64
	var sum, page []byte
	if err := row.Scan(&c.Number, &c.Batch, &c.Version, &made, &c.Reason, &sum, &page, &c.By.Kind, &c.By.ID, &c.Request); err != nil {
		return Certificate{}, err
	}
	c.Made = time.UnixMilli(made).UTC()
	copy(c.SHA256[:], sum)
	copy(c.PageKey[:], page)
	return c, nil
}
