package wire

import "strings"

// placedMark stands behind the clock source of records whose time was worked
// out afterwards. A receiver that does not know it sees a clock source it does
// not know, and nothing else changes.
const placedMark = "+placed"

// ClockText is the clock source as one word, with a mark behind it when the
// time is reconstructed; ParseClock is the way back.
func (r *Record) ClockText() string {
	if r.Reconstructed {
		return string(r.Clock) + placedMark
	}
	return string(r.Clock)
}

// ParseClock is the inverse of ClockText.
func ParseClock(text string) (_ ClockSource, reconstructed bool) {
	source, reconstructed := strings.CutSuffix(text, placedMark)
	return ClockSource(source), reconstructed
}
