package spoilage

import (
	"fmt"
	"math"
)

// Life is how long a kind of goods keeps: a model of how its ageing changes with
// the temperature, and its shelf life at one. Only the ratio of rates enters, so
// the model's unit does not matter.
type Life struct {
	model      Model
	referenceC float64
	days       float64
	share      float64 // of life, for one of the model's units in an hour
}

// NewLife makes a Life of days, above 0 and at most ten years, at a reference
// temperature. The error is about a model that tells no ageing (an index, a
// statistic, an injury), and about a reference where it does not hold.
func NewLife(m Model, referenceC, days float64) (Life, error) {
	if m.Kind != Growth && m.Kind != Relative && m.Kind != LifeShare {
		return Life{}, fmt.Errorf("model %s is a model of %s: it tells no shelf life", m.Name, m.Kind)
	}
	if !(days > 0 && days <= 3660) {
		return Life{}, fmt.Errorf("a shelf life of %g days: want above 0 and at most 3660", days)
	}
	at, err := m.Rate(referenceC)
	if err != nil {
		return Life{}, fmt.Errorf("reference: %w", err)
	}
	if !(at > 0) || math.IsInf(at, 0) {
		return Life{}, fmt.Errorf("at the reference of %g °C nothing ages by %s", referenceC, m.Name)
	}
	return Life{m, referenceC, days, 1 / (24 * days * at)}, nil
}

// Model is the model with its parameters.
func (l Life) Model() Model { return l.model }

// ReferenceC is the reference temperature, °C.
func (l Life) ReferenceC() float64 { return l.referenceC }

// Days is the shelf life at the reference temperature.
func (l Life) Days() float64 { return l.days }

// Rate is the share of the shelf life that an hour at a temperature uses:
// ErrOutside where the model does not hold, ErrNotTemperature.
func (l Life) Rate(tempC float64) (shareOfLifePerHour float64, err error) {
	r, err := l.model.Rate(tempC)
	return r * l.share, err
}

// Relative is how many times as fast as at the reference the goods age.
func (l Life) Relative(tempC float64) (float64, error) {
	r, err := l.Rate(tempC)
	return r * 24 * l.days, err
}

// DaysAt is the shelf life at a temperature; it has the errors of Rate, and one
// where nothing ages.
func (l Life) DaysAt(tempC float64) (float64, error) {
	r, err := l.Rate(tempC)
	if err == nil && !(r > 0) {
		err = fmt.Errorf("at %g °C nothing ages by %s", tempC, l.model.Name)
	}
	if err != nil {
		return 0, err
	}
	return 1 / (24 * r), nil
}

// Used sums the share of life over segments: what is outside the model's range
// is in outsideHours and in no sum. ErrEmpty without segments.
func (l Life) Used(segments []Segment) (share, outsideHours float64, err error) {
	p := l.model.Progress()
	for i, s := range segments {
		if err := p.Add(s.Hours, s.TempC); err != nil {
			return 0, 0, fmt.Errorf("segment %d: %w", i+1, err)
		}
	}
	if !p.seen {
		return 0, 0, ErrEmpty
	}
	return p.moved.Value() * l.share, p.outside.Value(), nil
}

// RemainingDays is what is left at the reference after a share was used, at
// least 0.
func (l Life) RemainingDays(used float64) float64 { return max(0, 1-used) * l.days }
