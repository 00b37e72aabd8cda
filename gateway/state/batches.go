package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"coldchain/alerting/batch"
	"coldchain/sensors"
)

// Batch is a traceability lot and where it lay when, oldest first. A stay
// without an end is where it lies now; without one it has left.
type Batch struct {
	batch.Batch
	Custody []batch.Custody `json:"custody"`
}

// Where returns the zone that holds the batch now, or "" when none does.
func (b Batch) Where() string {
	if n := len(b.Custody); n > 0 && b.Custody[n-1].To.IsZero() {
		return b.Custody[n-1].Zone
	}
	return ""
}

// IdempotencyKey names a request, so that sending it again after a lost answer
// does not do it again. Keys of different actors are different keys.
type IdempotencyKey string

// MoveRequest asks to take a batch to another zone.
type MoveRequest struct {
	Batch  string    `json:"batch"`
	ToZone string    `json:"to_zone"` // "site/zone"; empty: it has left the county's cold chain
	At     time.Time `json:"at"`      // when it was moved; zero: now
	// Override is why it goes where it does not agree; see batch.Custody.
	Override string `json:"override,omitempty"`
}

// futureTolerance is how far a clock at a counter may be ahead of the county's.
const futureTolerance = 5 * time.Minute

// CreateBatch makes a batch and, unless custody is nil, says where it lies
// (custody.From zero: since the batch was created; custody.To must be zero).
// A batch.Created of zero is now. The same key with the same request returns
// the first answer. Refusals: ErrInvalid, ErrDuplicateBatch, ErrUnknownZone,
// ErrInFuture, ErrOutOfUse, ErrDisagrees, ErrKeyReused.
func (db *DB) CreateBatch(ctx context.Context, actor Actor, key IdempotencyKey, b batch.Batch, custody *batch.Custody) (Batch, error) {
	request := struct {
		Batch   batch.Batch    `json:"batch"`
		Custody *batch.Custody `json:"custody"`
	}{b, custody}
	out, err := db.once(ctx, actor, key, "batch.create", request, func(tx *txn) (Batch, error) {
		if b.Created.IsZero() {
			b.Created = tx.at
		}
		b.Created = toMillisecond(b.Created)
		if err := errors.Join(checkBatch(b), checkWhen(b.Created, tx.at)); err != nil {
			return Batch{}, err
		}
		if _, err := tx.batch(b.ID); err == nil {
			return Batch{}, refuse(ErrDuplicateBatch, "there is already a batch %s", b.ID)
		} else if !errors.Is(err, ErrNotFound) {
			return Batch{}, err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO batches (id, product, profile, quantity, owner, created_ms) VALUES (?, ?, ?, ?, ?, ?)",
			b.ID, b.Product, b.Profile, b.Quantity, b.Owner, b.Created.UnixMilli()); err != nil {
			return Batch{}, err
		}
		d := detail{"product": b.Product, "profile": b.Profile, "quantity": b.Quantity, "owner": b.Owner, "created": stamp(b.Created)}
		if custody != nil {
			c, err := db.firstCustody(b, *custody, tx.at)
			if err != nil {
				return Batch{}, err
			}
			c.Batch = b.ID
			if c.Mark, err = db.receive(tx, c, b); err != nil {
				return Batch{}, err
			}
			if err := tx.openCustody(c); err != nil {
				return Batch{}, err
			}
			d["zone"], d["from"] = c.Zone, stamp(c.From)
			d.override(c)
		}
		if err := tx.audit("batch.created", b.ID, d); err != nil {
			return Batch{}, err
		}
		return tx.batch(b.ID)
	})
	if err != nil {
		return Batch{}, fmt.Errorf("create batch %.64s: %w", b.ID, err)
	}
	return out, nil
}

// receive asks whether a batch may come to a zone, and agrees with it and with
// what lies there now. A reason settles that it does not agree, and leaves a
// mark.
func (db *DB) receive(tx *txn, c batch.Custody, b batch.Batch) (mark string, err error) {
	if off, found, err := tx.outOfUse(c.Zone, tx.at); err != nil {
		return "", err
	} else if found && !c.From.Before(off.From) { // what came before is booked as it was, and rings
		return "", &OutOfUse{off}
	}
	if db.agrees == nil {
		return "", nil
	}
	held, err := readBatches(tx.ctx, tx.Tx, "SELECT "+batchColumns+` FROM batches b
		WHERE b.id <> ? AND EXISTS (SELECT 1 FROM custody c WHERE c.batch = b.id AND c.to_ms IS NULL AND c.zone = ?)`, b.ID, c.Zone)
	if err != nil {
		return "", err
	}
	there := make([]batch.Batch, len(held))
	for i, h := range held {
		there[i] = h.Batch
	}
	d := db.agrees(c.Zone, c.From, b, there)
	switch {
	case d == nil:
		return "", nil
	case c.Override == "":
		return "", d
	}
	return d.Mark, nil
}

