package config

import (
	"maps"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"coldchain/alerting"
	"coldchain/sensors"
)

// Validate reports every problem of a county's configuration, of a file's or
// of one built in code, after ApplyDefaults. It does not look at the file
// system.
func (c *County) Validate() []Problem {
	r := &report{}
	c.validate(r)
	return r.problems
}

func (c *County) validate(r *report) {
	r.name("county", c.County)
	r.label("name", c.Name)
	r.label("notice", c.Notice)
	if _, err := time.LoadLocation(c.Timezone); err != nil {
		r.bad("timezone", "write for example Asia/Shanghai (the Debian package tzdata knows the names)", "timezone %.60q is not known", c.Timezone)
	}
	r.required("data", c.Data, "/var/lib/coldchain-collector")
	c.checkServices(r)
	c.Notify.validate(r)
	c.checkPlatform(r)

	if len(c.Sites) == 0 {
		r.bad("sites", "add at least one; see deploy/examples/county.yaml", "there is no site")
	}
	sites, gateways := unique[string]{}, unique[string]{}
	sources := c.PointSources()
	for i := range c.Sites {
		s, p := &c.Sites[i], place("sites").index(i)
		if r.name(p.key("id"), s.ID) {
			if before, taken := sites.take(s.ID, p.key("id")); taken {
				r.bad(p.key("id"), "give each site its own id", "site %q is already there %s", s.ID, r.at(before))
			}
		}
		if s.Gateway == "" && (s.sourcesOnly(sources) || !r.understood("sources")) {
			// nobody else measures here
		} else if r.name(p.key("gateway"), s.Gateway) {
			if before, taken := gateways.take(s.Gateway, p.key("gateway")); taken {
				r.bad(p.key("gateway"), "each site has its own gateway", "gateway %q is already there %s", s.Gateway, r.at(before))
			}
		}
		s.validate(r, p)
	}
	c.checkTimestampAuthority(r)
	c.checkMonthlyReport(r)
	c.checkCalibrations(r)
	c.checkSources(r)
	c.checkRetention(r)
	c.checkWatch(r)
	c.checkTrips(r)
}

// checkPlatform checks the address that verdicts are posted to.
func (c *County) checkPlatform(r *report) {
	if c.Platform == (Platform{}) {
		return
	}
	p := place("platform")
	r.needSecret(p.key("url_file"), c.Platform.URLFile)
	r.secretForm(p.key("secret_file"), c.Platform.SecretFile)
	if c.Platform.SecretFile == "" {
		r.warn(p.key("secret_file"), "add it unless the platform cannot check a signature", "what the platform is told is not signed")
	}
}

// checkTimestampAuthority checks who is asked to stamp certificates.
func (c *County) checkTimestampAuthority(r *report) {
	a, p := c.TimestampAuthority, place("timestamp_authority")
	if a == (TimestampAuthority{}) {
		return
	}
	if u, err := url.Parse(a.URL); err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		r.bad(p.key("url"), "write for example http://tsa.example/tsr", "%s is not an address of the form http://HOST/ or https://HOST/", p.key("url"))
	}
	r.required(p.key("ca_file"), a.CAFile, "/etc/coldchain/tsa-root.pem") // without it a time stamp that anybody made would do
}

// checkMonthlyReport checks to whom it goes.
func (c *County) checkMonthlyReport(r *report) {
	m, p := c.MonthlyReport, place("monthly_report")
	if m.Channel == "" && len(m.To) == 0 {
		return
	}
	if ch, ok := c.Notify.Channels[m.Channel]; !ok || ch.Email == nil {
		r.bad(p.key("channel"), "name a channel of notify.channels that has email", "%s %.60q is no e-mail channel", p.key("channel"), m.Channel)
	}
	if len(m.To) == 0 {
		r.bad(p.key("to"), "list the addresses that get it", "%s is empty", p.key("to"))
	}
	for i, to := range m.To {
		if a, err := mail.ParseAddress(to); err != nil || a.Address != to {
			r.bad(p.key("to").index(i), "write one address, e.g. office@example.com", "%s %.100q is not an address", p.key("to").index(i), to)
		}
	}
}

