package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"coldchain/alerting/batch"
)

// Output is one batch that comes into being, or the container that goods are
// packed into.
type Output struct {
	batch.Batch
	// Zone is where it lies; empty: where the first input does.
	Zone     string `json:"zone,omitempty"`
	Override string `json:"override,omitempty"` // see batch.Custody
}

// DeriveRequest asks to make batches of other batches; see batch.Derivation.
type DeriveRequest struct {
	Relation batch.Relation `json:"relation"`
	At       time.Time      `json:"at,omitzero"` // zero: now
	Inputs   []batch.Share  `json:"inputs"`
	Outputs  []Output       `json:"outputs"`
}

// derivation is the request in the words of the pure rules.
func (r DeriveRequest) derivation() batch.Derivation {
	d := batch.Derivation{Relation: r.Relation, At: r.At, Inputs: append([]batch.Share{}, r.Inputs...)}
	for _, o := range r.Outputs {
		d.Outputs = append(d.Outputs, batch.Share{ID: o.ID, Quantity: o.Quantity})
	}
	return d
}

// Derive splits, merges, transforms or packs batches. What was used up ends its
// stay and is closed; packed goods stay what they are, and move with their
// container from then on. A container may exist already. Refusals: ErrInvalid
// (also for more than there is, and for a circle), ErrUnknownBatch, ErrClosed,
// ErrDuplicateBatch, ErrMoveTooEarly and those of a receiving.
func (db *DB) Derive(ctx context.Context, actor Actor, key IdempotencyKey, r DeriveRequest) error {
	_, err := onceAs(ctx, db, actor, key, "batch.derive", r, func(tx *txn) (struct{}, error) {
		if r.At.IsZero() {
			r.At = tx.at
		}
		r.At = toMillisecond(r.At)
		return struct{}{}, db.derive(tx, r)
	})
	if err != nil {
		return fmt.Errorf("%.20s of batches: %w", r.Relation, err)
	}
	return nil
}

func (db *DB) derive(tx *txn, r DeriveRequest) error {
	d := r.derivation()
	if err := errors.Join(faulty(d.Check()), checkWhen(r.At, tx.at)); err != nil {
		return err
	}
	inputs, before, err := tx.inputs(r)
	if err != nil {
		return err
	}
	quantity := map[string]string{}
	for i, b := range inputs {
		quantity[b.ID] = b.Quantity
		if left := batch.BalanceOf(b.ID, b.Quantity, before); d.Inputs[i].Quantity == "" && left.Known && r.Relation != batch.Split {
			d.Inputs[i].Quantity = left.Left.String() // all of it, as much as that is
		}
	}
	if err := faulty(d.Enough(quantity, before)); err != nil {
		return err
	}
	for _, o := range r.Outputs {
		if err := db.output(tx, r, o, inputs[0]); err != nil {
			return err
		}
	}
	if err := tx.link(d); err != nil {
		return err
	}
	for i, b := range inputs {
		if err := tx.useUp(b, d, r.Inputs[i].Quantity == "", before); err != nil {
			return err
		}
	}
	return nil
}

// inputs reads the batches that go in, and all links that have to do with any.
func (tx *txn) inputs(r DeriveRequest) (out []Batch, links []batch.Link, err error) {
	var ids []string
	for _, s := range r.Inputs {
		b, err := tx.openBatch(s.ID)
		if err != nil {
			return nil, nil, err
		}
		if err := checkText("quantity", s.Quantity, 100); err != nil {
			return nil, nil, err
		}
		if n := len(b.Custody); n > 0 && r.At.Before(b.Custody[n-1].From) {
			return nil, nil, refuse(ErrMoveTooEarly, "batch %s came to %s at %s; nothing can have become of it there before, at %s",
				b.ID, b.Custody[n-1].Zone+b.Custody[n-1].Place, stamp(b.Custody[n-1].From), stamp(r.At))
		}
		out, ids = append(out, b), append(ids, s.ID)
	}
	for _, o := range r.Outputs {
		ids = append(ids, o.ID)
	}
	links, err = readLinks(tx.ctx, tx.Tx, downFrom, ids)
	return out, links, err
}

