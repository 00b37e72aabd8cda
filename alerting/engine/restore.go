package engine

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"coldchain/alerting"
	"coldchain/alerting/blob"
	"coldchain/alerting/thaw"
	"coldchain/sensors"
)

type stamp = blob.Time

// span is a delay in ms, at most the longest that a limit may have.
type span int64

func (s *span) UnmarshalJSON(b []byte) error {
	var v int64
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	if v < 0 || v > alerting.MaxWithin.Milliseconds() {
		return fmt.Errorf("delay of %d ms is not between 0 and %s", v, alerting.MaxWithin)
	}
	*s = span(v)
	return nil
}

// classState is an alarm's class, or "" while it is held back.
type classState alerting.Class

func (c *classState) UnmarshalText(b []byte) error {
	*c = classState(b)
	if *c != "" && *c != classState(alerting.Live) && *c != classState(alerting.Late) {
		return fmt.Errorf("class %q is not live or late", b)
	}
	return nil
}

type engineState struct {
	Version     int   `json:"v"`
	Reconnected stamp `json:"reconnected"`
}

type siteState struct {
	Version int           `json:"v"`
	Born    stamp         `json:"born"`
	Heard   stamp         `json:"heard"`
	Newest  stamp         `json:"newest"`
	Back    stamp         `json:"back"`
	Silence *silenceState `json:"silence"`
}

type silenceState struct {
	Start  stamp          `json:"start"`
	Raised stamp          `json:"raised"`
	Reason sensors.Reason `json:"reason"`
	Fault  bool           `json:"fault"`
}

type pointState struct {
	Version      int            `json:"v"`
	Born         stamp          `json:"born"`
	Newest       stamp          `json:"newest"`
	Heard        stamp          `json:"heard"`
	Usable       stamp          `json:"usable"`
	Arrival      stamp          `json:"arrival"`
	Value        float64        `json:"value"`
	Measured     stamp          `json:"measured"`
	Bad          stamp          `json:"bad"`
	OK           stamp          `json:"ok"`
	Reason       sensors.Reason `json:"reason"`
	Recent       string         `json:"recent"`
	High         sideState      `json:"high"`
	Low          sideState      `json:"low"`
	HighTotal    sideState      `json:"high-total"`
	LowTotal     sideState      `json:"low-total"`
	EstimateHigh sideState      `json:"estimate-high"`
	EstimateLow  sideState      `json:"estimate-low"`
	Goods        *goodsState    `json:"goods"`
	Mask         []stamp        `json:"mask"`
	MaskLate     []stamp        `json:"mask-late"`
	MaskNewest   stamp          `json:"mask-newest"`
	Thaw         *thaw.Learner  `json:"thaw"`
	Late         *lateState     `json:"late"`
	Silence      *silenceState  `json:"silence"`
}

type goodsState struct {
	lagState
	Before lagState `json:"before"`
	End    lagState `json:"end"`
	Came   stamp    `json:"came"`
}

type lagState struct {
	At      stamp   `json:"at"`
	Air     float64 `json:"air"`
	Product float64 `json:"product"`
	Unknown float64 `json:"unknown"`
}

func (st lagState) lag() lag { return lag{int64(st.At), st.Air, st.Product, st.Unknown} }

type lateState struct {
	Newest   stamp       `json:"newest"`
	Heard    stamp       `json:"heard"`
	Value    float64     `json:"value"`
	Measured stamp       `json:"measured"`
	Added    stamp       `json:"added"`
	Recent   string      `json:"recent"`
	High     sideState   `json:"high"`
	Low      sideState   `json:"low"`
	Await    []sideState `json:"await"` // one alarm each
	Sides    []int       `json:"sides"` // of Await: 0 high, 1 low
}

type sideState struct {
	Pending []pendingState `json:"pending"`
	Alarm   *openState     `json:"alarm"`
}

type pendingState struct {
	Line lineState `json:"line"`
	stretchState
	Earlier []stretchState `json:"earlier"`
	From    stamp          `json:"from"` // absent: the run's since
}