// checkCalibrations checks the certificates of probes.
func (c *County) checkCalibrations(r *report) {
	points := map[string]bool{}
	for _, p := range c.Points() {
		points[string(p.ID)] = true
	}
	for i, x := range c.Calibrations {
		p := place("calibrations").index(i)
		if !points[x.Point] {
			r.bad(p.key("point"), "name a point of sites as site/zone/point", "%s %.100q is no point of this county", p.key("point"), x.Point)
		}
		r.required(p.key("certificate"), x.Certificate, "the certificate's number")
		if from, until, err := x.Day(time.UTC); err != nil || !from.Before(until) {
			r.bad(p, "write days such as 2026-03-01, from not after until", "%s: from %.20q and until %.20q are no days in order", p, x.From, x.Until)
		}
	}
}

// checkServices checks what the collector listens on and talks to.
func (c *County) checkServices(r *report) {
	if listen := place("broker").key("listen"); c.Broker.Listen != "" {
		if host, ok := r.hostPort(listen, c.Broker.Listen, "127.0.0.1:1883"); ok && !loopback(host) {
			r.bad(listen, "use 127.0.0.1:PORT, or Mosquitto (deploy/mosquitto) for a network", "the embedded broker knows no passwords and %q is not loopback", c.Broker.Listen)
		}
	}
	if c.Broker.Listen == "" || c.MQTT != (MQTT{}) {
		r.mqtt("mqtt", c.MQTT)
	}

	web := place("web")
	if host, ok := r.hostPort(web.key("listen"), c.Web.Listen, "127.0.0.1:8080"); ok && !loopback(host) && c.Web.TLS == (TLS{}) && len(c.Web.TrustedProxies) == 0 {
		r.warn(web.key("listen"), "add web.tls, or listen on 127.0.0.1:PORT behind a proxy", "%s %q can be reached from the network without TLS: passwords travel unencrypted", web.key("listen"), c.Web.Listen)
	}
	r.secretForm(web.key("token_file"), c.Web.TokenFile)
	c.Web.checkTLS(r, web)
	r.endpoint(web.key("public_url"), c.Web.PublicURL)

	p, in := place("store").key("influx"), c.Store.Influx
	if in.URL == "" {
		if in != (Influx{}) {
			r.bad(p.key("url"), "add it, e.g. http://127.0.0.1:8086, or remove influx to use the embedded store", "%s is missing", p.key("url"))
		}
		return
	}
	if u, ok := r.server(p.key("url"), in.URL, "http://127.0.0.1:8086", "http", "https"); ok && u.Scheme == "http" {
		if in.CAFile != "" {
			r.bad(p.key("ca_file"), "use https:// in url, or remove ca_file", "%s has no effect with http://", p.key("ca_file"))
		}
		if in.TokenFile != "" && !loopback(u.Hostname()) {
			r.warn(p.key("url"), "use https:// where the line is not your own", "the token travels unencrypted to %.60s", u.Hostname())
		}
	}
	r.required(p.key("bucket"), in.Bucket, "coldchain (2.x) or coldchain/autogen (1.8)")
	r.secretForm(p.key("token_file"), in.TokenFile)
}

// checkTLS checks the page's certificate, and who is believed on it.
func (w *Web) checkTLS(r *report, web place) {
	cert, key := web.key("tls").key("cert_file"), web.key("tls").key("key_file")
	switch {
	case w.TLS.CertFile != "" && w.TLS.KeyFile == "":
		r.bad(key, "name the file of its private key", "%s is missing", key)
	case w.TLS.CertFile == "" && w.TLS.KeyFile != "":
		r.bad(cert, "name the file of the certificate", "%s is missing", cert)
	}
	for i, text := range w.TrustedProxies {
		if _, err := parseNetwork(text); err != nil {
			r.bad(web.key("trusted_proxies").index(i), "write an address (10.0.0.1) or a network (10.0.0.0/8)", "%.60q is neither", text)
		}
	}
}

func (s *Site) validate(r *report, p place) {
	r.oneOf(p.key("kind"), string(s.Kind), string(Centre), string(TownshipStore), string(VillageStation), string(Truck))
	r.label(p.key("name"), s.Name)
	if silent := p.key("silent_after"); r.between(silent, s.SilentAfter, time.Second, 24*time.Hour) && s.SilentAfter < time.Minute {
		r.warn(silent, "stores have 10m, trucks 20m", "%s %s is shorter than a sampling interval usually is", silent, duration(s.SilentAfter))
	}
	s.checkPosition(r, p)
	if len(s.Zones) == 0 {
		r.bad(p.key("zones"), "add its rooms, or one zone of kind technical for power and link", "site %.60q has no zones", s.ID)
	}
	zones := unique[string]{}
	for i := range s.Zones {
		z, q := &s.Zones[i], p.key("zones").index(i)
		if r.name(q.key("id"), z.ID) {
			if before, taken := zones.take(z.ID, q.key("id")); taken {
				r.bad(q.key("id"), "give each zone of a site its own id", "zone %q of site %.60q is already there %s", z.ID, s.ID, r.at(before))
			}
		}
		z.validate(r, q)
	}
	s.checkOutdoor(r, p.key("outdoor"))
}

