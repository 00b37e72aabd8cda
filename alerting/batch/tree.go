package batch

import (
	"slices"
	"time"
)

// Share is one batch that goes into a derivation or comes out of it.
type Share struct {
	ID string `json:"id"`
	// Quantity is how much of an input goes in, empty for all of it; or how much
	// an output is.
	Quantity string `json:"quantity,omitempty"`
}

// Derivation is batches becoming other batches, at one time. One of the two
// sides is a single batch, so that every link knows how much of which went
// where: several into several goes through one between.
type Derivation struct {
	Relation Relation  `json:"relation"`
	At       time.Time `json:"at"`
	Inputs   []Share   `json:"inputs"`
	Outputs  []Share   `json:"outputs"`
}

// maxShares bounds one side of a derivation.
const maxShares = 1000

// Check returns what is wrong with the shape of a derivation, a *Fault, or nil.
func (d Derivation) Check() error {
	in, out := len(d.Inputs), len(d.Outputs)
	want := map[Relation]bool{
		Split: in == 1 && out >= 1, Merge: in >= 2 && out == 1,
		Transform: in >= 1 && out >= 1 && (in == 1 || out == 1), Aggregated: in >= 1 && out == 1,
	}
	right, known := want[d.Relation]
	switch {
	case !known:
		return fault("关系 %.20[1]q 不认识：应为 split、merge、transform 或 aggregate", "relation %.20[1]q: want split, merge, transform or aggregate", string(d.Relation))
	case in > maxShares || out > maxShares:
		return fault("一次最多 %[1]d 个批次，请分几次登记", "at most %[1]d batches at once; book it in several steps", maxShares)
	case !right:
		return fault("%[1]s 不能从 %[2]d 个批次变成 %[3]d 个：拆分是一变多，合并是多变一，加工的一边只能有一个，装箱只有一个容器",
			"%[1]s cannot make %[3]d batches of %[2]d: a split has one input, a merge one output, a transformation one on either side, an aggregation one container", d.Relation, in, out)
	}
	seen := map[string]bool{}
	for _, s := range slices.Concat(d.Inputs, d.Outputs) {
		if seen[s.ID] {
			return fault("批次 %[1]s 在一次登记里出现了两次", "batch %[1]s stands there twice", s.ID)
		}
		seen[s.ID] = true
	}
	return nil
}

// Links are what a derivation adds: from each input to each output, with how
// much of the input that was.
func (d Derivation) Links() (out []Link) {
	for _, i := range d.Inputs {
		for _, o := range d.Outputs {
			l := Link{Parent: i.ID, Child: o.ID, Relation: d.Relation, Quantity: i.Quantity, At: d.At}
			if len(d.Inputs) == 1 && len(d.Outputs) > 1 || d.Relation == Split {
				l.Quantity = o.Quantity
			}
			out = append(out, l)
		}
	}
	return out
}

// Enough returns a *Fault when a derivation takes more of an input than there
// is, or a split hands out more than it takes. Where units differ, or a
// quantity cannot be read, nothing is refused.
func (d Derivation) Enough(quantity map[string]string, before []Link) error {
	links := d.Links()
	for _, i := range d.Inputs {
		b := BalanceOf(i.ID, quantity[i.ID], before)
		if !b.Known || d.Relation == Aggregated {
			continue
		}
		after := BalanceOf(i.ID, quantity[i.ID], slices.Concat(before, links))
		if after.Known && after.Left.Milli < 0 {
			return fault("批次 %[1]s 只剩 %[2]s，登记的用量是 %[3]s：请核对数量", "of batch %[1]s there are %[2]s left and %[3]s would be taken: check the quantities",
				i.ID, b.Left, Amount{after.Used.Milli - b.Used.Milli, b.Have.Unit})
		}
	}
	return nil
}

// Cycle returns a *Fault when adding links would make a batch come out of
// itself.
func Cycle(before, added []Link) error {
	children := map[string][]string{}
	for _, l := range slices.Concat(before, added) {
		children[l.Parent] = append(children[l.Parent], l.Child)
	}
	for _, l := range added {
		if slices.Contains(reach(l.Child, children), l.Parent) {
			return fault("批次 %[1]s 已经来自 %[2]s，不能反过来", "batch %[1]s came out of %[2]s already, so it cannot become part of it", l.Parent, l.Child)
		}
	}
	return nil
}

// reach lists a batch and everything that came of it, once each, nearest first.
func reach(root string, children map[string][]string) []string {
	seen, out := map[string]bool{root: true}, []string{root}
	for i := 0; i < len(out); i++ {
		for _, c := range children[out[i]] {
			if !seen[c] {
				seen[c] = true
				out = append(out, c)
			}
		}
	}
	return out
}
