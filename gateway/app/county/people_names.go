package county

import (
	"slices"
	"strings"
	"sync/atomic"

	"coldchain/alerting/duty"
	"coldchain/alerting/wording"
	"coldchain/gateway/config"
	"coldchain/sensors"
)

// places names the county's places by their labels and its people by the
// roster.
type places struct {
	sites  map[string]config.Site
	zones  map[string]config.Zone // by site/zone
	roster *atomic.Pointer[duty.Roster]
}

var _ wording.Names = places{}

// Site implements wording.Names.
func (p places) Site(site string, l wording.Language) string { return label(p.sites[site].Name, l) }

// Zone implements wording.Names.
func (p places) Zone(zone string, l wording.Language) (name, kind string) {
	z := p.zones[zone]
	return label(z.Name, l), string(z.Kind)
}

// unit is that of a point's values, as people write it.
func (p places) unit(point string) string {
	id := sensors.PointID(point)
	if sensors.Quantity(p.zones[id.Zone()].Points[id.Name()]) == sensors.Humidity {
		return "%RH"
	}
	return "°C"
}

// Person implements wording.Names.
func (p places) Person(id string) string {
	if site, ok := strings.CutPrefix(id, "site/"); ok { // somebody there, by the siren's button
		if name := p.Site(site, wording.Chinese); name != "" {
			site = name
		}
		return site + "现场"
	}
	if r := p.roster.Load(); r != nil {
		if x, ok := r.Person(id); ok {
			return x.Name
		}
	}
	return id
}

func label(l config.Label, language wording.Language) string {
	first, other := l.ZH, l.EN
	if language == wording.English {
		first, other = other, first
	}
	if first == "" {
		return other
	}
	return first
}

// personOf finds who is called so: an id of the roster, or a name that only one
// has. The desk then knows him.
func personOf(r duty.Roster, name string) (duty.Person, bool) {
	name = strings.TrimSpace(name)
	var found []duty.Person
	for _, p := range r.Persons {
		if p.ID == name {
			return p, true
		}
		if p.Name == name {
			found = append(found, p)
		}
	}
	if len(found) == 1 {
		return found[0], true
	}
	return duty.Person{}, false
}

// namesFor are who may answer for some sites: who serves one of them first, each
// once, in the roster's order.
func namesFor(r duty.Roster, sites []string) []string {
	var out []string
	for _, near := range []bool{true, false} {
		for _, p := range r.Persons {
			if slices.ContainsFunc(sites, p.Serves) == near && !slices.Contains(out, p.Name) {
				out = append(out, p.Name)
			}
		}
	}
	return out
}
