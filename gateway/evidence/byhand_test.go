package evidence_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"

	"coldchain/gateway/evidence"
)

// byHand is the digest of a range with one good reading, its raw value 0.25 higher, of
// gateway gw-1, epoch 1, sequence 1, written down from DESIGN.md and sharing no
// line with the package.
func byHand(c evidence.Course) string {
	var b []byte
	put := func(f []byte) {
		b = append(b, 0, 0, 0, byte(len(f)))
		b = append(b, f...)
	}
	eight := func(n uint64) []byte {
		var x [8]byte
		binary.BigEndian.PutUint64(x[:], n)
		return x[:]
	}
	put([]byte("coldchain readings 1"))
	put([]byte(c.Point))
	put([]byte("temperature"))
	put(eight(uint64(c.From.UnixMilli())))
	put(eight(uint64(c.To.UnixMilli())))
	put(eight(uint64(c.Samples[0].At.UnixMilli())))
	put(eight(math.Float64bits(c.Samples[0].Value)))
	put(eight(math.Float64bits(c.Samples[0].Value + 0.25))) // the first has a raw value
	put([]byte("good"))
	put(nil)
	put([]byte{0})
	put([]byte("gw-1"))
	put(eight(1))
	put(eight(1))
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
