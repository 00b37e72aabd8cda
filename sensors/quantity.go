package sensors

import "fmt"

// Quantity is the kind of thing a point measures. Each has one canonical unit;
// drivers convert to it, the wire and the stores carry nothing else.
type Quantity string

// The quantities of the county. States are 0 or 1.
const (
	Temperature Quantity = "temperature" // air or product temperature, °C
	Humidity    Quantity = "humidity"    // relative humidity over water, %RH
	Door        Quantity = "door"        // 1 = open
	Defrost     Quantity = "defrost"     // 1 = defrosting
	Compressor  Quantity = "compressor"  // 1 = running
	Mains       Quantity = "mains"       // 1 = the supply is present; a phase is a point of its own, such as mains-l1
	Generator   Quantity = "generator"   // 1 = the standby generator is running
	BatteryOK   Quantity = "battery-ok"  // 1 = the standby battery is charged and sound
	Latitude    Quantity = "latitude"    // degrees north, WGS 84
	Longitude   Quantity = "longitude"   // degrees east, WGS 84

	// BatteryVoltage is that of the standby battery, V.
	BatteryVoltage Quantity = "battery-voltage"
	// SetPoint is what a controller is set to, °C. It is read and shown, never
	// written, and is no measurement: it has no limits.
	SetPoint Quantity = "set-point"
)

// Unit is a unit in SenML's notation (RFC 8428 section 12.1).
type Unit string

// The canonical units.
const (
	Celsius   Unit = "Cel"
	PercentRH Unit = "%RH"
	Ratio     Unit = "/" // a switch: 0 is off, 1 is on
	Volt      Unit = "V"
	LatDegree Unit = "lat"
	LonDegree Unit = "lon"
)

type quantityInfo struct {
	unit     Unit
	min, max float64
}

// The ranges are what can exist at all in this county's cold chain; a device
// profile narrows them. Blast freezers reach -45 °C, boiler rooms 80 °C.
func (q Quantity) info() (quantityInfo, bool) {
	switch q {
	case Temperature, SetPoint:
		return quantityInfo{Celsius, -90, 150}, true
	case Humidity:
		// Capacitive probes overshoot slightly in fog.
		return quantityInfo{PercentRH, 0, 105}, true
	case Door, Defrost, Compressor, Mains, Generator, BatteryOK:
		return quantityInfo{Ratio, 0, 1}, true
	case BatteryVoltage:
		// Lead batteries of up to 48 V nominal, while charging.
		return quantityInfo{Volt, 0, 80}, true
	case Latitude:
		return quantityInfo{LatDegree, -90, 90}, true
	case Longitude:
		return quantityInfo{LonDegree, -180, 180}, true
	}
	return quantityInfo{}, false
}

// Quantities lists every quantity in a fixed order, for messages and pages.
func Quantities() []Quantity {
	return []Quantity{Temperature, Humidity, Door, Defrost, Compressor, Mains, Generator, BatteryOK,
		BatteryVoltage, SetPoint, Latitude, Longitude}
}

// ParseQuantity checks s and returns it as a Quantity.
func ParseQuantity(s string) (Quantity, error) {
	if _, ok := Quantity(s).info(); !ok {
		return "", fmt.Errorf("quantity %q is not known (one of %v)", s, Quantities())
	}
	return Quantity(s), nil
}

// Unit returns the canonical unit, or "" for an unknown quantity.
func (q Quantity) Unit() Unit {
	i, _ := q.info()
	return i.unit
}

// Range returns the lowest and highest value that can physically be meant.
// A value outside is a fault of the device, never a reading.
func (q Quantity) Range() (lowest, highest float64) {
	i, _ := q.info()
	return i.min, i.max
}

// IsState reports whether the quantity is a switch (0 or 1).
func (q Quantity) IsState() bool { return q.Unit() == Ratio }
