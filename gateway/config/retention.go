package config

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"coldchain/sensors"
)

// Retention says for how long the county keeps readings and what they come to,
// by rule profile. What a signed certificate used is kept whatever it says.
type Retention struct {
	// Default names the profile of every zone that is not named below; default
	// gb31605, which is there without being written.
	Default  string                      `yaml:"default"`
	Profiles map[string]RetentionProfile `yaml:"profiles"`
	// Which zones use another profile, the most particular first: a zone
	// ("site/zone"), else its site, else its kind.
	Zones     map[string]string `yaml:"zones"`
	Sites     map[string]string `yaml:"sites"`
	ZoneKinds map[string]string `yaml:"zone_kinds"`
}

// RetentionProfile is one rule's demand.
type RetentionProfile struct {
	Raw     Age `yaml:"raw"`     // of readings
	Rollups Age `yaml:"rollups"` // of their lowest, highest and mean by 1 min, 15 min and 1 h; never below Raw
}

// Age is a number of days. In a file it is 730d, 3y (a year is 366 days here,
// so that 2y is never a day short of two years) or forever.
type Age int64

// Forever is the age of what is never removed.
const Forever Age = math.MaxInt64

// The profile of a county that writes none.
const (
	// DefaultRetention is named after GB 31605-2020 (food cold chain hygiene).
	DefaultRetention = "gb31605"
	// DefaultRaw is three years. GB 31605 wants records kept for at least six
	// months after the end of the shelf life, and two years where there is none
	// [G: general knowledge, the clause was not at hand]. Frozen meat at -18 °C
	// is sold for up to two years [E]: 24 + 6 months, and half a year of margin.
	DefaultRaw Age = 3 * daysAYear
	// DefaultRollups is ten years [E]: at a twentieth of the readings' weight
	// they answer how a store has done since it was built.
	DefaultRollups Age = 10 * daysAYear
	// ShortestRaw is a day more than the oldest reading that is admitted: what
	// an edge could still deliver must not be what was just removed.
	ShortestRaw Age = 401
	// TwoYears is what GB 31605 wants at least [G].
	TwoYears Age = 731

	daysAYear = 366
	longest   = 100 * daysAYear
)

var (
	ageType = reflect.TypeFor[Age]()
	ageForm = regexp.MustCompile(`^([0-9]{1,6})(d|y)$`)
)

func parseAge(s string) (a Age, what, want string) {
	const example = "write for example 3y, 1100d or forever"
	if s == "forever" {
		return Forever, "", ""
	}
	m := ageForm.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Sprintf("%.20q is not an age in days or years", s), example
	}
	n, err := strconv.Atoi(m[1])
	if m[2] == "y" {
		n *= daysAYear
	}
	if err != nil || n < 1 || n > longest {
		return 0, fmt.Sprintf("%.20s is out of range", s), "want 1d to 100y, or forever"
	}
	return Age(n), "", ""
}

// Duration is the age as a duration; ok is false for Forever.
func (a Age) Duration() (d time.Duration, ok bool) {
	if a == Forever {
		return 0, false
	}
	return time.Duration(a) * 24 * time.Hour, true
}

// String writes the age as a file has it.
func (a Age) String() string {
	switch {
	case a == Forever:
		return "forever"
	case a > 0 && a%daysAYear == 0:
		return fmt.Sprintf("%dy", a/daysAYear)
	}
	return fmt.Sprintf("%dd", int64(a))
}

// applyDefaults fills what was left out.
func (k *Retention) applyDefaults() {
	fill(&k.Default, DefaultRetention)
	all := map[string]RetentionProfile{DefaultRetention: {}}
	maps.Copy(all, k.Profiles)
	for name, p := range all {
		if p.Raw == 0 {
			p.Raw = DefaultRaw
		}
		if p.Rollups == 0 {
			p.Rollups = max(DefaultRollups, p.Raw)
		}
		all[name] = p
	}
	k.Profiles = all
}

// checkRetention checks the profiles and that everything named is there.
func (c *County) checkRetention(r *report) {
	k, at := c.Retention, place("retention")
	for _, name := range slices.Sorted(maps.Keys(k.Profiles)) {
		p, q := k.Profiles[name], at.key("profiles").key(name)
		if !sensors.IsSlug(name) {
			r.name(q, name)
		}
		if !r.understood(q.key("raw")) || !r.understood(q.key("rollups")) {
			continue
		}
		switch {
		case p.Raw < ShortestRaw:
			r.bad(q.key("raw"), fmt.Sprintf("want at least %s: gateways may still deliver readings of 400 days, which would be removed as they come", ShortestRaw), "%s %s is too short", q.key("raw"), p.Raw)
			continue
		case p.Raw < TwoYears:
			r.warn(q.key("raw"), "GB 31605 asks for two years where there is no shelf life, else for six months after its end", "profile %.60q keeps readings for %s", name, p.Raw)
		}
		if p.Rollups < p.Raw {
			r.bad(q.key("rollups"), fmt.Sprintf("want at least %s, as raw", p.Raw), "%s %s is shorter than raw", q.key("rollups"), p.Rollups)
		}
	}
	names := slices.Sorted(maps.Keys(k.Profiles))
	r.known(at.key("default"), k.Default, names, "")
	var sites, zones, kinds []string
	for _, s := range c.Sites {
		sites = append(sites, s.ID)
		for _, z := range s.Zones {
			zones = append(zones, s.ID+"/"+z.ID)
		}
	}
	for _, kind := range zoneKinds {
		kinds = append(kinds, string(kind))
	}
	for _, use := range []struct {
		key   string
		of    map[string]string
		there []string
	}{{"zones", k.Zones, zones}, {"sites", k.Sites, sites}, {"zone_kinds", k.ZoneKinds, kinds}} {
		for _, what := range slices.Sorted(maps.Keys(use.of)) {
			p := at.key(use.key).key(what)
			if !slices.Contains(use.there, what) {
				want := "name one of sites"
				if near := nearest(what, use.there); near != "" {
					want = "did you mean " + near + "?"
				} else if use.key == "zone_kinds" {
					want = "one of " + strings.Join(kinds, ", ")
				}
				r.bad(p, want, "%s %.60q is not there", at.key(use.key), what)
				continue
			}
			r.known(p, use.of[what], names, "")
		}
	}
}

// RetentionOf returns the rule for a zone ("site/zone") of a kind.
func (c *County) RetentionOf(zone string, kind ZoneKind) RetentionProfile {
	site, _, _ := strings.Cut(zone, "/")
	for _, name := range []string{c.Retention.Zones[zone], c.Retention.Sites[site], c.Retention.ZoneKinds[string(kind)], c.Retention.Default} {
		if p, ok := c.Retention.Profiles[name]; ok {
			return p
		}
	}
	return RetentionProfile{Raw: Forever, Rollups: Forever} // without defaults nothing is removed
}
