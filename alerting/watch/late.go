package watch

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"coldchain/alerting"
	"coldchain/alerting/blob"
	"coldchain/sensors"
)

// What comes behind a point's newest reading is held until no more comes for now,
// and then played in the order of its times through a watch of its own: a backlog
// comes point by point, and these rules take several points. What that watch found
// and is over goes to the quality officer's queue. What still goes on where the
// readings end is the beginning of what is there now, or rings by itself, unless
// the rule says by newer readings that it is over. Nothing here ends an alarm.

const (
	mostHeld = 20_000     // readings; at more of them those that have come are judged
	airEvery = 5 * minute // of the air that is remembered for late readings of a compressor
	airKept  = 72         // six hours of it
	mostPast = 4          // alarms of a rule that are remembered, so that they are not found again
)

// held is a reading that came behind its point's newest.
type held struct {
	p       *point
	t       int64
	v       float64
	quality sensors.Quality
}

// span is when an alarm lasted.
type span struct{ from, to int64 }

// hold keeps a late reading; those of zones without such rules say nothing.
func (w *Watch) hold(p *point, r sensors.Reading, t, now int64) {
	if p.role == other || p.zone.rules == (Rules{}) {
		return
	}
	v, _ := r.Value()
	w.late = append(w.late, held{p, t, v, r.Quality})
	w.lateHeard, w.lateDirty = now, true
	if len(w.late) >= mostHeld {
		w.judgeLate(now)
	}
}

// settleLate judges what is held once no more comes.
func (w *Watch) settleLate(now int64) {
	if len(w.late) > 0 && now-w.lateHeard >= w.settleAfter {
		w.judgeLate(now)
	}
}

func (w *Watch) judgeLate(now int64) {
	list := w.late
	w.late, w.lateDirty = nil, true
	shadow := w.shadow(list)
	for _, h := range withAir(list) {
		shadow.Observe(h.reading(), at(h.t))
	}
	for _, z := range shadow.order {
		for _, s := range shadow.slots(z) {
			w.found(w.slotLike(s), s, now)
		}
		w.foundPull(w.zones[z.id], &z.pull, now)
	}
}

// shadow is a watch over the zones of late readings that knows nothing yet but what
// was loaded, and when that was cold.
func (w *Watch) shadow(list []held) *Watch {
	out := &Watch{liveWindow: w.liveWindow, settleAfter: w.settleAfter, byID: map[sensors.PointID]*point{}, zones: map[string]*zone{},
		conditions: map[conditionID]*slot{}, dirtyConditions: map[conditionID]bool{}, isShadow: true, estimated: w.product != nil}
	for _, h := range list {
		z := h.p.zone
		if out.zones[z.id] != nil {
			continue
		}
		_ = out.add(z.cfg) // as it was added once already
		mine := out.zones[z.id]
		mine.idle = z.idle
		mine.pull = z.pull.anew()
		mine.brought = z.brought
	}
	slices.SortFunc(out.order, func(x, y *zone) int { return cmp.Compare(x.id, y.id) })
	return out
}

// withAir are late readings in the order of their times, and between them what is
// remembered of the air where it came in time: a compressor's readings alone say
// nothing.
func withAir(list []held) []held {
	out := slices.Clone(list)
	first, last := int64(math.MaxInt64), int64(0)
	rooms := map[*zone]bool{}
	for _, h := range list {
		rooms[h.p.zone], first, last = true, min(first, h.t), max(last, h.t)
	}
	for z := range rooms {
		if z.air == nil {
			continue
		}
		for _, a := range z.airs {
			if a.t >= first-airEvery && a.t <= last+airEvery {
				out = append(out, held{z.air, a.t, a.v, sensors.Good})
			}
		}
	}
	slices.SortStableFunc(out, func(x, y held) int { return cmp.Or(cmp.Compare(x.t, y.t), cmp.Compare(x.p.id, y.p.id)) })
	return out
}

func (h held) reading() sensors.Reading {
	switch h.quality {
	case sensors.Good:
		return sensors.NewGood(h.p.id, at(h.t), h.v)
	case sensors.Uncertain:
		return sensors.NewUncertain(h.p.id, at(h.t), h.v, sensors.NoReason)
	}
	return sensors.NewBad(h.p.id, at(h.t), sensors.NoReason)
}

// slots are the rules of a zone that judge late readings.
func (w *Watch) slots(z *zone) (out []*slot) {
	out = append(out, &z.dew, &z.silent)
	for _, p := range w.points {
		if p.zone == z && p.rise != nil {
			out = append(out, &p.rise.slot)
		}
	}
	return out
}

// slotLike is this watch's slot of the same rule and object.
func (w *Watch) slotLike(s *slot) *slot {
	for _, mine := range w.slots(w.zones[s.zone]) {
		if mine.rule == s.rule && mine.object == s.object {
			return mine
		}
	}
	return nil
}

// found takes what the shadow found of one rule.
func (w *Watch) found(mine, late *slot, now int64) {
	if mine == nil { // an open alarm keeps the object it was raised for
		return
	}
	for _, a := range late.over {
		if !mine.knows(a.start, a.end) {
			w.tellLate(mine, a.open, a.end)
		}
	}
	a := late.alarm
	switch {
	case a == nil && mine.alarm != nil:
		w.extend(mine, late.pending.since, late.pending.last, mine.alarm.peak)
	case a == nil:
		mine.reachBack(late)
	case mine.knows(a.start, a.seen):
	case mine.alarm != nil:
		if !w.extend(mine, a.start, a.seen, a.peak) && a.seen < mine.alarm.start {
			w.tellLate(mine, *a, a.seen)
		}
	case mine.pending.since != 0 && mine.pending.since-a.seen <= hole(a.delay) && a.start < mine.pending.last:
		w.adopt(mine, a, now)
	case mine.fine != 0 && w.hears(mine, now):
		w.tellLate(mine, *a, max(mine.fine, a.seen))
	default:
		w.adopt(mine, a, now)
	}
	w.touchSlot(mine)
}

