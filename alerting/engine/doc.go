// Package engine judges readings: limits with delay and hysteresis, late data
// as a class of its own, and silence. It is pure: no I/O, no clock, no
// goroutine; one caller at a time. It guarantees that its transitions are a
// function of the readings, their times of arrival and the calls of Advance
// alone, also when it is stopped at any moment and restored from its state:
// loss of data never ends an alarm, and late data never ends a live one.
package engine
