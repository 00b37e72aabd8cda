package pin

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// cost is what one try costs. 16 MiB and two passes are about 20 ms on the
// county's machine and 0.2 s on a ten-year-old board, and one try at a time is
// made: the county's other work must not notice. More would not make four
// digits a secret: whoever has the file tries all ten thousand in minutes. What
// protects is that tries are counted and waited for (Wait); the hash keeps
// digits, which people use elsewhere too, from being read at a glance.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

var present = cost{16 << 10, 2, 1}

const (
	saltBytes = 16
	sumBytes  = 32
)

// Hash returns a salted Argon2id hash (RFC 9106) in the usual text form, which
// holds its own parameters: "$argon2id$v=19$m=16384,t=2,p=1$salt$hash".
func Hash(p PIN) string {
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails
	return text(present, salt, sum(p, salt, present))
}

func sum(p PIN, salt []byte, c cost) []byte {
	return argon2.IDKey([]byte(p), salt, c.passes, c.memory, c.threads, sumBytes)
}

func text(c cost, salt, sum []byte) string {
	e := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.passes, c.threads, e.EncodeToString(salt), e.EncodeToString(sum))
}

// errHash is a hash that this program cannot have written. It does not say the
// hash.
var errHash = errors.New("a PIN's hash is damaged; have the PIN reset")

// Match reports whether a PIN is the one of a hash. An error says that the hash
// is damaged or asks for more than this program would ever spend.
func Match(hash string, p PIN) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return false, errHash
	}
	var c cost
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.threads); err != nil ||
		c.memory < 8 || c.memory > 64<<10 || c.passes < 1 || c.passes > 10 || c.threads < 1 || c.threads > 4 {
		return false, errHash
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || err2 != nil || len(salt) != saltBytes || len(want) != sumBytes {
		return false, errHash
	}
	return subtle.ConstantTimeCompare(want, sum(p, salt, c)) == 1, nil
}
