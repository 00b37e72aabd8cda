package journal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
)

// SQLite has no checksum of its own: a byte that flips inside a value passes
// its integrity check. So every record carries a CRC-32C of what it says, over
// the texts and not over their ids, so that a damaged name is found as well.
// The epoch is not in it (records change it as a whole); an undelivered
// record's must be the journal's.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// content is what a record's sum covers.
type content struct {
	kind                uint8
	boot, clock         string
	mono, wall          int64
	name, unit, reason  string
	value, raw          float64
	hasValue, hasRaw    bool
	quality             int64
	detail              string
	urgent              bool
	hasName, hasQuality bool
}

// sum returns the CRC of c, without the sequence number.
func (c *content) sum() uint32 {
	b := make([]byte, 0, 128)
	b = append(b, c.kind, flagByte(c.hasValue, c.hasRaw, c.urgent, c.hasName, c.hasQuality))
	for _, n := range []int64{c.mono, c.wall, c.quality} {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	for _, f := range []float64{c.value, c.raw} {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
	}
	for _, s := range []string{c.boot, c.clock, c.name, c.unit, c.reason, c.detail} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return crc32.Checksum(b, castagnoli)
}

func flagByte(flags ...bool) (b uint8) {
	for i, f := range flags {
		if f {
			b |= 1 << i
		}
	}
	return b
}

// numbered binds a content's sum to its place. It is its own inverse, so that
// a record can be renumbered without being read.
func numbered(sum uint32, seq uint64) uint32 {
	return sum ^ uint32(seq)*2654435761 ^ uint32(seq>>32)*0x9e3779b9 // odd factors: no two places of a run share one
}

// kept is a sum as a column has it: 32 bits with a sign take two bytes less.
func keptSum(sum uint32) int64 { return int64(int32(sum)) }

// sumOf is the sum of other rows, field by field.
func sumOf(fields ...any) int64 {
	return keptSum(crc32.Checksum(fmt.Appendf(nil, "%#v", fields), castagnoli))
}