type stretchState struct {
	Run   runState `json:"run"`
	Peak  float64  `json:"peak"`
	After stamp    `json:"after"`
	Next  stamp    `json:"next"`
}

type runState struct {
	Since  stamp `json:"since"`
	Last   stamp `json:"last"`
	Held   stamp `json:"held"`
	Frozen stamp `json:"frozen"`
	Masked span  `json:"masked"`
}

type lineState struct {
	Level   alerting.Level `json:"level"`
	Value   float64        `json:"value"`
	Delay   span           `json:"delay"`
	Within  span           `json:"within"`
	Reached bool           `json:"reached"`
}

type openState struct {
	Born       stamp      `json:"born"`
	Start      stamp      `json:"start"`
	After      stamp      `json:"after"`
	Raised     stamp      `json:"raised"`
	Escalated  stamp      `json:"escalated"`
	First      lineState  `json:"first"`
	Line       lineState  `json:"line"`
	Clears     lineState  `json:"clears"`
	Hysteresis float64    `json:"hysteresis"`
	Peak       float64    `json:"peak"`
	Last       float64    `json:"last"`
	Seen       stamp      `json:"seen"`
	Clear      runState   `json:"clear"`
	Class      classState `json:"class"`
	Told       stamp      `json:"told"`
	Masked     span       `json:"masked"`
}

// open reports whether an alarm is open in the state.
func (st *pointState) open() bool {
	for _, s := range st.sides() {
		if s.Alarm != nil {
			return true
		}
	}
	if st.Silence != nil {
		return true
	}
	return st.Late != nil && (st.Late.High.Alarm != nil || st.Late.Low.Alarm != nil || len(st.Late.Await) > 0)
}

// sides are those of a point by kind.
func (st *pointState) sides() [kinds]*sideState {
	return [kinds]*sideState{&st.High, &st.Low, &st.HighTotal, &st.LowTotal, &st.EstimateHigh, &st.EstimateLow}
}

// times decodes what is remembered of the two tracks and checks what decoding
// alone does not.
func (st *pointState) times() (recent, late times, err error) {
	if recent, err = decodeTimes(st.Recent); err != nil {
		return recent, late, err
	}
	if st.Late == nil {
		return recent, late, nil
	}
	if len(st.Late.Await) != len(st.Late.Sides) {
		return recent, late, fmt.Errorf("%d awaiting alarms on %d sides", len(st.Late.Await), len(st.Late.Sides))
	}
	for i, a := range st.Late.Await {
		if a.Alarm == nil || st.Late.Sides[i] < 0 || st.Late.Sides[i] > 1 {
			return recent, late, fmt.Errorf("awaiting alarm %d has no alarm or no side", i)
		}
	}
	late, err = decodeTimes(st.Late.Recent)
	return recent, late, err
}

func (p *point) restore(st *pointState, recent, lateRecent times) {
	p.born, p.newest, p.heard = int64(st.Born), int64(st.Newest), int64(st.Heard)
	p.usable, p.arrival, p.bad, p.ok = int64(st.Usable), int64(st.Arrival), int64(st.Bad), int64(st.OK)
	p.value = value{st.Value, int64(st.Measured)}
	p.reason, p.recent, p.silence = st.Reason, recent, st.Silence.silence()
	for k, was := range st.sides() {
		i := slices.IndexFunc(p.sides, func(s side) bool { return s.band.kind == kind(k) })
		switch {
		case i >= 0:
			p.sides[i].restore(was)
		case was.Alarm != nil: // of lines that are gone: it goes on by its own
			b := &band{kind: kind(k), rule: ruleName(kind(k), p.quantity), side: kind(k).side(), hysteresis: p.hysteresis, quantity: p.quantity}
			p.side(kind(k), b).restore(was)
		}
	}
	if p.mask != nil {
		p.mask.live, p.mask.late, p.mask.lateNewest = swings(st.Mask), swings(st.MaskLate), int64(st.MaskNewest)
	}
	if p.goods != nil && st.Goods != nil {
		p.goods.came = int64(st.Goods.Came)
		p.goods.lag, p.goods.hole = st.Goods.lag(), holeInAir{st.Goods.Before.lag(), st.Goods.End.lag()}
	}
	if p.thaw != nil && st.Thaw != nil {
		p.thaw = st.Thaw
	}
	p.late, p.dirty = nil, false
	if st.Late == nil {
		return
	}
	l := &lateTrack{newest: int64(st.Late.Newest), heard: int64(st.Late.Heard), recent: lateRecent,
		value: value{st.Late.Value, int64(st.Late.Measured)}, added: int64(st.Late.Added)}
	l.sides = [2]side{newLateSide(p.sides[0].band), newLateSide(p.sides[1].band)}
	l.sides[0].restore(&st.Late.High)
	l.sides[1].restore(&st.Late.Low)
	for i, a := range st.Late.Await {
		k := st.Late.Sides[i]
		l.await = append(l.await, awaiting{k, a.Alarm.open(p.sides[k].band.side)})
	}
	p.late = l
}

