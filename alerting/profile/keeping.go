package profile

import (
	"fmt"
	"slices"
	"time"

	"coldchain/alerting"
	"coldchain/alerting/batch"
	"coldchain/alerting/spoilage"
)

// Life is how long the goods keep, and when to say that much of it is used.
type Life struct {
	spoilage.Life
	// AlarmAt is the share of life, above 0 and at most 1, that a batch may use
	// before somebody is told.
	AlarmAt float64
	Source  string
}

// Document is a kind of document without which a batch is not released.
type Document struct {
	Kind   string // of batch's kinds
	Source string
}

// UsualRelease holds for goods whose profile does not say: the same numbers as
// those of chilled meat.
func UsualRelease() Release {
	return Release{Coverage: 0.95, LongestGap: time.Hour, Source: "experience of the trade [E]"}
}

// ReleaseRule is how much of a batch's time may be unknown, by the profile or as
// usual.
func (p Profile) ReleaseRule() Release {
	if p.Release != nil {
		return *p.Release
	}
	return UsualRelease()
}

// Release is how much of a batch's time may be unknown for it to be released
// without a person looking at the gaps.
type Release struct {
	Coverage   float64       // least share of the monitored time with readings, above 0 and at most 1
	LongestGap time.Duration // longest single gap
	Source     string
}

// Injury is harm by cold: what lies below BelowC for longer than Within is
// harmed. Within 0: at once.
type Injury struct {
	BelowC float64 // °C; the threshold itself does no harm
	Within time.Duration
	Source string
}

// LifeModel is how long the goods keep; ok is false when the profile does not
// say.
func (p Profile) LifeModel() (life Life, ok bool) {
	if p.Life == nil {
		return Life{}, false
	}
	return *p.Life, true
}

// FrozenBelowC is where a high limit makes goods frozen ones, °C. GB/T 24616-2019
// knows no goods between: chilled is above the freezing point, which for meat is
// near -2 °C, and frozen is -18 °C and below, of which quick-frozen goods may be
// warmer on the way by 3 °C, in sum never above -12 °C. This lies between [E].
const FrozenBelowC = -6.0

// Frozen reports whether the goods are frozen: one of their high limits lies
// below -6 °C. A mean kinetic temperature says nothing of them.
func (p Profile) Frozen() bool {
	return slices.ContainsFunc(p.Limits, func(l Limit) bool { return l.Side == alerting.High && l.Value < FrozenBelowC })
}

// ColdInjury are the models of exposure below the profile's thresholds, none
// when it has none.
func (p Profile) ColdInjury() ([]spoilage.Model, error) {
	var out []spoilage.Model
	for _, x := range []struct {
		name   string
		injury *Injury
	}{{"chilling-injury", p.Chilling}, {"freezing-injury", p.Freezing}} {
		if x.injury == nil {
			continue
		}
		m, err := injuryModel(x.name, x.injury.BelowC)
		if err != nil {
			return nil, fmt.Errorf("profile %s: %w", p.Name, err)
		}
		out = append(out, m)
	}
	return out, nil
}

func injuryModel(name string, belowC float64) (spoilage.Model, error) {
	m, err := spoilage.Find(name)
	if err != nil {
		return m, err
	}
	return m.With(map[string]float64{"below_c": belowC})
}

// documentKinds are the kinds that a profile may ask for.
func documentKinds() []string {
	return []string{batch.DocQuarantine, batch.DocMeat, batch.DocPromise, batch.DocTest, batch.DocOther}
}
