package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"coldchain/gateway/state"
)

// auditOf is the county's audit as a document holds it.
func auditOf(rows []state.AuditRow, head state.AuditHead) Audit {
	a := Audit{HeadSeq: head.Seq, HeadHash: hex.EncodeToString(head.Hash), Rows: make([]AuditRow, len(rows))}
	for i, r := range rows {
		a.Rows[i] = AuditRow{Seq: r.Seq, At: r.At.UTC(), ActorKind: string(r.Actor.Kind), ActorID: r.Actor.ID, Action: r.Action,
			Object: r.Object, Detail: r.Detail, Prev: hex.EncodeToString(r.Prev), Hash: hex.EncodeToString(r.Hash)}
	}
	return a
}

// state is the row as gateway/state hashes it.
func (r AuditRow) state() (state.AuditRow, error) {
	prev, err := hex.DecodeString(r.Prev)
	hash, err2 := hex.DecodeString(r.Hash)
	if err := errors.Join(err, err2); err != nil {
		return state.AuditRow{}, err
	}
	if len(prev) != sha256.Size || len(hash) != sha256.Size {
		return state.AuditRow{}, errors.New("a hash has 32 bytes")
	}
	return state.AuditRow{Seq: r.Seq, At: r.At, Actor: state.Actor{Kind: state.ActorKind(r.ActorKind), ID: r.ActorID}, Action: r.Action,
		Object: r.Object, Detail: r.Detail, Prev: prev, Hash: hash}, nil
}
