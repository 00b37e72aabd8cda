// Package slowhash keeps secrets that people choose as slow salted hashes, in
// Argon2id (RFC 9106) and its usual text form. It guarantees that a hash which
// somebody has put into a file cannot make a check cost more than this program
// would ever spend.
package slowhash

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost is what one try costs.
type Cost struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

const (
	saltBytes = 16
	sumBytes  = 32
)

// The most that a kept hash may ask for.
const (
	mostMemory  = 64 << 10 // KiB
	mostPasses  = 10
	mostThreads = 4
)

// ErrDamaged is a hash that this program cannot have written. It does not say
// the hash.
var ErrDamaged = errors.New("the kept hash is damaged")

// Hash returns a salted hash of a secret, which holds its own cost:
// "$argon2id$v=19$m=16384,t=2,p=1$salt$hash".
func Hash(secret string, c Cost) string {
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails
	e := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Passes, c.Threads, e.EncodeToString(salt), e.EncodeToString(sum(secret, salt, c)))
}

func sum(secret string, salt []byte, c Cost) []byte {
	return argon2.IDKey([]byte(secret), salt, c.Passes, c.Memory, c.Threads, sumBytes)
}

// Match reports whether a secret is the one of a hash; ErrDamaged when the hash
// is none, or asks for more than this program would spend.
func Match(hash, secret string) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return false, ErrDamaged
	}
	var c Cost
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Passes, &c.Threads); err != nil ||
		c.Memory < 8 || c.Memory > mostMemory || c.Passes < 1 || c.Passes > mostPasses || c.Threads < 1 || c.Threads > mostThreads {
		return false, ErrDamaged
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || err2 != nil || len(salt) != saltBytes || len(want) != sumBytes {
		return false, ErrDamaged
	}
	return subtle.ConstantTimeCompare(want, sum(secret, salt, c)) == 1, nil
}
