package state

import (
	"context"
	"errors"
	"fmt"
	"time"

	"coldchain/alerting/batch"
)

// GiveVerdict records a decision on a batch under the next version. What stands
// against it is worked out in the same transaction, so that nothing is released
// by what was true a moment ago; the verdict that is returned says whether it
// waits for a second person. Refusals: ErrInvalid, ErrUnknownBatch,
// ErrSecondPerson for who is no person.
func (db *DB) GiveVerdict(ctx context.Context, actor Actor, key IdempotencyKey, v batch.Verdict, r batch.Rule, e batch.Evidence) (batch.Verdict, error) {
	// What is known when the key is used again is not part of the request.
	request := struct {
		Batch    string         `json:"batch"`
		Decision batch.Decision `json:"decision"`
		Reason   string         `json:"reason"`
		Quantity string         `json:"quantity"`
		Severe   bool           `json:"severe"`
	}{v.Batch, v.Decision, v.Reason, v.Quantity, v.Severe}
	out, err := onceAs(ctx, db, actor, key, "batch.verdict", request, func(tx *txn) (batch.Verdict, error) {
		if actor.Kind != Person {
			return batch.Verdict{}, refuse(ErrSecondPerson, "a %s cannot decide; a person has to", actor.Kind)
		}
		if err := errors.Join(checkText("reason", v.Reason, 500), checkText("quantity", v.Quantity, 100)); err != nil {
			return batch.Verdict{}, err
		}
		d, err := readDossier(tx.ctx, tx.Tx, v.Batch)
		if errors.Is(err, ErrNotFound) {
			return batch.Verdict{}, refuse(ErrUnknownBatch, "there is no batch %.64q", v.Batch)
		} else if err != nil {
			return batch.Verdict{}, err
		}
		against := batch.Against(d, r, e)
		severe, err := batch.Decide(d, v, against)
		if err != nil {
			return batch.Verdict{}, faulty(err)
		}
		v.Severe, v.Exposure = severe, e.Exposure
		if err := tx.putVerdict(v, against); err != nil {
			return batch.Verdict{}, err
		}
		return tx.newest(v.Batch)
	})
	if err != nil {
		return batch.Verdict{}, fmt.Errorf("decide on batch %.64s: %w", v.Batch, err)
	}
	return out, nil
}

func (tx *txn) newest(id string) (batch.Verdict, error) {
	d := batch.Dossier{Batch: batch.Batch{ID: id}}
	if err := readVerdicts(tx.ctx, tx.Tx, &d); err != nil || len(d.Verdicts) == 0 {
		return batch.Verdict{}, err
	}
	return d.Verdicts[len(d.Verdicts)-1], nil
}

