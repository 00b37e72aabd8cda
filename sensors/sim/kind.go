package sim

// Kind is what a room is built for; it sets walls, machine and thermostat.
type Kind string

// The kinds of room.
const (
	Frozen     Kind = "frozen"      // -20 to -18.5 °C
	Chilled    Kind = "chilled"     // meat, 1 to 3 °C
	Dairy      Kind = "dairy"       // 3 to 5 °C
	Vegetable  Kind = "vegetable"   // leafy, carrot: 1.5 to 3 °C
	Potato     Kind = "potato"      // 3.5 to 4.5 °C
	WarmCrop   Kind = "warm-crop"   // tomato, cucumber: 9 to 11 °C
	FrozenBox  Kind = "frozen-box"  // a truck's, -20.5 to -18.8 °C
	ChilledBox Kind = "chilled-box" // a truck's, 1 to 2.6 °C
)

// Kinds lists every kind in a fixed order.
func Kinds() []Kind {
	return []Kind{Frozen, Chilled, Dairy, Vegetable, Potato, WarmCrop, FrozenBox, ChilledBox}
}

// build is a room's construction. Everything that grows with size is given
// for the kind's own volume; room.go scales it.
type build struct {
	volume   float64 // m³
	load     float64 // kg of goods
	specific float64 // heat of the goods, J/(kg K): about 2000 frozen, 3400 meat, 3600 vegetables
	airHeat  float64 // air with shelves, coil and lining, J/K
	exchange float64 // between air and goods, W/K
	leak     float64 // through walls and floor, W/K
	doorLeak float64 // more of it while the door stands open behind its strip curtain, W/K
	fans     float64 // evaporator fans, W, always on while the mains are
	cooling  float64 // W taken from the air while the compressor runs
	heating  float64 // W while the heater runs; 0 when there is none

	cutIn, cutOut   float64 // °C: the compressor starts at cutIn and stops at cutOut
	heatOn, heatOff float64 // °C: the heater starts at heatOn and stops at heatOff
	defrostEvery    int64   // s between the starts of two defrosts
	defrostLongest  int64   // s
	defrostHeat     float64 // W of it that reach the air
	defrostRise     float64 // K of air rise that end it early
	breath          float64 // g/s of moisture the goods give off
	opening         float64 // chance that somebody opens the door within 20 minutes of working time
	longest         float64 // s such a door stands open at most
	outside         bool    // stands in the open, not in a building
	coilApproach    float64 // K the coil is colder than the air
}

// The numbers are experience of rooms of 30 to 60 m³ with 100 mm panels (about
// 0.22 W/m²K) and are chosen so that a healthy room stays in its band with a
// tenth of a degree to spare for the probe, in every season.
func (k Kind) build() (build, bool) {
	b := build{
		volume: 45, load: 3000, specific: 3400, airHeat: 270e3, exchange: 190, leak: 14, doorLeak: 32,
		fans: 180, cooling: 2300, heating: 1500,
		defrostEvery: 6 * 3600, defrostLongest: 22 * 60, defrostHeat: 150, defrostRise: 1.4,
		breath: 0.004, opening: 0.4, longest: 90, coilApproach: 6,
	}
	switch k {
	case Frozen:
		b.load, b.specific, b.airHeat = 3200, 2000, 300e3
		b.cooling, b.heating, b.fans = 2700, 0, 120
		b.cutIn, b.cutOut = -18.7, -20
		b.defrostHeat, b.defrostRise, b.defrostLongest = 420, 1.9, 25*60
		b.breath, b.coilApproach = 0.0008, 5
	case Chilled:
		b.cutIn, b.cutOut, b.heatOn, b.heatOff = 2.8, 1.3, 0.6, 1.2
	case Dairy:
		b.cutIn, b.cutOut, b.heatOn, b.heatOff = 4.8, 3.3, 2.9, 3.5
	case Vegetable:
		b.specific, b.breath = 3700, 0.010
		b.cutIn, b.cutOut, b.heatOn, b.heatOff = 3, 1.7, 1.3, 1.9
	case Potato:
		b.load, b.specific, b.exchange, b.breath = 6000, 3600, 95, 0.012
		b.cutIn, b.cutOut, b.heatOn, b.heatOff = 4.5, 3.7, 3.5, 4.2
	case WarmCrop:
		b.load, b.specific, b.breath = 2500, 3900, 0.010
		b.cutIn, b.cutOut, b.heatOn, b.heatOff = 10.8, 9.4, 9.1, 9.9
	case FrozenBox, ChilledBox:
		b.volume, b.load, b.airHeat, b.exchange = 30, 2200, 210e3, 150
		b.leak, b.doorLeak, b.fans, b.cooling = 32, 50, 150, 4200
		b.outside, b.opening, b.longest = true, 0, 0
		b.cutIn, b.cutOut, b.heatOn, b.heatOff = 2.6, 1.1, 0.6, 1.3
		b.heating = 3200
		if k == FrozenBox {
			b.specific, b.cooling, b.heating = 2000, 5200, 0
			b.cutIn, b.cutOut = -18.8, -20.4
			b.defrostHeat, b.defrostRise = 420, 1.9
			b.breath = 0.0008
		}
	default:
		return build{}, false
	}
	return b, true
}