func (s *Site) checkOutdoor(r *report, p place) {
	if s.Outdoor == "" {
		return
	}
	zone, point, _ := strings.Cut(s.Outdoor, "/")
	for _, z := range s.Zones {
		if z.ID == zone && z.Points[point] == string(sensors.Temperature) {
			return
		}
	}
	r.bad(p, "write zone/point of a temperature point of this site, e.g. outdoor: yard/air", "site %.60q has no temperature point %.60q", s.ID, s.Outdoor)
}

func (s *Site) checkPosition(r *report, p place) {
	switch {
	case s.Latitude == nil && s.Longitude == nil:
		return
	case s.Latitude == nil:
		r.bad(p.key("latitude"), "give both or neither", "longitude is given without latitude")
		return
	case s.Longitude == nil:
		r.bad(p.key("longitude"), "give both or neither", "latitude is given without longitude")
		return
	}
	swapped := ""
	if lat, lon := *s.Latitude, *s.Longitude; lat >= -180 && lat <= 180 && lon >= -90 && lon <= 90 {
		swapped = "latitude and longitude look exchanged; "
	}
	if !(*s.Latitude >= -90 && *s.Latitude <= 90) {
		r.bad(p.key("latitude"), swapped+"want -90 to 90 degrees north", "latitude %g is not on the Earth", *s.Latitude)
	}
	if !(*s.Longitude >= -180 && *s.Longitude <= 180) {
		r.bad(p.key("longitude"), "want -180 to 180 degrees east", "longitude %g is not on the Earth", *s.Longitude)
	}
}

var zoneKinds = []ZoneKind{Frozen, Chilled, Dairy, Vegetable, Potato, WarmCrop, FrozenBox, ChilledBox, Chilling, Blast, Technical}

func kindNames() (names []string) {
	for _, k := range zoneKinds {
		names = append(names, string(k))
	}
	return names
}

