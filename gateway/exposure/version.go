package exposure

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math"
	"time"

	"coldchain/alerting/batch"
	"coldchain/gateway/state"
	"coldchain/gateway/store"
)

// digest sums up stays and readings twice: those before the moment that was
// told last, and those before the one that is told now. Nothing later is in
// either, so that time going on changes neither.
type digest struct{ before, now cut }

// cut is a SHA-256 over what lies before a moment.
type cut struct {
	at  int64 // ms
	sum hash.Hash
	buf []byte
}

func newDigest(before, now time.Time) *digest {
	return &digest{cut{at: before.UnixMilli(), sum: sha256.New()}, cut{at: now.UnixMilli(), sum: sha256.New()}}
}

// The kinds of what is summed up.
const (
	itemBegin byte = iota + 1
	itemEnd
	itemReading
	itemParent
	itemLog
)

func (d *digest) begin(s Stay) {
	d.text(itemBegin, s.From, s.Zone, string(s.Kind))
}

// end notes the end of a stay; one that goes on has none.
func (d *digest) end(to time.Time, s Stay) {
	if !s.To.IsZero() {
		d.text(itemEnd, to, s.Zone)
	}
}

func (d *digest) text(kind byte, at time.Time, words ...string) {
	for _, c := range []*cut{&d.before, &d.now} {
		if at.UnixMilli() >= c.at {
			continue
		}
		c.item(kind, at.UnixMilli())
		for _, w := range words {
			c.buf = binary.AppendUvarint(c.buf, uint64(len(w)))
			c.buf = append(c.buf, w...)
		}
	}
}

func (d *digest) reading(v store.Value) {
	ms := v.At.UnixMilli()
	if ms < d.before.at {
		d.before.reading(ms, v)
	}
	if ms < d.now.at {
		d.now.reading(ms, v)
	}
}

// log notes a logger's file; it is not there before it begins to speak.
func (d *digest) log(l Log) {
	d.text(itemLog, l.From, l.File, l.Sum, l.To.UTC().Format(time.RFC3339Nano), l.Method)
}

// child takes a parent's digest up to the link.
func (d *digest) child(l batch.Link, parent *digest) {
	for _, p := range [][2]*cut{{&d.before, &parent.before}, {&d.now, &parent.now}} {
		if l.At.UnixMilli() < p[0].at {
			p[0].item(itemParent, l.At.UnixMilli())
			p[0].buf = append(p[0].buf, p[1].total()...)
		}
	}
}

func (c *cut) item(kind byte, ms int64) {
	if len(c.buf) > 4<<10 {
		c.sum.Write(c.buf)
		c.buf = c.buf[:0]
	}
	c.buf = append(c.buf, kind)
	c.buf = binary.BigEndian.AppendUint64(c.buf, uint64(ms))
}

func (c *cut) reading(ms int64, v store.Value) {
	c.item(itemReading, ms)
	c.buf = append(c.buf, byte(v.Quality))
	c.buf = binary.BigEndian.AppendUint64(c.buf, math.Float64bits(v.Value))
}

func (c *cut) total() []byte {
	c.sum.Write(c.buf)
	c.buf = c.buf[:0]
	return c.sum.Sum(nil)
}

// version says which version this exposure is: the next one when what lies
// before the moment that was told last is not what it was then.
func (b *building) version(ctx context.Context, code string, d *digest) (int, error) {
	if b.r.Versions == nil {
		return 1, nil
	}
	was := b.before
	if b.closed.Before(was.AsOf) { // the clock was set back: what was told cannot be looked at whole
		return was.Version, nil
	}
	now := state.ExposureVersion{Version: max(was.Version, 1), AsOf: b.closed, Digest: d.now.total()}
	if was.Version > 0 && !bytes.Equal(was.Digest, d.before.total()) {
		now.Version++
	}
	if now.Version == was.Version && now.AsOf.Equal(was.AsOf) {
		return was.Version, nil
	}
	stands, err := b.r.Versions.NoteExposureVersion(ctx, code, was, now)
	return max(stands.Version, now.Version), err
}
