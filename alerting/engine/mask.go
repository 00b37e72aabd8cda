package engine

import (
	"coldchain/alerting"
	"coldchain/sensors"
)

// mask is a switch that excuses its room, as it was read live and, for late
// readings of the room, as it was read late.
type mask struct {
	alerting.Mask
	live, late alerting.Swings
	lateNewest int64 // of the late readings' present run
}

// observe notes a reading of the switch. Late ones make a history of their own:
// those of now are judged by what was known when they came.
func (m *mask) observe(r sensors.Reading, t int64, late bool) {
	v, usable := r.Value()
	on := usable && v >= 0.5
	if !late {
		m.live = m.live.Observe(at(t), on, m.Mask)
		return
	}
	if t <= m.lateNewest { // another run: of the one before no more is known
		m.endLate()
	}
	m.late, m.lateNewest = m.late.Observe(at(t), on, m.Mask), t
}

func (m *mask) endLate() {
	if n := len(m.late); n > 0 && m.late[n-1].Off.IsZero() {
		m.late[n-1].Off = at(m.lateNewest)
	}
}

// above is how far above a limit a value at t is excused; 0 when nothing is.
func (p *point) above(t int64) (most float64) {
	for _, m := range p.masks {
		if m.live.Covers(at(t), m.Mask) || m.late.Covers(at(t), m.Mask) {
			most = max(most, m.Above)
		}
	}
	if p.thaw.Defrosts(at(t)) {
		most = max(most, alerting.MaxMaskAbove)
	}
	return most
}

// masks reports whether a reading beyond a line is held back: only a warning of
// too much warmth, and only so far above it.
func (b *band) masks(line *alerting.Limit, r *sample) bool {
	return r.above > 0 && (b.kind == high || b.kind == highTotal) && line.Level == alerting.Warning && r.v <= line.Value+r.above
}

// hold keeps the time from the run's newest reading on from being counted.
func (s *stretch) hold() { s.frozen = s.last }
