package engine

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"

	"coldchain/alerting"
	"coldchain/alerting/blob"
)

// The state is written by hand because it is written at every commit; it is
// read, once, by encoding/json into the types of restore.go.

// object is a state being written.
type object struct{ blob.Object }

func begin(b []byte) *object { return &object{blob.Begin(b)} }

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
	o.Key(k)
	o.B = append(base64.RawStdEncoding.AppendEncode(append(o.B, '"'), b), '"')
}

func (e *Engine) appendState(b []byte) []byte {
	o := begin(b)
	o.Int("v", stateVersion)
	o.Int("reconnected", e.reconnected)
	return o.End()
}

func (s *site) appendState(b []byte) []byte {
	o := begin(b)
	o.Int("v", stateVersion)
	o.Int("born", s.born)
	o.Int("heard", s.heard)
	o.Int("newest", s.newest)
	o.Int("back", s.back)
	o.silence(s.silence)
	return o.End()
}

func (p *point) appendState(b []byte) []byte {
	o := begin(b)
	o.Int("v", stateVersion)
	o.Int("born", p.born)
	o.Int("newest", p.newest)
	o.Int("heard", p.heard)
	o.Int("usable", p.usable)
	o.Int("arrival", p.arrival)
	o.Float("value", p.value.v)
	o.Int("measured", p.value.at)
	o.Int("bad", p.bad)
	o.Int("ok", p.ok)
	o.Text("reason", string(p.reason))
	o.times("recent", &p.recent)
	for i := range p.sides {
		o.side(keys[p.sides[i].band.kind], &p.sides[i])
	}
	if p.mask != nil {
		o.swings("mask", p.mask.live)
		o.swings("mask-late", p.mask.late)
		o.Int("mask-newest", p.mask.lateNewest)
	}
	if p.goods != nil && p.goods.at != 0 {
		o.Key("goods")
		o.B = p.goods.appendState(o.B)
	}
	if p.thaw != nil && p.thaw.Known() {
		o.Key("thaw")
		o.B = p.thaw.AppendJSON(o.B)
	}
	if l := p.late; l != nil {
		o.Key("late")
		o.B = l.appendState(o.B)
	}
	o.silence(p.silence)
	return o.End()
}

// swings are pairs of on and off, flat; off is 0 while on.
func (o *object) swings(k string, list alerting.Swings) {
	if len(list) == 0 {
		return
	}
	o.Key(k)
	for i, x := range list {
		o.B = append(o.B, "[,"[min(i, 1)])
		off := int64(0)
		if !x.Off.IsZero() {
			off = x.Off.UnixMilli()
		}
		o.B = strconv.AppendInt(append(strconv.AppendInt(o.B, x.On.UnixMilli(), 10), ','), off, 10)
	}
	o.B = append(o.B, ']')
}

func (g *goods) appendState(b []byte) []byte {
	o := begin(b)
	o.lag(&g.lag)
	o.Int("came", g.came)
	if g.hole.end.at != 0 {
		o.Key("before")
		in := begin(o.B)
		in.lag(&g.hole.before)
		o.B = in.End()
		o.Key("end")
		in = begin(o.B)
		in.lag(&g.hole.end)
		o.B = in.End()
	}
	return o.End()
}

func (o *object) lag(g *lag) {
	o.Int("at", g.at)
	o.Float("air", g.air)
	o.Float("product", g.product)
	o.Float("unknown", g.unknown)
}

func (l *lateTrack) appendState(b []byte) []byte {
	o := begin(b)
	o.Int("newest", l.newest)
	o.Int("heard", l.heard)
	o.Float("value", l.value.v)
	o.Int("measured", l.value.at)
	o.Int("added", l.added)
	o.times("recent", &l.recent)
	o.side("high", &l.sides[0])
	o.side("low", &l.sides[1])
	if len(l.await) == 0 {
		return o.End()
	}
	o.Key("await")
	for i, w := range l.await {
		o.B = append(o.B, "[,"[min(i, 1)])
		in := begin(o.B)
		in.alarm(w.alarm)
		o.B = in.End()
	}
	o.B = append(o.B, ']')
	o.Key("sides")
	for i, w := range l.await {
		o.B = append(o.B, "[,"[min(i, 1)])
		o.B = strconv.AppendInt(o.B, int64(w.side), 10)
	}
	o.B = append(o.B, ']')
	return o.End()
}

func (o *object) silence(s *silence) {
	if s == nil {
		return
	}
	o.Key("silence")
	in := begin(o.B)
	in.Int("start", s.start)
	in.Int("raised", s.raised)
	in.Text("reason", string(s.reason))
	in.Bool("fault", s.fault)
	o.B = in.End()
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
	o.Key(k)
	in := begin(o.B)
	if n > 0 {
		in.pending(s)
	}
	if s.alarm != nil {
		in.alarm(s.alarm)
	}
	o.B = in.End()
}

func (o *object) pending(s *side) {
	o.Key("pending")
	first := true
	for i := range s.pending {
		p := &s.pending[i]
		if !p.says() {
			continue
		}
		o.B = append(o.B, "[,"[btoi(!first)])
		first = false
		in := begin(o.B)
		in.line("line", s.band.lines[i])
		in.stretch(&p.stretch)
		in.earlier(p.earlier)
		if p.from != p.since {
			in.Int("from", p.from)
		}
		o.B = in.End()
	}
	o.B = append(o.B, ']')
}

// says reports whether there is anything to remember of a line.
func (p *pending) says() bool { return p.since != 0 || p.from != 0 || len(p.earlier) > 0 }

func (o *object) earlier(list []stretch) {
	if len(list) == 0 {
		return
	}
	o.Key("earlier")
	for i := range list {
		o.B = append(o.B, "[,"[min(i, 1)])
		in := begin(o.B)
		in.stretch(&list[i])
		o.B = in.End()
	}
	o.B = append(o.B, ']')
}

func (o *object) stretch(s *stretch) {
	o.run("run", s.run)
	o.Float("peak", s.peak)
	o.Int("after", s.after)
	o.Int("next", s.next)
}

func (o *object) alarm(a *open) {
	o.Key("alarm")
	in := begin(o.B)
	in.Int("born", a.born)
	in.Int("start", a.start)
	in.Int("after", a.after)
	in.Int("raised", a.raised)
	in.Int("escalated", a.escalated)
	in.line("first", a.first)
	in.line("line", a.line)
	in.line("clears", a.clears)
	in.Float("hysteresis", a.hysteresis)
	in.Float("peak", a.peak)
	in.Float("last", a.last)
	in.Int("seen", a.seen)
	in.Int("masked", a.masked)
	in.run("clear", a.clear)
	in.Text("class", string(a.class))
	in.Int("told", a.told)
	o.B = in.End()
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
	in.Int("masked", r.masked)
	o.B = in.End()
}

func (o *object) line(k string, l alerting.Limit) {
	o.Key(k)
	in := begin(o.B)
	in.Text("level", string(l.Level))
	in.Float("value", l.Value)
	in.Int("delay", l.Delay.Milliseconds())
	in.Int("within", l.Within.Milliseconds())
	in.Bool("reached", l.Reached)
	o.B = in.End()
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
