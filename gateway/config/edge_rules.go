package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// Validate reports every problem of an edge's configuration, of a file's or of
// one built in code, after ApplyDefaults. It does not look at the file system.
func (e *Edge) Validate() []Problem {
	r := &report{}
	e.validate(r)
	return r.problems
}

func (e *Edge) validate(r *report) {
	r.name("county", e.County)
	r.name("site", e.Site)
	gatewayOK := r.name("gateway", e.Gateway)
	r.required("data", e.Data, "/var/lib/coldchain-edge")
	r.mqtt("mqtt", e.MQTT)
	if gatewayOK && e.MQTT.Username != "" && e.MQTT.Username != e.Gateway {
		r.warn(place("mqtt").key("username"), "use the gateway's name: deploy/mosquitto/acl lets a user write only under its own name",
			"mqtt.username %.60q is not the gateway's name %q", e.MQTT.Username, e.Gateway)
	}
	e.checkTimes(r)
	if e.Status.Listen != "" {
		p := place("status").key("listen")
		if host, ok := r.hostPort(p, e.Status.Listen, "127.0.0.1:8081"); ok && !loopback(host) {
			r.warn(p, "use 127.0.0.1:PORT unless the page is meant for that network", "%s can be read by everybody on the network", p)
		}
	}
	e.checkBuses(r)
	e.checkDevices(r)
	e.checkLimits(r)
	e.checkOutputs(r)
	e.checkModem(r)
	e.checkLabels(r)
}

func (e *Edge) checkTimes(r *report) {
	s := place("sampling")
	if r.between(s.key("interval"), e.Sampling.Interval, 100*time.Millisecond, time.Hour) &&
		r.between(s.key("outside_interval"), e.Sampling.OutsideInterval, 100*time.Millisecond, time.Hour) &&
		e.Sampling.OutsideInterval > e.Sampling.Interval {
		r.bad(s.key("outside_interval"), "it is for looking closer: at most "+duration(e.Sampling.Interval),
			"%s %s is longer than interval %s", s.key("outside_interval"), duration(e.Sampling.OutsideInterval), duration(e.Sampling.Interval))
	}
	j := place("journal")
	r.between(j.key("commit"), e.Journal.Commit, 10*time.Millisecond, time.Minute)
	r.between(j.key("keep"), e.Journal.Keep, time.Hour, 10*365*24*time.Hour)
	r.sized(j.key("max_bytes"), e.Journal.MaxBytes, 16<<20, 1<<40)
	d := place("delivery")
	r.between(d.key("spread"), e.Delivery.Spread, time.Millisecond, time.Hour)
	if n := e.Delivery.BacklogRate; n < 1 || n > maxBacklogRate {
		r.bad(d.key("backlog_rate"), "give records a second, e.g. 50", "backlog_rate %d is not from 1 to %d", n, maxBacklogRate)
	}
	if n := e.Delivery.MiBPerDay; n > maxMiBPerDay {
		r.bad(d.key("mib_per_day"), "give MiB a day, e.g. 20, or leave it out", "mib_per_day %d is not from 0 to %d", n, maxMiBPerDay)
	}
}

const (
	maxBacklogRate = 1_000_000
	maxMiBPerDay   = 1 << 20
)

func (e *Edge) usesBus(name string) bool {
	return slices.ContainsFunc(e.Devices, func(d Device) bool { return d.Bus == name })
}

// devicesHang reports whether every device's bus is there; if not, a bus
// without devices is only the other side of that mistake.
func (e *Edge) devicesHang() bool {
	return !slices.ContainsFunc(e.Devices, func(d Device) bool { _, ok := e.bus(d.Bus); return !ok })
}

func (e *Edge) bus(name string) (Bus, bool) {
	i := slices.IndexFunc(e.Buses, func(b Bus) bool { return b.Name == name })
	if i < 0 {
		return Bus{}, false
	}
	return e.Buses[i], true
}

func (e *Edge) checkDevices(r *report) {
	if len(e.Devices) == 0 {
		r.bad("devices", "add at least one; see deploy/examples/edge.yaml", "there is no device")
	}
	names, addresses, points, known := unique[string]{}, unique[string]{}, unique[string]{}, newCatalog()
	for i, d := range e.Devices {
		p := place("devices").index(i)
		if r.name(p.key("name"), d.Name) {
			if before, taken := names.take(d.Name, p.key("name")); taken {
				r.bad(p.key("name"), "give each device its own name", "device %q is already there %s", d.Name, r.at(before))
			}
		}
		r.name(p.key("zone"), d.Zone)
		if d.Interval != 0 {
			r.between(p.key("interval"), d.Interval, 100*time.Millisecond, 24*time.Hour)
		}
		e.checkAddress(r, p, d, addresses)
		e.checkPoints(r, p, d, points)
		known.checkName(r, p, d)
		if offers, ok := known.offered(d); ok {
			r.checkChannels(p, d, offers, d.Profile+d.Driver)
		}
		r.checkOwnWay(p, d)
	}
}

