package batch

import "time"

// Part is where one part of a recalled batch went.
type Part struct {
	Batch    string `json:"batch"`
	Product  string `json:"product"`
	Quantity string `json:"quantity"`
	// Depth is how many steps it is from the recalled batch, which has 0; From
	// and Relation say by which, and Took how much of From that was.
	Depth    int      `json:"depth"`
	From     string   `json:"from,omitempty"`
	Relation Relation `json:"relation,omitempty"`
	Took     string   `json:"took,omitempty"`
	// Mixed says that other goods are in it too: it was merged or transformed
	// out of several, or it is a container.
	Mixed     bool       `json:"mixed,omitempty"`
	Stays     []Custody  `json:"stays"`
	Handovers []Handover `json:"handovers"`
	// Where is the zone or place that holds it now; empty when it has left, and
	// then Left is since when, and Courier how.
	Where   string    `json:"where"`
	Left    time.Time `json:"left,omitzero"`
	Courier *Courier  `json:"courier,omitempty"`
	Closed  time.Time `json:"closed,omitzero"`
	// Decision is what was decided of it last, and Balance what has not gone
	// into another part.
	Decision Decision `json:"decision"`
	Balance  string   `json:"balance,omitempty"`
}

// Recall lists a batch and everything that came of it or holds it, nearest
// first, each once. links are all of theirs; what find does not know is listed
// by its code alone.
func Recall(root string, links []Link, find func(id string) (Dossier, bool)) []Part {
	children, parents, by := map[string][]string{}, map[string]int{}, map[string]Link{}
	for _, l := range links {
		children[l.Parent] = append(children[l.Parent], l.Child)
		parents[l.Child]++
	}
	depth := map[string]int{root: 0}
	var out []Part
	for _, id := range reach(root, children) {
		p := Part{Batch: id, Depth: depth[id], Mixed: id != root && parents[id] > 1, Decision: Undecided}
		if l, ok := by[id]; ok {
			p.From, p.Relation, p.Took = l.Parent, l.Relation, l.Quantity
		}
		if d, ok := find(id); ok {
			p.fill(d)
		}
		out = append(out, p)
		for _, l := range links {
			if _, known := depth[l.Child]; l.Parent == id && !known {
				depth[l.Child], by[l.Child] = depth[id]+1, l
			}
		}
	}
	return out
}

func (p *Part) fill(d Dossier) {
	p.Product, p.Quantity, p.Stays, p.Handovers, p.Closed = d.Product, d.Quantity, d.Stays, d.Handovers, d.Closed
	p.Decision = InForce(d.Verdicts).Decision
	if b := d.Balance; b.Known {
		p.Balance = b.Left.String()
	}
	if n := len(d.Stays); n > 0 {
		last := d.Stays[n-1]
		p.Courier = last.Courier
		if last.To.IsZero() {
			p.Where = last.Zone + last.Place
		} else {
			p.Left = last.To
		}
	}
}
