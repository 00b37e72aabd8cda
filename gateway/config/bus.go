package config

import "strings"

// BusKind is the key by which a bus is reached.
type BusKind string

// The kinds of bus.
const (
	KindModbusTCP    BusKind = "modbus_tcp"
	KindModbusRTU    BusKind = "modbus_rtu"
	KindModbusRTUTCP BusKind = "modbus_rtu_tcp"
	KindI2C          BusKind = "i2c"
	KindOneWire      BusKind = "onewire"
	KindGPSD         BusKind = "gpsd"
	KindNMEA         BusKind = "nmea"
)

type way struct {
	kind  BusKind
	value string
}

// ways lists how the bus is reached: one, in a right configuration.
func (b Bus) ways() (out []way) {
	for _, w := range []way{
		{KindModbusTCP, b.ModbusTCP}, {KindModbusRTU, b.ModbusRTU}, {KindModbusRTUTCP, b.ModbusRTUTCP}, {KindI2C, b.I2C},
		{KindOneWire, b.OneWire}, {KindGPSD, b.GPSD}, {KindNMEA, b.NMEA},
	} {
		if w.value != "" {
			out = append(out, w)
		}
	}
	return out
}

// Kind returns how the bus is reached; "" when that is not said, or said twice.
func (b Bus) Kind() BusKind {
	if w := b.ways(); len(w) == 1 {
		return w[0].kind
	}
	return ""
}

// Modbus reports whether slaves hang on the bus.
func (k BusKind) Modbus() bool { return strings.HasPrefix(string(k), "modbus_") }

// Serial reports whether the bus is a serial port of this machine.
func (k BusKind) Serial() bool { return k == KindModbusRTU || k == KindNMEA }
