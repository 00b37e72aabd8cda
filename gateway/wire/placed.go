package wire

import "strings"

// placedMark stands behind the clock source of records whose time was worked
// out afterwards. A receiver that does not know it sees a clock source it does
// not know, and nothing else changes.
const placedMark = "+placed"

func (r *Record) clockText() string {
	if r.Reconstructed {
		return string(r.Clock) + placedMark
	}
	return string(r.Clock)
}

func clockOf(text string) (_ ClockSource, reconstructed bool) {
	source, reconstructed := strings.CutSuffix(text, placedMark)
	return ClockSource(source), reconstructed
}
