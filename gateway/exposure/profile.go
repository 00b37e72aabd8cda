package exposure

import (
	"coldchain/alerting"
	"coldchain/alerting/exposure"
	"coldchain/alerting/profile"
)

// LimitsOf are the limits that exposure is counted beyond: the strictest of the
// profile's, whatever level and delay it has. What it means that they were
// passed is the verdict's question.
func LimitsOf(p profile.Profile) (l exposure.Limits) {
	for _, x := range p.Limits {
		v := x.Value
		switch {
		case x.Side == alerting.High && (l.High == nil || v < *l.High):
			l.High = &v
		case x.Side == alerting.Low && (l.Low == nil || v > *l.Low):
			l.Low = &v
		}
	}
	return l
}

// Frozen reports whether goods with these limits are frozen ones: MKT says nothing
// of them.
func Frozen(l exposure.Limits) bool { return l.High != nil && *l.High < profile.FrozenBelowC }

// ModelOf returns how the goods of a profile age; nil when it does not say.
func ModelOf(p profile.Profile) *exposure.Model {
	life, ok := p.LifeModel()
	if !ok {
		return nil
	}
	return &exposure.Model{Name: life.Model().Name, Ager: life, ReferenceC: life.ReferenceC()}
}
