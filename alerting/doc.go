// Package alerting holds the words of alarms: limits, levels, states and
// transitions, after ISA-18.2 / IEC 62682. It is pure: no clock, no I/O, no
// goroutine; time comes in as a parameter. It guarantees that an alarm's
// identity and its change of state depend on nothing but what is passed in.
package alerting
