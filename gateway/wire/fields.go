package wire

import "fmt"

// fields are one record as it travelled, before it means anything.
type fields struct {
	have    uint32 // which labels were present with a usable value
	seen    uint32 // which labels were present
	twice   uint32 // which labels were present more than once, and mean nothing
	numbers [labels]number
	texts   [labels][]byte // parts of the payload: copied before they are kept
	detail  map[string]string
	problem problem // the first one
}

// problem is why a record is refused; no reason means there is none.
type problem struct {
	reason QuarantineReason
	detail string
}

func (f *fields) reset() {
	f.have, f.seen, f.twice, f.problem, f.detail = 0, 0, 0, problem{}, nil
}

func (f *fields) has(l label) bool { return f.have&(1<<l) != 0 }

func (f *fields) setNumber(l label, n number) {
	f.numbers[l] = n
	f.have |= 1 << l
}

func (f *fields) setText(l label, b []byte) {
	f.texts[l] = b
	f.have |= 1 << l
}

func (f *fields) fail(r QuarantineReason, format string, args ...any) {
	if f.problem.reason == "" {
		f.problem = problem{r, fmt.Sprintf(format, args...)}
	}
}

// mark notes that a label came; a label that comes twice means two things.
func (f *fields) mark(l label) {
	if f.seen&(1<<l) != 0 {
		f.fail(Malformed, "field %s came twice", l)
		f.twice |= 1 << l
	}
	f.seen |= 1 << l
}

// maxDetails bounds an event's detail.
const maxDetails = 16

func (f *fields) addDetail(key, value []byte) {
	if f.detail == nil {
		f.detail = map[string]string{}
	}
	if len(f.detail) >= maxDetails {
		f.fail(TooLarge, "more than %d details", maxDetails)
		return
	}
	if _, twice := f.detail[string(key)]; twice {
		f.fail(Malformed, "detail %.40q came twice", key)
	}
	f.detail[string(key)] = string(value)
}
