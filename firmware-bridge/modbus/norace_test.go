//go:build !race

package modbus

// polls is how many questions the mixture of faults is asked.
const polls = 100_000
