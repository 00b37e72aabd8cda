package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"
)

// Secret is what a cookie or a token holds: 256 random bits. Only its hash is
// kept.
type Secret string

// secretLetters is how long a secret's text is.
const secretLetters = 43

// NewSecret draws one.
func NewSecret() Secret {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return Secret(base64.RawURLEncoding.EncodeToString(b[:]))
}

// Formed reports whether a text can be a secret.
func (s Secret) Formed() bool {
	b, err := base64.RawURLEncoding.DecodeString(string(s))
	return len(s) == secretLetters && err == nil && len(b) == 32
}

// Sum is what is kept of it. A fast hash does: nobody guesses 256 bits.
func (s Secret) Sum() []byte {
	sum := sha256.Sum256([]byte("coldchain session 1\n" + s))
	return sum[:]
}

// String hides it.
func (Secret) String() string { return hidden }

// GoString hides it.
func (Secret) GoString() string { return hidden }

// Life is how long a session lasts: until it was not used for Idle, or until All
// is over, whichever comes first.
type Life struct{ Idle, All time.Duration }

// LifeOf is the life of a session of somebody with these grants. A keeper's
// telephone must open at two in the morning without a password; who can make
// users signs in every day.
func LifeOf(kind Kind, grants []Grant) Life {
	const day = 24 * time.Hour
	w := Who{Grants: grants}
	switch {
	case kind == ByDevice:
		return Life{Idle: 60 * day, All: 400 * day} // no browser keeps a cookie longer
	case w.Has(Admin):
		return Life{Idle: 12 * time.Hour, All: 7 * day}
	}
	return Life{Idle: 14 * day, All: 90 * day}
}

// Over reports whether a session that was made and last used then has ended at
// now. A clock that was set back ends nothing.
func (l Life) Over(made, used, now time.Time) bool {
	return now.Sub(made) >= l.All || now.Sub(used) >= l.Idle
}

// UsedEvery is how often the use of a session or token is written down.
const UsedEvery = 5 * time.Minute
