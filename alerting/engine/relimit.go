package engine

import (
	"fmt"

	"coldchain/alerting"
	"coldchain/sensors"
)

// SetLimits changes the limits of one quantity in a zone, as goods come and go.
// A line that was there before goes on where it was; a new one begins with the
// next reading. Alarms that are open keep the limits frozen into them. High and
// low lines may contradict each other: a room that is too warm for one batch
// and too cold for another is both. The error names the zone.
func (e *Engine) SetLimits(zone string, q sensors.Quantity, limits []alerting.Limit) error {
	for _, l := range limits {
		if err := alerting.CheckLimits(q, []alerting.Limit{l}); err != nil {
			return fmt.Errorf("zone %s: %w", zone, err)
		}
		if l.Side != alerting.High && l.Side != alerting.Low {
			return fmt.Errorf("zone %s: side %q is not high or low", zone, l.Side)
		}
	}
	for _, p := range e.points {
		if p.zone != zone || p.quantity != q {
			continue
		}
		h := p.hysteresis
		fresh := newBands(q, limits, h)
		for i := range p.sides {
			p.sides[i].relimit(fresh[i])
			if p.late != nil {
				p.late.sides[i].relimit(fresh[i])
			}
		}
		e.touch(p)
	}
	return nil
}

// relimit puts a side under other lines; a run of a line that stays goes on.
func (s *side) relimit(b *band) {
	old := *s
	s.band, s.pending = b, make([]pending, len(b.lines))
	for i, l := range b.lines {
		for k, m := range old.band.lines {
			if l == m {
				s.pending[i] = old.pending[k]
			}
		}
	}
}
