package access

import (
	"fmt"
	"slices"
	"strings"
)

// Role is what somebody is to the county.
type Role string

// The roles. Device is no person's: a shared phone or tablet stays signed in at
// one site, and whoever acts on it proves himself by name and PIN.
const (
	Viewer    Role = "viewer"    // 查看
	Driver    Role = "driver"    // 司机
	Manager   Role = "manager"   // 库管、负责人
	Quality   Role = "quality"   // 质检
	Owner     Role = "owner"     // 货主: his batches, and no rooms
	Inspector Role = "inspector" // 检查人员: reads everything in his reach
	Admin     Role = "admin"     // 管理员
	Device    Role = "device"    // 公用设备
)

// Roles are those that a user may have.
func Roles() []Role {
	return []Role{Viewer, Driver, Manager, Quality, Owner, Inspector, Admin}
}

// Grant is a role and how far it reaches.
type Grant struct {
	Role Role `json:"role"`
	// Sites are those where it holds; none: the whole county. An admin's and an
	// owner's have none.
	Sites []string `json:"sites,omitempty"`
	// Party is, of an owner, the name of the party whose batches are his.
	Party string `json:"party,omitempty"`
}

// maxParty is as long as a batch's owner may be called.
const maxParty = 200

// Check returns what is wrong with a grant of a user or token; known says which
// sites there are.
func (g Grant) Check(known func(site string) bool) error {
	switch {
	case !slices.Contains(Roles(), g.Role):
		return fmt.Errorf("role %.40q is none of %v", g.Role, Roles())
	case g.Role == Owner && (strings.TrimSpace(g.Party) == "" || len([]rune(g.Party)) > maxParty):
		return fmt.Errorf("an owner needs the name of the party whose batches are his (party), at most %d characters", maxParty)
	case g.Role != Owner && g.Party != "":
		return fmt.Errorf("a party belongs to an owner, and not to a %s", g.Role)
	case len(g.Sites) > 0 && (g.Role == Owner || g.Role == Admin):
		return fmt.Errorf("an %s is of no sites", g.Role)
	}
	for i, s := range g.Sites {
		if !known(s) {
			return fmt.Errorf("there is no site %.60q", s)
		}
		if slices.Contains(g.Sites[:i], s) {
			return fmt.Errorf("site %s is named twice", s)
		}
	}
	return nil
}

// whole reports whether a grant reaches everything in the county.
func (g Grant) whole() bool { return len(g.Sites) == 0 && g.Role != Owner }

// Place is where something is that a request is about: any of its sites, or any
// of its owners, will do. Of what is the county's own, only who reaches all of
// the county has it.
type Place struct {
	Sites  []string
	Owners []string
	County bool
}

// Kind is by what somebody was let in.
type Kind string

// The kinds.
const (
	ByUser   Kind = "user"
	ByToken  Kind = "token"
	ByDevice Kind = "device"
)

// Who is somebody who was let in.
type Who struct {
	Kind    Kind
	ID      string // of the user, token or device
	Name    string // as people read it
	Person  string // of the roster, of a user who is one; empty: none
	Grants  []Grant
	Session string // its id; empty of a token
	// MustChange: the password is a one-time one, and nothing else is let through
	// before there is another.
	MustChange bool
	// ReadOnly is of tokens: they change nothing, whatever the role.
	ReadOnly bool
}

// Has reports whether somebody has one of some roles, wherever it holds.
func (w Who) Has(roles ...Role) bool {
	return slices.ContainsFunc(w.Grants, func(g Grant) bool { return slices.Contains(roles, g.Role) })
}

// Reach is how far somebody's grants go: for lists, which show what lies in it.
type Reach struct {
	All     bool
	Sites   []string
	Parties []string // of owners
}

// Reach joins what the grants of some roles reach.
func (w Who) Reach(roles ...Role) (out Reach) {
	for _, g := range w.Grants {
		switch {
		case !slices.Contains(roles, g.Role):
		case g.whole():
			out.All = true
		case g.Role == Owner:
			out.Parties = append(out.Parties, g.Party)
		default:
			out.Sites = append(out.Sites, g.Sites...)
		}
	}
	return out
}

// Site reports whether a site lies in it.
func (r Reach) Site(id string) bool { return r.All || slices.Contains(r.Sites, id) }

// Covers reports whether a place lies in it.
func (r Reach) Covers(p Place) bool {
	return r.All || !p.County && (slices.ContainsFunc(p.Sites, r.Site) ||
		slices.ContainsFunc(p.Owners, func(o string) bool { return slices.Contains(r.Parties, o) }))
}
