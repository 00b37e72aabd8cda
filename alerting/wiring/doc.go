// Package wiring tells a dead line or device from dead probes: where everything
// that hangs on one has fallen silent, that is one alarm, and what the probes
// say is its consequence. It is pure: no clock, no I/O, no goroutine. It
// guarantees that a line is called dead only when nothing usable has come from
// any of its devices, and that one usable reading ends that.
package wiring
