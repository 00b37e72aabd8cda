package engine

import (
	"cmp"
	"fmt"
	"slices"

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
		if p.zone != zone || p.quantity != q || p.probe {
			continue
		}
		h := p.hysteresis
		fresh := newBands(q, limits, h)
		p.relimit(fresh)
		e.touch(p)
	}
	return nil
}

// relimit puts a point under other lines. A side that has none any more stays
// while an alarm is open in it.
func (p *point) relimit(fresh bands) {
	for i := range p.sides {
		s := &p.sides[i]
		if s.band.kind.isEstimate() {
			continue
		}
		k := slices.IndexFunc(fresh, func(b *band) bool { return b.kind == s.band.kind })
		if k < 0 {
			s.relimit(s.band.without())
		} else {
			s.relimit(fresh[k])
		}
	}
	p.sides = slices.DeleteFunc(p.sides, func(s side) bool { return len(s.band.lines) == 0 && s.alarm == nil && s.band.kind > low })
	for _, b := range fresh {
		p.side(b.kind, b)
	}
	if p.late != nil {
		for i := range p.late.sides {
			p.late.sides[i].relimit(p.sides[i].band)
		}
	}
}

// side returns the side of a kind, and makes one under b when there is none.
func (p *point) side(k kind, b *band) *side {
	i, found := slices.BinarySearchFunc(p.sides, k, func(s side, k kind) int { return cmp.Compare(s.band.kind, k) })
	if !found {
		p.sides = slices.Insert(p.sides, i, newSide(b))
	}
	return &p.sides[i]
}

// without is the same side without lines.
func (b *band) without() *band {
	bare := *b
	bare.lines = nil
	return &bare
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
