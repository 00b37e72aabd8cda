// Package watch holds the rules that look at more than one line of one point:
// pull-down, rate of rise, condensation, a compressor that is silent while
// cooling is called for, and the conditions of the county's own machinery. It
// is pure: no clock, no I/O, no goroutine; one caller at a time. It guarantees
// that loss of data raises and ends none of its alarms, and that a restart at
// any moment changes nothing of what it reports.
package watch
