// Package alarms judges at the site what the site measures, by the county's
// engine and rules, with or without the county. It guarantees that a clock that
// is wrong, moves or is missing delays and ends no alarm, and that a restart or
// a power cut forgets none.
package alarms
