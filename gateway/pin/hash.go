package pin

import (
	"errors"

	"coldchain/gateway/slowhash"
)

// cost is what one try costs. 16 MiB and two passes are about 20 ms on the
// county's machine and 0.2 s on a ten-year-old board, and one try at a time is
// made: the county's other work must not notice. More would not make four
// digits a secret: whoever has the file tries all ten thousand in minutes. What
// protects is that tries are counted and waited for (Wait); the hash keeps
// digits, which people use elsewhere too, from being read at a glance.
var cost = slowhash.Cost{Memory: 16 << 10, Passes: 2, Threads: 1}

// Hash returns a salted Argon2id hash (RFC 9106) in the usual text form, which
// holds its own parameters: "$argon2id$v=19$m=16384,t=2,p=1$salt$hash".
func Hash(p PIN) string { return slowhash.Hash(string(p), cost) }

// errHash is a hash that this program cannot have written. It does not say the
// hash.
var errHash = errors.New("a PIN's hash is damaged; have the PIN reset")

// Match reports whether a PIN is the one of a hash. An error says that the hash
// is damaged or asks for more than this program would ever spend.
func Match(hash string, p PIN) (bool, error) {
	ok, err := slowhash.Match(hash, string(p))
	if err != nil {
		return false, errHash
	}
	return ok, nil
}
