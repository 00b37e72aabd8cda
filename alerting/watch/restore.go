package watch

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"coldchain/alerting"
	"coldchain/alerting/blob"
	"coldchain/sensors"
)

// Restore puts a new watch into the state that another one had: the union of
// all its Dirty. Keys that do not begin with Prefix are others'. State of what
// is not configured any more is kept while an alarm is open in it, and is
// otherwise reported as gone by the next Dirty. What was pending under a rule
// that has changed goes on under the new one. On error, which names the key,
// nothing is changed.
func (w *Watch) Restore(state map[string][]byte) error {
	var keys []string
	for key, blob := range state {
		if blob != nil && strings.HasPrefix(key, Prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	var apply []func()
	for _, key := range keys {
		do, err := w.restoreKey(key, state[key])
		if err != nil {
			return fmt.Errorf("watch state %q: %w", key, err)
		}
		apply = append(apply, do)
	}
	for _, do := range apply {
		do()
	}
	return nil
}

func (w *Watch) restoreKey(key string, text []byte) (func(), error) {
	if id, ok := strings.CutPrefix(key, pointPrefix); ok {
		var st pointState
		var ring *rise
		err := blob.Decode(text, &st, &st.Version, stateVersion)
		if err == nil && st.Rise != nil {
			ring, err = decodeRing(st.Rise.Ring)
		}
		if err != nil {
			return nil, err
		}
		p := w.byID[sensors.PointID(id)]
		if p == nil {
			return w.drop(key, st.Rise != nil && st.Rise.Slot.Alarm != nil), nil
		}
		return func() { p.restore(&st, ring) }, nil
	}
	if id, ok := strings.CutPrefix(key, zonePrefix); ok {
		var st zoneState
		if err := blob.Decode(text, &st, &st.Version, stateVersion); err != nil {
			return nil, err
		}
		if err := st.check(); err != nil {
			return nil, err
		}
		z := w.zones[id]
		if z == nil {
			return w.drop(key, st.PullSlot.Alarm != nil || st.Dew.Alarm != nil || st.Silent.Alarm != nil), nil
		}
		return func() { z.restore(&st) }, nil
	}
	if name, ok := strings.CutPrefix(key, conditionPrefix); ok {
		var st conditionState
		if err := blob.Decode(text, &st, &st.Version, stateVersion); err != nil {
			return nil, err
		}
		id, ok := parseConditionID(name)
		if !ok {
			return nil, fmt.Errorf("key names no rule and object")
		}
		return func() {
			s := &slot{rule: id.rule, object: id.object, zone: st.Zone}
			s.restore(&st.Slot)
			w.conditions[id] = s
		}, nil
	}
	if key == lateKey {
		return w.readLate(text)
	}
	return nil, fmt.Errorf("key is of no zone, point or condition")
}

func (w *Watch) drop(key string, open bool) func() {
	return func() {
		if !open {
			w.gone = append(w.gone, key)
		}
	}
}

type stamp = blob.Time

type runState struct {
	Since  stamp `json:"since"`
	Last   stamp `json:"last"`
	Held   stamp `json:"held"`
	Frozen stamp `json:"frozen"`
}

func (r runState) run() run {
	return run{int64(r.Since), int64(r.Last), int64(r.Held), int64(r.Frozen)}
}

type slotState struct {
	Pending runState    `json:"pending"`
	Fine    stamp       `json:"fine"`
	Past    []stamp     `json:"past"` // from and to, in pairs
	Alarm   *alarmState `json:"alarm"`
}

type alarmState struct {
	Object    string         `json:"object"`
	Start     stamp          `json:"start"`
	Named     stamp          `json:"named"`
	Raised    stamp          `json:"raised"`
	Escalated stamp          `json:"escalated"`
	First     alerting.Level `json:"first"`
	Level     alerting.Level `json:"level"`
	Limit     float64        `json:"limit"`
	Delay     stamp          `json:"delay"`
	Reason    sensors.Reason `json:"reason"`
	Has       bool           `json:"has"`
	Peak      float64        `json:"peak"`
	Last      float64        `json:"last"`
	Seen      stamp          `json:"seen"`
	Heard     stamp          `json:"heard"`
	Clear     runState       `json:"clear"`
	Class     alerting.Class `json:"class"`
	Told      stamp          `json:"told"`
}

type pointState struct {
	Version int        `json:"v"`
	Newest  stamp      `json:"newest"`
	At      stamp      `json:"at"`
	Value   float64    `json:"value"`
	Good    bool       `json:"good"`
	On      stamp      `json:"on"`
	LastOn  stamp      `json:"last_on"`
	Expired bool       `json:"expired"`
	Rise    *riseState `json:"rise"`
}

type riseState struct {
	Ring   string    `json:"ring"`
	Width  stamp     `json:"width"`
	Bucket stamp     `json:"bucket"`
	Sum    int64     `json:"sum"`
	Count  stamp     `json:"count"`
	Slot   slotState `json:"slot"`
}

type zoneState struct {
	Version int          `json:"v"`
	Booked  stamp        `json:"booked"`
	Loading loadingState `json:"loading"`
	Brought struct {
		Since stamp   `json:"since"`
		Cold  float64 `json:"cold"`
	} `json:"brought"`
	Pull     pullState `json:"pull"`
	PullSlot slotState `json:"pull_slot"`
	Dew      slotState `json:"dew"`
	Silent   slotState `json:"silent"`
	AirAt    []stamp   `json:"air_at"`
	AirV     []float64 `json:"air_v"`
}

type loadingState struct {
	Opened stamp   `json:"opened"`
	Shut   stamp   `json:"shut"`
	Before float64 `json:"before"`
	Known  bool    `json:"known"`
}

type pullState struct {
	First   stamp     `json:"first"`
	Since   stamp     `json:"since"`
	Booked  bool      `json:"booked"`
	Reached stamp     `json:"reached"`
	At      []stamp   `json:"at"`
	V       []float64 `json:"v"`
	Bucket  stamp     `json:"bucket"`
	Count   stamp     `json:"count"`
	Sum     float64   `json:"sum"`
	Below   runState  `json:"below"`
}

type conditionState struct {
	Version int       `json:"v"`
	Zone    string    `json:"zone"`
	Slot    slotState `json:"slot"`
}

func (st *zoneState) check() error {
	if len(st.Pull.At) != len(st.Pull.V) || len(st.Pull.At) > coreBuckets {
		return fmt.Errorf("%d times and %d values of a pull-down, at most %d", len(st.Pull.At), len(st.Pull.V), coreBuckets)
	}
	if len(st.AirAt) != len(st.AirV) || len(st.AirAt) > airKept {
		return fmt.Errorf("%d times and %d values of the air, at most %d", len(st.AirAt), len(st.AirV), airKept)
	}
	return nil
}

func (p *point) restore(st *pointState, r *rise) {
	p.newest, p.at, p.value, p.good = int64(st.Newest), int64(st.At), st.Value, st.Good
	p.on, p.lastOn, p.expired = int64(st.On), int64(st.LastOn), st.Expired
	if p.rise == nil || st.Rise == nil {
		return
	}
	p.rise.slot.restore(&st.Rise.Slot)
	if int64(st.Rise.Width) == p.rise.width { // else the window was changed: it fills anew
		p.rise.n, p.rise.at, p.rise.v = r.n, r.at, r.v
		p.rise.bucket, p.rise.sum, p.rise.count = int64(st.Rise.Bucket), st.Rise.Sum, int64(st.Rise.Count)
	}
}

func (z *zone) restore(st *zoneState) {
	z.booked = int64(st.Booked)
	z.loading = loading{int64(st.Loading.Opened), int64(st.Loading.Shut), st.Loading.Before, st.Loading.Known}
	z.brought = brought{int64(st.Brought.Since), st.Brought.Cold}
	p := &z.pull
	p.first, p.since, p.booked, p.reached = int64(st.Pull.First), int64(st.Pull.Since), st.Pull.Booked, int64(st.Pull.Reached)
	p.n = len(st.Pull.At)
	for i := range p.n {
		p.at[i], p.v[i] = int64(st.Pull.At[i]), st.Pull.V[i]
	}
	p.cur = bucket{int64(st.Pull.Bucket), int64(st.Pull.Count), st.Pull.Sum}
	p.below = st.Pull.Below.run()
	p.slot.restore(&st.PullSlot)
	z.dew.restore(&st.Dew)
	z.silent.restore(&st.Silent)
	z.airs = nil
	for i := range st.AirAt {
		z.airs = append(z.airs, sample{int64(st.AirAt[i]), st.AirV[i]})
	}
}

func (s *slot) restore(st *slotState) {
	s.pending, s.fine = st.Pending.run(), int64(st.Fine)
	for i := 0; i+1 < len(st.Past); i += 2 {
		s.remember(int64(st.Past[i]), int64(st.Past[i+1]))
	}
	a := st.Alarm
	if a == nil {
		return
	}
	s.object = a.Object // the probe may have been named since; the alarm keeps its own
	s.alarm = &open{
		start: int64(a.Start), named: int64(a.Named), raised: int64(a.Raised), escalated: int64(a.Escalated), first: a.First, level: a.Level,
		limit: a.Limit, delay: int64(a.Delay), reason: a.Reason, has: a.Has, peak: a.Peak, last: a.Last,
		seen: int64(a.Seen), heard: int64(a.Heard), clear: a.Clear.run(), class: a.Class, told: int64(a.Told),
	}
}

func decodeRing(s string) (*rise, error) {
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("means of a rise: %w", err)
	}
	r := &rise{}
	at, v := int64(0), int64(0)
	next := func() (d int64, ok bool) {
		d, n := binary.Varint(b)
		if n <= 0 || abs(d) > maxTime {
			return 0, false
		}
		b = b[n:]
		return d, true
	}
	for len(b) > 0 {
		dt, okT := next()
		dv, okV := next()
		if !okT || !okV || r.n == riseBuckets {
			return nil, fmt.Errorf("means of a rise: entry %d is not one", r.n)
		}
		at, v = at+dt, v+dv
		if at < 0 || at > maxTime || abs(v) > math.MaxInt32 {
			return nil, fmt.Errorf("means of a rise: entry %d is out of range", r.n)
		}
		r.at[r.n], r.v[r.n] = at, int32(v)
		r.n++
	}
	return r, nil
}
