// Package analog turns currents, voltages and resistances into physical values:
// 4–20 mA and 0–10 V transmitters, NTC thermistors, platinum resistors. It
// guarantees that a broken or shorted wire is a fault and never a temperature,
// and that a setting with which the two could not be told apart is refused.
//
// It is pure: the number comes from an ADC or from a Modbus analogue module.
package analog
