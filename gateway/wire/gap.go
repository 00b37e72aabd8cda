package wire

import "time"

// ToldBy reports whether gaps that were declared before, in order of their
// beginnings, say all that g says: g itself, or the parts of it without a hole
// between them. A gateway that cannot know what the county knows declares again.
func (g Gap) ToldBy(before []Gap) bool {
	var count uint64
	var upto time.Time
	found := false
	for _, p := range before {
		if p.Scope != g.Scope || p.Cause != g.Cause || p.From.Before(g.From) || p.To.After(g.To) {
			continue
		}
		if !found && p.From.After(g.From) || found && p.From.After(upto) {
			return false
		}
		if !found || p.To.After(upto) {
			upto = p.To
		}
		found = true
		count += p.Count
	}
	return found && !upto.Before(g.To) && count >= g.Count
}
