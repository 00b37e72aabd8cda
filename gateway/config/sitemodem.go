package config

import (
	"fmt"
	"strings"
	"time"
)

// SiteModem is a modem with a SIM at a site. It tells people of excursions and
// power cuts as long as the county does not.
type SiteModem struct {
	Port string `yaml:"port"` // /dev/serial/by-id/…
	Baud uint32 `yaml:"baud"` // default 115200
	// After is how long the county may be out of reach, or silent about an
	// alarm, before the site tells people itself; default 2m.
	After time.Duration `yaml:"after"`
	// PerHour is how many SMS one person gets in an hour; default 6. What is
	// beyond it goes together, later.
	PerHour uint8        `yaml:"per_hour"`
	Who     []SitePerson `yaml:"who"`
}

// SitePerson is somebody whom a site's modem tells.
type SitePerson struct {
	Name string `yaml:"name"`
	// Phone is digits with the country code, as in the county's roster.
	Phone    string `yaml:"phone"`
	Language string `yaml:"language"` // zh (default) or en
}

// The defaults of a site's modem [E].
const (
	DefaultModemAfter   = 2 * time.Minute
	DefaultModemPerHour = 6
)

const (
	mostWho     = 20
	mostPerHour = 30
	mostOfSIM   = 100 // an hour, see smsmodem.Rates
	leastNamed  = 3   // people for an excursion or a power cut
)

func (m *SiteModem) applyDefaults() {
	fill(&m.Baud, DefaultModemBaud)
	fill(&m.After, DefaultModemAfter)
	fill(&m.PerHour, DefaultModemPerHour)
	for i := range m.Who {
		fill(&m.Who[i].Language, "zh")
	}
}

func (e *Edge) checkModem(r *report) {
	m, p := e.Modem, place("modem")
	if m == nil {
		return
	}
	(&SMSModem{Port: m.Port, Baud: m.Baud, Parts: 1}).validate(r, p)
	for i, b := range e.Buses {
		if m.Port != "" && (b.ModbusRTU == m.Port || b.NMEA == m.Port) {
			r.bad(p.key("port"), "give the modem a port of its own", "%s is the port of bus %q %s", p.key("port"), b.Name, r.at(place("buses").index(i)))
		}
	}
	r.between(p.key("after"), m.After, 10*time.Second, time.Hour)
	who := p.key("who")
	switch {
	case m.PerHour < 1 || m.PerHour > mostPerHour:
		r.bad(p.key("per_hour"), "want 1 to 30, e.g. 6", "%s %d is out of range", p.key("per_hour"), m.PerHour)
	case len(m.Who) <= mostWho && len(m.Who)*int(m.PerHour) > mostOfSIM:
		r.bad(p.key("per_hour"), fmt.Sprintf("at most %d for %d people", mostOfSIM/len(m.Who), len(m.Who)), "%d SMS an hour for each of %d people are more than the %d that carriers take from one SIM", m.PerHour, len(m.Who), mostOfSIM)
	}
	switch n := len(m.Who); {
	case n == 0:
		r.bad(who, `add who is told, e.g. who: [{name: 其其格, phone: "8613812345678"}]`, "the modem tells nobody")
	case n > mostWho:
		r.bad(who, "name those who can come", "%d people are told, at most %d", n, mostWho)
	case n < leastNamed:
		r.warn(who, "name three: one sleeps, one is away", "%d of the people who could come are told", n)
	}
	taken := unique[string]{}
	for i, w := range m.Who {
		w.check(r, who.index(i), taken)
	}
}

func (w SitePerson) check(r *report, p place, taken unique[string]) {
	r.required(p.key("name"), w.Name, "其其格")
	if len([]rune(w.Name)) > maxPersonName {
		r.bad(p.key("name"), "write what people call them", "%s is longer than %d characters", p.key("name"), maxPersonName)
	}
	r.oneOf(p.key("language"), w.Language, "zh", "en")
	phone := p.key("phone")
	switch {
	case !r.required(phone, w.Phone, `"8613812345678"`):
	case len(w.Phone) < 8 || len(w.Phone) > 15 || strings.Trim(w.Phone, "0123456789") != "":
		r.bad(phone, `want 8 to 15 digits with the country code, such as "8613812345678"`, "%s %.40q is not a telephone number", phone, w.Phone)
	case len(w.Phone) == 11 && w.Phone[0] == '1':
		r.bad(phone, "write \"86"+w.Phone+"\"", "%s %q has no country code", phone, w.Phone)
	default:
		if before, used := taken.take(w.Phone, phone); used {
			r.bad(phone, "one entry for each number", "%s is already there %s", w.Phone, r.at(before))
		}
	}
}

// maxPersonName is what fits into an event's text beside the rest.
const maxPersonName = 30