func (z *Zone) validate(r *report, p place) {
	kindOK := r.oneOf(p.key("kind"), string(z.Kind), kindNames()...)
	r.label(p.key("name"), z.Name)

	points := p.key("points")
	measured := map[sensors.Quantity]bool{}
	for _, name := range slices.Sorted(maps.Keys(z.Points)) {
		if !sensors.IsSlug(name) {
			r.name(points.key(name), name)
		}
		if r.oneOf(points.key(name), z.Points[name], quantityNames()...) {
			measured[sensors.Quantity(z.Points[name])] = true
		}
	}
	switch {
	case len(z.Points) == 0:
		r.bad(points, "add what is measured, e.g. points: {air: temperature}", "zone %.60q has no points", z.ID)
	case kindOK && z.Kind != Technical && !measured[sensors.Temperature]:
		r.bad(points, "add a temperature point, or use kind technical for a place without goods", "zone %.60q holds goods (%s) and has no temperature point", z.ID, z.Kind)
	}
	for _, name := range slices.Sorted(maps.Keys(z.Limits)) {
		z.checkLimits(r, p.key("limits").key(name), name, measured)
	}
	z.checkProduct(r, p.key("product"))
	for _, name := range slices.Sorted(maps.Keys(z.Masks)) {
		m := p.key("masks").key(name)
		if !r.oneOf(m, name, string(sensors.Defrost), string(sensors.Door)) {
			continue
		}
		r.between(m.key("for"), z.Masks[name].For, 0, alerting.MaxMask)
		if above := z.Masks[name].Above; !(above >= 0 && above <= alerting.MaxMaskAbove) {
			r.bad(m.key("above"), "want 0 to 3, e.g. 3", "%g °C above the limit is more than a defrost makes", above)
		}
		forbids := name == string(sensors.Defrost) && z.Masks[name].For == 0 // that they be learned
		if !measured[sensors.Quantity(name)] && !forbids && r.understood(points) {
			r.bad(m, "add the point or remove the mask", "zone %.60q has a mask by %s and no point that measures it", z.ID, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(z.Hysteresis)) {
		h := p.key("hysteresis").key(name)
		if _, ok := r.limitedQuantity(h, name); ok && !(z.Hysteresis[name] >= 0 && z.Hysteresis[name] <= 20) {
			r.bad(h, "want 0 to 20, e.g. 0.5", "hysteresis %g is out of range", z.Hysteresis[name])
		}
	}
}

// checkLimits checks the limits of one quantity.
func (z *Zone) checkLimits(r *report, p place, quantity string, measured map[sensors.Quantity]bool) {
	q, ok := r.limitedQuantity(p, quantity)
	if !ok {
		return
	}
	if !measured[q] && r.understood(p) {
		r.bad(p, "add the point or remove the limits", "zone %.60q has limits for %s and no point that measures it", z.ID, q)
	}
	if len(z.Limits[quantity]) == 0 && z.Kind != Technical {
		r.warn(p, "remove the line to get the defaults of kind "+string(z.Kind), "zone %.60q has no limits for %s: nothing will raise an alarm", z.ID, q)
	}
	r.limits(q, r.limitLines(p, z.Limits[quantity]))
}

// checkProduct checks how the goods themselves are judged.
func (z *Zone) checkProduct(r *report, p place) {
	for key, name := range map[string]string{"air": z.Product.Air, "probe": z.Product.Probe} {
		if name != "" && z.Points[name] != string(sensors.Temperature) && r.understood(p) {
			r.bad(p.key(key), "write the name of one of its temperature points", "zone %.60q has no temperature point %.60q", z.ID, name)
		}
	}
	if z.Product.Estimate != "" {
		r.oneOf(p.key("estimate"), z.Product.Estimate, "none")
	}
	if z.Product.Air != "" && z.Product.Air == z.Product.Probe {
		r.bad(p.key("air"), "name the point in the goods as probe, and the one in the room as air", "%.60q cannot be in the goods and in the air", z.Product.Air)
	}
	if z.Product.TimeConstant != 0 {
		r.between(p.key("time_constant"), z.Product.TimeConstant, alerting.MinTimeConstant, alerting.MaxTimeConstant)
	}
	for i, l := range z.Product.Limits {
		if at := p.key("limits").index(i); l.Within != 0 {
			r.bad(at.key("within"), "remove it: the goods' limits hold for each run", "times are not added up of the goods")
		}
	}
	r.limits(sensors.Temperature, r.limitLines(p.key("limits"), z.Product.Limits))
}

// limitLines reports what is wrong with each line of a list at p by itself, and
// returns those that are sound.
func (r *report) limitLines(p place, list []Limit) (lines []placedLimit) {
	for i, l := range list {
		at := p.index(i)
		sound := r.oneOf(at.key("side"), l.Side, string(alerting.High), string(alerting.Low))
		sound = r.oneOf(at.key("level"), l.Level, string(alerting.Warning), string(alerting.Excursion)) && sound
		for _, k := range []string{"value", "delay"} {
			if r.given(at) && !r.given(at.key(k)) {
				r.bad(at.key(k), "add it, e.g. "+map[string]string{"value": "value: -15", "delay": "delay: 15m"}[k], "%s is missing", at.key(k))
				sound = false
			}
		}
		sound = r.limitDelay(at, l) && sound && r.understood(at)
		if before := slices.IndexFunc(list[:i], func(m Limit) bool {
			return m.Side == l.Side && m.Value == l.Value && m.Level == l.Level && m.Within == l.Within
		}); sound && before >= 0 {
			r.bad(at, "keep the one with the right delay", "the %s %s limit %g is already there %s", l.Side, l.Level, l.Value, r.at(p.index(before)))
			continue
		}
		if sound {
			lines = append(lines, placedLimit{l.limit(), at.key("value")})
		}
	}
	return lines
}

// limitDelay checks how long a limit may be crossed, in one run or all told.
func (r *report) limitDelay(at place, l Limit) bool {
	sound := true
	if l.AtLimit != "" {
		sound = r.oneOf(at.key("at_limit"), l.AtLimit, "inside", "outside")
	}
	if l.Within == 0 {
		return r.between(at.key("delay"), l.Delay, 0, 24*time.Hour) && sound
	}
	return r.between(at.key("within"), l.Within, time.Minute, alerting.MaxWithin) && r.between(at.key("delay"), l.Delay, time.Minute, l.Within) && sound
}

func (l Limit) limit() alerting.Limit {
	return alerting.Limit{Side: alerting.Side(l.Side), Level: alerting.Level(l.Level), Value: l.Value, Delay: l.Delay, Within: l.Within, Reached: l.AtLimit == "outside"}
}