// extend moves the start of an alarm that is there back to where late readings show
// that it began; it keeps its identity. It reports whether they touch.
func (w *Watch) extend(mine *slot, since, last int64, peak float64) bool {
	b := mine.alarm
	if since == 0 || since >= b.start || b.start-last > hole(b.delay) {
		return false
	}
	b.named, b.start, b.peak = cmp.Or(b.named, b.start), since, max(peak, b.peak)
	if b.class != "" {
		b.told = b.seen
		w.emit(alerting.Updated, mine.told(b, 0), b.seen)
	}
	return true
}

// reachBack lets what is pending begin where late readings show that it did.
func (s *slot) reachBack(late *slot) {
	l, p := &late.pending, &s.pending
	if l.since == 0 || p.since == 0 || l.since >= p.since || p.since-l.last > minHole {
		return
	}
	p.since, p.held = l.since, p.held+l.held
}

// adopt makes the alarm that late readings end with one of now: nobody knows that
// it is over. Its time is told from where it began.
func (w *Watch) adopt(mine *slot, a *open, now int64) {
	b := *a
	b.class, b.told, b.heard = "", 0, now
	mine.alarm, mine.pending = &b, run{since: a.start, last: a.seen}
	w.reveal(mine, alerting.Live, a.seen)
}

// tellLate tells an alarm that was over before anybody knew.
func (w *Watch) tellLate(mine *slot, a open, end int64) {
	keep := mine.alarm
	a.class = ""
	mine.alarm = &a
	w.reveal(mine, alerting.Late, a.seen)
	a.seen = max(a.seen, a.start)
	w.emit(alerting.Returned, mine.told(&a, max(end, a.start)), max(end, a.seen))
	mine.remember(a.start, end)
	mine.alarm = keep
}

// hears reports whether the newest readings of a slot's zone are of now.
func (w *Watch) hears(s *slot, now int64) bool {
	z := w.zones[s.zone]
	return z != nil && z.air.usable(now)
}

// knows reports whether an alarm is, or lately was, there in a stretch of time.
func (s *slot) knows(from, to int64) bool {
	if a := s.alarm; a != nil && a.start <= from && from <= a.seen {
		return true
	}
	return slices.ContainsFunc(s.past, func(p span) bool { return from <= p.to && p.from <= to })
}

func (s *slot) remember(from, to int64) {
	s.past = append(s.past, span{from, max(from, to)})
	s.past = s.past[max(0, len(s.past)-mostPast):]
}

func (w *Watch) touchSlot(s *slot) {
	if z := w.zones[s.zone]; z != nil {
		w.touchZone(z)
	}
	if p := w.byID[sensors.PointID(s.object)]; p != nil {
		w.touch(p)
	}
}

// sample is the air of a room at a time.
type sample struct {
	t int64
	v float64
}

// keepAir remembers a room's air for late readings of its compressor.
func (w *Watch) keepAir(z *zone, t int64) {
	if z.rules.Compressor == nil || len(z.compressors) == 0 || w.isShadow {
		return
	}
	if n := len(z.airs); n > 0 && t-z.airs[n-1].t < airEvery {
		return
	}
	z.airs = append(z.airs, sample{t, z.air.value})
	z.airs = z.airs[max(0, len(z.airs)-airKept):]
	w.touchZone(z)
}

const lateKey = Prefix + "late"

// lateState is what is held, by point: each reading as its distance from the one
// before it in ms, its quality, and its value's bits.
type lateState struct {
	Version int               `json:"v"`
	Heard   stamp             `json:"heard"`
	Points  map[string]string `json:"points"`
}

func (w *Watch) writeLate() []byte {
	raw, newest := map[string][]byte{}, map[string]int64{}
	for _, h := range w.late {
		id := string(h.p.id)
		b := binary.AppendVarint(raw[id], h.t-newest[id])
		raw[id], newest[id] = binary.AppendUvarint(append(b, byte(h.quality)), math.Float64bits(h.v)), h.t
	}
	st := lateState{Version: stateVersion, Heard: stamp(w.lateHeard), Points: make(map[string]string, len(raw))}
	for id, b := range raw {
		st.Points[id] = base64.RawStdEncoding.EncodeToString(b)
	}
	b, err := json.Marshal(st)
	if err != nil {
		panic(err) // texts and numbers
	}
	return b
}

func (w *Watch) readLate(text []byte) (func(), error) {
	var st lateState
	if err := blob.Decode(text, &st, &st.Version, stateVersion); err != nil {
		return nil, err
	}
	var list []held
	for id, text := range st.Points {
		p := w.byID[sensors.PointID(id)]
		b, err := base64.RawStdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("late readings of %s: %w", id, err)
		}
		for t := int64(0); len(b) > 0; {
			d, n := binary.Varint(b)
			if n <= 0 || len(b) < n+2 || abs(d) > maxTime {
				return nil, fmt.Errorf("late readings of %s: entry %d is not one", id, len(list))
			}
			quality := sensors.Quality(b[n])
			bits, m := binary.Uvarint(b[n+1:])
			v := math.Float64frombits(bits)
			if t += d; m <= 0 || t <= 0 || t > maxTime || quality > sensors.Good || math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("late readings of %s: entry %d is out of range", id, len(list))
			}
			b = b[n+1+m:]
			if p != nil {
				list = append(list, held{p, t, v, quality})
			}
		}
	}
	return func() { w.late, w.lateHeard = list, int64(st.Heard) }, nil
}
