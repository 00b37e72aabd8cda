package spoilage

import "math"

// koutsoumanis is the form of the four floras that Koutsoumanis and others
// followed in one study: Arrhenius in the temperature, with the pH of the meat.
// They count kelvin from -273 and have R = 0.00831; their numbers hold with
// these.
func koutsoumanis(name string, label Label, formula, id string, at0, perPH, ea float64) Model {
	const r, zero = 0.00831, 273.0
	return Model{
		Name: name, Label: label, Kind: Growth,
		Formula: formula, Unit: perHour, SumUnit: inLn, Sureness: Seen,
		Citation: "Koutsoumanis et al. 2006, Applied and Environmental Microbiology 72:124 (GroPIN " + id + "); ground pork and beef in air",
		Fitted:   "0 to 20 °C and pH 5.34 to 6.13, the paper's [S]; journal and page [G]",
		Params:   append([]Parameter{preset("ph", "", "pH of the meat", 5.7, 5.34, 6.13)}, counts()...),
		bind: fixed(0, 20, func(v values) func(float64) float64 {
			ln := math.Log(at0) - perPH*(5.7-v["ph"])
			return func(t float64) float64 { return math.Exp(ln - ea/r*(1/(t+zero)-1/zero)) }
		}),
		tell: tellGrowth(perE()),
	}
}

func pseudomonadsMeat() Model {
	return koutsoumanis("pseudomonas-meat", Label{"肉上假单胞菌", "Pseudomonads on meat"},
		"ln mu = ln 0.056 - 0.451 (5.7 - ph) - (69.3/0.00831) (1/(T+273) - 1/273)", "271", 0.056, 0.451, 69.3)
}

func brochothrixMeat() Model {
	return koutsoumanis("brochothrix-meat", Label{"肉上热杀索丝菌", "Brochothrix thermosphacta on meat"},
		"ln mu = ln 0.045 - 0.583 (5.7 - ph) - (69.5/0.00831) (1/(T+273) - 1/273)", "272", 0.045, 0.583, 69.5)
}

func lacticMeat() Model {
	m := koutsoumanis("lab-meat", Label{"肉上乳酸菌", "Lactic acid bacteria on meat"},
		"ln mu = ln 0.020 - (99.6/0.00831) (1/(T+273) - 1/273)", "273", 0.020, 0, 99.6)
	m.Notes = []string{"the paper found no effect of pH between 5.34 and 6.13"}
	return m
}

func entericsMeat() Model {
	return koutsoumanis("enterobacteriaceae-meat", Label{"肉上肠杆菌科", "Enterobacteriaceae on meat"},
		"ln mu = ln 0.026 - 0.535 (5.7 - ph) - (95.8/0.00831) (1/(T+273) - 1/273)", "274", 0.026, 0.535, 95.8)
}

func lacticCured() Model {
	return Model{
		Name: "lab-cured-meat", Label: Label{"熟腌制肉上乳酸菌", "Lactic acid bacteria on cooked cured meat"}, Kind: Growth,
		Formula: "mu = ln 10 · exp(46.6162 - (109.911/0.008314)/(T+273)) / 24", Unit: perHour, SumUnit: inLn, Sureness: Seen,
		Citation: "Mataragas et al. 2006 (GroPIN 249)",
		Fitted:   "0 to 20 °C, the paper's [S]",
		Params:   counts(),
		Notes:    []string{"published in log10 a day; the rate here is natural, an hour"},
		bind: fixed(0, 20, func(values) func(float64) float64 {
			return func(t float64) float64 { return math.Ln10 * math.Exp(46.6162-(109.911/0.008314)/(t+273)) / 24 }
		}),
		tell: tellGrowth(perE()),
	}
}
