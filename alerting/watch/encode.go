package watch

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strconv"
)

// Prefix begins every key of the state, so that it can lie beside the engine's.
const Prefix = "watch/"

// The keys of the state: one small JSON object for each zone, point and
// condition. The format is in DESIGN.md.
const (
	zonePrefix      = Prefix + "zone/"
	pointPrefix     = Prefix + "point/"
	conditionPrefix = Prefix + "condition/"
	stateVersion    = 1
)

// Dirty returns the state that changed since the last call, by key; nil means
// that the key is gone. The caller owns the bytes and commits them together
// with the engine's, in the transaction that records the readings as judged.
func (w *Watch) Dirty() map[string][]byte {
	n := len(w.dirtyPoints) + len(w.dirtyZones) + len(w.dirtyConditions) + len(w.gone)
	out := make(map[string][]byte, n)
	// One allocation for many objects; those that have grown make another.
	buf := make([]byte, 0, n*(w.blob+64))
	put := func(key string, write func(*object)) {
		from := len(buf)
		o := object{b: append(buf, '{')}
		o.int("v", stateVersion)
		write(&o)
		buf = append(o.b, '}')
		out[key] = buf[from:len(buf):len(buf)]
	}
	for _, key := range w.gone {
		out[key] = nil
	}
	for _, p := range w.dirtyPoints {
		put(p.key, p.write)
		p.dirty = false
	}
	for _, z := range w.dirtyZones {
		put(z.key, z.write)
		z.dirty = false
	}
	for id := range w.dirtyConditions {
		s := w.conditions[id]
		if s == nil {
			out[id.key()] = nil
			continue
		}
		put(id.key(), func(o *object) {
			o.string("zone", s.zone)
			o.slot("slot", s)
		})
	}
	w.blob = len(buf) / max(n, 1)
	w.dirtyPoints, w.dirtyZones, w.gone = w.dirtyPoints[:0], w.dirtyZones[:0], nil
	clear(w.dirtyConditions)
	return out
}

func (p *point) write(o *object) {
	o.int("newest", p.newest)
	o.int("at", p.at)
	o.float("value", p.value)
	o.bool("good", p.good)
	o.int("on", p.on)
	o.int("last_on", p.lastOn)
	o.bool("expired", p.expired)
	if r := p.rise; r != nil {
		o.key("rise")
		in := object{b: append(o.b, '{')}
		in.ring(r)
		in.int("width", r.width)
		in.int("bucket", r.bucket)
		in.int("sum", r.sum)
		in.int("count", r.count)
		in.slot("slot", &r.slot)
		o.b = append(in.b, '}')
	}
}

func (z *zone) write(o *object) {
	o.int("booked", z.booked)
	o.group("loading", z.loading.opened != 0, func(o *object) {
		o.int("opened", z.loading.opened)
		o.int("shut", z.loading.shut)
		o.float("before", z.loading.before)
		o.bool("known", z.loading.known)
	})
	o.group("brought", z.brought.since != 0, func(o *object) {
		o.int("since", z.brought.since)
		o.float("cold", z.brought.cold)
	})
	p := &z.pull
	o.group("pull", p.since != 0, func(o *object) {
		o.int("first", p.first)
		o.int("since", p.since)
		o.bool("booked", p.booked)
		o.int("reached", p.reached)
		o.list("at", p.n, func(b []byte, i int) []byte { return strconv.AppendInt(b, p.at[i], 10) })
		o.list("v", p.n, func(b []byte, i int) []byte { return strconv.AppendFloat(b, p.v[i], 'g', -1, 64) })
		o.int("bucket", p.cur.number)
		o.int("count", p.cur.count)
		o.float("sum", p.cur.sum)
		o.run("below", p.below)
	})
	o.slot("pull_slot", &p.slot)
	o.slot("dew", &z.dew)
	o.slot("silent", &z.silent)
}

// object writes one JSON object, leaving out what is zero. It is written by
// hand because it is written at every commit.
type object struct{ b []byte }

func (o *object) key(k string) {
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(append(append(o.b, '"'), k...), '"', ':')
}

func (o *object) int(k string, v int64) {
	if v != 0 {
		o.key(k)
		o.b = strconv.AppendInt(o.b, v, 10)
	}
}

func (o *object) float(k string, v float64) {
	if v != 0 {
		o.key(k)
		o.b = strconv.AppendFloat(o.b, v, 'g', -1, 64)
	}
}

func (o *object) bool(k string, v bool) {
	if v {
		o.key(k)
		o.b = append(o.b, "true"...)
	}
}

func (o *object) string(k, v string) {
	if v != "" {
		o.key(k)
		quoted, _ := json.Marshal(v) // a string cannot fail
		o.b = append(o.b, quoted...)
	}
}

func (o *object) group(k string, there bool, write func(*object)) {
	if there {
		o.key(k)
		in := object{b: append(o.b, '{')}
		write(&in)
		o.b = append(in.b, '}')
	}
}

func (o *object) list(k string, n int, item func(b []byte, i int) []byte) {
	if n == 0 {
		return
	}
	o.key(k)
	for i := range n {
		o.b = item(append(o.b, "[,"[min(i, 1)]), i)
	}
	o.b = append(o.b, ']')
}

func (o *object) run(k string, r run) {
	if r.since == 0 {
		return
	}
	o.key(k)
	in := object{b: append(o.b, '{')}
	in.int("since", r.since)
	in.int("last", r.last)
	in.int("held", r.held)
	in.int("frozen", r.frozen)
	o.b = append(in.b, '}')
}

func (o *object) slot(k string, s *slot) {
	if s.pending.since == 0 && s.alarm == nil {
		return
	}
	o.key(k)
	in := object{b: append(o.b, '{')}
	in.run("pending", s.pending)
	if a := s.alarm; a != nil {
		in.key("alarm")
		al := object{b: append(in.b, '{')}
		al.string("object", s.object)
		al.int("start", a.start)
		al.int("raised", a.raised)
		al.int("escalated", a.escalated)
		al.string("first", string(a.first))
		al.string("level", string(a.level))
		al.float("limit", a.limit)
		al.int("delay", a.delay)
		al.string("reason", string(a.reason))
		al.bool("has", a.has)
		al.float("peak", a.peak)
		al.float("last", a.last)
		al.int("seen", a.seen)
		al.int("heard", a.heard)
		al.run("clear", a.clear)
		al.string("class", string(a.class))
		al.int("told", a.told)
		in.b = append(al.b, '}')
	}
	o.b = append(in.b, '}')
}

// ring writes the means of a rise: numbers of buckets and hundredths of a °C,
// each as its distance from the one before.
func (o *object) ring(r *rise) {
	if r.n == 0 {
		return
	}
	var raw [2 * riseBuckets * binary.MaxVarintLen64]byte
	b, at, v := raw[:0], int64(0), int64(0)
	for i := range r.n {
		b = binary.AppendVarint(b, r.at[i]-at)
		b = binary.AppendVarint(b, int64(r.v[i])-v)
		at, v = r.at[i], int64(r.v[i])
	}
	o.key("ring")
	o.b = slices.Grow(o.b, base64.RawStdEncoding.EncodedLen(len(b))+2)
	o.b = append(base64.RawStdEncoding.AppendEncode(append(o.b, '"'), b), '"')
}
