package thaw

import (
	"encoding/json"
	"fmt"
	"math"

	"coldchain/alerting/blob"
)

const stateVersion = 1

// maxTime is the end of the year 9999 in ms.
const maxTime = 253_402_300_799_999

type state struct {
	Version int     `json:"v"`
	First   int64   `json:"first"`
	Newest  int64   `json:"newest"`
	Value   float64 `json:"value"`
	Usual   float64 `json:"usual"`
	Swing   float64 `json:"swing"`
	Calm    int64   `json:"calm"`
	Cur     *rising `json:"cur,omitempty"`
	Humps   []hump  `json:"humps,omitempty"`
	Period  int64   `json:"period,omitempty"`
	Phase   int64   `json:"phase,omitempty"`
}

// Known reports whether anything was observed.
func (l *Learner) Known() bool { return l.first != 0 }

// AppendJSON writes the whole state behind b. It is written by hand, for it is
// written with every commit.
func (l *Learner) AppendJSON(b []byte) []byte {
	o := blob.Begin(b)
	o.Int("v", stateVersion)
	o.Int("first", l.first)
	o.Int("newest", l.newest)
	o.Float("value", l.value)
	o.Float("usual", l.usual)
	o.Float("swing", l.swing)
	o.Int("calm", l.calm)
	if c := l.cur; c != nil {
		o.Key("cur")
		in := blob.Begin(o.B)
		in.Int("at", c.At)
		in.Float("peak", c.Peak)
		in.Bool("fast", c.Fast)
		o.B = in.End()
	}
	if len(l.humps) > 0 {
		o.Key("humps")
		for i, h := range l.humps {
			o.B = append(o.B, "[,"[min(i, 1)])
			in := blob.Begin(o.B)
			in.Int("at", h.At)
			in.Float("h", h.Height)
			in.Bool("ok", h.Sound)
			o.B = in.End()
		}
		o.B = append(o.B, ']')
	}
	o.Int("period", l.period)
	o.Int("phase", l.phase)
	return o.End()
}

// MarshalJSON writes the whole state.
func (l *Learner) MarshalJSON() ([]byte, error) { return l.AppendJSON(nil), nil }

// UnmarshalJSON takes a state over. On error, which says what is wrong with it,
// nothing is changed.
func (l *Learner) UnmarshalJSON(b []byte) error {
	var st state
	if err := json.Unmarshal(b, &st); err != nil {
		return fmt.Errorf("what was learned of defrosts: %w", err)
	}
	if st.Version != stateVersion || len(st.Humps) > mostHumps {
		return fmt.Errorf("what was learned of defrosts: version %d with %d humps; this program reads version %d with at most %d", st.Version, len(st.Humps), stateVersion, mostHumps)
	}
	times := []int64{st.First, st.Newest, st.Calm, st.Period, st.Phase}
	if st.Cur != nil {
		times = append(times, st.Cur.At)
	}
	for _, h := range st.Humps {
		times = append(times, h.At)
	}
	for _, t := range times {
		if t < 0 || t > maxTime {
			return fmt.Errorf("what was learned of defrosts: time %d", t)
		}
	}
	if st.Swing < 0 || math.Abs(st.Usual) > 1000 || math.Abs(st.Value) > 1000 {
		return fmt.Errorf("what was learned of defrosts: usual %g °C with a swing of %g", st.Usual, st.Swing)
	}
	*l = Learner{st.First, st.Newest, st.Value, st.Usual, st.Swing, st.Calm, st.Cur, st.Humps, st.Period, st.Phase}
	return nil
}
