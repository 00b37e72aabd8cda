package exposure

import (
	"fmt"
	"math"

	"coldchain/alerting/sums"
)

// Ager is a model of how fast goods age. A spoilage model is one.
type Ager interface {
	// Rate is the share of the whole life that is used in an hour at a
	// temperature in °C, 0 or more. An error says that the temperature is
	// outside the model's range.
	Rate(tempC float64) (shareOfLifePerHour float64, err error)
}

// Model is an Ager with what is printed beside its result.
type Model struct {
	Name string // see package spoilage
	Ager
	ReferenceC float64 // °C that remaining days are told for
}

// aging adds up the life that was used.
type aging struct {
	model *Model

	used    sums.Sum // share of life, in covered time
	blind   sums.Sum // share of life, in gaps at their warmest neighbour's temperature
	outside float64
	unknown float64 // hours of gaps without a neighbour, or with one outside the range
	why     string  // the model's words the first time it was outside

	has  bool // the last rate asked for: a cold room stays at one value for long
	at   float64
	rate float64
	err  error
}

func (a *aging) ask(c float64) (float64, error) {
	if !a.has || a.at != c {
		a.has, a.at = true, c
		a.rate, a.err = a.model.Rate(c)
		if a.err == nil && !(a.rate >= 0 && !math.IsInf(a.rate, 0)) {
			a.rate, a.err = 0, fmt.Errorf("%s has no rate at %g °C", a.model.Name, c)
		}
	}
	return a.rate, a.err
}

func (a *aging) stretch(va, vb, hours float64) {
	if a.model == nil {
		return
	}
	rate, err := a.ask(va)
	if err == nil && vb != va {
		var other float64
		other, err = a.ask(vb)
		rate = (rate + other) / 2
	}
	if err != nil {
		a.outside += hours
		if a.why == "" {
			a.why = err.Error()
		}
		return
	}
	a.used.Add(rate * hours)
}

func (a *aging) gap(hours float64, before, after *float64) {
	if a.model == nil {
		return
	}
	warmest := before
	if warmest == nil || after != nil && *after > *warmest {
		warmest = after
	}
	if warmest == nil {
		a.unknown += hours
		return
	}
	rate, err := a.ask(*warmest)
	if err != nil {
		a.unknown += hours
		return
	}
	a.blind.Add(rate * hours)
}

func (a *aging) join(next aging) {
	a.used.Join(next.used)
	a.blind.Join(next.blind)
	a.outside += next.outside
	a.unknown += next.unknown
	if a.why == "" {
		a.why = next.why
	}
}

func (a *aging) result() *Life {
	if a.model == nil {
		return nil
	}
	l := &Life{Model: a.model.Name, Used: a.used.Value(), ReferenceC: a.model.ReferenceC, OutsideS: a.outside * 3600}
	l.UsedMax = l.Used + a.blind.Value()
	if a.unknown > 0 {
		l.Notes = append(l.Notes, fmt.Sprintf("%.1f h without readings are not in life_used_max: no reading beside them that the model is valid for", a.unknown))
	}
	if a.outside > 0 {
		l.Notes = append(l.Notes, fmt.Sprintf("%.1f h were outside the model's range and are in no sum: %s", a.outside, a.why))
		return l
	}
	rate, err := a.model.Rate(a.model.ReferenceC)
	if err != nil || rate <= 0 {
		l.Notes = append(l.Notes, fmt.Sprintf("no remaining days: the model gives no rate at the reference, %g °C", a.model.ReferenceC))
		return l
	}
	days := max(0, 1-l.Used) / rate / 24
	l.RemainingDays = &days
	return l
}

// worseLife is the life of goods that were mixed: the more used of each.
func worseLife(a, b aging) aging {
	out := a
	if b.used.Value() > a.used.Value() {
		out.used = b.used
	}
	if ub, ua := b.used.Value()+b.blind.Value(), a.used.Value()+a.blind.Value(); max(ua, ub) > out.used.Value() {
		out.blind = sums.Of(max(ua, ub) - out.used.Value())
	} else {
		out.blind = sums.Sum{}
	}
	out.outside, out.unknown = max(a.outside, b.outside), max(a.unknown, b.unknown)
	if out.why == "" {
		out.why = b.why
	}
	return out
}
