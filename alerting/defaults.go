package alerting

import (
	"time"

	"coldchain/sensors"
)

// DefaultLimits returns the air temperature limits, in °C, that a zone of the
// given kind has when nobody has set others, and the hysteresis in °C by which
// a value must be inside before an alarm is over. ok is false for a kind that
// has no goods or is not known. The kinds are those of a county's
// configuration: frozen, chilled, dairy, vegetable, potato, warm-crop,
// frozen-box, chilled-box, chilling, blast. The high lines of the last two do not
// count while warm goods are being cooled there; see package watch.
//
// Each line carries its mark: [S] the source was seen, [E] experience of the
// trade, [V] to be verified before it is printed on anything, [HB-66] the USDA's
// Agriculture Handbook 66. They are starting points for a person to edit. Of the lines of one side the mildest is a
// warning, the others are excursions; a side with one line only warns. Many runs
// too short for a line that is an excursion make one when they add up in a day:
// generous sums, which the defrosts of a sound room do not reach.
func DefaultLimits(kind string) (limits []Limit, hysteresis float64, ok bool) {
	const (
		chilledHysteresis = 0.5 // °C [E]
		frozenHysteresis  = 1.0 // °C [E]
	)
	switch kind {
	case "frozen": // product at -18 °C or colder [S GB/T 24616]
		return []Limit{
			line(High, Warning, -17, 30*time.Minute),     // [E]
			line(High, Excursion, -15, 60*time.Minute),   // [E]
			total(High, Excursion, -15, 180*time.Minute), // [E]
		}, frozenHysteresis, true
	case "frozen-box":
		return []Limit{
			line(High, Warning, -15, 15*time.Minute),    // value [V GB 20799], delay [E]
			line(High, Excursion, -12, 20*time.Minute),  // [E]
			total(High, Excursion, -12, 60*time.Minute), // [E]
		}, frozenHysteresis, true
	case "chilled", "chilled-box": // meat at 0 to 4 °C; a box has no lines of its own, it takes the room's [E]
		return []Limit{
			line(High, Warning, 4, 15*time.Minute),    // [E]
			line(High, Excursion, 5, 30*time.Minute),  // [E]
			line(High, Excursion, 7, 10*time.Minute),  // [E]
			total(High, Excursion, 7, 60*time.Minute), // [E]
			line(Low, Warning, -1, 15*time.Minute),    // [E]
		}, chilledHysteresis, true
	case "dairy": // milk and yoghurt at 2 to 6 °C [V label]
		return []Limit{
			line(High, Warning, 6, 15*time.Minute),     // value [V label], delay [E]
			line(High, Excursion, 7, 30*time.Minute),   // [E]
			line(High, Excursion, 10, 10*time.Minute),  // [E]
			total(High, Excursion, 10, 60*time.Minute), // [E]
			line(Low, Warning, 1, 15*time.Minute),      // [E]
			line(Low, Excursion, 0, 20*time.Minute),    // [E]
		}, chilledHysteresis, true
	case "vegetable": // leafy, carrot, cabbage at 0 to 4 °C [HB-66]
		return []Limit{
			line(High, Warning, 6, 60*time.Minute),      // [E]
			line(Low, Warning, 0, 10*time.Minute),       // value [HB-66], delay [E]
			line(Low, Excursion, -0.5, 10*time.Minute),  // [E]
			total(Low, Excursion, -0.5, 30*time.Minute), // [E]
		}, chilledHysteresis, true
	case "potato": // 3 to 5 °C [HB-66]
		return []Limit{
			line(High, Warning, 8, 240*time.Minute),  // [E]
			line(Low, Warning, 2, 15*time.Minute),    // [E]
			line(Low, Excursion, 1, 15*time.Minute),  // [E]
			total(Low, Excursion, 1, 60*time.Minute), // [E]
		}, chilledHysteresis, true
	case "warm-crop": // tomato, cucumber, pepper at 7 to 13 °C [E]
		return []Limit{
			line(High, Warning, 15, 120*time.Minute), // [E]
			line(Low, Warning, 7, 120*time.Minute),   // [E]
			line(Low, Excursion, 2, 10*time.Minute),  // [E]
			total(Low, Excursion, 2, 30*time.Minute), // [E]
		}, chilledHysteresis, true
	case "chilling": // carcasses, air at 0 to 4 °C, core to 7 °C; what is there afterwards [V GB/T 9961]
		return []Limit{
			line(High, Warning, 7, 30*time.Minute),   // [E]
			line(High, Excursion, 7, 60*time.Minute), // [E]
			line(Low, Warning, -1, 15*time.Minute),   // [E]
		}, chilledHysteresis, true
	case "blast": // air at -28 °C or colder, core to -15 °C; what is there afterwards [V GB/T 9961]
		return []Limit{
			line(High, Warning, -15, 30*time.Minute),   // [E]
			line(High, Excursion, -12, 60*time.Minute), // [E]
		}, frozenHysteresis, true
	}
	return nil, 0, false
}

func line(s Side, l Level, value float64, delay time.Duration) Limit {
	return Limit{Side: s, Level: l, Value: value, Delay: delay}
}

// total is a line for the times of a day together.
func total(s Side, l Level, value float64, delay time.Duration) Limit {
	return Limit{Side: s, Level: l, Value: value, Delay: delay, Within: 24 * time.Hour}
}

// SwitchLimits returns when a switch of the given quantity is an alarm: beyond
// half of its way for as long as the delay. moves is true of a truck, whose
// door stands open while it unloads. A quantity that is not a switch, or whose
// state is nobody's trouble, has none.
func SwitchLimits(q sensors.Quantity, moves bool) []Limit {
	const half = 0.5
	switch q {
	case sensors.Door:
		delay := 5 * time.Minute // [E]
		if moves {
			delay = 10 * time.Minute // [E]
		}
		return []Limit{line(High, Warning, half, delay)}
	case sensors.Defrost:
		return []Limit{line(High, Warning, half, 45*time.Minute)} // [E]: as long as a defrost may hide a warm room
	case sensors.Mains:
		if moves {
			return nil // a truck pulls its plug whenever it leaves
		}
		return []Limit{
			line(Low, Warning, half, 0),               // at once: the network goes with the supply
			line(Low, Excursion, half, 3*time.Minute), // [E]
		}
	case sensors.BatteryOK:
		return []Limit{line(Low, Warning, half, 10*time.Minute)} // [E]
	}
	return nil
}
