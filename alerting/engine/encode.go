package engine

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strconv"

	"coldchain/alerting"
)

// The state is written by hand because it is written at every commit; it is
// read, once, by encoding/json into the types of restore.go.

// object writes one JSON object, leaving out what is zero.
type object struct {
	b    []byte
	many bool
}

func begin(b []byte) *object { return &object{b: append(b, '{')} }

func (o *object) end() []byte { return append(o.b, '}') }

func (o *object) key(k string) {
	if o.many {
		o.b = append(o.b, ',')
	}
	o.many = true
	o.b = append(o.b, '"')
	o.b = append(o.b, k...)
	o.b = append(o.b, '"', ':')
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
	if v == "" {
		return
	}
	o.key(k)
	for i := range len(v) {
		if c := v[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(v) // a string cannot fail
			o.b = append(o.b, quoted...)
			return
		}
	}
	o.b = append(append(append(o.b, '"'), v...), '"')
}

func (o *object) times(k string, x *times) {
	if x.n == 0 {
		return
	}
	var raw [64 * binary.MaxVarintLen64]byte
	// Sampling is regular: what changes is the change of the distance.
	b, before, apart := raw[:0], int64(0), int64(0)
	for i := range x.n {
		v := x.get(i)
		b = binary.AppendVarint(b, v-before-apart)
		before, apart = v, v-before
	}
	o.key(k)
	o.b = append(base64.RawStdEncoding.AppendEncode(append(o.b, '"'), b), '"')
}

func (e *Engine) appendState(b []byte) []byte {
	o := begin(b)
	o.int("v", stateVersion)
	o.int("reconnected", e.reconnected)
	return o.end()
}

func (s *site) appendState(b []byte) []byte {
	o := begin(b)
	o.int("v", stateVersion)
	o.int("born", s.born)
	o.int("heard", s.heard)
	o.int("newest", s.newest)
	o.int("back", s.back)
	o.silence(s.silence)
	return o.end()
}

func (p *point) appendState(b []byte) []byte {
	o := begin(b)
	o.int("v", stateVersion)
	o.int("born", p.born)
	o.int("newest", p.newest)
	o.int("heard", p.heard)
	o.int("usable", p.usable)
	o.int("arrival", p.arrival)
	o.float("value", p.value.v)
	o.int("measured", p.value.at)
	o.int("bad", p.bad)
	o.int("ok", p.ok)
	o.string("reason", string(p.reason))
	o.times("recent", &p.recent)
	for i := range p.sides {
		o.side(keys[p.sides[i].band.kind], &p.sides[i])
	}
	if p.mask != nil {
		o.swings("mask", p.mask.live)
		o.swings("mask-late", p.mask.late)
		o.int("mask-newest", p.mask.lateNewest)
	}
	if p.goods != nil && p.goods.at != 0 {
		o.key("goods")
		o.b = p.goods.appendState(o.b)
	}
	if l := p.late; l != nil {
		o.key("late")
		o.b = l.appendState(o.b)
	}
	o.silence(p.silence)
	return o.end()
}

// swings are pairs of on and off, flat; off is 0 while on.
func (o *object) swings(k string, list alerting.Swings) {
	if len(list) == 0 {
		return
	}
	o.key(k)
	for i, x := range list {
		o.b = append(o.b, "[,"[min(i, 1)])
		off := int64(0)
		if !x.Off.IsZero() {
			off = x.Off.UnixMilli()
		}
		o.b = strconv.AppendInt(append(strconv.AppendInt(o.b, x.On.UnixMilli(), 10), ','), off, 10)
	}
	o.b = append(o.b, ']')
}

func (g *goods) appendState(b []byte) []byte {
	o := begin(b)
	o.lag(&g.lag)
	if g.hole.end.at != 0 {
		o.key("before")
		in := begin(o.b)
		in.lag(&g.hole.before)
		o.b = in.end()
		o.key("end")
		in = begin(o.b)
		in.lag(&g.hole.end)
		o.b = in.end()
	}
	return o.end()
}

func (o *object) lag(g *lag) {
	o.int("at", g.at)
	o.float("air", g.air)
	o.float("product", g.product)
	o.float("unknown", g.unknown)
}

