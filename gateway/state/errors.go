package state

import (
	"errors"
	"fmt"

	"coldchain/alerting/batch"
)

// Kind says why a request was refused; errors.Is compares with it. Its text is
// a fixed code that a page can translate.
type Kind string

// The kinds of refusal. All are the caller's to mend; any other error of this
// package is the file's or the machine's.
const (
	ErrNotFound        Kind = "not-found"         // no such alarm, or no such batch to read
	ErrInvalid         Kind = "invalid"           // a field is missing, malformed or too long
	ErrNoActor         Kind = "no-actor"          // a change of state without somebody behind it
	ErrUnknownBatch    Kind = "unknown-batch"     // a move of a batch nobody has created
	ErrUnknownZone     Kind = "unknown-zone"      // a zone the county does not have
	ErrDuplicateBatch  Kind = "duplicate-batch"   // a batch code that is taken
	ErrMoveTooEarly    Kind = "move-too-early"    // a move before the batch's present custody began
	ErrAlreadyThere    Kind = "already-there"     // a move to the zone that holds the batch
	ErrAlreadyLeft     Kind = "already-left"      // a departure of a batch that no zone holds
	ErrDisagrees       Kind = "disagrees"         // goods that ought not to lie there, received without a reason
	ErrOutOfUse        Kind = "out-of-use"        // goods for a zone that is switched off or stands empty
	ErrHoldsGoods      Kind = "holds-goods"       // a zone whose books hold goods cannot be empty
	ErrInFuture        Kind = "in-future"         // a custody time later than now and a tolerance
	ErrKeyReused       Kind = "key-reused"        // the idempotency key was used for another request
	ErrOtherGeneration Kind = "other-generation"  // a commit for a store that is no longer the county's
	ErrNotFinal        Kind = "not-final"         // an outcome that does not end a record's delivery
	ErrSequenceRange   Kind = "sequence-range"    // a sequence or epoch beyond MaxSequence, or a range that runs backwards
	ErrFrozenOtherwise Kind = "frozen-otherwise"  // a reference that is taken by other ranges
	ErrNotOver         Kind = "not-over"          // an alarm that is still present cannot be closed
	ErrSigned          Kind = "signed"            // a closing that a second person has signed
	ErrSecondPerson    Kind = "second-person"     // the signature has to be another person's
	ErrClosed          Kind = "closed-batch"      // a change to a batch that is closed
	ErrStale           Kind = "stale"             // a change to a version that is not the newest
	ErrNewerFile       Kind = "newer-county-file" // county.db was written by a later version
	ErrTaken           Kind = "taken"             // a user name that somebody has
	ErrLastAdmin       Kind = "last-admin"        // what would leave the county without one
)

// Error makes a Kind usable with errors.Is.
func (k Kind) Error() string { return string(k) }

// Refusal is a request that was understood and not carried out. Text is one
// sentence for the person who asked.
type Refusal struct {
	Kind Kind
	Text string
	ZH   string // the same in Chinese, where the rule that refuses has it
}

// Error returns the sentence.
func (r *Refusal) Error() string { return r.Text }

// Unwrap lets errors.Is find the kind.
func (r *Refusal) Unwrap() error { return r.Kind }

// Disagreement is why a batch ought not to lie in a zone, in both languages. It
// refuses a receiving that gives no reason; with one it is carried out.
type Disagreement struct {
	ZH, EN string
	Mark   string // of the goods that come in all the same; see batch.Custody
}

// Error returns the English sentence.
func (d *Disagreement) Error() string { return d.EN }

// Unwrap lets errors.Is find the kind.
func (d *Disagreement) Unwrap() error { return ErrDisagrees }

func refuse(k Kind, format string, args ...any) error {
	return &Refusal{Kind: k, Text: fmt.Sprintf(format, args...)}
}

// faulty makes a refusal of a batch.Fault; other errors stay as they are.
func faulty(err error) error {
	var f *batch.Fault
	if errors.As(err, &f) {
		return &Refusal{Kind: ErrInvalid, Text: f.EN, ZH: f.ZH}
	}
	return err
}
