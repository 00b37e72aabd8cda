//go:build race

package sim

// The race detector slows the physics tenfold and has nothing to find in what
// one goroutine computes: the long tables are shortened under it.
const underRace = true