func (l *lateTrack) appendState(b []byte) []byte {
	o := begin(b)
	o.int("newest", l.newest)
	o.int("heard", l.heard)
	o.float("value", l.value.v)
	o.int("measured", l.value.at)
	o.int("added", l.added)
	o.times("recent", &l.recent)
	o.side("high", &l.sides[0])
	o.side("low", &l.sides[1])
	if len(l.await) == 0 {
		return o.end()
	}
	o.key("await")
	for i, w := range l.await {
		o.b = append(o.b, "[,"[min(i, 1)])
		in := begin(o.b)
		in.alarm(w.alarm)
		o.b = in.end()
	}
	o.b = append(o.b, ']')
	o.key("sides")
	for i, w := range l.await {
		o.b = append(o.b, "[,"[min(i, 1)])
		o.b = strconv.AppendInt(o.b, int64(w.side), 10)
	}
	o.b = append(o.b, ']')
	return o.end()
}

func (o *object) silence(s *silence) {
	if s == nil {
		return
	}
	o.key("silence")
	in := begin(o.b)
	in.int("start", s.start)
	in.int("raised", s.raised)
	in.string("reason", string(s.reason))
	in.bool("fault", s.fault)
	o.b = in.end()
}

func (o *object) side(k string, s *side) {
	n := 0
	for i := range s.pending {
		if s.pending[i].says() {
			n++
		}
	}
	if n == 0 && s.alarm == nil {
		return
	}
	o.key(k)
	in := begin(o.b)
	if n > 0 {
		in.pending(s)
	}
	if s.alarm != nil {
		in.alarm(s.alarm)
	}
	o.b = in.end()
}

func (o *object) pending(s *side) {
	o.key("pending")
	first := true
	for i := range s.pending {
		p := &s.pending[i]
		if !p.says() {
			continue
		}
		o.b = append(o.b, "[,"[btoi(!first)])
		first = false
		in := begin(o.b)
		in.line("line", s.band.lines[i])
		in.stretch(&p.stretch)
		in.earlier(p.earlier)
		if p.from != p.since {
			in.int("from", p.from)
		}
		o.b = in.end()
	}
	o.b = append(o.b, ']')
}

// says reports whether there is anything to remember of a line.
func (p *pending) says() bool { return p.since != 0 || p.from != 0 || len(p.earlier) > 0 }

func (o *object) earlier(list []stretch) {
	if len(list) == 0 {
		return
	}
	o.key("earlier")
	for i := range list {
		o.b = append(o.b, "[,"[min(i, 1)])
		in := begin(o.b)
		in.stretch(&list[i])
		o.b = in.end()
	}
	o.b = append(o.b, ']')
}

func (o *object) stretch(s *stretch) {
	o.run("run", s.run)
	o.float("peak", s.peak)
	o.int("after", s.after)
	o.int("next", s.next)
}

func (o *object) alarm(a *open) {
	o.key("alarm")
	in := begin(o.b)
	in.int("born", a.born)
	in.int("start", a.start)
	in.int("after", a.after)
	in.int("raised", a.raised)
	in.int("escalated", a.escalated)
	in.line("first", a.first)
	in.line("line", a.line)
	in.line("clears", a.clears)
	in.float("hysteresis", a.hysteresis)
	in.float("peak", a.peak)
	in.float("last", a.last)
	in.int("seen", a.seen)
	in.int("masked", a.masked)
	in.run("clear", a.clear)
	in.string("class", string(a.class))
	in.int("told", a.told)
	o.b = in.end()
}

func (o *object) run(k string, r run) {
	if r.since == 0 {
		return
	}
	o.key(k)
	in := begin(o.b)
	in.int("since", r.since)
	in.int("last", r.last)
	in.int("held", r.held)
	in.int("frozen", r.frozen)
	in.int("masked", r.masked)
	o.b = in.end()
}

func (o *object) line(k string, l alerting.Limit) {
	o.key(k)
	in := begin(o.b)
	in.string("level", string(l.Level))
	in.float("value", l.Value)
	in.int("delay", l.Delay.Milliseconds())
	in.int("within", l.Within.Milliseconds())
	in.bool("reached", l.Reached)
	o.b = in.end()
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
