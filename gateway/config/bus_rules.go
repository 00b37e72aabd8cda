package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

func (e *Edge) checkBuses(r *report) {
	if len(e.Buses) == 0 {
		r.bad("buses", "add at least one, e.g. - {name: line1, modbus_tcp: 192.168.1.50:502}", "there is no bus")
	}
	names, lines := unique[string]{}, unique[string]{}
	for i, b := range e.Buses {
		p := place("buses").index(i)
		if r.name(p.key("name"), b.Name) {
			if before, taken := names.take(b.Name, p.key("name")); taken {
				r.bad(p.key("name"), "give each bus its own name", "bus %q is already there %s", b.Name, r.at(before))
			}
			if !e.usesBus(b.Name) && e.devicesHang() && r.understood("devices") {
				r.warn(p.key("name"), "remove it or add its devices", "no device hangs on bus %q", b.Name)
			}
		}
		r.busKind(p, b, lines)
		r.serial(p, b)
		r.between(p.key("timeout"), b.Timeout, 10*time.Millisecond, 30*time.Second)
	}
}

// busKind checks that a bus is reached in one way, that the way is well
// written, and that no other bus goes the same.
func (r *report) busKind(p place, b Bus, taken unique[string]) {
	ways := b.ways()
	switch len(ways) {
	case 0:
		r.bad(p, "add modbus_tcp: HOST:PORT, modbus_rtu: /dev/serial/by-id/..., modbus_rtu_tcp: HOST:PORT, i2c: /dev/i2c-1, onewire: w1_bus_master1, gpsd: HOST:PORT or nmea: /dev/serial/by-id/...",
			"the bus is of no kind")
		return
	case 1:
	default:
		r.bad(p.key(string(ways[1].kind)), "keep one and make a second bus of the other", "the bus has both %s and %s", ways[0].kind, ways[1].kind)
		return
	}
	key, value := p.key(string(ways[0].kind)), ways[0].value
	switch ways[0].kind {
	case KindModbusTCP, KindModbusRTUTCP, KindGPSD:
		example := map[BusKind]string{KindModbusTCP: "192.168.1.50:502", KindModbusRTUTCP: "192.168.1.50:4196", KindGPSD: "127.0.0.1:2947"}[ways[0].kind]
		if host, ok := r.hostPort(key, value, example); ok && host == "" {
			r.bad(key, "write HOST:PORT, e.g. "+example, "%s %.100q names no host", key, value)
		}
	case KindI2C:
		r.deviceFile(key, value, "/dev/i2c-1")
	case KindModbusRTU, KindNMEA:
		if r.deviceFile(key, value, "/dev/serial/by-id/usb-...") && strings.HasPrefix(value, "/dev/tty") && len(value) > len("/dev/ttyUSB") && strings.Contains(value, "USB") {
			r.warn(key, "use the name in /dev/serial/by-id: it stays with the adapter", "%s %.60q can be another adapter after a restart", key, value)
		}
	case KindOneWire:
		if !strings.HasPrefix(value, "w1_bus_master") || strings.ContainsAny(value, "/.") {
			r.bad(key, "write the kernel's name, e.g. w1_bus_master1 (ls /sys/bus/w1/devices)", "%s %.60q is not a 1-Wire master", key, value)
		}
	}
	if before, used := taken.take(value, key); used {
		r.bad(key, "one bus for one line: two would talk at the same time", "%.100q is already used by the bus %s", value, r.at(before))
	}
}

func (r *report) deviceFile(key place, value, example string) bool {
	if !strings.HasPrefix(value, "/dev/") {
		r.bad(key, "write the bus's device file, e.g. "+example, "%s %.60q is not a device file", key, value)
		return false
	}
	return true
}

