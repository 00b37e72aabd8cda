package state

import (
	"context"
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
	// Closed is since when nothing more can become of it; zero: it is not.
	Closed time.Time `json:"closed,omitzero"`
	// Short is its code of six digits; see batch.Short.
	Short string `json:"short,omitempty"`
}

// Where returns the zone that holds the batch now, or "" when none does.
func (b Batch) Where() string {
	if n := len(b.Custody); n > 0 && b.Custody[n-1].To.IsZero() {
		return b.Custody[n-1].Zone
	}
	return ""
}

// open is the stay that goes on; nil when it has left.
func (b Batch) open() *batch.Custody {
	if n := len(b.Custody); n > 0 && b.Custody[n-1].To.IsZero() {
		return &b.Custody[n-1]
	}
	return nil
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
	// Place is where it goes when nothing watches it there; see batch.Custody.
	Place string `json:"place,omitempty"`
	// Courier is how it was packed when a courier takes it.
	Courier *batch.Courier `json:"courier,omitempty"`
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
		if err := tx.insertBatch(b); err != nil {
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
			if err := tx.insertCustody(c); err != nil {
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

// insertBatch writes a batch's label.
func (tx *txn) insertBatch(b batch.Batch) error {
	if err := errors.Join(checkBatch(b), checkWhen(b.Created, tx.at)); err != nil {
		return err
	}
	if _, err := tx.batch(b.ID); err == nil {
		return refuse(ErrDuplicateBatch, "there is already a batch %s", b.ID)
	} else if !errors.Is(err, ErrNotFound) {
		return err
	}
	_, err := tx.ExecContext(tx.ctx, "INSERT INTO batches (id, product, profile, quantity, owner, created_ms) VALUES (?, ?, ?, ?, ?, ?)",
		b.ID, b.Product, b.Profile, b.Quantity, b.Owner, b.Created.UnixMilli())
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(tx.ctx, "INSERT INTO batch_numbers (batch) VALUES (?)", b.ID)
	return err
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
	held, err := readBatches(tx.ctx, tx.Tx, "SELECT "+wholeColumns+` FROM batches b
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
