package pin

import (
	"errors"
	"log/slog"
	"strings"
)

// PIN is four digits as somebody typed them. However it is printed, it is not
// shown.
type PIN string

// Digits is how many a PIN has.
const Digits = 4

const hidden = "****"

// String hides it.
func (PIN) String() string { return hidden }

// GoString hides it.
func (PIN) GoString() string { return hidden }

// LogValue hides it.
func (PIN) LogValue() slog.Value { return slog.StringValue(hidden) }

// The reasons why digits are no PIN that somebody may choose.
var (
	ErrForm   = errors.New("want four digits")
	ErrSimple = errors.New("these four digits are tried first by anybody; choose others")
)

// Formed reports whether it is four digits at all.
func (p PIN) Formed() bool {
	return len(p) == Digits && strings.Trim(string(p), "0123456789") == ""
}

// Choose returns why a person whose telephone number is phone may not choose
// these digits; nil when he may. What is refused is what anybody tries first:
// one digit four times, digits in a row, the end of the number on the poster.
func Choose(p PIN, phone string) error {
	if !p.Formed() {
		return ErrForm
	}
	same, up, down := true, true, true
	for i := 1; i < Digits; i++ {
		step := int(p[i]) - int(p[i-1])
		same, up, down = same && step == 0, up && step == 1, down && step == -1
	}
	if same || up || down || strings.HasSuffix(phone, string(p)) {
		return ErrSimple
	}
	return nil
}
