// Package trip follows one truck: what it is doing, and whether there may be
// goods in its box. It is pure: no clock, no I/O, no goroutine; one caller at a
// time. It guarantees that a box counts as empty only where somebody has said
// so, by a booking or in words, and its door was not opened since; whatever
// button was pressed.
package trip
