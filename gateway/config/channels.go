package config

import (
	"maps"
	"slices"
	"strings"

	"coldchain/sensors"
	"coldchain/sensors/modbus"
)

// drivers are the drivers that gateway/app/edge opens, with their channels.
// What has no channels is addressed in another way: see checkOwnWay.
func drivers() map[string]channels {
	out := map[string]channels{
		"gnss":    {"latitude": sensors.Latitude, "longitude": sensors.Longitude},
		"ds18b20": nil,
		"ads1115": nil,
	}
	for _, chip := range []string{"sht3x", "sht4x", "hdc302x", "hdc1080", "si7021", "aht20", "bme280"} {
		out[chip] = channels{"temperature": sensors.Temperature, "humidity": sensors.Humidity}
	}
	for _, chip := range []string{"tmp102", "tmp105", "tmp117", "mcp9808"} {
		out[chip] = channels{"temperature": sensors.Temperature}
	}
	return out
}

// channels are what a device offers to measure, by name.
type channels map[string]sensors.Quantity

func (c channels) names() []string { return slices.Sorted(maps.Keys(c)) }

// catalog knows the channels of every device that can be named without a file.
type catalog struct {
	profiles map[string]channels
	drivers  map[string]channels
}

func newCatalog() catalog {
	c := catalog{profiles: map[string]channels{}, drivers: drivers()}
	// An error would be a fault of the build, and then no profile is known.
	list, _ := modbus.Builtin()
	for _, p := range list {
		c.profiles[p.Name] = channelsOf(p)
	}
	return c
}

func channelsOf(p *modbus.Profile) channels {
	c := channels{}
	for _, channel := range p.Channels {
		c[channel.Name] = channel.Quantity
	}
	return c
}

// profilePath reports whether the profile is a file's and not a built-in one's.
func profilePath(profile string) bool {
	return strings.HasSuffix(profile, ".yaml") || strings.HasSuffix(profile, ".yml")
}

// offered returns what the device offers; ok is false when it cannot be told.
func (c catalog) offered(d Device) (offers channels, ok bool) {
	if d.Profile != "" {
		offers, ok = c.profiles[d.Profile]
	} else {
		offers, ok = c.drivers[d.Driver]
		ok = ok && offers != nil
	}
	return offers, ok
}

// checkName reports a profile or driver that is not there.
func (c catalog) checkName(r *report, p place, d Device) {
	if d.Profile != "" && d.Driver == "" && !profilePath(d.Profile) {
		r.known(p.key("profile"), d.Profile, slices.Sorted(maps.Keys(c.profiles)), ", or the path of a .yaml file")
	}
	if d.Driver != "" && d.Profile == "" {
		r.known(p.key("driver"), d.Driver, slices.Sorted(maps.Keys(c.drivers)), "")
	}
}

// known demands one of the names.
func (r *report) known(p place, s string, names []string, or string) {
	if slices.Contains(names, s) {
		return
	}
	want := "one of " + strings.Join(names, ", ") + or
	if near := nearest(s, names); near != "" {
		want = "did you mean " + near + "? (" + want + ")"
	}
	r.bad(p, want, "%s %.60q is not there", p, s)
}

// checkChannels reports points of channels that the device does not have.
func (r *report) checkChannels(p place, d Device, offers channels, of string) {
	for _, name := range slices.Sorted(maps.Keys(d.Points)) {
		channel := d.Points[name]
		if _, ok := offers[channel]; ok || channel == "" {
			continue
		}
		want := "it has " + strings.Join(offers.names(), ", ")
		if near := nearest(channel, offers.names()); near != "" {
			want = "did you mean " + near + "? (" + want + ")"
		}
		r.bad(p.key("points").key(name), want, "%s has no channel %.60q", of, channel)
	}
}

// checkProfileFile reads a profile of the site's own: its mistakes are reported
// where it is named, and the device's points are held against it.
func (r *report) checkProfileFile(p place, d Device) {
	profile, err := modbus.LoadProfile(d.Profile)
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			r.bad(p.key("profile"), "correct the profile; sensors/modbus/profiles/README.md describes it", "%s", line)
		}
		return
	}
	r.checkChannels(p, d, channelsOf(profile), "profile "+d.Profile)
}
