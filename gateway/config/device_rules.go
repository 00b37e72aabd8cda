package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"coldchain/sensors/ads1115"
)

// probeID is a 1-Wire probe as the kernel names it: family and serial number.
var probeID = regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{12}$`)

// checkOwnWay checks the devices whose points are not channels: probes of a
// 1-Wire bus by their id, inputs of an ads1115 by what hangs on them.
func (r *report) checkOwnWay(p place, d Device) {
	r.absent(p.key("inputs"), d.Driver != "ads1115" && len(d.Inputs) > 0, "only an ads1115 has inputs")
	switch d.Driver {
	case "ds18b20":
		for _, name := range slices.Sorted(maps.Keys(d.Points)) {
			if id := d.Points[name]; id != "" && !probeID.MatchString(id) {
				r.bad(p.key("points").key(name), "write it as the kernel does, e.g. 28-01420f1e64ff (ls /sys/bus/w1/devices)", "%.60q is not a probe's id", id)
			}
		}
	case "ads1115":
		r.checkInputs(p, d)
	}
}

func (r *report) checkInputs(p place, d Device) {
	for _, name := range slices.Sorted(maps.Keys(d.Inputs)) {
		key := p.key("inputs").key(name)
		if !slices.Contains(ads1115.ChannelNames(), name) {
			r.bad(key, "one of "+strings.Join(ads1115.ChannelNames(), ", "), "the chip has no input %.40q", name)
			continue
		}
		for _, m := range d.Inputs[name].Validate() {
			at := key
			for step := range strings.SplitSeq(m.Key, ".") {
				at = at.key(step)
			}
			r.bad(at, m.Want, "%s", m.What)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Points)) {
		input := d.Points[name]
		if _, ok := d.Inputs[input]; !ok && input != "" {
			r.bad(p.key("points").key(name), "say under inputs what hangs there", "input %.40q is not described", input)
		}
	}
}

// checkOutputs checks the siren and the beacon.
func (e *Edge) checkOutputs(r *report) {
	taken := unique[string]{}
	for i, o := range e.Outputs {
		p := place("outputs").index(i)
		if !r.oneOf(p.key("name"), o.Name, "siren", "beacon") {
			continue
		}
		if before, used := taken.take(o.Name, p.key("name")); used {
			r.bad(p.key("name"), "one siren and one beacon", "%s is already there %s", o.Name, r.at(before))
		}
		coil := o.Bus != "" || o.Coil != nil || o.Slave != 0
		switch {
		case coil && o.GPIO != "":
			r.bad(p.key("gpio"), "keep one", "%s has both a coil and a gpio line", o.Name)
		case o.GPIO != "":
		case !coil:
			r.bad(p, "add bus, slave and coil, or gpio: GPIO17", "%s hangs on nothing", o.Name)
		default:
			e.checkCoil(r, p, o)
		}
	}
}

func (e *Edge) checkCoil(r *report, p place, o Output) {
	if bus, ok := e.bus(o.Bus); !ok || !bus.Kind().Modbus() {
		r.bad(p.key("bus"), "name a Modbus bus", "bus %.60q is not there, or not a Modbus bus", o.Bus)
	}
	if o.Slave < 1 || o.Slave > 247 {
		r.bad(p.key("slave"), slaveRange, "slave %d is out of range", o.Slave)
	}
	if o.Coil == nil {
		r.bad(p.key("coil"), "add its zero-based address", "coil is missing")
	}
}

func (e *Edge) checkLabels(r *report) {
	for _, zone := range slices.Sorted(maps.Keys(e.Labels)) {
		if !slices.ContainsFunc(e.Devices, func(d Device) bool { return d.Zone == zone }) {
			r.bad(place("labels").key(zone), "name a zone that a device above measures", "no device is in zone %.60q", zone)
		}
	}
}
