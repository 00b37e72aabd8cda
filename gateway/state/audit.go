package state

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ActorKind is what sort of actor is behind a change.
type ActorKind string

// The kinds of actor.
const (
	Person ActorKind = "person" // somebody who identified himself
	Token  ActorKind = "token"  // the holder of a named secret
	System ActorKind = "system" // a part of this program, by its name
)

// Actor is the person, token or system behind a change of state.
type Actor struct {
	Kind ActorKind `json:"kind"`
	ID   string    `json:"id"`
	// Device is by what a person acted, as far as that is known: phones and
	// computers are shared, so the audit names both. It is part of the row's
	// detail.
	Device string `json:"device,omitempty"`
}

// String returns "kind:id".
func (a Actor) String() string { return string(a.Kind) + ":" + a.ID }

func (a Actor) check() error {
	switch a.Kind {
	case Person, Token, System:
	default:
		return refuse(ErrNoActor, "a change needs an actor: kind %q is not person, token or system", a.Kind)
	}
	if strings.TrimSpace(a.ID) == "" {
		return refuse(ErrNoActor, "a change needs an actor: the %s has no name", a.Kind)
	}
	if err := checkText("device", a.Device, 40); err != nil {
		return err
	}
	return checkText("actor", a.ID, 100)
}

// checkText refuses what would make a page, a log line or the audit unreadable.
func checkText(what, s string, limit int) error {
	if !utf8.ValidString(s) {
		return refuse(ErrInvalid, "%s is not valid UTF-8", what)
	}
	if n := utf8.RuneCountInString(s); n > limit {
		return refuse(ErrInvalid, "%s has %d characters; at most %d", what, n, limit)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' }) {
		return refuse(ErrInvalid, "%s contains a control character", what)
	}
	return nil
}

// AuditRow is one change of state. Hash covers every field and Prev, so a row
// cannot be changed, taken out or put in without breaking the chain behind it.
type AuditRow struct {
	Seq    int64     `json:"seq"` // 1, 2, 3, ... without holes
	At     time.Time `json:"at"`  // county's clock, whole milliseconds
	Actor  Actor     `json:"actor"`
	Action string    `json:"action"` // "noun.verb", as "batch.moved"
	Object string    `json:"object"` // what it happened to
	Detail string    `json:"detail"` // canonical JSON: sorted keys, no spaces
	Prev   []byte    `json:"prev"`   // hash of the row before; 32 zero bytes for the first
	Hash   []byte    `json:"hash"`
}

// AuditHead is the end of the chain. Kept elsewhere (printed in a certificate,
// sent to a second office) it also proves that no later row was cut off before
// it: the file alone cannot.
type AuditHead struct {
	Seq  int64  `json:"seq"` // 0: no row
	Hash []byte `json:"hash"`
}

// auditTag separates these hashes from every other use of SHA-256 and names
// the version of the form.
const auditTag = "coldchain audit 1"

// sum computes the row's hash by the form in DESIGN.md: nine fields, each as
// its length in four bytes, big-endian, and its bytes.
func (r AuditRow) sum() []byte {
	var b []byte
	field := func(f []byte) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(f)))
		b = append(b, f...)
	}
	number := func(n int64) { field(binary.BigEndian.AppendUint64(nil, uint64(n))) }
	field([]byte(auditTag))
	number(r.Seq)
	number(r.At.UnixMilli())
	field([]byte(r.Actor.Kind))
	field([]byte(r.Actor.ID))
	field([]byte(r.Action))
	field([]byte(r.Object))
	field([]byte(r.Detail))
	field(r.Prev)
	h := sha256.Sum256(b)
	return h[:]
}

// detail is what an audit row says beside actor, action and object.
type detail map[string]any

// canonical is JSON with sorted keys, no spaces and no HTML escapes.
func canonical(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}

// pendingAudit is an audit row that is not written yet: the transaction's last
// one also gets the digests of what the transaction wrote.
type pendingAudit struct {
	action, object string
	detail         detail
}

// audit appends one row to the chain, in the transaction of the change.
func (tx *txn) audit(action, object string, d detail) error {
	if err := tx.writeAudit(); err != nil {
		return err
	}
	tx.last = &pendingAudit{action, object, d}
	return nil
}

// endAudit writes the last row of a transaction. Rows that were written without
// any get one of their own.
func (tx *txn) endAudit() error {
	rows, err := tx.writtenRows()
	if err != nil {
		return err
	}
	if len(rows) > 0 {
		if tx.last == nil {
			tx.last = &pendingAudit{"rows.written", "county.db", nil}
		}
		with := detail{"rows": rows}
		maps.Copy(with, tx.last.detail) // a baseline has its own
		tx.last.detail = with
	}
	return tx.writeAudit()
}

// writeAudit writes the row that waits.
func (tx *txn) writeAudit() error {
	if tx.last == nil {
		return nil
	}
	action, object, d := tx.last.action, tx.last.object, tx.last.detail
	tx.last = nil
	if !tx.ready {
		err := tx.QueryRowContext(tx.ctx, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").
			Scan(&tx.head.Seq, &tx.head.Hash)
		if errors.Is(err, sql.ErrNoRows) {
			tx.head = AuditHead{Hash: make([]byte, sha256.Size)}
		} else if err != nil {
			return fmt.Errorf("audit %s: read the head: %w", action, err)
		}
		tx.ready = true
	}
	if tx.actor.Device != "" {
		by := detail{"device": tx.actor.Device}
		maps.Copy(by, d)
		d = by
	}
	text, err := canonical(d)
	if err != nil {
		return fmt.Errorf("audit %s of %s: %w", action, object, err)
	}
	r := AuditRow{Seq: tx.head.Seq + 1, At: toMillisecond(tx.at), Actor: tx.actor, Action: action,
		Object: object, Detail: string(text), Prev: tx.head.Hash}
	r.Hash = r.sum()
	_, err = tx.ExecContext(tx.ctx, `INSERT INTO audit (seq, at_ms, actor_kind, actor_id, action, object, detail, prev, hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.Seq, r.At.UnixMilli(), string(r.Actor.Kind), r.Actor.ID, r.Action, r.Object, r.Detail, r.Prev, r.Hash)
	if err != nil {
		return fmt.Errorf("audit %s of %s: %w", action, object, err)
	}
	tx.head = AuditHead{Seq: r.Seq, Hash: r.Hash}
	return nil
}
