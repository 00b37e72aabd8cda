//go:build !chaosclock

package edge

import "coldchain/gateway/edge"

// machineClock is the clock of the machine. A build for the chaos harness has
// another one in its place.
func machineClock() edge.Clock { return edge.SystemClock() }
