package duty

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"coldchain/alerting/notify"
	"coldchain/sensors"
)

// Role is what a person is for.
type Role string

// The roles.
const (
	Keeper     Role = "keeper"      // 库管
	Deputy     Role = "deputy"      // the keeper's stand-in
	CountyDuty Role = "county-duty" // who is on duty at the county's centre
	Repairer   Role = "repairer"    // 制冷维修
	Manager    Role = "manager"
	Quality    Role = "quality" // 质检; has a queue and is not rung
	Driver     Role = "driver"
)

// Roles are all of them.
func Roles() []Role { return []Role{Keeper, Deputy, CountyDuty, Repairer, Manager, Quality, Driver} }

// Weekday is a day of the week as the roster writes it: mon, tue, ... sun.
type Weekday string

var weekdays = [...]Weekday{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} // by time.Weekday

// Person is somebody who can be told.
type Person struct {
	ID     string            `json:"id" yaml:"id"` // slug
	Name   string            `json:"name" yaml:"name"`
	Phone  string            `json:"phone,omitempty" yaml:"phone"` // digits with country code
	Email  string            `json:"email,omitempty" yaml:"email"`
	Handle map[string]string `json:"handle,omitempty" yaml:"handle"` // by channel: the user id to mention
	Roles  []Role            `json:"roles" yaml:"roles"`
	Sites  []string          `json:"sites,omitempty" yaml:"sites"` // those served; empty: all
	// Hours are the working hours. A day that is not listed is a day off; a
	// person without any has no fixed hours and counts as on duty outside the
	// quiet hours.
	Hours    map[Weekday][]Span `json:"hours,omitempty" yaml:"hours"`
	Quiet    *Span              `json:"quiet,omitempty" yaml:"quiet"`       // only what is critical rings then
	Holidays []Date             `json:"holidays,omitempty" yaml:"holidays"` // days on which the hours do not count
	Away     time.Time          `json:"away_until,omitzero" yaml:"away_until"`
	Language string             `json:"language,omitempty" yaml:"language"` // zh (default) or en
}

// Roster is everybody, and the days off of all of them.
type Roster struct {
	Persons  []Person `json:"persons" yaml:"persons"`
	Holidays []Date   `json:"holidays,omitempty" yaml:"holidays"`
}

// Person finds one by its slug.
func (r Roster) Person(id string) (Person, bool) {
	i := slices.IndexFunc(r.Persons, func(p Person) bool { return p.ID == id })
	if i < 0 {
		return Person{}, false
	}
	return r.Persons[i], true
}

// Has reports whether the person has the role.
func (p Person) Has(r Role) bool { return slices.Contains(p.Roles, r) }

// Serves reports whether the person answers for a site.
func (p Person) Serves(site string) bool { return len(p.Sites) == 0 || slices.Contains(p.Sites, site) }

// Recipient is the person as a channel reaches him.
func (p Person) Recipient() notify.Recipient {
	return notify.Recipient{Person: p.ID, Name: p.Name, Phone: p.Phone, Email: p.Email, Handle: p.Handle}
}

// presence is how far a person can be reached at a local time.
type presence struct {
	away    bool // not at all
	onDuty  bool
	asleep  bool      // quiet hours and off duty: only what is critical
	changes time.Time // when one of these may be otherwise; zero: not foreseeable
}

func (p Person) presence(t time.Time, common []Date) presence {
	out := presence{away: t.Before(p.Away)}
	if out.away {
		out.changes = p.Away
	}
	today := DateOf(t)
	off := slices.Contains(p.Holidays, today) || slices.Contains(common, today)
	spans := p.hoursOf(t.Weekday())
	in := func(s Span) bool { return s.Contains(t) }
	// A night shift belongs to the day on which it begins.
	working := slices.ContainsFunc(spans, func(s Span) bool {
		return in(s) && (s.From < s.To || Clock(t.Hour()*60+t.Minute()) >= s.From)
	})
	yesterday := p.hoursOf(t.AddDate(0, 0, -1).Weekday())
	night := slices.ContainsFunc(yesterday, func(s Span) bool {
		return s.From >= s.To && Clock(t.Hour()*60+t.Minute()) < s.To
	})
	quiet := p.Quiet != nil && in(*p.Quiet)
	if len(p.Hours) == 0 {
		out.onDuty = !quiet && !off
	} else {
		out.onDuty = !off && (working || night)
	}
	out.asleep = quiet && !out.onDuty
	edges := append(slices.Clone(spans), yesterday...)
	edges = append(edges, p.hoursOf(t.AddDate(0, 0, 1).Weekday())...)
	edges = append(edges, Span{0, 24 * 60}) // another day may be a holiday
	if p.Quiet != nil {
		edges = append(edges, *p.Quiet)
	}
	out.changes = earliest(out.changes, nextEdge(t, edges))
	return out
}

func (p Person) hoursOf(d time.Weekday) []Span { return p.Hours[weekdays[d]] }

// Check returns what is wrong with the roster, each mistake with its field.
// knowsSite may be nil: then every slug is a site.
func (r Roster) Check(knowsSite func(string) bool) error {
	var errs []error
	seen := map[string]bool{}
	for i, p := range r.Persons {
		field := func(name string) string { return fmt.Sprintf("persons[%d].%s", i, name) }
		bad := func(name, format string, args ...any) {
			errs = append(errs, fmt.Errorf("%s: %s", field(name), fmt.Sprintf(format, args...)))
		}
		if !sensors.IsSlug(p.ID) {
			bad("id", "%q is not a name of lower-case letters, digits and hyphens", p.ID)
		} else if seen[p.ID] {
			bad("id", "%q is there twice", p.ID)
		}
		seen[p.ID] = true
		p.check(bad, knowsSite)
	}
	return errors.Join(errs...)
}

func (p Person) check(bad func(name, format string, args ...any), knowsSite func(string) bool) {
	if strings.TrimSpace(p.Name) == "" || len(p.Name) > 120 {
		bad("name", "want a name of at most 120 bytes, as people say it")
	}
	if p.Phone != "" && !digits(p.Phone, 8, 15) {
		bad("phone", "%q: want 8 to 15 digits with the country code, such as 8613812345678", p.Phone)
	}
	if p.Email != "" && (strings.Count(p.Email, "@") != 1 || strings.ContainsAny(p.Email, " ,;<>\r\n\t")) {
		bad("email", "%q: want one address", p.Email)
	}
	if len(p.Roles) == 0 {
		bad("roles", "want at least one of %v", Roles())
	}
	for i, r := range p.Roles {
		if !slices.Contains(Roles(), r) {
			bad(fmt.Sprintf("roles[%d]", i), "%q is none of %v", r, Roles())
		}
	}
	for i, s := range p.Sites {
		if !sensors.IsSlug(s) || knowsSite != nil && !knowsSite(s) {
			bad(fmt.Sprintf("sites[%d]", i), "there is no site %q", s)
		}
	}
	for day, spans := range p.Hours {
		if !slices.Contains(weekdays[:], day) {
			bad("hours", "%q is not a day: mon, tue, wed, thu, fri, sat or sun", day)
		}
		for i, s := range spans {
			if err := s.check(); err != nil {
				bad(fmt.Sprintf("hours.%s[%d]", day, i), "%v", err)
			}
		}
	}
	if p.Quiet != nil {
		if err := p.Quiet.check(); err != nil {
			bad("quiet", "%v", err)
		}
	}
	if p.Language != "" && p.Language != "zh" && p.Language != "en" {
		bad("language", "%q is not zh or en", p.Language)
	}
}

func digits(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && strings.Trim(s, "0123456789") == ""
}
