package watch

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"

	"coldchain/alerting/blob"
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
		o := begin(buf)
		o.Int("v", stateVersion)
		write(&o)
		buf = o.End()
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
			o.Text("zone", s.zone)
			o.slot("slot", s)
		})
	}
	if w.lateDirty {
		w.lateDirty, out[lateKey] = false, nil
		if len(w.late) > 0 {
			out[lateKey] = w.writeLate()
		}
	}
	w.blob = len(buf) / max(n, 1)
	w.dirtyPoints, w.dirtyZones, w.gone = w.dirtyPoints[:0], w.dirtyZones[:0], nil
	clear(w.dirtyConditions)
	return out
}

func (p *point) write(o *object) {
	o.Int("newest", p.newest)
	o.Int("at", p.at)
	o.Float("value", p.value)
	o.Bool("good", p.good)
	o.Int("on", p.on)
	o.Int("last_on", p.lastOn)
	o.Bool("expired", p.expired)
	if r := p.rise; r != nil {
		o.Key("rise")
		in := begin(o.B)
		in.ring(r)
		in.Int("width", r.width)
		in.Int("bucket", r.bucket)
		in.Int("sum", r.sum)
		in.Int("count", r.count)
		in.slot("slot", &r.slot)
		o.B = in.End()
	}
}

func (z *zone) write(o *object) {
	o.Int("booked", z.booked)
	o.group("loading", z.loading.opened != 0, func(o *object) {
		o.Int("opened", z.loading.opened)
		o.Int("shut", z.loading.shut)
		o.Float("before", z.loading.before)
		o.Bool("known", z.loading.known)
	})
	o.group("brought", z.brought.since != 0, func(o *object) {
		o.Int("since", z.brought.since)
		o.Float("cold", z.brought.cold)
	})
	p := &z.pull
	o.group("pull", p.since != 0, func(o *object) {
		o.Int("first", p.first)
		o.Int("since", p.since)
		o.Bool("booked", p.booked)
		o.Int("reached", p.reached)
		o.list("at", p.n, func(b []byte, i int) []byte { return strconv.AppendInt(b, p.at[i], 10) })
		o.list("v", p.n, func(b []byte, i int) []byte { return strconv.AppendFloat(b, p.v[i], 'g', -1, 64) })
		o.Int("bucket", p.cur.number)
		o.Int("count", p.cur.count)
		o.Float("sum", p.cur.sum)
		o.run("below", p.below)
	})
	o.slot("pull_slot", &p.slot)
	o.slot("dew", &z.dew)
	o.slot("silent", &z.silent)
	o.list("air_at", len(z.airs), func(b []byte, i int) []byte { return strconv.AppendInt(b, z.airs[i].t, 10) })
	o.list("air_v", len(z.airs), func(b []byte, i int) []byte { return strconv.AppendFloat(b, z.airs[i].v, 'g', -1, 64) })
}

// object is a state being written.
type object struct{ blob.Object }

func begin(b []byte) object { return object{blob.Begin(b)} }

func (o *object) group(k string, there bool, write func(*object)) {
	if there {
		o.Key(k)
		in := begin(o.B)
		write(&in)
		o.B = in.End()
	}
}

func (o *object) list(k string, n int, item func(b []byte, i int) []byte) {
	if n == 0 {
		return
	}
	o.Key(k)
	for i := range n {
		o.B = item(append(o.B, "[,"[min(i, 1)]), i)
	}
	o.B = append(o.B, ']')
}

func (o *object) run(k string, r run) {
	if r.since == 0 {
		return
	}
	o.Key(k)
	in := begin(o.B)
	in.Int("since", r.since)
	in.Int("last", r.last)
	in.Int("held", r.held)
	in.Int("frozen", r.frozen)
	o.B = in.End()
}

func (o *object) slot(k string, s *slot) {
	if s.pending.since == 0 && s.alarm == nil && s.fine == 0 && len(s.past) == 0 {
		return
	}
	o.Key(k)
	in := begin(o.B)
	in.run("pending", s.pending)
	in.Int("fine", s.fine)
	in.list("past", 2*len(s.past), func(b []byte, i int) []byte {
		return strconv.AppendInt(b, []int64{s.past[i/2].from, s.past[i/2].to}[i%2], 10)
	})
	if a := s.alarm; a != nil {
		in.Key("alarm")
		al := begin(in.B)
		al.Text("object", s.object)
		al.Int("start", a.start)
		al.Int("named", a.named)
		al.Int("raised", a.raised)
		al.Int("escalated", a.escalated)
		al.Text("first", string(a.first))
		al.Text("level", string(a.level))
		al.Float("limit", a.limit)
		al.Int("delay", a.delay)
		al.Text("reason", string(a.reason))
		al.Bool("has", a.has)
		al.Float("peak", a.peak)
		al.Float("last", a.last)
		al.Int("seen", a.seen)
		al.Int("heard", a.heard)
		al.run("clear", a.clear)
		al.Text("class", string(a.class))
		al.Int("told", a.told)
		in.B = al.End()
	}
	o.B = in.End()
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
	o.Key("ring")
	o.B = slices.Grow(o.B, base64.RawStdEncoding.EncodedLen(len(b))+2)
	o.B = append(base64.RawStdEncoding.AppendEncode(append(o.B, '"'), b), '"')
}
