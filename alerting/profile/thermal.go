package profile

import (
	"time"

	"coldchain/alerting"
)

// Thermal is how slowly the goods take on the temperature of the air. The zero
// value says nothing: then the room's kind does.
type Thermal struct {
	TimeConstant time.Duration // for 63 % of a step of the air
	Source       string
}

// fileThermal is that as it is written.
type fileThermal struct {
	TimeConstant time.Duration `yaml:"time_constant"`
	Source       string        `yaml:"source"`
}

// thermal checks the optional key "thermal".
func (f *fileThermal) thermal(bad func(format string, a ...any)) Thermal {
	switch {
	case f == nil:
		return Thermal{}
	case f.TimeConstant < alerting.MinTimeConstant || f.TimeConstant > alerting.MaxTimeConstant:
		bad(": thermal.time_constant %s: want %s to %s, such as 6h", f.TimeConstant, alerting.MinTimeConstant, alerting.MaxTimeConstant)
	case f.Source == "":
		bad(": thermal.source: say where %s comes from; a number nobody can check is none", f.TimeConstant)
	}
	return Thermal(*f)
}

// Quickest is the smallest time constant of some goods: what suffers first is
// estimated. 0 where no profile says any.
func Quickest(list []Profile) (tau time.Duration) {
	for _, p := range list {
		if own := p.Thermal.TimeConstant; own != 0 && (tau == 0 || own < tau) {
			tau = own
		}
	}
	return tau
}