// output writes one batch that comes into being, or finds the container.
func (db *DB) output(tx *txn, r DeriveRequest, o Output, first Batch) error {
	if r.Relation == batch.Aggregated {
		if _, err := tx.batch(o.ID); err == nil {
			_, err = tx.openBatch(o.ID)
			return err
		} else if !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	if o.Product == "" {
		o.Product = first.Product
	}
	if o.Profile == "" {
		o.Profile = first.Profile
	}
	if o.Owner == "" {
		o.Owner = first.Owner
	}
	o.Created = r.At
	if err := tx.insertBatch(o.Batch); err != nil {
		return err
	}
	c := batch.Custody{Batch: o.ID, Zone: o.Zone, From: r.At, Override: o.Override}
	if here := first.open(); o.Zone == "" && here != nil {
		c.Zone, c.Place = here.Zone, here.Place
	} else if o.Zone != "" {
		var err error
		if err = errors.Join(db.checkZone(o.Zone), checkText("override", o.Override, 500)); err != nil {
			return err
		}
		if c.Mark, err = db.receive(tx, c, o.Batch); err != nil {
			return err
		}
	}
	d := detail{"product": o.Product, "profile": o.Profile, "quantity": o.Quantity, "owner": o.Owner, "created": stamp(r.At), "relation": r.Relation}
	if c.Zone != "" || c.Place != "" {
		if err := tx.insertCustody(c); err != nil {
			return err
		}
		d["zone"], d["from"] = c.Zone+c.Place, stamp(r.At)
	}
	d.override(c)
	return tx.audit("batch.created", o.ID, d)
}

// link writes what came of what, unless something would come out of itself.
func (tx *txn) link(d batch.Derivation) error {
	links := d.Links()
	var ids []string
	for _, l := range links {
		ids = append(ids, l.Child)
	}
	below, err := readLinks(tx.ctx, tx.Tx, downFrom, ids)
	if err != nil {
		return err
	}
	if err := faulty(batch.Cycle(below, links)); err != nil {
		return err
	}
	for _, l := range links {
		if l.Relation == batch.Aggregated {
			if in, err := tx.containersOf(l.Parent); err != nil {
				return err
			} else if len(in) > 0 {
				return refuse(ErrInvalid, "batch %s lies in %s: take it out first", l.Parent, in[0])
			}
		}
		if _, err := tx.ExecContext(tx.ctx, "INSERT INTO batch_links (parent, child, relation, quantity, at_ms) VALUES (?, ?, ?, ?, ?)",
			l.Parent, l.Child, string(l.Relation), l.Quantity, l.At.UnixMilli()); err != nil {
			return err
		}
		if err := tx.audit("batch.derived", l.Parent, detail{"relation": l.Relation, "into": l.Child, "quantity": l.Quantity, "at": stamp(l.At)}); err != nil {
			return err
		}
	}
	return nil
}

// useUp ends the stay of an input of which nothing is left, and closes it.
func (tx *txn) useUp(b Batch, d batch.Derivation, whole bool, before []batch.Link) error {
	if d.Relation == batch.Aggregated {
		return nil
	}
	after := batch.BalanceOf(b.ID, b.Quantity, append(append([]batch.Link{}, before...), d.Links()...))
	if nothing := after.Known && after.Left.Milli <= 0; !nothing && (!whole || d.Relation == batch.Split) {
		return nil
	}
	return tx.close(b, d.At, "used up: "+string(d.Relation))
}

// close ends a batch: nothing more can become of it.
func (tx *txn) close(b Batch, at time.Time, reason string) error {
	if here := b.open(); here != nil {
		if err := tx.move(b, batch.Custody{Batch: b.ID, From: at}, nil); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(tx.ctx, "UPDATE batches SET closed_ms = ? WHERE id = ?", at.UnixMilli(), b.ID); err != nil {
		return err
	}
	return tx.audit("batch.closed", b.ID, detail{"reason": reason, "at": stamp(at)})
}

// CloseBatch says that nothing of a batch is left: sold, eaten, destroyed.
// Refusals: ErrInvalid, ErrUnknownBatch, ErrClosed, ErrMoveTooEarly.
func (db *DB) CloseBatch(ctx context.Context, actor Actor, key IdempotencyKey, id string, at time.Time, reason string) error {
	request := struct {
		Batch  string    `json:"batch"`
		At     time.Time `json:"at,omitzero"`
		Reason string    `json:"reason"`
	}{id, at, reason}
	_, err := onceAs(ctx, db, actor, key, "batch.close", request, func(tx *txn) (none struct{}, err error) {
		if at.IsZero() {
			at = tx.at
		}
		at = toMillisecond(at)
		if err := errors.Join(checkWhen(at, tx.at), needText("reason", reason, 300)); err != nil {
			return none, err
		}
		b, err := tx.openBatch(id)
		if err != nil {
			return none, err
		}
		if n := len(b.Custody); n > 0 && (at.Before(b.Custody[n-1].From) || at.Before(b.Custody[n-1].To)) {
			return none, refuse(ErrMoveTooEarly, "batch %s was booked later than %s", id, stamp(at))
		}
		return none, tx.close(b, at, reason)
	})
	if err != nil {
		return fmt.Errorf("close batch %.64s: %w", id, err)
	}
	return nil
}

// TakeOut unpacks a batch from what holds it. Refusals: ErrInvalid,
// ErrUnknownBatch, ErrNotFound when it lies in nothing.
func (db *DB) TakeOut(ctx context.Context, actor Actor, key IdempotencyKey, id string, at time.Time) error {
	request := struct {
		Batch string    `json:"batch"`
		At    time.Time `json:"at,omitzero"`
	}{id, at}
	_, err := onceAs(ctx, db, actor, key, "batch.take-out", request, func(tx *txn) (none struct{}, err error) {
		if at.IsZero() {
			at = tx.at
		}
		if err := checkWhen(at, tx.at); err != nil {
			return none, err
		}
		in, err := tx.containersOf(id)
		if err != nil {
			return none, err
		}
		if len(in) == 0 {
			return none, refuse(ErrNotFound, "batch %.64s lies in no container", id)
		}
		return none, tx.takenOut(id, toMillisecond(at))
	})
	if err != nil {
		return fmt.Errorf("take out batch %.64s: %w", id, err)
	}
	return nil
}

// takenOut ends the packing of a batch, if it is packed.
func (tx *txn) takenOut(id string, at time.Time) error {
	in, err := tx.containersOf(id)
	if err != nil || len(in) == 0 {
		return err
	}
	if _, err := tx.ExecContext(tx.ctx, "UPDATE batch_links SET ended_ms = max(?, at_ms) WHERE parent = ? AND relation = ? AND ended_ms IS NULL",
		at.UnixMilli(), id, string(batch.Aggregated)); err != nil {
		return err
	}
	return tx.audit("batch.taken-out", id, detail{"out_of": in, "at": stamp(at)})
}

// containersOf are the batches in which one is packed now.
func (tx *txn) containersOf(id string) (out []string, err error) {
	return tx.names("SELECT child FROM batch_links WHERE parent = ? AND relation = ? AND ended_ms IS NULL ORDER BY child", id, string(batch.Aggregated))
}

// contents are the batches that lie in one now, and what lies in those.
func (tx *txn) contents(id string) ([]string, error) {
	return tx.names(`WITH RECURSIVE held (id) AS (
		SELECT parent FROM batch_links WHERE child = ?1 AND relation = ?2 AND ended_ms IS NULL
		UNION SELECT l.parent FROM batch_links l JOIN held ON l.child = held.id WHERE l.relation = ?2 AND l.ended_ms IS NULL)
		SELECT id FROM held ORDER BY id`, id, string(batch.Aggregated))
}

func (tx *txn) names(query string, args ...any) (out []string, err error) {
	rows, err := tx.QueryContext(tx.ctx, query, args...)
	err = each(rows, err, func() error {
		var id string
		err := rows.Scan(&id)
		out = append(out, id)
		return err
	})
	return out, err
}

// needText is checkText for what must be there.
func needText(what, s string, limit int) error {
	if s == "" {
		return refuse(ErrInvalid, "%s is missing", what)
	}
	return checkText(what, s, limit)
}

// idList is a list of names as a query takes it.
func idList(ids []string) (string, error) {
	list, err := json.Marshal(ids)
	return string(list), err
}