// override notes why goods were received where they do not agree.
func (d detail) override(c batch.Custody) {
	if c.Override != "" {
		d["override"] = c.Override
	}
	if c.Mark != "" {
		d["mark"] = c.Mark
	}
}

func (db *DB) firstCustody(b batch.Batch, c batch.Custody, now time.Time) (batch.Custody, error) {
	if c.Batch != "" && c.Batch != b.ID {
		return c, refuse(ErrInvalid, "the custody is of batch %.64s", c.Batch)
	}
	if !c.To.IsZero() {
		return c, refuse(ErrInvalid, "a first custody has no end yet: move the batch to end it")
	}
	if c.From.IsZero() {
		c.From = b.Created
	}
	c.From = toMillisecond(c.From)
	return c, errors.Join(db.checkZone(c.Zone), checkWhen(c.From, now), checkText("override", c.Override, 500))
}

// MoveBatch ends the batch's stay at r.At and begins the next one there, or
// none when it left. A move to the very moment the stay began corrects a wrong
// zone: the stay of no length is not kept (the audit has it). The same key with
// the same request returns the first answer. Refusals: ErrInvalid,
// ErrUnknownBatch, ErrUnknownZone, ErrMoveTooEarly, ErrAlreadyThere,
// ErrAlreadyLeft, ErrInFuture, ErrOutOfUse, ErrDisagrees, ErrKeyReused.
func (db *DB) MoveBatch(ctx context.Context, actor Actor, key IdempotencyKey, r MoveRequest) (Batch, error) {
	out, err := db.once(ctx, actor, key, "batch.move", r, func(tx *txn) (Batch, error) {
		if r.At.IsZero() {
			r.At = tx.at
		}
		r.At = toMillisecond(r.At)
		if err := errors.Join(checkWhen(r.At, tx.at), checkText("override", r.Override, 500)); err != nil {
			return Batch{}, err
		}
		if r.ToZone != "" {
			if err := db.checkZone(r.ToZone); err != nil {
				return Batch{}, err
			}
		}
		b, err := tx.batch(r.Batch)
		if errors.Is(err, ErrNotFound) {
			return Batch{}, refuse(ErrUnknownBatch, "there is no batch %.64q: create it first", r.Batch)
		} else if err != nil {
			return Batch{}, err
		}
		if err := checkMove(b, r); err != nil {
			return Batch{}, err
		}
		to := batch.Custody{Batch: b.ID, Zone: r.ToZone, From: r.At, Override: r.Override}
		if r.ToZone != "" {
			if to.Mark, err = db.receive(tx, to, b.Batch); err != nil {
				return Batch{}, err
			}
		}
		if err := tx.move(b, to); err != nil {
			return Batch{}, err
		}
		d := detail{"from_zone": b.Where(), "to_zone": r.ToZone, "moved": stamp(r.At)}
		d.override(to)
		if err := tx.audit("batch.moved", b.ID, d); err != nil {
			return Batch{}, err
		}
		return tx.batch(b.ID)
	})
	if err != nil {
		return Batch{}, fmt.Errorf("move batch %.64s: %w", r.Batch, err)
	}
	return out, nil
}

func checkMove(b Batch, r MoveRequest) error {
	here := b.Where()
	switch {
	case here == "" && r.ToZone == "":
		return refuse(ErrAlreadyLeft, "batch %s lies in no zone, so it cannot leave one", b.ID)
	case here != "" && here == r.ToZone:
		return refuse(ErrAlreadyThere, "batch %s lies in %s already, since %s", b.ID, here, stamp(b.Custody[len(b.Custody)-1].From))
	case len(b.Custody) == 0:
		return nil
	}
	last := b.Custody[len(b.Custody)-1]
	if here != "" && r.At.Before(last.From) {
		return refuse(ErrMoveTooEarly, "batch %s came to %s at %s and cannot have left before, at %s", b.ID, here, stamp(last.From), stamp(r.At))
	}
	if r.At.Before(last.To) {
		return refuse(ErrMoveTooEarly, "batch %s left %s at %s and cannot have come elsewhere before, at %s", b.ID, last.Zone, stamp(last.To), stamp(r.At))
	}
	return nil
}

