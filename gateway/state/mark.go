package state

import "time"

// Mark is a place in a list: after the alarm or batch that it names. It stays
// where it is when others are added.
type Mark struct {
	Open bool // of an alarm: it needs somebody
	Time time.Time
	ID   string
}

// args are a mark's parameters; all of no mark are NULL.
func (m *Mark) args() (open, ms, id any) {
	if m == nil {
		return nil, nil, nil
	}
	return m.Open, m.Time.UnixMilli(), m.ID
}
