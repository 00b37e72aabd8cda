package batch

import "fmt"

// Fault is what is wrong with something that was written down, in both
// languages: what was tried, on which object, and what to do.
type Fault struct{ ZH, EN string }

// Error returns the English sentence.
func (f *Fault) Error() string { return f.EN }

// fault makes both sentences from the same values, which stand in the same
// order in each.
func fault(zh, en string, values ...any) error {
	return &Fault{ZH: fmt.Sprintf(zh, values...), EN: fmt.Sprintf(en, values...)}
}
