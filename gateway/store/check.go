package store

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"coldchain/sensors"
)

// MaxReasonLength bounds the reason of a reading, in bytes.
const MaxReasonLength = 100

// The years an engine can hold: InfluxDB counts nanoseconds in 64 bits
// (1677-09-21 to 2262-04-11).
const (
	minYear = 1678
	maxYear = 2261
)

// Identity is what a record is known by in the county: two records with the
// same identity are one record.
type Identity struct {
	Gateway    string
	Epoch, Seq uint64
}

// Identity returns what the record is known by.
func (r Record) Identity() Identity { return Identity{r.Gateway, r.Epoch, r.Seq} }

// sourceMark stands before the name of a third-party sender where a gateway's
// name would be. No gateway can have such a name, so a record's class cannot be
// lost apart from its identity.
const sourceMark = "source:"

// SourceIdentity is what stands in Record.Gateway for a third-party sender.
func SourceIdentity(name string) string { return sourceMark + name }

// Source returns the third-party sender that the record is from; ok is false
// for a record of a gateway's journal.
func (r Record) Source() (name string, ok bool) {
	if !strings.HasPrefix(r.Gateway, sourceMark) {
		return "", false
	}
	return r.Gateway[len(sourceMark):], true
}

// Check says why no engine would keep this record, or nil. Every engine turns
// the error into a Rejection, so that all of them refuse the same records.
// Whether the value makes sense is admission's question, not this one.
func (r Record) Check() error {
	if _, err := sensors.ParsePointID(string(r.Point)); err != nil {
		return err
	}
	if _, err := sensors.ParseQuantity(string(r.Quantity)); err != nil {
		return err
	}
	if !sensors.IsSlug(strings.TrimPrefix(r.Gateway, sourceMark)) {
		return fmt.Errorf("gateway %.50q is not a name of lower-case letters, digits and hyphens", r.Gateway)
	}
	if r.Epoch > math.MaxInt64 || r.Seq > math.MaxInt64 {
		return fmt.Errorf("epoch %d, sequence %d: beyond 2^63-1", r.Epoch, r.Seq)
	}
	if y := r.Time.UTC().Year(); y < minYear || y > maxYear {
		return fmt.Errorf("year %d is outside %d to %d", y, minYear, maxYear)
	}
	if r.Quality > sensors.Good {
		return fmt.Errorf("quality %d is not good, uncertain or bad", r.Quality)
	}
	return checkReason(string(r.Reason))
}

func checkReason(s string) error {
	if len(s) > MaxReasonLength {
		return fmt.Errorf("reason of %d bytes is too long (at most %d)", len(s), MaxReasonLength)
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("reason %q is not UTF-8", s)
	}
	for _, c := range s {
		if unicode.IsControl(c) {
			return fmt.Errorf("reason %q holds a control character", s)
		}
	}
	return nil
}

// RetryAfter returns how long the engine behind a failed Write or Read asked
// to be left alone, or 0 when it did not say.
func RetryAfter(err error) time.Duration {
	var hint interface{ RetryAfter() time.Duration }
	if errors.As(err, &hint) {
		return hint.RetryAfter()
	}
	return 0
}
