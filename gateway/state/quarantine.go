package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"coldchain/gateway/wire"
)

// The bounds of the quarantine.
const (
	DefaultQuarantineLimit = 10_000 // entries kept for looking at
	MaxPayload             = 4096   // bytes kept of what was refused
)

// QuarantineEntry is something that was kept apart instead of stored as truth.
// Its texts may hold whatever a hostile sender chose: show them as text.
type QuarantineEntry struct {
	At      time.Time             `json:"at"` // when the county received it first
	Gateway string                `json:"gateway"`
	Topic   string                `json:"topic"`
	Epoch   uint64                `json:"epoch"`
	Seq     uint64                `json:"seq"` // when HasSeq
	HasSeq  bool                  `json:"has_seq"`
	Point   string                `json:"point"`
	Reason  wire.QuarantineReason `json:"reason"`
	Detail  string                `json:"detail"`
	Payload []byte                `json:"payload"` // its first MaxPayload bytes

	// Set by reading.
	PayloadSize int       `json:"payload_size"` // before it was cut
	Seen        int       `json:"seen"`         // how often it has come
	LastAt      time.Time `json:"last_at"`      // when it came last
}

// QuarantineCount is what was refused for one reason since the county began.
type QuarantineCount struct {
	Reason   wire.QuarantineReason `json:"reason"`
	Total    int64                 `json:"total"`    // different entries
	Repeated int64                 `json:"repeated"` // retransmissions of an entry that was still kept
	Dropped  int64                 `json:"dropped"`  // entries no longer kept because newer ones took their place
}

// same is equal for a retransmission: the record's identity, or the content
// when a record has none. The detail is left out because it may tell the time.
func (e QuarantineEntry) same() []byte {
	h := sha256.New()
	field := func(s string) {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s)))) // a hash never fails
		h.Write([]byte(s))
	}
	field(e.Gateway)
	if e.HasSeq {
		field("record")
		field(strconv.FormatUint(e.Epoch, 10))
		field(strconv.FormatUint(e.Seq, 10))
	} else {
		field("content")
		field(e.Topic)
		field(e.Point)
		field(string(e.Reason))
		field(string(e.Payload))
	}
	return h.Sum(nil)
}

// quarantine keeps entries apart, once each, and the table bounded.
func (tx *txn) quarantine(entries []QuarantineEntry, keep int) error {
	fresh := 0
	for _, e := range entries {
		isNew, err := tx.quarantineOne(e)
		if err != nil {
			return fmt.Errorf("quarantine of %s: %w", e.Gateway, err)
		}
		if isNew {
			fresh++
		}
	}
	if fresh == 0 {
		return nil
	}
	// ids have no holes: only the oldest entries are ever deleted.
	rows, err := tx.QueryContext(tx.ctx, "DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ? RETURNING reason", keep)
	dropped := map[string]int64{}
	err = each(rows, err, func() error {
		var reason string
		if err := rows.Scan(&reason); err != nil {
			return err
		}
		dropped[reason]++
		return nil
	})
	if err != nil {
		return fmt.Errorf("quarantine: drop the oldest: %w", err)
	}
	for reason, n := range dropped {
		if err := tx.countQuarantine(reason, 0, 0, n); err != nil {
			return err
		}
	}
	return nil
}