// serial checks the settings of a serial line, and that nothing else has them.
func (r *report) serial(p place, b Bus) {
	kind := b.Kind()
	if kind == "" {
		return
	}
	if !kind.Serial() {
		why := fmt.Sprintf("a bus of kind %s has no serial settings", kind)
		r.absent(p.key("baud"), b.Baud != 0, why)
		r.absent(p.key("data_bits"), b.DataBits != 0, why)
		r.absent(p.key("parity"), b.Parity != "", why)
		r.absent(p.key("stop_bits"), b.StopBits != 0, why)
	} else {
		rates := []uint32{1200, 2400, 4800, 9600, 14400, 19200, 38400, 57600, 115200}
		if b.Baud != 0 && !slices.Contains(rates, b.Baud) {
			r.bad(p.key("baud"), fmt.Sprintf("one of %v", rates), "baud %d is not a common rate", b.Baud)
		}
		if b.DataBits != 0 && b.DataBits != 7 && b.DataBits != 8 {
			r.bad(p.key("data_bits"), "7 or 8", "data_bits is %d", b.DataBits)
		}
		if b.Parity != "" {
			r.oneOf(p.key("parity"), b.Parity, "none", "even", "odd")
		}
		if b.StopBits != 0 && b.StopBits != 1 && b.StopBits != 2 {
			r.bad(p.key("stop_bits"), "1 or 2", "stop_bits is %d", b.StopBits)
		}
	}
	rtu := kind == KindModbusRTU || kind == KindModbusRTUTCP
	if !rtu {
		r.absent(p.key("late_window"), b.LateWindow != 0, "only Modbus RTU needs one")
		r.absent(p.key("turnaround"), b.Turnaround != 0, "only Modbus RTU needs one")
		return
	}
	if b.LateWindow != 0 {
		r.between(p.key("late_window"), b.LateWindow, 50*time.Millisecond, 10*time.Second)
	}
	if b.Turnaround != 0 {
		r.between(p.key("turnaround"), b.Turnaround, time.Millisecond, 500*time.Millisecond)
	}
}

// checkAddress checks that the device's bus is there and that what addresses
// the device fits the kind of the bus and is used once.
func (e *Edge) checkAddress(r *report, p place, d Device, taken unique[string]) {
	if !r.required(p.key("bus"), d.Bus, "line1") {
		return
	}
	bus, ok := e.bus(d.Bus)
	if !ok {
		if r.understood("buses") {
			r.bad(p.key("bus"), "name one of: "+e.busNames(d.Bus), "bus %.60q is not there", d.Bus)
		}
		return
	}
	kind := bus.Kind()
	if kind == "" {
		return // the bus itself is wrong and was reported
	}
	var key place
	var address string
	switch {
	case kind.Modbus():
		r.required(p.key("profile"), d.Profile, "xy-md02")
		r.absent(p.key("driver"), d.Driver != "", "a Modbus device has a profile and a slave number")
		r.absent(p.key("address"), d.Address != 0, "a Modbus device has a profile and a slave number")
		key, address = p.key("slave"), fmt.Sprintf("slave %d", d.Slave)
		if d.Slave < 1 || d.Slave > 247 {
			r.needNumber(key, d.Slave == 0, slaveRange, address)
			return
		}
	case kind == KindI2C:
		r.driver(p, d, "hdc302x", "an I2C device has a driver and an address")
		key, address = p.key("address"), fmt.Sprintf("address %#x", d.Address)
		if d.Address < 0x08 || d.Address > 0x77 {
			r.needNumber(key, d.Address == 0, addressRange, address)
			return
		}
		if d.Mux != nil {
			r.mux(p.key("mux"), *d.Mux)
			address += fmt.Sprintf(" behind channel %d of %#x", d.Mux.Channel, d.Mux.Address)
		}
	default:
		r.driver(p, d, map[BusKind]string{KindOneWire: "ds18b20", KindGPSD: "gnss", KindNMEA: "gnss"}[kind],
			fmt.Sprintf("a device on a bus of kind %s has a driver alone", kind))
		r.absent(p.key("address"), d.Address != 0, fmt.Sprintf("nothing on a bus of kind %s has an I2C address", kind))
		key, address = p.key("bus"), "the "+d.Driver
	}
	if kind != KindI2C {
		r.absent(p.key("mux"), d.Mux != nil, "only I2C has multiplexers")
	}
	if before, used := taken.take(d.Bus+" "+address, key); used {
		r.bad(key, "each device on a line has its own", "%s is already used on bus %q %s", address, d.Bus, r.at(before))
	}
}

// driver demands a driver, of a kind that fits the bus, and no profile.
func (r *report) driver(p place, d Device, example, why string) {
	r.required(p.key("driver"), d.Driver, example)
	r.absent(p.key("profile"), d.Profile != "", why)
	r.absent(p.key("slave"), d.Slave != 0, why)
	single := example == "ds18b20" || example == "gnss"
	if d.Driver != "" && (single && d.Driver != example || !single && (d.Driver == "ds18b20" || d.Driver == "gnss")) {
		r.bad(p.key("driver"), "e.g. "+example, "driver %.60q does not work on this kind of bus", d.Driver)
	}
}

func (r *report) mux(p place, m Mux) {
	if m.Address < 0x70 || m.Address > 0x77 {
		r.bad(p.key("address"), "0x70 to 0x77", "multiplexer address %#x is out of range", m.Address)
	}
	if m.Channel > 7 {
		r.bad(p.key("channel"), "0 to 7", "multiplexer channel %d is not there", m.Channel)
	}
}
