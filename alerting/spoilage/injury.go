package spoilage

// Cold does harm of its own: chilling turns crops from warm countries glassy,
// freezing bursts leaves, shells and milk's fat globules. No model of the damage
// was found that holds for a kind of goods as such; what can be told is the
// exposure: degrees below the threshold, for how long.

func injury(name string, label Label, below float64, source string, notes ...string) Model {
	return Model{
		Name: name, Label: label, Kind: Injury,
		Formula: "exposure = Σ max(0, below_c - T) h", Unit: "°C below below_c", SumUnit: "°C h", Sureness: General,
		Citation: handbook,
		Fitted:   "-40 to 45 °C; it is an exposure and no prediction of damage",
		Params:   []Parameter{preset("below_c", "°C", "threshold; the threshold itself does no harm", below, -5, 20).from(source)},
		Notes:    notes,
		bind: fixed(-40, 45, func(v values) func(float64) float64 {
			below := v["below_c"]
			return func(t float64) float64 { return max(0, below-t) }
		}),
		tell: func(v values, t Tally) []Value {
			return []Value{
				{"degree_hours_below", t.Sum, "°C h", Label{"低于阈值的度时", "degree hours below the threshold"}},
				{"coldest_c", t.ColdestC, "°C", Label{"最低温度", "coldest"}},
				{"threshold_c", v["below_c"], "°C", Label{"阈值", "threshold"}},
			}
		},
	}
}

func chillingInjury() Model {
	return injury("chilling-injury", Label{"冷害暴露", "Chilling injury, exposure"}, 7,
		"tomato, cucumber, pepper 7 to 13 °C: Agriculture Handbook 66 [S]",
		"above freezing; its marks show days later, once the goods are warm")
}

func freezingInjury() Model {
	return injury("freezing-injury", Label{"冻害暴露", "Freezing injury, exposure"}, -0.5,
		"leaves and milk freeze near -0.5 °C [E]; meat near -1.5 °C [E]",
		"the air must be below the freezing point for the goods to freeze, and they lag behind it")
}