func (tx *txn) quarantineOne(e QuarantineEntry) (isNew bool, err error) {
	at := e.At
	if at.IsZero() {
		at = tx.at
	}
	key := e.same()
	var id int64
	var reason string
	err = tx.QueryRowContext(tx.ctx, "SELECT id, reason FROM quarantine WHERE same = ?", key).Scan(&id, &reason)
	switch {
	case err == nil:
		if _, err := tx.ExecContext(tx.ctx, "UPDATE quarantine SET seen = seen + 1, last_ms = ? WHERE id = ?", at.UnixMilli(), id); err != nil {
			return false, err
		}
		return false, tx.countQuarantine(reason, 0, 1, 0)
	case !errors.Is(err, sql.ErrNoRows):
		return false, err
	}
	var seq any
	if e.HasSeq {
		seq = strconv.FormatUint(e.Seq, 10)
	}
	payload := append([]byte{}, e.Payload[:min(len(e.Payload), MaxPayload)]...) // not nil, which would be NULL
	reason = cut(string(e.Reason), 40)
	_, err = tx.ExecContext(tx.ctx, `INSERT INTO quarantine
		(same, at_ms, last_ms, seen, gateway, topic, epoch, seq, point, reason, detail, payload, payload_size)
		VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		key, at.UnixMilli(), at.UnixMilli(), cut(e.Gateway, 80), cut(e.Topic, 300), strconv.FormatUint(e.Epoch, 10), seq,
		cut(e.Point, 200), reason, cut(e.Detail, 500), payload, len(e.Payload))
	if err != nil {
		return false, err
	}
	return true, tx.countQuarantine(reason, 1, 0, 0)
}

func (tx *txn) countQuarantine(reason string, total, repeated, dropped int64) error {
	_, err := tx.ExecContext(tx.ctx, `INSERT INTO quarantine_counts (reason, total, repeated, dropped) VALUES (?, ?, ?, ?)
		ON CONFLICT (reason) DO UPDATE SET total = total + excluded.total, repeated = repeated + excluded.repeated, dropped = dropped + excluded.dropped`,
		reason, total, repeated, dropped)
	return err
}

// cut returns valid UTF-8 made from about n bytes; what was not valid, or is cut
// through, shows as the replacement character, and so does a zero byte.
func cut(s string, n int) string { return plain(strings.ToValidUTF8(s[:min(len(s), n)], "\uFFFD")) }

// plain is a text without zero bytes, behind which no digest reaches.
func plain(s string) string { return strings.ReplaceAll(s, "\x00", "\uFFFD") }

// Quarantine returns the newest entries first, at most n (0: all that are kept).
func (db *DB) Quarantine(ctx context.Context, n int) ([]QuarantineEntry, error) {
	rows, err := db.reader.QueryContext(ctx, `SELECT at_ms, last_ms, seen, gateway, topic, epoch, seq, point, reason, detail, payload, payload_size
		FROM quarantine ORDER BY id DESC LIMIT ?`, limit(n))
	out := []QuarantineEntry{}
	err = each(rows, err, func() error {
		var e QuarantineEntry
		var at, last int64
		var epoch string
		var seq sql.NullString
		err := rows.Scan(&at, &last, &e.Seen, &e.Gateway, &e.Topic, &epoch, &seq, &e.Point, &e.Reason, &e.Detail, &e.Payload, &e.PayloadSize)
		if err != nil {
			return err
		}
		e.At, e.LastAt = time.UnixMilli(at).UTC(), time.UnixMilli(last).UTC()
		if e.Epoch, err = strconv.ParseUint(epoch, 10, 64); err != nil {
			return err
		}
		if e.HasSeq = seq.Valid; e.HasSeq {
			if e.Seq, err = strconv.ParseUint(seq.String, 10, 64); err != nil {
				return err
			}
		}
		out = append(out, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the quarantine: %w", err)
	}
	return out, nil
}

// QuarantineCounts returns the counts by reason, in order of reason.
func (db *DB) QuarantineCounts(ctx context.Context) ([]QuarantineCount, error) {
	rows, err := db.reader.QueryContext(ctx, "SELECT reason, total, repeated, dropped FROM quarantine_counts ORDER BY reason")
	out := []QuarantineCount{}
	err = each(rows, err, func() error {
		var c QuarantineCount
		if err := rows.Scan(&c.Reason, &c.Total, &c.Repeated, &c.Dropped); err != nil {
			return err
		}
		out = append(out, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count the quarantine: %w", err)
	}
	return out, nil
}