func (s *site) restore(st *siteState) {
	s.born, s.heard, s.newest, s.back = int64(st.Born), int64(st.Heard), int64(st.Newest), int64(st.Back)
	s.silence, s.dirty = st.Silence.silence(), false
}

func swings(list []stamp) (out alerting.Swings) {
	for ; len(list) > 1; list = list[2:] {
		x := alerting.Swing{On: at(int64(list[0]))}
		if list[1] != 0 {
			x.Off = at(int64(list[1]))
		}
		out = append(out, x)
	}
	return out
}

func (st *silenceState) silence() *silence {
	if st == nil {
		return nil
	}
	return &silence{int64(st.Start), int64(st.Raised), st.Reason, st.Fault}
}

func (s *side) restore(st *sideState) {
	for _, was := range st.Pending {
		l := was.Line.limit(s.band.side)
		for i := range s.pending {
			if s.band.lines[i] == l {
				s.pending[i] = was.pending()
				break
			}
		}
	}
	if st.Alarm != nil {
		s.alarm = st.Alarm.open(s.band.side)
	}
}

func (st pendingState) pending() pending {
	p := pending{stretch: st.stretch(), from: cmp.Or(int64(st.From), int64(st.Run.Since))}
	for _, s := range st.Earlier[max(0, len(st.Earlier)-maxParts):] {
		p.earlier = append(p.earlier, s.stretch())
	}
	return p
}

func (st stretchState) stretch() stretch {
	return stretch{st.Run.run(), st.Peak, int64(st.After), int64(st.Next)}
}

func (st runState) run() run {
	return run{int64(st.Since), int64(st.Last), int64(st.Held), int64(st.Frozen), int64(st.Masked)}
}

func (st lineState) limit(s alerting.Side) alerting.Limit {
	return alerting.Limit{Side: s, Level: st.Level, Value: st.Value, Delay: millis(int64(st.Delay)), Within: millis(int64(st.Within)), Reached: st.Reached}
}

func (st *openState) open(s alerting.Side) *open {
	return &open{
		born: int64(st.Born), start: int64(st.Start), after: int64(st.After), raised: int64(st.Raised), escalated: int64(st.Escalated),
		first: st.First.limit(s), line: st.Line.limit(s), clears: st.Clears.limit(s), hysteresis: st.Hysteresis,
		peak: st.Peak, last: st.Last, seen: int64(st.Seen), masked: int64(st.Masked), clear: st.Clear.run(), class: alerting.Class(st.Class), told: int64(st.Told),
	}
}

func decodeTimes(s string) (times, error) {
	var x times
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return x, fmt.Errorf("remembered times: %w", err)
	}
	const most = maxTime<<2 + 3
	v, apart := int64(0), int64(0)
	for len(b) > 0 {
		d, n := binary.Varint(b)
		if n > 0 && d <= 4*most && d >= -4*most { // so that the sums cannot overflow
			apart += d
			v += apart
		}
		if n <= 0 || x.n == len(x.at) || v < 4 || v > most {
			return x, fmt.Errorf("remembered times: entry %d is not one", x.n)
		}
		b = b[n:]
		x.at[x.n] = v
		x.n++
	}
	x.next = x.n % len(x.at)
	return x, nil
}
