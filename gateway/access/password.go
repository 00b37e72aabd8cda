package access

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"unicode/utf8"

	"coldchain/gateway/slowhash"
)

// Password is what somebody typed. However it is printed, it is not shown.
type Password string

const hidden = "****"

// String hides it.
func (Password) String() string { return hidden }

// GoString hides it.
func (Password) GoString() string { return hidden }

// LogValue hides it.
func (Password) LogValue() slog.Value { return slog.StringValue(hidden) }

// Cost is that of passwords: OWASP's Argon2id parameters (19 MiB, two passes,
// one thread). RFC 9106's second recommendation, 64 MiB, would let two people who
// sign in at once take an eighth of the memory of a small county's box.
func Cost() slowhash.Cost { return slowhash.Cost{Memory: 19 << 10, Passes: 2, Threads: 1} }

// The bounds of a password: as NIST SP 800-63B has them for one that is the only
// proof, length and no rules of composition. Characters of Chinese carry more,
// but nobody counts differently for them.
const (
	minPassword = 10  // characters
	maxPassword = 200 // bytes; what is longer is not hashed at all
)

// The reasons why somebody may not choose a password.
var (
	ErrShort  = errors.New("a password has at least 10 characters")
	ErrLong   = errors.New("a password has at most 200 bytes")
	ErrSimple = errors.New("this password is tried first by anybody; choose a few words that have nothing to do with each other")
	ErrText   = errors.New("a password is text without control characters")
)

// Long reports whether a password is longer than any that somebody can have.
func (p Password) Long() bool { return len(p) > maxPassword }

// Choose returns why somebody whose user name is user may not choose a password;
// nil when he may.
func Choose(p Password, user string) error {
	s := string(p)
	switch {
	case p.Long():
		return ErrLong
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return ErrText
	case utf8.RuneCountInString(s) < minPassword:
		return ErrShort
	}
	low := strings.ToLower(s)
	if user != "" && strings.Contains(low, strings.ToLower(user)) && len(low) < len(user)+6 {
		return ErrSimple
	}
	// What is left of a password that is a common word and digits, or one thing
	// again and again.
	rest := low
	for _, common := range []string{"password", "coldchain", "qwerty", "asdfgh", "admin", "welcome", "letmein", "iloveyou", "0123456789", "1234567890", "123456789", "12345678", "87654321", "123456", "5201314", "abc"} {
		rest = strings.ReplaceAll(rest, common, "")
	}
	if distinct(rest) < 4 {
		return ErrSimple
	}
	return nil
}

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// NewOneTime draws a one-time password: 80 random bits, in groups that can be
// read to somebody on the telephone.
func NewOneTime() Password {
	text := strings.ToLower(rand.Text()[:16])
	return Password(text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:])
}
