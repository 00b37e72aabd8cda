package duty

import "slices"

// Deciders are who may decide on goods: the quality officers; where the roster
// names none, who is on duty at the county. A roster of nobody names nobody.
func (r Roster) Deciders() []Person {
	if officers := r.with(Quality); len(officers) > 0 {
		return officers
	}
	return r.with(CountyDuty)
}

// Signers are who may be the second person under a severe decision: the
// deciders. Where the roster names only one, who could never be two, who is on
// duty at the county and the managers may as well.
func (r Roster) Signers() []Person {
	deciders := r.Deciders()
	if len(deciders) > 1 {
		return deciders
	}
	for _, p := range r.with(CountyDuty, Manager) {
		if !slices.ContainsFunc(deciders, func(d Person) bool { return d.ID == p.ID }) {
			deciders = append(deciders, p)
		}
	}
	return deciders
}

// with are the persons who have one of the roles, in the roster's order.
func (r Roster) with(roles ...Role) (out []Person) {
	for _, p := range r.Persons {
		if slices.ContainsFunc(roles, p.Has) {
			out = append(out, p)
		}
	}
	return out
}
