package trip

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

const stateVersion = 1

// state is what was measured. What books and people said is theirs to say again.
type state struct {
	Version   int       `json:"v"`
	Door      []stretch `json:"door,omitempty"`
	Since     int64     `json:"since,omitempty"`
	Forgotten int64     `json:"forgotten,omitempty"`
	Motion    motion    `json:"motion,omitzero"`
	Air       []sample  `json:"air,omitempty"`
}

// Dirty returns the state if it has changed since the last call, else nil. Its
// owner commits it with the readings that it comes from.
func (t *Truck) Dirty() []byte {
	if !t.dirty {
		return nil
	}
	t.dirty = false
	b, err := json.Marshal(state{stateVersion, t.door.stretches, t.door.since, t.door.forgotten, t.motion, t.air})
	if err != nil {
		panic(err) // numbers that are finite, as Restore and the readings' ranges see to
	}
	return b
}

// Restore puts a new truck into the state that another one had. On error, which
// says what is wrong with it, nothing is changed.
func (t *Truck) Restore(blob []byte) error {
	var st state
	d := json.NewDecoder(strings.NewReader(string(blob)))
	d.DisallowUnknownFields()
	if err := d.Decode(&st); err != nil {
		return fmt.Errorf("state of a truck: %w", err)
	}
	if st.Version != stateVersion {
		return fmt.Errorf("state of a truck: version %d; this program reads version %d", st.Version, stateVersion)
	}
	const end = int64(math.MaxInt64 / 4)
	last := int64(0)
	for i, s := range st.Door {
		if s.From <= last || s.To < s.From || s.To > end {
			return fmt.Errorf("state of a truck: stretch %d of its door is none", i)
		}
		last = s.To
	}
	last = 0
	for i, s := range st.Air {
		if s.T <= last || s.T > end {
			return fmt.Errorf("state of a truck: sample %d of its air has no place in time", i)
		}
		last = s.T
	}
	for _, v := range []int64{st.Since, st.Forgotten, st.Motion.At, st.Motion.Since, st.Motion.Anchor.At, st.Motion.LatAt, st.Motion.LonAt} {
		if v < 0 || v > end {
			return fmt.Errorf("state of a truck: time %d", v)
		}
	}
	t.door, t.motion, t.air = door{st.Door, st.Since, st.Forgotten}, st.Motion, st.Air
	t.loads, t.dirty = nil, false
	return nil
}
