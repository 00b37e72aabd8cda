// Package spoilage holds published models of how fast food ages at a
// temperature: growth of what spoils it, chemistry, tables of shelf life, and
// what chilling and freezing do to goods that cannot bear cold. It is pure. It
// guarantees that no model speaks outside the range it was made for: it says so
// (ErrOutside) and extrapolates nothing; and that every result can name formula,
// unit, citation and how sure we are of it.
package spoilage

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Label is a name for people.
type Label struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Sureness is where a model's numbers come from. It is shown wherever a result
// is.
type Sureness string

// The marks.
const (
	Seen     Sureness = "S" // seen in the source that is cited
	Computed Sureness = "C" // computed from what was seen, and cross-checked
	General  Sureness = "G" // general knowledge: to be verified before it is printed
)

// Says is the mark in words.
func (s Sureness) Says() Label {
	switch s {
	case Seen:
		return Label{"见于所引来源", "seen in the source cited"}
	case Computed:
		return Label{"由来源计算并核对", "computed from the source and cross-checked"}
	default:
		return Label{"一般知识，引用前须核实", "general knowledge: verify before relying on it"}
	}
}

// Kind is what a model's rate is a rate of.
type Kind string

// The kinds.
const (
	Growth    Kind = "growth"    // of bacteria
	Relative  Kind = "relative"  // ageing, 1 at the reference temperature
	LifeShare Kind = "life"      // share of shelf life an hour
	Statistic Kind = "statistic" // thermal exposure; says nothing of a shelf life
	Index     Kind = "index"     // of a process; says nothing of a shelf life
	Injury    Kind = "injury"    // exposure below a threshold
)

// Range is the temperatures, °C, for which a model speaks; both ends belong to
// it.
type Range struct {
	MinC float64 `json:"min_c"`
	MaxC float64 `json:"max_c"`
}

// Parameter is a number that a model has besides the temperature.
type Parameter struct {
	Name    string `json:"name"` // such as ph
	Unit    string `json:"unit"`
	Meaning string `json:"meaning"`
	// Value is what it is set to, at first its default; nil for one that can be
	// left out, and is.
	Value *float64 `json:"value"`
	Min   float64  `json:"min"`
	Max   float64  `json:"max"`
	// Source is where the default comes from, empty where the model's citation
	// says it.
	Source string `json:"source,omitempty"`
}

// Model is one published model with its parameters set.
type Model struct {
	Name     string      `json:"name"`
	Label    Label       `json:"label"`
	Kind     Kind        `json:"kind"`
	Formula  string      `json:"formula"`
	Unit     string      `json:"unit"` // of the rate
	Range    Range       `json:"range"`
	Fitted   string      `json:"fitted"` // where the range comes from
	Citation string      `json:"citation"`
	Sureness Sureness    `json:"sureness"`
	Params   []Parameter `json:"parameters"`
	Notes    []string    `json:"notes,omitempty"` // what a reader must know, and the traps

	// SumUnit is the unit of the rate summed over hours.
	SumUnit string `json:"sum_unit"`

	// bind makes the rate from the parameters and says for which temperatures it
	// holds; the error is about parameters that contradict each other.
	bind func(values) (rate func(tempC float64) float64, holds Range, err error)
	// tell turns what was summed up into results.
	tell func(values, Tally) []Value
	rate func(tempC float64) float64
}

// values are the parameters that are set, by name.
type values map[string]float64

// Why a model gives no number.
var (
	// ErrOutside: the temperature is outside the model's range; see OutsideError.
	ErrOutside = errors.New("outside the model's range")
	// ErrNotTemperature: NaN, infinite, or not above −273.15 °C.
	ErrNotTemperature = errors.New("not a temperature")
	// ErrEmpty: nothing to work on.
	ErrEmpty = errors.New("no temperatures")
)

// OutsideError says which value is outside which range. It is ErrOutside.
type OutsideError struct {
	Model string
	TempC float64
	Range Range
}

func (e *OutsideError) Error() string {
	return fmt.Sprintf("%s holds from %g to %g °C, not at %g °C", e.Model, e.Range.MinC, e.Range.MaxC, e.TempC)
}

// Is makes it ErrOutside.
func (e *OutsideError) Is(target error) bool { return target == ErrOutside }

// ParameterError says which parameter is outside what its model was made for.
// It is ErrOutside.
type ParameterError struct {
	Model     string
	Value     float64 // that was asked for
	Parameter Parameter
}

func (e *ParameterError) Error() string {
	p := e.Parameter
	return strings.TrimSpace(fmt.Sprintf("model %s: %s = %g is outside %g to %g %s", e.Model, p.Name, e.Value, p.Min, p.Max, p.Unit))
}

// Is makes it ErrOutside.
func (e *ParameterError) Is(target error) bool { return target == ErrOutside }

const absoluteZero = -273.15 // °C

func checkTemperature(tempC float64) error {
	if math.IsNaN(tempC) || math.IsInf(tempC, 0) || tempC <= absoluteZero {
		return fmt.Errorf("%g °C: %w", tempC, ErrNotTemperature)
	}
	return nil
}

// Rate is the model's rate at a temperature, per hour, in Unit. The error is
// ErrNotTemperature, or ErrOutside where the model does not hold.
func (m Model) Rate(tempC float64) (perHour float64, err error) {
	if err := checkTemperature(tempC); err != nil {
		return 0, err
	}
	if tempC < m.Range.MinC || tempC > m.Range.MaxC {
		return 0, &OutsideError{m.Name, tempC, m.Range}
	}
	return m.rate(tempC), nil
}

// With is the model with other parameters. The error names what it does not
// have, what is outside its range, and what contradicts what.
func (m Model) With(set map[string]float64) (Model, error) {
	m.Params = slices.Clone(m.Params)
	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	slices.Sort(names) // so that the same mistake has the same words
	for _, name := range names {
		i := slices.IndexFunc(m.Params, func(p Parameter) bool { return p.Name == name })
		if i < 0 {
			return Model{}, fmt.Errorf("model %s has no parameter %.40q; it has %s", m.Name, name, m.parameterNames())
		}
		v, p := set[name], &m.Params[i]
		if !(v >= p.Min && v <= p.Max) { // NaN is outside too
			return Model{}, &ParameterError{m.Name, v, *p}
		}
		p.Value = &v
	}
	v := m.values()
	rate, holds, err := m.bind(v)
	if y0, counted := v["y0"]; err == nil && counted && y0 >= v["ymax"] {
		err = fmt.Errorf("y0 = %g is not below ymax = %g", y0, v["ymax"])
	}
	if err != nil {
		return Model{}, fmt.Errorf("model %s: %w", m.Name, err)
	}
	m.rate, m.Range = rate, holds
	return m, nil
}

func (m Model) parameterNames() string {
	if len(m.Params) == 0 {
		return "none"
	}
	names := make([]string, len(m.Params))
	for i, p := range m.Params {
		names[i] = p.Name
	}
	return strings.Join(names, ", ")
}

func (m Model) values() values {
	v := values{}
	for _, p := range m.Params {
		if p.Value != nil {
			v[p.Name] = *p.Value
		}
	}
	return v
}