// needNumber reports a number that is missing or out of range.
func (r *report) needNumber(p place, zero bool, want, number string) {
	if zero && (r.src == nil || !r.given(p)) {
		r.bad(p, "add it: "+want, "%s is missing", p)
		return
	}
	r.bad(p, want, "%s is out of range", number)
}

// absent reports a key that has no meaning where it stands.
func (r *report) absent(p place, present bool, want string) {
	if present {
		r.bad(p, "remove it: "+want, "%s does not belong here", p)
	}
}

// busNames lists the buses, the likeliest alone when there is one.
func (e *Edge) busNames(near string) string {
	var names []string
	for _, b := range e.Buses {
		names = append(names, b.Name)
	}
	if n := nearest(near, names); n != "" {
		return n
	}
	return strings.Join(names, ", ")
}

func (e *Edge) checkPoints(r *report, p place, d Device, taken unique[string]) {
	if len(d.Points) == 0 {
		r.bad(p.key("points"), "add what it measures, e.g. points: {air: temperature}", "the device has no points")
	}
	for _, name := range slices.Sorted(maps.Keys(d.Points)) {
		q := p.key("points").key(name)
		r.required(q, d.Points[name], "temperature")
		if !sensors.IsSlug(name) {
			r.name(q, name)
			continue
		}
		if before, used := taken.take(d.Zone+"/"+name, q); used && d.Zone != "" {
			r.bad(q, "each point of a zone has its own name", "point %q of zone %q is already there %s", name, d.Zone, r.at(before))
		}
	}
}

func (e *Edge) checkLimits(r *report) {
	taken := unique[string]{}
	for i, l := range e.Limits {
		p := place("limits").index(i)
		if r.name(p.key("zone"), l.Zone) && r.understood("devices") &&
			!slices.ContainsFunc(e.Devices, func(d Device) bool { return d.Zone == l.Zone }) {
			r.bad(p.key("zone"), "name a zone that a device above measures", "no device is in zone %q", l.Zone)
		}
		q, ok := r.limitedQuantity(p.key("quantity"), l.Quantity)
		if !ok {
			continue
		}
		if before, used := taken.take(l.Zone+" "+l.Quantity, p); used {
			r.bad(p, "put high and low into one entry", "zone %q has limits of %s already %s", l.Zone, q, r.at(before))
		}
		if l.High == nil && l.Low == nil && len(l.Lines) == 0 {
			r.bad(p, "add high, low or lines", "the entry has no limit")
		}
		if h := l.Hysteresis; h != nil && !(*h >= 0 && *h <= 20) {
			r.bad(p.key("hysteresis"), "want 0 to 20, e.g. 0.5", "hysteresis %g is out of range", *h)
		}
		var lines []placedLimit
		if l.High != nil {
			lines = append(lines, placedLimit{alerting.Limit{Side: alerting.High, Level: alerting.Warning, Value: *l.High}, p.key("high")})
		}
		if l.Low != nil {
			lines = append(lines, placedLimit{alerting.Limit{Side: alerting.Low, Level: alerting.Warning, Value: *l.Low}, p.key("low")})
		}
		r.limits(q, append(lines, r.limitLines(p.key("lines"), l.Lines)...))
	}
}

// limitedQuantity demands a quantity that can have limits.
func (r *report) limitedQuantity(p place, s string) (sensors.Quantity, bool) {
	if !r.oneOf(p, s, quantityNames()...) {
		return "", false
	}
	q := sensors.Quantity(s)
	if q != sensors.Temperature && q != sensors.Humidity {
		r.bad(p, "limits are for temperature and humidity", "%s cannot have limits", q)
		return "", false
	}
	return q, true
}

func quantityNames() []string {
	var names []string
	for _, q := range sensors.Quantities() {
		names = append(names, string(q))
	}
	return names
}

type placedLimit struct {
	alerting.Limit
	at place
}

// limits reports each limit that contradicts those before it. One that does is
// left out when the next are judged, so that each mistake shows once.
func (r *report) limits(q sensors.Quantity, lines []placedLimit) {
	lowest, highest := q.Range()
	var sound []alerting.Limit
	for _, l := range lines {
		if !(l.Value >= lowest && l.Value <= highest) { // so that NaN fails too
			r.bad(l.at, fmt.Sprintf("want %g to %g %s", lowest, highest, unitOf(q)), "%s limit %g cannot be reached by %s", l.Side, l.Value, q)
			continue
		}
		if err := alerting.CheckLimits(q, append(slices.Clone(sound), l.Limit)); err != nil {
			r.bad(l.at, "correct one of the two values", "%s", err)
			continue
		}
		sound = append(sound, l.Limit)
	}
}

// unitOf is the quantity's unit as people write it.
func unitOf(q sensors.Quantity) string {
	if q == sensors.Temperature {
		return "°C"
	}
	return string(q.Unit())
}
