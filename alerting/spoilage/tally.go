package spoilage

import (
	"fmt"
	"math"

	"coldchain/alerting/sums"
)

// Progress sums a model's rate over stretches of time. The order of stretches
// and where one is cut in two do not change what comes out.
type Progress struct {
	model                 Model
	hours, outside, moved sums.Sum
	degreeHours           sums.Sum // for the mean
	mkt                   MKT
	first                 float64
	seen                  bool
	coldest, warmest      float64 // of all that was added
	least, most           float64 // of what was outside
}

// Progress begins a sum over the model.
func (m Model) Progress() *Progress {
	p := &Progress{model: m}
	if m.Kind == Statistic {
		p.mkt = newMKT(m.values())
	}
	return p
}

// Add counts a stretch of hours at a temperature. Where the model does not hold
// the hours are counted apart and nothing is summed. The error is about what is
// no temperature or no duration.
func (p *Progress) Add(hours, tempC float64) error {
	if !(hours >= 0) || math.IsInf(hours, 0) {
		return fmt.Errorf("a stretch of %g hours is none", hours)
	}
	if err := checkTemperature(tempC); err != nil {
		return err
	}
	if !p.seen {
		p.first, p.coldest, p.warmest, p.seen = tempC, tempC, tempC, true
	}
	p.coldest, p.warmest = min(p.coldest, tempC), max(p.warmest, tempC)
	p.hours.Add(hours)
	r := p.model.Range
	if tempC < r.MinC || tempC > r.MaxC {
		if p.outside.Value() == 0 {
			p.least, p.most = tempC, tempC
		}
		p.least, p.most = min(p.least, tempC), max(p.most, tempC)
		p.outside.Add(hours)
		return nil
	}
	p.moved.Add(hours * p.counted(tempC))
	p.degreeHours.Add(hours * tempC)
	if p.model.Kind == Statistic {
		return p.mkt.Add(hours, tempC)
	}
	return nil
}

// counted is the rate as it is summed: the Refrigeration Index does not count
// what grows below 7 °C.
func (p *Progress) counted(tempC float64) float64 {
	if p.model.Kind == Index && tempC < indexFrom {
		return 0
	}
	return p.model.rate(tempC)
}

// Tally is what was summed up.
type Tally struct {
	Hours        float64
	OutsideHours float64 // of Hours, in no sums.Sum
	Sum          float64 // of rate × hours, in SumUnit
	FirstC       float64
	ColdestC     float64
	WarmestC     float64
	MeanC        float64 // weighted by time, of what was inside
	MKTC         float64 // of the Statistic alone
}

// Value is one result.
type Value struct {
	Name  string  `json:"name"` // such as life_used
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Label Label   `json:"label"`
}

// Outcome is what a model says of a course of temperature.
type Outcome struct {
	Tally
	Values []Value
	// Notes say what is not in the result, or must be known with it.
	Notes []string
}

// Outcome is the result so far. ErrEmpty when nothing was added, or no time;
// ErrOutside when the model holds for none of it.
func (p *Progress) Outcome() (Outcome, error) {
	t := Tally{Hours: p.hours.Value(), OutsideHours: p.outside.Value(), Sum: p.moved.Value(), FirstC: p.first, ColdestC: p.coldest, WarmestC: p.warmest}
	if !(t.Hours > 0) {
		return Outcome{}, ErrEmpty
	}
	inside := t.Hours - t.OutsideHours
	if !(inside > 0) {
		return Outcome{}, fmt.Errorf("%w: %s holds from %g to %g °C, and all of the time lay from %g to %g °C",
			ErrOutside, p.model.Name, p.model.Range.MinC, p.model.Range.MaxC, p.least, p.most)
	}
	t.MeanC = p.degreeHours.Value() / inside
	if p.model.Kind == Statistic {
		mkt, err := p.mkt.Value()
		if err != nil {
			return Outcome{}, err
		}
		t.MKTC = mkt
	}
	o := Outcome{Tally: t, Values: p.model.tell(p.model.values(), t)}
	if t.OutsideHours > 0 {
		o.Notes = append(o.Notes, fmt.Sprintf("%.4g of %.4g hours, from %g to %g °C, are outside the model's range of %g to %g °C and in no sum",
			t.OutsideHours, t.Hours, p.least, p.most, p.model.Range.MinC, p.model.Range.MaxC))
	}
	return o, nil
}

// Segment is a stretch of time at one temperature.
type Segment struct {
	Hours float64
	TempC float64
}

// Run sums the model over segments; see Outcome for its errors.
func (m Model) Run(segments []Segment) (Outcome, error) {
	p := m.Progress()
	for i, s := range segments {
		if err := p.Add(s.Hours, s.TempC); err != nil {
			return Outcome{}, fmt.Errorf("segment %d: %w", i+1, err)
		}
	}
	return p.Outcome()
}
