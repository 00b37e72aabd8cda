package spoilage

import (
	"fmt"
	"strings"
)

// Models lists every model, with its defaults.
func Models() []Model {
	list := []Model{
		meanKinetic(),
		squareRoot(), exponential(), arrhenius(), handbook66(), yoghurt(),
		ratkowsky2(), ratkowsky4(), baranyi(),
		pseudomonadsMeat(), lacticMeat(), brochothrixMeat(), entericsMeat(),
		gillJones(), neumeyer2(), neumeyer4(), fragiMilk(), lacticCured(),
		milkLife(), frozenLife(), frozenLife1972(),
		refrigerationIndex(), gillColi(),
		chillingInjury(), freezingInjury(),
	}
	for i, m := range list {
		bound, err := m.With(nil)
		if err != nil {
			panic(err) // a default that contradicts itself is a fault of the program; the tests bind them all
		}
		list[i] = bound
	}
	return list
}

// Find is the model of a name, with its defaults. The error lists the names.
func Find(name string) (Model, error) {
	list := Models()
	names := make([]string, len(list))
	for i, m := range list {
		if m.Name == name {
			return m, nil
		}
		names[i] = m.Name
	}
	return Model{}, fmt.Errorf("there is no model %.40q; there are %s", name, strings.Join(names, ", "))
}

// preset is a parameter with a default.
func preset(name, unit, meaning string, value, least, most float64) Parameter {
	return Parameter{Name: name, Unit: unit, Meaning: meaning, Value: &value, Min: least, Max: most}
}

// from is the parameter with the source of its default.
func (p Parameter) from(source string) Parameter {
	p.Source = source
	return p
}

// optional is a parameter that may be left out.
func optional(name, unit, meaning string, least, most float64) Parameter {
	return Parameter{Name: name, Unit: unit, Meaning: meaning, Min: least, Max: most}
}

// within are the parameters of models that are a form, whose range is that of
// the numbers put into it.
func within(minC, maxC, least, most float64, source string) []Parameter {
	return []Parameter{
		preset("min_c", "°C", "coldest temperature for which the numbers hold", minC, least, most).from(source),
		preset("max_c", "°C", "warmest temperature for which the numbers hold", maxC, least, most).from(source),
	}
}

// holds is the range that the parameters of within say.
func (v values) holds() (Range, error) {
	r := Range{v["min_c"], v["max_c"]}
	if r.MinC >= r.MaxC {
		return r, fmt.Errorf("min_c = %g is not below max_c = %g", r.MinC, r.MaxC)
	}
	return r, nil
}

// fixed is the bind of a model whose range is not the user's to set.
func fixed(minC, maxC float64, rate func(values) func(float64) float64) func(values) (func(float64) float64, Range, error) {
	return func(v values) (func(float64) float64, Range, error) { return rate(v), Range{minC, maxC}, nil }
}

// kelvin is the absolute temperature.
func kelvin(tempC float64) float64 { return tempC - absoluteZero }

func square(x float64) float64 { return x * x }