// putVerdict writes a verdict under the next version, by the transaction's actor.
func (tx *txn) putVerdict(v batch.Verdict, against []batch.Objection) error {
	if against == nil {
		against = []batch.Objection{}
	}
	text, err := canonical(against)
	if err != nil {
		return err
	}
	if err := tx.QueryRowContext(tx.ctx, "SELECT coalesce(max(version), 0) + 1 FROM verdicts WHERE batch = ?", v.Batch).Scan(&v.Version); err != nil {
		return err
	}
	v.By, v.At = tx.actor.ID, toMillisecond(tx.at)
	if _, err := tx.ExecContext(tx.ctx, `INSERT INTO verdicts (batch, version, decision, reason, quantity, severe, exposure, against, actor_kind, actor_id, at_ms)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, v.Batch, v.Version, string(v.Decision), v.Reason, v.Quantity, v.Severe, v.Exposure, string(text),
		string(tx.actor.Kind), tx.actor.ID, v.At.UnixMilli()); err != nil {
		return err
	}
	if err := tx.audit("batch.verdict", v.Batch, detail{"version": v.Version, "decision": v.Decision, "reason": v.Reason, "quantity": v.Quantity,
		"severe": v.Severe, "exposure": v.Exposure, "against": against}); err != nil {
		return err
	}
	return tx.tellPlatform(v)
}

// SignVerdict is the second person's signature under a severe verdict, from
// which on it holds. Signing again changes nothing. Refusals: ErrNotFound,
// ErrInvalid for one that needs none, ErrStale when a newer one has been given,
// ErrSecondPerson.
func (db *DB) SignVerdict(ctx context.Context, actor Actor, id string, version int) (out batch.Verdict, err error) {
	err = db.change(ctx, actor, func(tx *txn) error {
		v, err := tx.newest(id)
		switch {
		case err != nil:
			return err
		case v.Version == 0 || version > v.Version || version < 1:
			return refuse(ErrNotFound, "batch %.64s has no verdict %d", id, version)
		case version < v.Version:
			return refuse(ErrStale, "verdict %d of batch %s has been given since: look at that one", v.Version, id)
		case !v.Severe:
			return refuse(ErrInvalid, "verdict %d of batch %s needs no second person", version, id)
		case v.Second != "":
			out = v
			return errUnchanged
		case actor.Kind != Person:
			return refuse(ErrSecondPerson, "a %s cannot sign; a person has to", actor.Kind)
		case v.By == actor.ID:
			return &Refusal{Kind: ErrSecondPerson, Text: fmt.Sprintf("%s has given it; somebody else has to sign", v.By), ZH: "第二个人签才算数，不能自己签自己的"}
		}
		v.Second, v.SecondAt = actor.ID, toMillisecond(tx.at)
		if _, err := tx.ExecContext(ctx, "UPDATE verdicts SET second_kind = ?, second_id = ?, second_ms = ? WHERE batch = ? AND version = ?",
			string(actor.Kind), actor.ID, v.SecondAt.UnixMilli(), id, version); err != nil {
			return err
		}
		out = v
		if err := tx.audit("batch.verdict-signed", id, detail{"version": version, "decision": v.Decision, "given_by": v.By}); err != nil {
			return err
		}
		return tx.tellPlatform(v)
	})
	if err != nil {
		return batch.Verdict{}, fmt.Errorf("sign the verdict on batch %.64s: %w", id, err)
	}
	return out, nil
}

// platformBody is what a traceability platform is told of a verdict.
type platformBody struct {
	Event    string         `json:"event"` // batch.verdict
	Batch    string         `json:"batch"`
	Codes    []batch.Code   `json:"codes"`
	Product  string         `json:"product"`
	Quantity string         `json:"quantity"`
	Version  int            `json:"version"`
	Decision batch.Decision `json:"decision"`
	Reason   string         `json:"reason"`
	Released string         `json:"released_quantity,omitempty"`
	By       string         `json:"by"`
	Second   string         `json:"second,omitempty"`
	At       time.Time      `json:"at"` // since when it holds
}

// tellPlatform queues a verdict that holds, in the transaction that made it
// hold. Without a platform in the configuration the queue is never emptied.
func (tx *txn) tellPlatform(v batch.Verdict) error {
	if !v.Holds() || !tx.platform {
		return nil
	}
	d := batch.Dossier{}
	b, err := tx.batch(v.Batch)
	if err != nil {
		return err
	}
	d.Batch = b.Batch
	if err := readDetails(tx.ctx, tx.Tx, &d); err != nil {
		return err
	}
	at := v.At
	if !v.SecondAt.IsZero() {
		at = v.SecondAt
	}
	body, err := canonical(platformBody{"batch.verdict", b.ID, d.Details.Codes, b.Product, b.Quantity, v.Version, v.Decision, v.Reason, v.Quantity, v.By, v.Second, at})
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(tx.ctx, "INSERT INTO platform (key, body, at_ms, next_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
		fmt.Sprintf("%s/%d", b.ID, v.Version), string(body), tx.at.UnixMilli(), tx.at.UnixMilli())
	return err
}
