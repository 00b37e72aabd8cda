package access

import "slices"

// Object is what a request is about, and so where it has to lie.
type Object string

// The objects. The server finds their places; see gateway/web.
const (
	Nothing     Object = "-"           // of no site: the role is enough
	Self        Object = "self"        // whoever is signed in, also before a one-time password is changed
	Lists       Object = "list"        // the answer holds only what lies in reach
	County      Object = "county"      // of the whole county
	Site        Object = "site"        // {site} of the path
	Point       Object = "point"       // ?point=
	Question    Object = "question"    // ?batch=, ?zone=, ?trip= or ?site=; without one the county
	Trip        Object = "trip"        // {id}: its truck
	Alarm       Object = "alarm"       // {id}: where it is; its goods' owners
	Batch       Object = "batch"       // {id}: wherever it lay; its owner
	Goods       Object = "goods"       // {id}: where it lies
	Moved       Object = "moved"       // {id}: where it lies, or where the body brings it
	Certificate Object = "certificate" // {number}: its batch
	Body        Object = "body"        // every zone, object and batch that the body names
	Disuse      Object = "disuse"      // {id}: its zone
	Outage      Object = "outage"      // {id}: its object
	Form        Object = "form"        // rooms of a list that is sent; the handler looks at each
)

// Rule is one row of the table.
type Rule struct {
	Method  string // GET stands for HEAD as well
	Pattern string // as net/http's ServeMux has it
	Open    bool   // no sign-in; Roles and Object are empty
	Roles   []Role
	Object  Object
}

// Writes reports whether a rule is of a request that changes something.
func (r Rule) Writes() bool { return r.Method != "GET" }

// Find returns the row of a route. ok is false of a route that has none: nobody
// may use it.
func Find(method, pattern string) (Rule, bool) {
	rules := Table()
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.Method == method && r.Pattern == pattern })
	if i < 0 {
		return Rule{}, false
	}
	return rules[i], true
}

// Refusal is why somebody may not.
type Refusal string

// The refusals; the empty one lets through.
const (
	Allowed      Refusal = ""
	ChangeFirst  Refusal = "password-change" // the one-time password comes first
	WrongRole    Refusal = "not-your-role"
	OutOfReach   Refusal = "out-of-reach" // the role is right, elsewhere
	ReadOnlyOnly Refusal = "read-only-token"
)

// Role answers whether somebody may use a route at all, wherever it leads.
func (r Rule) Role(w Who) Refusal {
	switch {
	case r.Open:
		return Allowed
	case w.MustChange && r.Object != Self:
		return ChangeFirst
	case r.Object == Self:
		return Allowed
	case w.ReadOnly && r.Writes():
		return ReadOnlyOnly
	case !w.Has(r.Roles...):
		return WrongRole
	}
	return Allowed
}

// May answers whether somebody may use a route on something that lies in all of
// some places; each has to lie in his reach.
func (r Rule) May(w Who, places ...Place) Refusal {
	if no := r.Role(w); no != Allowed || r.Open {
		return no
	}
	reach := w.Reach(r.Roles...)
	for _, p := range places {
		if !reach.Covers(p) {
			return OutOfReach
		}
	}
	return Allowed
}
