//go:build race

package modbus

// The race detector slows every step tenfold; the full numbers are for the
// plain run.
const polls = 10_000