func (tx *txn) move(b Batch, to batch.Custody) error {
	if b.Where() != "" {
		var err error
		if from := b.Custody[len(b.Custody)-1].From; from.Equal(to.From) {
			_, err = tx.ExecContext(tx.ctx, "DELETE FROM custody WHERE batch = ? AND from_ms = ?", b.ID, from.UnixMilli())
		} else {
			_, err = tx.ExecContext(tx.ctx, "UPDATE custody SET to_ms = ? WHERE batch = ? AND to_ms IS NULL", to.From.UnixMilli(), b.ID)
		}
		if err != nil {
			return err
		}
	}
	if to.Zone == "" {
		return nil
	}
	return tx.openCustody(to)
}

func (tx *txn) openCustody(c batch.Custody) error {
	_, err := tx.ExecContext(tx.ctx, "INSERT INTO custody (batch, zone, from_ms, to_ms, override, mark) VALUES (?, ?, ?, NULL, ?, ?)",
		c.Batch, c.Zone, c.From.UnixMilli(), c.Override, c.Mark)
	return err
}

// once runs do under a key, or returns the answer it gave the first time.
func (db *DB) once(ctx context.Context, actor Actor, key IdempotencyKey, what string, request any, do func(*txn) (Batch, error)) (out Batch, err error) {
	if key == "" {
		return out, refuse(ErrInvalid, "the request has no idempotency key: send one that is used for nothing else")
	}
	if err := checkText("idempotency key", string(key), 200); err != nil {
		return out, err
	}
	text, err := canonical([]any{what, request})
	if err != nil {
		return out, refuse(ErrInvalid, "the request cannot be written down: %v", err)
	}
	sum := sha256.Sum256(text)
	err = db.change(ctx, actor, func(tx *txn) error {
		var before []byte
		var answer string
		err := tx.QueryRowContext(ctx, "SELECT request, answer FROM idempotency WHERE actor_kind = ? AND actor_id = ? AND key = ?",
			string(actor.Kind), actor.ID, string(key)).Scan(&before, &answer)
		switch {
		case err == nil && string(before) != string(sum[:]):
			return refuse(ErrKeyReused, "the idempotency key was used for another request: take a new one")
		case err == nil:
			if err := json.Unmarshal([]byte(answer), &out); err != nil {
				return fmt.Errorf("read the first answer: %w", err)
			}
			return errUnchanged
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		if out, err = do(tx); err != nil {
			return err
		}
		said, err := canonical(out)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO idempotency (actor_kind, actor_id, key, request, answer, at_ms) VALUES (?, ?, ?, ?, ?, ?)",
			string(actor.Kind), actor.ID, string(key), sum[:], string(said), tx.at.UnixMilli())
		return err
	})
	return out, err
}

func checkBatch(b batch.Batch) error {
	if b.ID == "" || len(b.ID) > 64 || strings.ContainsFunc(b.ID, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return refuse(ErrInvalid, "batch code %.64q: want 1 to 64 printable ASCII characters without spaces, such as HJQ261123-TLG-007", b.ID)
	}
	if b.Profile != "" && !sensors.IsSlug(b.Profile) {
		return refuse(ErrInvalid, "product profile %.40q is not a name of lower-case letters, digits and hyphens", b.Profile)
	}
	return errors.Join(checkText("product", b.Product, 200), checkText("quantity", b.Quantity, 100), checkText("owner", b.Owner, 200))
}

// checkWhen refuses slips of the pen: a stay that begins in the future could
// not be ended before.
func checkWhen(at, now time.Time) error {
	if at.After(now.Add(futureTolerance)) {
		return refuse(ErrInFuture, "%s has not come yet (it is %s)", stamp(at), stamp(now))
	}
	if at.Year() < 2000 {
		return refuse(ErrInvalid, "%s is before anything the county could hold", stamp(at))
	}
	return nil
}

func (db *DB) checkZone(zone string) error {
	site, room, ok := strings.Cut(zone, "/")
	if !ok || !sensors.IsSlug(site) || !sensors.IsSlug(room) {
		return refuse(ErrInvalid, "zone %.80q: want site/zone", zone)
	}
	if db.knowsZone != nil && !db.knowsZone(zone) {
		return refuse(ErrUnknownZone, "there is no zone %s in this county", zone)
	}
	return nil
}
